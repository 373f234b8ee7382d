//! Edges to uids with a new owner do not count, in any row.

use crate::{mock::*, types::Phase, RowPages};
use contribution::SHARE_ONE;
use frame_support::assert_ok;

/// 0 gives half of its mass to 1, which leaves and is removed; owner 9 gets the uid.
fn uid_changes_hands() {
	post(1, &[(1, 32_768), (2, 1_000)]);
	post(3, &[]);
	pay_epoch();
	assert_ok!(Emission::deregister(signed(2)));
	pay_epoch();
	assert_ok!(Emission::register(signed(9), None, None));
	assert_eq!(Emission::component_of(&9), Some(1));
}

#[test]
fn a_newcomer_is_not_paid_by_old_edges() {
	Ext::with(3).run(|| {
		uid_changes_hands();
		let active = Emission::row(0).unwrap().active.unwrap();
		assert_eq!(active.edges, edges(&[(2, 1_000)]));
		assert_eq!(active.self_share, SHARE_ONE - 1_000);
		assert!(Emission::bids(1, 0, 10).unwrap().is_empty());
		// The edge is still in the page; it does not count.
		assert_eq!(RowPages::<Test>::get(0).row(0).unwrap().1.len(), 2);
		pay_epoch();
		assert_eq!(contributions()[1], 0);
	});
}

#[test]
fn an_edge_counts_again_once_it_is_posted_again() {
	Ext::with(3).run(|| {
		uid_changes_hands();
		post(1, &[(1, 32_768)]);
		pay_epoch();
		assert!(contributions()[1] > 0);
		assert_eq!(Emission::bids(1, 0, 10).unwrap().len(), 1);
	});
}

#[test]
fn set_edge_does_not_revive_a_void_edge() {
	Ext::with(3).run(|| {
		uid_changes_hands();
		assert_ok!(Emission::set_edge(signed(1), 2, 2_000));
		assert_eq!(Emission::row(0).unwrap().pending.unwrap().edges, edges(&[(2, 2_000)]));
		pay_epoch();
		assert_eq!(contributions()[1], 0);
	});
}

#[test]
fn merge_drops_void_edges_of_pending_rows() {
	Ext::with(3).run(|| {
		post(1, &[(1, 32_768), (2, 1_000)]);
		assert_ok!(Emission::deregister(signed(2)));
		// It is registered until Merge.
		assert_eq!(Emission::row(0).unwrap().pending.unwrap().edges.len(), 2);
		pay_epoch();
		assert_eq!(RowPages::<Test>::get(0).row(0).unwrap().1.to_vec(), edges(&[(2, 1_000)]));
		assert_eq!(contributions()[1], 0);
	});
}

#[test]
fn edges_to_one_that_leaves_during_the_solve_still_count() {
	Ext::with(3).service(LEAST_SERVICE).run(|| {
		for owner in 1..=3 {
			post(owner, &[(owner as u32 % 3, 57_344)]);
		}
		run_to_phase(Phase::Sweep);
		assert_ok!(Emission::deregister(signed(2)));
		// A new component during the solve changes nothing either.
		assert_ok!(Emission::register(signed(9), None, None));
		// The checker compares with the contribution crate on the graph of Begin.
		pay_epoch();
		assert!(contributions()[1] > 0);
	});
}

#[test]
fn a_row_posted_while_the_target_leaves_dies_with_it() {
	Ext::with(3).service(LEAST_SERVICE).run(|| {
		for owner in 1..=3 {
			post(owner, &[(owner as u32 % 3, 57_344)]);
		}
		run_to_phase(Phase::Sweep);
		assert_ok!(Emission::deregister(signed(2)));
		// Accepted: the target is registered until the next Merge.
		post(1, &[(1, 40_000)]);
		pay_epoch();
		pay_epoch();
		assert_eq!(Emission::row(0).unwrap().active.unwrap().edges, []);
		assert_ok!(Emission::register(signed(9), None, None));
		assert_eq!(Emission::component_of(&9), Some(1));
		pay_epoch();
		assert_eq!(contributions()[1], 0);
	});
}
