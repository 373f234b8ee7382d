//! The values that genesis and governance choose, and their ranges.

use crate::{types::ValidatorLimits, Config, GenesisConfig, Limits, Pallet};
use alloc::{collections::BTreeSet, format, string::String, vec::Vec};
use frame_support::{ensure, traits::Get};
use pallet_emission::parameters::Field;
use sp_runtime::Perbill;

/// Most blocks of a session.
const MAX_SESSION: u64 = 1_000_000;
/// Most sessions for which an offence can be reported. The state remembers the sets of all of them.
const MAX_REPORT_SESSIONS: u64 = 1_000;

/// A field and its value.
type Entry = (Field, u64);

/// The limits, and their values in `limits`.
///
/// At most a third of the largest set joins or leaves in a session.
fn limits<T: Config>(limits: &ValidatorLimits) -> [Entry; 5] {
	let field = |name, least, most, unit| Field { name, least, most, unit };
	let most = u64::from(T::MaxValidators::get());
	let (churn, stake) = ((most / 3).max(1), T::MaxCandidateStake::get());
	[
		(field("limits.minValidators", 1, most, "validators"), limits.min_validators.into()),
		(field("limits.maxValidators", 1, most, "validators"), limits.max_validators.into()),
		(field("limits.churn", 1, churn, "validators per session"), limits.churn.into()),
		(field("limits.minStake", 0, stake, "units"), limits.min_stake),
		(field("limits.maxMissed", 0, 100, "percent"), limits.max_missed.deconstruct().into()),
	]
}

/// The other numbers of a genesis, and their values in `genesis`.
fn others<T: Config>(genesis: &GenesisConfig<T>) -> [Entry; 5] {
	let field = |name, least, most, unit| Field { name, least, most, unit };
	let division = &genesis.division;
	let part = |name, part: Perbill| {
		(field(name, 0, 1_000_000_000, "parts per billion"), part.deconstruct().into())
	};
	[
		(field("sessionLength", 1, MAX_SESSION, "blocks"), genesis.session_length.into()),
		(
			field("reportSessions", 1, MAX_REPORT_SESSIONS, "sessions"),
			genesis.report_sessions.into(),
		),
		part("division.fees", division.fees),
		part("division.tips", division.tips),
		part("division.emission", division.emission),
	]
}

impl ValidatorLimits {
	/// Whether the values are within the bounds of the runtime.
	pub(crate) fn is_valid<T: Config>(&self) -> bool {
		limits::<T>(self).iter().all(|(field, value)| field.accepts(*value))
			&& self.min_validators <= self.max_validators
	}
}

impl<T: Config> Pallet<T> {
	/// The numbers that genesis must name, with their ranges.
	pub fn fields() -> Vec<Field> {
		let genesis = GenesisConfig::<T>::default();
		let entries = limits::<T>(&genesis.limits).into_iter().chain(others(&genesis));
		entries.map(|(field, _)| field).collect()
	}

	/// Whether a chain can start with this genesis; if not, the reason with the name of the field and what
	/// it can be. Session keys are checked elsewhere.
	pub fn check_genesis(genesis: &GenesisConfig<T>) -> Result<(), String> {
		for (field, value) in limits::<T>(&genesis.limits).into_iter().chain(others(genesis)) {
			ensure!(field.accepts(value), field.refuse(value));
		}
		let ValidatorLimits { min_validators, max_validators, .. } = genesis.limits;
		ensure!(
			min_validators <= max_validators,
			format!(
				"limits.minValidators is {min_validators}: choose at most {max_validators}, \
				 limits.maxValidators"
			)
		);
		let count = genesis.invulnerables.len();
		ensure!(
			count <= max_validators as usize,
			format!(
				"invulnerables has {count}: choose at most {max_validators}, limits.maxValidators"
			)
		);
		let mut seen = BTreeSet::new();
		match genesis.invulnerables.iter().find(|who| !seen.insert(*who)) {
			Some(who) => Err(format!("invulnerables has {who:?} twice: choose distinct accounts")),
			None => Ok(()),
		}
	}

	/// The most invulnerables.
	pub(crate) fn max_invulnerables() -> usize {
		Limits::<T>::get().max_validators.min(T::MaxValidators::get()) as usize
	}
}
