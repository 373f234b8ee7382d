//! Offences: slashes, and who must stay away.

use crate::{
	types::{Removal, Slash},
	Barred, Candidates, Config, Division, Event, Pallet, ReportSessions, Slashes, WeightInfo,
};
use frame_support::weights::Weight;
use pallet_emission::Stake;
use sp_runtime::Perbill;
use sp_staking::{
	offence::{OffenceDetails, OffenceSeverity, OnOffenceHandler},
	SessionIndex,
};

impl<T: Config> OnOffenceHandler<T::AccountId, T::AccountId, Weight> for Pallet<T> {
	/// Slashes all offenders of a round of finality. Each new report names those of earlier reports again,
	/// with a larger fraction.
	fn on_offence(
		offenders: &[OffenceDetails<T::AccountId, T::AccountId>],
		fractions: &[Perbill],
		session: SessionIndex,
	) -> Weight {
		for (details, &fraction) in offenders.iter().zip(fractions) {
			Self::punish(&details.offender, fraction, session);
		}
		<T as Config>::WeightInfo::on_offence(offenders.len() as u32)
	}
}

impl<T: Config> Pallet<T> {
	/// Slashes an account by a fraction of what it had at stake at the first report of this session, less
	/// what was taken for the session before.
	fn punish(who: &T::AccountId, fraction: Perbill, session: SessionIndex) {
		let known = Slashes::<T>::get(session, who);
		let before = known.map_or(Perbill::zero(), |slash| slash.fraction);
		let base = known.map_or_else(|| T::Stake::at_stake(who), |slash| slash.base);
		if known.is_none() || fraction > before {
			let due = (fraction * base).saturating_sub(before * base);
			let to = Division::<T>::get().slashed;
			let amount = T::Stake::slash(who, due, to.as_ref());
			Slashes::<T>::insert(session, who, Slash { fraction, base });
			let account = who.clone();
			Self::deposit_event(Event::ValidatorSlashed { account, session, fraction, amount });
		}
		let until = Self::session().saturating_add(ReportSessions::<T>::get());
		Barred::<T>::insert(who, until);
		if Candidates::<T>::contains_key(who) {
			Self::remove_candidate(who.clone(), Removal::Slashed);
		}
		pallet_session::Pallet::<T>::report_offence(who.clone(), OffenceSeverity(fraction));
	}
}
