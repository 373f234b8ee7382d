//! What the runtime API returns.

use crate::{
	types::{CandidateInfo, Turn, ValidatorInfo, ValidatorStatus},
	Barred, Bound, Candidates, Config, Invulnerables, Pallet, Planned, Turns,
};
use alloc::vec::Vec;
use core::cmp::Reverse;
use frame_system::pallet_prelude::BlockNumberFor;
use pallet_emission::Stake;
use sp_runtime::SaturatedConversion;

impl<T: Config> Pallet<T> {
	/// The validators of the running session, in their order.
	pub fn validators() -> Vec<ValidatorInfo<T::AccountId>> {
		let (disabled, invulnerables) = (Self::disabled(), Invulnerables::<T>::get());
		let turns = Turns::<T>::get();
		let set = (0u32..).zip(pallet_session::Pallet::<T>::validators());
		set.map(|(index, account)| {
			let turn = turns.get(index as usize).copied().unwrap_or_default();
			ValidatorInfo {
				invulnerable: invulnerables.contains(&account),
				candidate: Candidates::<T>::contains_key(&account),
				stake: T::Stake::staked(&account),
				authored: turn.authored,
				missed: turn.missed,
				disabled: disabled.contains(&index),
				account,
			}
		})
		.collect()
	}

	/// The candidates, those with the largest stakes first.
	pub fn candidates() -> Vec<CandidateInfo<T::AccountId>> {
		let minimum = Self::min_stake();
		let validators = pallet_session::Pallet::<T>::validators();
		let mut all: Vec<_> = Candidates::<T>::iter()
			.map(|(account, since)| {
				let stake = T::Stake::staked(&account);
				CandidateInfo {
					stake,
					since,
					eligible: stake >= minimum && Self::has_keys(&account),
					validator: validators.contains(&account),
					account,
				}
			})
			.collect();
		all.sort_by(|a, b| {
			let key = |info: &CandidateInfo<T::AccountId>| (Reverse(info.stake), info.since);
			key(a).cmp(&key(b)).then_with(|| a.account.cmp(&b.account))
		});
		all
	}

	/// What is known of an account.
	pub fn status(account: &T::AccountId) -> ValidatorStatus<BlockNumberFor<T>> {
		let now = frame_system::Pallet::<T>::block_number().saturated_into();
		let set = pallet_session::Pallet::<T>::validators();
		let index = set.iter().position(|validator| validator == account);
		let turn = index.and_then(|index| Turns::<T>::get().get(index).copied());
		let Turn { authored, missed, .. } = turn.unwrap_or_default();
		ValidatorStatus {
			keys: Self::has_keys(account),
			stake: T::Stake::staked(account),
			min_stake: Self::min_stake(),
			invulnerable: Self::is_invulnerable(account),
			candidate: Candidates::<T>::contains_key(account),
			validator: index.is_some(),
			planned: Planned::<T>::get().contains(account),
			disabled: index.is_some_and(|index| Self::disabled().contains(&(index as u32))),
			authored,
			missed,
			bound_until: Bound::<T>::get(account),
			barred_until: Barred::<T>::get(account).filter(|until| *until >= Self::session()),
			absent_until: Self::absent_until(account),
			newcomers_full: Self::newcomers_full(),
			session: Self::session(),
			next_session: Self::next_rotation(now).into(),
		}
	}
}
