//! Stake as the bond of a validator: what the set of validators reads and takes, and what it demands.
//!
//! ```text
//!   pallet-emission                                     the pallet of validators
//!     implements Stake  ◄── staked, at_stake, slash ──────  reads and slashes
//!     asks Validators   ─── least_stake, may_withdraw ────►  implements Validators
//!                       ─── may_hand_over, reward ────────►
//! ```
//!
//! A slash is like `unstake`: it lowers the entry in `StakePages`, at any time. A solve in progress has
//! its own copy of the stakes, so the running epoch still pays by the stake before the slash.

use crate::{
	pages::{get_entry, set_entry},
	types::Balance,
	Components, Config, EmissionParameters, Epoch, Event, Pallet, StakePages, UidOf, Unbonding,
	LOG_TARGET,
};
use frame_support::{
	traits::{
		fungible::Mutate,
		tokens::{Fortitude, Precision, Preservation},
	},
	weights::Weight,
};

/// Stakes, as the set of validators reads and slashes them. An account stakes on the component that it
/// owns.
pub trait Stake<AccountId> {
	/// The least stake other than 0, in units.
	fn least() -> Balance;

	/// The stake of an account, in units; 0 if it owns no component.
	fn staked(owner: &AccountId) -> Balance;

	/// The units that a slash can take from an account: its stake, and what is unbonding.
	fn at_stake(owner: &AccountId) -> Balance;

	/// Takes up to `amount` units from an account: from its stake first, then from what is unbonding,
	/// the newest first. They go to `to`, or are burnt. Returns the units taken.
	fn slash(owner: &AccountId, amount: Balance, to: Option<&AccountId>) -> Balance;
}

/// What the set of validators demands of stakes, and what an epoch pays to it.
pub trait Validators<AccountId> {
	/// The least stake that an account must keep, in units.
	fn least_stake(owner: &AccountId) -> Balance;

	/// Whether stake that has unbonded may be withdrawn. It may not while no offence can be reported, because
	/// a slash would come too late.
	fn may_withdraw() -> bool;

	/// Whether an account may hand its component to another owner. It may not while an offence of its
	/// validator could still be reported, because a slash would find no stake.
	fn may_hand_over(owner: &AccountId) -> bool;

	/// The number of blocks for which an offence can be reported. Unbonding must take as long.
	fn report_window() -> u32;

	/// Mints the validators' part of an epoch's emission, of `amount` units in total. Returns the units
	/// minted. Called once per epoch, also with 0.
	fn reward(amount: Balance) -> Balance;

	/// Maximum weight of [`Validators::reward`].
	fn reward_weight() -> Weight;
}

/// A chain whose validators have no stake and no part of the emission.
impl<AccountId> Validators<AccountId> for () {
	fn least_stake(_: &AccountId) -> Balance {
		0
	}

	fn may_withdraw() -> bool {
		true
	}

	fn may_hand_over(_: &AccountId) -> bool {
		true
	}

	fn report_window() -> u32 {
		0
	}

	fn reward(_: Balance) -> Balance {
		0
	}

	fn reward_weight() -> Weight {
		Weight::zero()
	}
}

impl<T: Config> Stake<T::AccountId> for Pallet<T> {
	fn least() -> Balance {
		EmissionParameters::<T>::get().min_stake
	}

	fn staked(owner: &T::AccountId) -> Balance {
		Self::staked_on(owner).map_or(0, |(_, stake)| stake)
	}

	fn at_stake(owner: &T::AccountId) -> Balance {
		let now = frame_system::Pallet::<T>::block_number();
		let unbonding = Unbonding::<T>::get(owner);
		let locked = unbonding.iter().filter(|chunk| chunk.unlocks_at > now);
		locked.fold(Self::staked(owner), |sum, chunk| sum.saturating_add(chunk.amount))
	}

	fn slash(owner: &T::AccountId, amount: Balance, to: Option<&T::AccountId>) -> Balance {
		let mut left = amount;
		if let Some((uid, stake)) = Self::staked_on(owner) {
			let taken = stake.min(left);
			if taken > 0 {
				left = left.saturating_sub(taken);
				set_entry::<StakePages<T>, _, _>(uid, stake.saturating_sub(taken));
				// The component has a row lifetime to stake again before it is dead.
				Components::<T>::mutate(uid, |component| {
					if let Some(component) = component {
						component.unstaked = Epoch::<T>::get();
					}
				});
			}
		}
		Self::slash_unbonding(owner, &mut left);
		let slashed = amount.saturating_sub(left);
		if slashed > 0 {
			let account = owner.clone();
			Self::deposit_event(Event::StakeSlashed { account, amount: slashed });
			Self::give_or_burn(slashed, to);
		}
		slashed
	}
}

impl<T: Config> Pallet<T> {
	/// The uid of the component that an account owns, and its stake.
	fn staked_on(owner: &T::AccountId) -> Option<(u32, Balance)> {
		let uid = UidOf::<T>::get(owner)?;
		let component = Components::<T>::get(uid)?;
		(component.owner == *owner).then(|| (uid, get_entry::<StakePages<T>, _, _>(uid)))
	}

	/// Takes up to `left` units from what is unbonding and still locked, and lowers `left` by them.
	fn slash_unbonding(owner: &T::AccountId, left: &mut Balance) {
		if *left == 0 || !Unbonding::<T>::contains_key(owner) {
			return;
		}
		let now = frame_system::Pallet::<T>::block_number();
		Unbonding::<T>::mutate_exists(owner, |chunks| {
			let Some(kept) = chunks else { return };
			for chunk in kept.iter_mut().rev().filter(|chunk| chunk.unlocks_at > now) {
				let taken = chunk.amount.min(*left);
				*left = left.saturating_sub(taken);
				chunk.amount = chunk.amount.saturating_sub(taken);
			}
			kept.retain(|chunk| chunk.amount > 0);
			if kept.is_empty() {
				*chunks = None;
			}
		});
		if !Unbonding::<T>::contains_key(owner) {
			Self::let_go(owner);
		}
	}

	/// Moves slashed units out of the pot: to an account, or out of existence.
	fn give_or_burn(amount: Balance, to: Option<&T::AccountId>) {
		let pot = Self::pot();
		let given = to.is_some_and(|to| {
			T::Currency::transfer(&pot, to, amount, Preservation::Preserve).is_ok()
		});
		if given {
			return;
		}
		let burnt = T::Currency::burn_from(
			&pot,
			amount,
			Preservation::Preserve,
			Precision::Exact,
			Fortitude::Force,
		);
		if let Err(error) = burnt {
			// The units stay in the pot, as surplus.
			log::error!(target: LOG_TARGET, "{amount} units could not be burnt: {error:?}");
		}
	}
}
