//! Whose key it is that votes in a session, whatever keys are registered since.

use crate::{mock::*, Served};
use frame_support::assert_ok;
use sp_runtime::testing::UintAuthorityId;

fn set_key(who: AccountId, key: u64) {
	assert_ok!(Session::set_keys(signed(who), UintAuthorityId(key), vec![]));
}

/// The owner of a key in a session.
fn owner(session: u32, key: u64) -> Option<AccountId> {
	ValidatorSet::voter(session, UintAuthorityId(key).as_ref()).map(|(owner, _)| owner)
}

fn two(test: impl FnOnce()) {
	Ext { invulnerables: vec![1, 2], ..Default::default() }.run(test);
}

#[test]
fn a_new_key_votes_two_sessions_later_and_the_old_one_until_then() {
	two(|| {
		run_to_session(2);
		set_key(2, 22);
		assert_eq!((owner(2, 2), owner(2, 22)), (Some(2), None));
		run_to_session(3);
		assert_eq!((owner(2, 2), owner(3, 2), owner(3, 22)), (Some(2), Some(2), None));
		run_to_session(4);
		assert_eq!((owner(3, 2), owner(4, 2), owner(4, 22)), (Some(2), None, Some(2)));
		// A session is forgotten with its offences.
		run_to_session(3 + REPORTS);
		assert_eq!(owner(3, 2), Some(2));
		run_to_session(4 + REPORTS);
		assert_eq!((owner(3, 2), owner(4, 22)), (None, Some(2)));
		assert_eq!(Served::<Test>::iter().count() as u32, REPORTS + 2);
	});
}

#[test]
fn new_keys_of_others_change_nothing() {
	two(|| {
		run_to_session(2);
		set_key(1, 11);
		(2..=4).for_each(|session| {
			run_to_session(session);
			(2..=session).for_each(|of| assert_eq!(owner(of, 2), Some(2), "of session {of}"));
		});
	});
}

#[test]
fn a_key_that_was_given_up_belongs_to_its_owner_of_the_time() {
	two(|| {
		run_to_session(2);
		set_key(2, 22);
		set_key(1, 2);
		run_to_session(4);
		assert_eq!((owner(3, 2), owner(4, 2)), (Some(2), Some(1)));
	});
}

#[test]
fn keys_of_the_next_session_own_nothing_yet() {
	two(|| {
		assert_eq!(Served::<Test>::get(1).len(), 2);
		assert_eq!(ValidatorSet::voter(1, UintAuthorityId(2).as_ref()), None);
		assert_eq!(ValidatorSet::voter(0, UintAuthorityId(2).as_ref()), Some((2, 2)));
		assert_eq!(ValidatorSet::voter(0, &[]), None);
	});
}
