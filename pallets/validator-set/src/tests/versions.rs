//! A storage of another version halts the pallet.

use crate::{mock::*, Error};
use frame_support::{
	assert_noop, assert_ok,
	traits::{GetStorageVersion, StorageVersion},
};
use pallet_emission::Validators;
use sp_runtime::testing::UintAuthorityId;

fn root_of_this_pallet() -> Vec<(Vec<u8>, Vec<u8>)> {
	let prefix = frame_support::storage::storage_prefix(b"ValidatorSet", b"");
	let mut key = prefix[..16].to_vec();
	let mut found = vec![];
	while let Some(next) = sp_io::storage::next_key(&key) {
		if !next.starts_with(&prefix[..16]) {
			break;
		}
		found.push((next.clone(), sp_io::storage::get(&next).unwrap_or_default().to_vec()));
		key = next;
	}
	found
}

#[test]
fn another_storage_version_halts_the_set() {
	Ext::default().run_with([5], || {
		register([6]);
		StorageVersion::new(0).put::<ValidatorSet>();
		let before = root_of_this_pallet();
		assert!(before.len() > 10);
		let halted = Error::<Test>::OtherStorageVersion;
		assert_noop!(ValidatorSet::register(signed(4)), halted);
		assert_noop!(ValidatorSet::leave(signed(5)), Error::<Test>::OtherStorageVersion);
		assert_noop!(ValidatorSet::purge_keys(signed(4)), Error::<Test>::OtherStorageVersion);
		let set = ValidatorSet::set_invulnerables(RuntimeOrigin::root(), vec![1]);
		assert_noop!(set, Error::<Test>::OtherStorageVersion);
		let set = ValidatorSet::set_limits(RuntimeOrigin::root(), limits());
		assert_noop!(set, Error::<Test>::OtherStorageVersion);
		// Stake stays, whoever validates; and no epoch is paid to validators.
		let bonded = pallet_emission::Error::<Test>::StakeBonded;
		assert_noop!(Emission::unstake(signed(6), MIN_STAKE), bonded);
		assert!(!ValidatorSet::may_hand_over(&9));
		assert_eq!(<ValidatorSet as Validators<u64>>::reward(1_000), 0);
		// No offence is accepted.
		assert_eq!(ValidatorSet::voter(2, UintAuthorityId(5).as_ref()), None);
		// No session ends, and nothing is counted.
		for _ in 0..3 * SESSION {
			next_block();
		}
		assert_eq!(Session::current_index(), 2);
		assert_eq!(Session::validators(), [1, 5]);
		assert_eq!(root_of_this_pallet(), before);

		// A migration writes the version.
		ValidatorSet::in_code_storage_version().put::<ValidatorSet>();
		assert!(ValidatorSet::voter(2, UintAuthorityId(5).as_ref()).is_some());
		run_to_session(4);
		assert_eq!(Session::validators(), [1, 5, 6]);
		assert_ok!(ValidatorSet::leave(signed(5)));
	});
}

#[test]
fn what_has_unbonded_stays_while_no_offence_is_accepted() {
	Ext::default().run_with([5], || {
		assert_ok!(Emission::unstake(signed(4), MIN_STAKE));
		run_to_session(5 + REPORTS);
		StorageVersion::new(0).put::<ValidatorSet>();
		next_block();
		let free = Balances::free_balance(4);
		let bonded = pallet_emission::Error::<Test>::StakeBonded;
		assert_noop!(Emission::withdraw_unbonded(signed(4)), bonded);
		ValidatorSet::in_code_storage_version().put::<ValidatorSet>();
		assert_ok!(Emission::withdraw_unbonded(signed(4)));
		assert_eq!(Balances::free_balance(4), free + MIN_STAKE);
	});
}
