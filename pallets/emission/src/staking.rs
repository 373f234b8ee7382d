//! The pot, and the transfers into and out of it.
//!
//! ```text
//!   owner ──stake──► StakePages ──unstake, deregister──► Unbonding ──withdraw_unbonded──► owner
//!                        ▲                                  ▲
//!                        └── emission ── if it leaves ─────┘        (both are in the pot)
//! ```
//!
//! Slashes take from both: `bond`.
//!
//! Stake unlocks by block number, so that a solve that never ends keeps nothing locked.
//!
//! An account that owns or serves a component or has unbonding stake has one consumer reference of this
//! pallet, so it keeps its existential deposit and its nonce while it has anything here.

use crate::{
	pages::{get_entry, set_entry},
	types::{Balance, UnbondingChunk, UnbondingChunks, MAX_UNBONDING_CHUNKS},
	Components, Config, EmissionParameters, Epoch, Error, Event, Pallet, StakePages, UidOf,
	Unbonding, Validators,
};
use frame_support::{
	ensure,
	traits::{
		fungible::{Inspect, Mutate},
		tokens::{Fortitude, Preservation},
		Get,
	},
};
use frame_system::pallet_prelude::BlockNumberFor;
use sp_runtime::{traits::AccountIdConversion, DispatchResult, SaturatedConversion};

impl<T: Config> Pallet<T> {
	/// The account that holds all stakes.
	pub fn pot() -> T::AccountId {
		T::PalletId::get().into_account_truncating()
	}

	/// Gives the pot a provider reference and the existential deposit, so that it exists before the
	/// first stake and is never reaped or dusted.
	pub(crate) fn open_pot() {
		let pot = Self::pot();
		frame_system::Pallet::<T>::inc_providers(&pot);
		let missing = T::Currency::minimum_balance().saturating_sub(T::Currency::balance(&pot));
		if missing > 0 {
			T::Currency::mint_into(&pot, missing)
				.expect("emission: the issuance has room for the pot's existential deposit");
		}
	}

	pub(crate) fn do_stake(owner: &T::AccountId, amount: Balance) -> DispatchResult {
		let (uid, _) = Self::owned(owner)?;
		ensure!(amount > 0, Error::<T>::ZeroAmount);
		let stake = get_entry::<StakePages<T>, _, _>(uid).saturating_add(amount);
		ensure!(stake >= EmissionParameters::<T>::get().min_stake, Error::<T>::StakeBelowMinimum);
		let free = T::Currency::reducible_balance(owner, Preservation::Preserve, Fortitude::Polite);
		ensure!(amount <= free, Error::<T>::NotEnoughBalance);
		T::Currency::transfer(owner, &Self::pot(), amount, Preservation::Preserve)?;
		set_entry::<StakePages<T>, _, _>(uid, stake);
		Self::deposit_event(Event::Staked { uid, amount, stake });
		Ok(())
	}

	pub(crate) fn do_unstake(owner: &T::AccountId, amount: Balance) -> DispatchResult {
		let (uid, mut component) = Self::owned(owner)?;
		ensure!(amount > 0, Error::<T>::ZeroAmount);
		let left = get_entry::<StakePages<T>, _, _>(uid)
			.checked_sub(amount)
			.ok_or(Error::<T>::NotEnoughStake)?;
		let enough = left == 0 || left >= EmissionParameters::<T>::get().min_stake;
		ensure!(enough, Error::<T>::StakeBelowMinimum);
		ensure!(left >= T::Validators::least_stake(owner), Error::<T>::StakeBonded);
		let chunks = Unbonding::<T>::get(owner);
		let unlocks_at = Self::unlocks_at();
		let room = chunks.len() < MAX_UNBONDING_CHUNKS as usize
			|| chunks.last().is_some_and(|last| last.unlocks_at == unlocks_at);
		ensure!(room, Error::<T>::TooManyUnbonding);
		set_entry::<StakePages<T>, _, _>(uid, left);
		component.unstaked = Epoch::<T>::get();
		Components::<T>::insert(uid, component);
		let unlocks_at = Self::unbond(owner, amount);
		Self::deposit_event(Event::Unstaked { uid, amount, unlocks_at });
		Ok(())
	}

	pub(crate) fn do_withdraw_unbonded(who: &T::AccountId) -> DispatchResult {
		ensure!(T::Validators::may_withdraw(), Error::<T>::StakeBonded);
		let now = frame_system::Pallet::<T>::block_number();
		let mut amount: Balance = 0;
		Unbonding::<T>::mutate_exists(who, |chunks| {
			let Some(kept) = chunks else { return };
			kept.retain(|chunk| {
				let locked = chunk.unlocks_at > now;
				if !locked {
					amount = amount.saturating_add(chunk.amount);
				}
				locked
			});
			if kept.is_empty() {
				*chunks = None;
			}
		});
		ensure!(amount > 0, Error::<T>::NothingUnlocked);
		// The surplus stays in the pot: at least the existential deposit.
		T::Currency::transfer(&Self::pot(), who, amount, Preservation::Preserve)?;
		Self::let_go(who);
		Self::deposit_event(Event::Withdrawn { account: who.clone(), amount });
		Ok(())
	}

	/// Takes the consumer reference of an account that is about to own or serve a component, unless it
	/// has one already.
	pub(crate) fn hold_account(account: &T::AccountId) -> DispatchResult {
		if UidOf::<T>::contains_key(account) || Unbonding::<T>::contains_key(account) {
			return Ok(());
		}
		let exists = frame_system::Pallet::<T>::providers(account) > 0;
		ensure!(exists, Error::<T>::DepositNotCovered);
		frame_system::Pallet::<T>::inc_consumers(account)
	}

	/// Returns the consumer reference of an account that has neither a component nor unbonding stake.
	pub(crate) fn let_go(account: &T::AccountId) {
		if !UidOf::<T>::contains_key(account) && !Unbonding::<T>::contains_key(account) {
			frame_system::Pallet::<T>::dec_consumers(account);
		}
	}

	/// Adds `amount` to the unbonding stake of `account`; returns the block in which it unlocks.
	///
	/// Never fails: without room for another chunk it is added to the last one, which then unlocks
	/// later.
	pub(crate) fn unbond(account: &T::AccountId, amount: Balance) -> BlockNumberFor<T> {
		let unlocks_at = Self::unlocks_at();
		Unbonding::<T>::mutate(account, |chunks: &mut UnbondingChunks<_>| {
			let full = chunks.len() >= MAX_UNBONDING_CHUNKS as usize;
			match chunks.last_mut() {
				Some(last) if full || last.unlocks_at == unlocks_at => {
					last.amount = last.amount.saturating_add(amount);
					last.unlocks_at = unlocks_at;
				}
				_ => {
					let pushed = chunks.try_push(UnbondingChunk { amount, unlocks_at });
					frame_support::defensive_assert!(pushed.is_ok(), "there was room for a chunk");
				}
			}
		});
		unlocks_at
	}

	/// The block in which stake unlocks that is unstaked now.
	fn unlocks_at() -> BlockNumberFor<T> {
		let now = frame_system::Pallet::<T>::block_number().saturated_into();
		EmissionParameters::<T>::get().unlocks_at(now).saturated_into()
	}
}
