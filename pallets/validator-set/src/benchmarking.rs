//! One benchmark per call and hook, each in its worst case.
//!
//! Worst case: the largest set, each validator and candidate with its own component in full pages, and
//! stakes so that the set changes by the largest churn.

use crate::{
	plan::tolerated,
	types::{Balance, IncomeDivision, Slash, Turn, ValidatorLimits},
	*,
};
use alloc::vec::Vec;
use codec::{Decode, Encode};
use frame_benchmarking::v2::*;
use frame_support::{
	traits::{
		fungible::{Inspect, Mutate},
		Get,
	},
	BoundedVec,
};
use frame_system::RawOrigin;
use pallet_emission::{
	types::{Component, UnbondingChunk, ENTRIES_PER_PAGE, MAX_UNBONDING_CHUNKS},
	Components, Stake as _, StakePages, UidOf, Unbonding, Validators as _,
};
use sp_runtime::{
	traits::{Hash, TrailingZeroInput},
	Perbill, Percent,
};
use sp_staking::offence::{OffenceDetails, OnOffenceHandler};

/// Session keys of account number `index`.
fn keys<T: Config>(index: u32) -> <T as pallet_session::Config>::Keys {
	let seed = T::Hashing::hash_of(&index).encode().repeat(2);
	Decode::decode(&mut TrailingZeroInput::new(&seed)).expect("any bytes are keys")
}

/// An account with session keys and this stake.
fn owner<T: Config + pallet_emission::Config>(index: u32, stake: Balance) -> T::AccountId {
	let who: T::AccountId = account("validator", index, 0);
	pallet_session::NextKeys::<T>::insert(&who, keys::<T>(index));
	// Components in different pages, as far as there are pages.
	let uid = index.wrapping_mul(577) % 32_768;
	let pot = pallet_emission::Pallet::<T>::pot();
	let minted = <T as pallet_emission::Config>::Currency::mint_into(&pot, stake);
	assert!(minted.is_ok(), "the issuance has room");
	let component = Component {
		owner: who.clone(),
		service_key: who.clone(),
		next_service_key: None,
		next_owner: None,
		deposit: 0,
		unstaked: 0,
		leaving: false,
	};
	Components::<T>::insert(uid, component);
	UidOf::<T>::insert(&who, uid);
	StakePages::<T>::mutate(uid / ENTRIES_PER_PAGE, |page| {
		page.bounded_resize(ENTRIES_PER_PAGE as usize, 1);
		if let Some(entry) = page.get_mut((uid % ENTRIES_PER_PAGE) as usize) {
			*entry = stake;
		}
	});
	who
}

/// A full set whose validators all leave, for candidates that all join. Returns its members.
fn fill<T: Config + pallet_emission::Config>(candidates: u32) -> Vec<T::AccountId> {
	let most = T::MaxValidators::get();
	let minimum = Pallet::<T>::min_stake();
	Limits::<T>::put(ValidatorLimits {
		min_validators: 1,
		max_validators: most,
		churn: most,
		min_stake: 0,
		max_missed: Percent::from_percent(10),
	});
	Division::<T>::put(IncomeDivision {
		emission: Perbill::from_percent(10),
		..Default::default()
	});
	Invulnerables::<T>::kill();
	let set: Vec<_> = (0..most).map(|index| owner::<T>(index, minimum)).collect();
	let queued: Vec<_> =
		(0..most).map(|index| (set[index as usize].clone(), keys::<T>(index))).collect();
	pallet_session::QueuedKeys::<T>::put(queued);
	pallet_session::Validators::<T>::put(set.clone());
	PlannedKeys::<T>::put(Pallet::<T>::fingerprint(&set));
	Planned::<T>::put(BoundedVec::truncate_from(set.clone()));
	let session = Pallet::<T>::session();
	Pallet::<T>::remember(session, &set);
	Pallet::<T>::remember(session.saturating_add(1), &set);
	Pallet::<T>::reset_turns(set.len());
	for index in 0..candidates {
		let who = owner::<T>(most + index, minimum.saturating_add(index.into()).saturating_add(1));
		Candidates::<T>::insert(who, 0);
	}
	set
}

