//! The parameters: what genesis accepts, and what governance can change.

use crate::{types::Balance, Config, EmissionParameters, Error, Event, Pallet, Parameters};
use alloc::{
	format,
	string::{String, ToString},
};
use core::fmt::Display;
use frame_support::{
	ensure,
	pallet_prelude::DispatchError,
	traits::{fungible::Inspect, Get},
};
use sp_runtime::DispatchResult;

/// A parameter of the genesis, and its range.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Field {
	/// Its name in the JSON of a chain specification; a dot leads into a nested object.
	pub name: &'static str,
	/// The least value.
	pub least: u64,
	/// The largest value.
	pub most: u64,
	/// What it counts.
	pub unit: &'static str,
}

impl Field {
	/// Whether the value is in the range.
	pub fn accepts(&self, value: u64) -> bool {
		(self.least..=self.most).contains(&value)
	}

	/// The reason why this value is refused.
	pub fn refuse(&self, value: impl Display) -> String {
		format!("{} is {value}: {}", self.name, self.choose())
	}

	/// The range, as an advice.
	pub fn choose(&self) -> String {
		format!("choose {} to {} {}", self.least, self.most, self.unit)
	}
}

/// The fields and their values in `parameters`.
fn values<T: Config>(parameters: &Parameters) -> [(Field, u64); 8] {
	let field = |name, least, most, unit| Field { name, least, most, unit };
	let (_, most_stake) = T::MinStakeBounds::get();
	let (_, most_deposit) = T::DepositBounds::get();
	[
		(field("epochLength", 1, 1_000_000, "blocks"), parameters.epoch_length.into()),
		(field("sigma", 0, u64::MAX, "units per block"), parameters.sigma),
		(field("halvings.interval", 1, u64::MAX, "blocks"), parameters.halvings.interval),
		(field("halvings.max", 1, 64, "halvings"), parameters.halvings.max.into()),
		(field("rowLifetime", 0, 1_000_000, "epochs"), parameters.row_lifetime.into()),
		(field("unbondingBlocks", 2, 100_000_000, "blocks"), parameters.unbonding_blocks.into()),
		(field("minStake", 1, most_stake, "units"), parameters.min_stake),
		(field("registrationDeposit", 0, most_deposit, "units"), parameters.registration_deposit),
	]
}

impl<T: Config> Pallet<T> {
	/// The parameters that genesis must name, with their ranges.
	pub fn fields() -> [Field; 8] {
		values::<T>(&Parameters::default()).map(|(field, _)| field)
	}

	/// Whether genesis accepts these parameters on a chain of this issuance; if not, the reason with the
	/// name of the field and what it can be.
	pub fn check_parameters(parameters: &Parameters, issuance: Balance) -> Result<(), String> {
		for (field, value) in values::<T>(parameters) {
			if !field.accepts(value) {
				return Err(field.refuse(value));
			}
		}
		let Parameters { epoch_length, sigma, halvings, unbonding_blocks, .. } = *parameters;
		let least = epoch_length.saturating_mul(2);
		if unbonding_blocks < least {
			return Err(format!(
				"unbondingBlocks is {unbonding_blocks}: choose at least {least} blocks, two epochs",
			));
		}
		let schedule = parameters.schedule();
		if !schedule.ends() {
			return Err(format!(
				"halvings.max is {}: choose at least {}, so that the emission ends",
				halvings.max,
				u64::BITS - sigma.leading_zeros(),
			));
		}
		let fits = schedule.total().is_some_and(|total| issuance.checked_add(total).is_some());
		if !fits {
			return Err(
				"sigma and halvings.interval: choose smaller ones, the issuance must fit 64 bits"
					.to_string(),
			);
		}
		Ok(())
	}

	/// Panics if genesis does not accept these parameters.
	pub(crate) fn assert_parameters(parameters: &Parameters) {
		let checked = Self::check_parameters(parameters, T::Currency::total_issuance());
		assert!(checked.is_ok(), "emission.parameters: {}", checked.err().unwrap_or_default());
	}

	pub(crate) fn do_set_parameters(
		min_stake: Option<Balance>,
		registration_deposit: Option<Balance>,
		row_lifetime: Option<u32>,
	) -> DispatchResult {
		let mut parameters = EmissionParameters::<T>::get();
		if let Some(units) = min_stake {
			let (least, most) = T::MinStakeBounds::get();
			ensure!((least..=most).contains(&units), Error::<T>::MinStakeOutOfBounds);
			parameters.min_stake = units;
		}
		if let Some(units) = registration_deposit {
			let (least, most) = T::DepositBounds::get();
			ensure!((least..=most).contains(&units), Error::<T>::DepositOutOfBounds);
			parameters.registration_deposit = units;
		}
		if let Some(epochs) = row_lifetime {
			let (least, most) = T::RowLifetimeBounds::get();
			ensure!((least..=most).contains(&epochs), Error::<T>::RowLifetimeOutOfBounds);
			parameters.row_lifetime = epochs;
		}
		EmissionParameters::<T>::put(parameters);
		let Parameters { min_stake, registration_deposit, row_lifetime, .. } = parameters;
		Self::deposit_event(Event::ParametersSet { min_stake, registration_deposit, row_lifetime });
		Ok(())
	}

	/// The signer of a call. Fails while the storage has another version than the code.
	pub(crate) fn signed(origin: T::RuntimeOrigin) -> Result<T::AccountId, DispatchError> {
		let who = frame_system::ensure_signed(origin)?;
		Self::ensure_current()?;
		Ok(who)
	}

	/// An error while the storage has another version than the code.
	pub(crate) fn ensure_current() -> DispatchResult {
		ensure!(Self::is_current(), Error::<T>::OtherStorageVersion);
		Ok(())
	}
}
