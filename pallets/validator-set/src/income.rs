//! The validators' part of the emission, and their bond.

use crate::{
	types::Balance, Bound, Candidates, Config, Division, Event, Pallet, ReportSessions,
	SessionLength, Turns, Unpaid, WeightInfo,
};
use alloc::vec::Vec;
use frame_support::{
	traits::{fungible::Mutate, Get},
	weights::Weight,
};
use pallet_emission::Validators;

impl<T: Config> Validators<T::AccountId> for Pallet<T> {
	fn least_stake(owner: &T::AccountId) -> Balance {
		if !Self::is_current() {
			return Balance::MAX;
		}
		// All is read for every account, so that a benchmark of any of them measures the worst case.
		let (candidate, chosen) = (Candidates::<T>::contains_key(owner), Self::is_chosen(owner));
		let (exempt, least) = (Self::is_invulnerable(owner), Self::min_stake());
		match candidate || (chosen && !exempt) {
			true => least,
			false => 0,
		}
	}

	fn may_withdraw() -> bool {
		Self::is_current()
	}

	fn may_hand_over(owner: &T::AccountId) -> bool {
		Self::is_current()
			&& !Candidates::<T>::contains_key(owner)
			&& !Bound::<T>::contains_key(owner)
	}

	fn report_window() -> u32 {
		ReportSessions::<T>::get().saturating_add(1).saturating_mul(SessionLength::<T>::get())
	}

	fn reward(amount: Balance) -> Balance {
		if !Self::is_current() {
			return 0;
		}
		let part = Division::<T>::get().emission;
		if part.is_zero() {
			return 0;
		}
		let blocks = Self::take_unpaid();
		let all: u128 = blocks.iter().map(|(_, count)| u128::from(*count)).sum();
		let part = u128::from(part.mul_floor(amount));
		let mut minted: Balance = 0;
		for (who, count) in blocks {
			let share = part.saturating_mul(count.into()).checked_div(all).unwrap_or_default();
			let share = Balance::try_from(share).unwrap_or_default();
			// An account that does not exist and gets less than the existential deposit is not paid.
			if share > 0 && T::Token::mint_into(&who, share).is_ok() {
				minted = minted.saturating_add(share);
			}
		}
		if minted > 0 {
			Self::deposit_event(Event::ValidatorsPaid { amount: minted });
		}
		minted
	}

	fn reward_weight() -> Weight {
		match Division::<T>::get().emission.is_zero() {
			true => T::DbWeight::get().reads(1),
			false => <T as Config>::WeightInfo::reward(),
		}
	}
}

impl<T: Config> Pallet<T> {
	/// The blocks that each account authored since the last call.
	fn take_unpaid() -> Vec<(T::AccountId, u32)> {
		let mut blocks = Unpaid::<T>::take().into_inner();
		let validators = pallet_session::Pallet::<T>::validators();
		Turns::<T>::mutate(|turns| {
			for (who, turn) in validators.into_iter().zip(turns.iter_mut()) {
				blocks.push((who, turn.unpaid()));
				turn.paid = turn.authored;
			}
		});
		blocks
	}

	/// Keeps the unpaid blocks of the session that ends, until an epoch is paid.
	///
	/// There is room for two whole sets. If no epoch is paid while the set changes more than that, the
	/// blocks of further accounts are not paid.
	pub(crate) fn carry_turns(validators: &[T::AccountId]) {
		if Division::<T>::get().emission.is_zero() {
			return;
		}
		let turns = Turns::<T>::get();
		Unpaid::<T>::mutate(|unpaid| {
			for (who, turn) in validators.iter().zip(turns).filter(|(_, turn)| turn.unpaid() > 0) {
				let count = turn.unpaid();
				match unpaid.iter_mut().find(|(account, _)| account == who) {
					Some((_, blocks)) => *blocks = blocks.saturating_add(count),
					None => {
						let _ = unpaid.try_push((who.clone(), count));
					}
				}
			}
		});
	}
}