/// Lets as much stake unbond as there are chunks, one unit in each.
fn unbond<T: Config + pallet_emission::Config>(who: &T::AccountId) {
	let pot = pallet_emission::Pallet::<T>::pot();
	let units = Balance::from(MAX_UNBONDING_CHUNKS);
	assert!(<T as pallet_emission::Config>::Currency::mint_into(&pot, units).is_ok());
	let chunk = |number: u32| UnbondingChunk {
		amount: 1,
		unlocks_at: number.saturating_add(1_000_000_000).into(),
	};
	let chunks: Vec<_> = (0..MAX_UNBONDING_CHUNKS).map(chunk).collect();
	Unbonding::<T>::insert(who, BoundedVec::truncate_from(chunks));
}

/// As many other accounts with components as there can be validators.
fn others<T: Config + pallet_emission::Config>(first: u32) -> Vec<T::AccountId> {
	let most = T::MaxValidators::get();
	(0..most).map(|index| owner::<T>(first + index, Pallet::<T>::min_stake())).collect()
}

#[benchmarks(where T: pallet_emission::Config)]
mod benchmarks {
	use super::*;

	/// The list is full, so that the stake of each candidate is read.
	#[benchmark]
	fn register() {
		fill::<T>(T::MaxCandidates::get());
		let who = owner::<T>(30_000, Balance::MAX >> 8);

		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()));

		assert!(Candidates::<T>::contains_key(who));
	}

	/// A validator that has not authored leaves.
	#[benchmark]
	fn leave() {
		// The last of the set, which is full, and has authored nothing.
		let who = fill::<T>(0).pop().expect("there is a validator");
		Candidates::<T>::insert(&who, 0);

		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()));

		assert_eq!(Candidates::<T>::count(), 0);
		assert!(Absent::<T>::contains_key(who));
	}

	#[benchmark]
	fn purge_keys() {
		fill::<T>(0);
		let who = owner::<T>(30_000, Pallet::<T>::min_stake());
		// Keys that were set have a reference to the account.
		frame_system::Pallet::<T>::inc_providers(&who);
		assert!(frame_system::Pallet::<T>::inc_consumers(&who).is_ok());

		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()));

		assert!(!Pallet::<T>::has_keys(&who));
	}

	#[benchmark]
	fn set_invulnerables(n: Linear<0, { T::MaxValidators::get() }>) {
		let set = fill::<T>(0);
		let accounts: Vec<_> = set.into_iter().take(n as usize).collect();

		#[extrinsic_call]
		_(RawOrigin::Root, accounts);

		assert_eq!(Invulnerables::<T>::get().len(), n as usize);
	}

	#[benchmark]
	fn set_limits() {
		let limits = ValidatorLimits {
			max_validators: T::MaxValidators::get(),
			min_stake: 0,
			..Default::default()
		};

		#[extrinsic_call]
		_(RawOrigin::Root, limits);

		assert_eq!(Limits::<T>::get(), limits);
	}

	/// All but one missed their slots.
	#[benchmark]
	fn block() {
		fill::<T>(0);
		let slot = T::Slot::get().max(u64::from(T::MaxValidators::get()));
		LastSlot::<T>::put(slot.saturating_sub(T::MaxValidators::get().into()).max(1));

		let due;

		// As the hook, in a slot that is given.
		#[block]
		{
			assert!(Pallet::<T>::is_current());
			T::Slot::get();
			Pallet::<T>::note_slot_at(slot);
			due = Pallet::<T>::is_due(1);
		}

		assert_eq!((due, LastSlot::<T>::get()), (SessionLength::<T>::get() == 1, slot));
	}

	/// Every validator is a candidate that never authored, and is barred, so that it is disabled again.
	///
	/// The keys change. All of the oldest session were absent; its set, and all slashes of an older one, are
	/// forgotten. As many accounts as can be are not paid yet.
	#[benchmark]
	fn rotate(c: Linear<0, { T::MaxCandidates::get() }>) {
		let window = ReportSessions::<T>::get();
		let session = 2 * window + 10;
		pallet_session::CurrentIndex::<T>::put(session);
		let set = fill::<T>(c);
		let (past, older) = (session - window, session - 2 * window);
		let gone = others::<T>(20_000);
		Pallet::<T>::remember(past, &gone);
		for who in &gone {
			let slash = Slash { fraction: Perbill::one(), base: 1 };
			Slashes::<T>::insert(older, who, slash);
			Barred::<T>::insert(who, session);
			Absent::<T>::insert(who, ());
		}
		Proven::<T>::put(BoundedVec::truncate_from(gone.clone()));
		let unpaid: Vec<_> =
			gone.iter().cloned().chain(others::<T>(25_000)).map(|who| (who, 1)).collect();
		Unpaid::<T>::put(BoundedVec::truncate_from(unpaid));
		pallet_session::QueuedChanged::<T>::put(true);
		set.iter().for_each(|who| Barred::<T>::insert(who, session + window));
		for who in set.iter().take(c as usize) {
			// In the place of as many others.
			let other = Candidates::<T>::iter_keys().find(|other| !set.contains(other));
			Candidates::<T>::remove(other.expect("there are as many candidates"));
			Candidates::<T>::insert(who, 0);
		}
		Turns::<T>::mutate(|turns| {
			for turn in turns {
				*turn = Turn { authored: 0, missed: 100, paid: 0 };
			}
		});

		#[block]
		{
			pallet_session::Pallet::<T>::rotate_session();
		}

		assert_eq!(Pallet::<T>::session(), session + 1);
		assert!(!Served::<T>::contains_key(past));
		assert_eq!(Slashes::<T>::iter().count(), 0);
		assert!(gone.iter().all(|who| !Bound::<T>::contains_key(who)));
		assert!(gone.iter().all(|who| !Barred::<T>::contains_key(who)));
		assert!(gone.iter().all(|who| !Absent::<T>::contains_key(who)));
		// The set cannot do without the last one.
		assert_eq!(Absent::<T>::iter().count(), set.len().min((c as usize).saturating_sub(1)));
		assert_eq!(Pallet::<T>::disabled().len(), tolerated(set.len()));
	}

	/// All validators of a set, reported for the first time: each loses its stake and all that is unbonding
	/// to an account.
	#[benchmark]
	fn on_offence(n: Linear<1, { T::MaxValidators::get() }>) {
		let set = fill::<T>(0);
		set.iter().for_each(unbond::<T>);
		let to: T::AccountId = account("slashed", 0, 0);
		Division::<T>::put(IncomeDivision { slashed: Some(to.clone()), ..Default::default() });
		let offenders: Vec<_> = set
			.into_iter()
			.take(n as usize)
			.map(|who| OffenceDetails { offender: who, reporters: Vec::new() })
			.collect();
		for details in &offenders {
			Candidates::<T>::insert(&details.offender, 0);
		}
		let fractions = alloc::vec![Perbill::one(); offenders.len()];
		let lost: Vec<_> =
			offenders.iter().map(|details| T::Stake::at_stake(&details.offender)).collect();

		#[block]
		{
			Pallet::<T>::on_offence(&offenders, &fractions, 0);
		}

		assert_eq!(Slashes::<T>::iter().count(), n as usize);
		assert_eq!(T::Token::balance(&to), lost.iter().sum::<Balance>());
		for details in offenders {
			assert_eq!(T::Stake::at_stake(&details.offender), 0);
		}
	}

	/// Two sets of earlier sessions are not paid yet, nor is the running one.
	#[benchmark]
	fn reward() {
		fill::<T>(0);
		let earlier = others::<T>(20_000).into_iter().chain(others::<T>(25_000));
		let unpaid: Vec<_> = earlier.map(|who| (who, 1)).collect();
		Unpaid::<T>::put(BoundedVec::truncate_from(unpaid));
		Turns::<T>::mutate(|turns| turns.iter_mut().for_each(|turn| turn.authored = 1));
		let minted;

		#[block]
		{
			minted = Pallet::<T>::reward(Balance::MAX >> 8);
		}

		assert!(minted > 0);
	}

	impl_benchmark_test_suite!(Pallet, crate::mock::Ext::default().build(), crate::mock::Test);
}
