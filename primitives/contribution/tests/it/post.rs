//! When a post is due, how far a row has moved, and what flows over its edges.

use crate::row::edges;
use bittensor_contribution::{distance, due, flow, is_live, Due, Edge, MOVED, SHARE_ONE};
use proptest::{collection::btree_map, prelude::*};
use std::collections::BTreeMap;

#[test]
fn the_distance_is_the_share_that_has_another_target() {
	let distance = |one: &[(u32, u16)], other: &[(u32, u16)]| distance(&edges(one), &edges(other));
	assert_eq!(distance(&[], &[]), 0);
	assert_eq!(distance(&[(1, 700)], &[]), 700);
	assert_eq!(distance(&[], &[(1, 700)]), 700);
	assert_eq!(distance(&[(1, 700)], &[(2, 700)]), 700);
	assert_eq!(distance(&[(1, 700), (2, 50)], &[(2, 90), (1, 600)]), 100);
	assert_eq!(distance(&[(2, 90), (1, 600)], &[(1, 700), (2, 50)]), 100);
}

#[test]
fn one_percent_is_656_shares() {
	assert_eq!(MOVED, 656);
}

#[test]
fn a_post_is_due_if_it_is_the_first_moves_or_renews() {
	let row = edges(&[(1, 10_000)]);
	let moved = edges(&[(1, 10_656)]);
	let nearly = edges(&[(1, 10_655)]);
	assert_eq!(due(&row, None, 1, 10), Some(Due::First));
	let due = |edges: &[Edge], epoch, lifetime| due(edges, Some((3, &row)), epoch, lifetime);
	// Once per epoch.
	assert_eq!(due(&moved, 3, 10), None);
	assert_eq!(due(&moved, 2, 10), None);
	assert_eq!(due(&moved, 4, 10), Some(Due::Moved { distance: 656 }));
	assert_eq!(due(&nearly, 4, 10), None);
	// Half the lifetime, rounded up.
	assert_eq!(due(&row, 7, 10), None);
	assert_eq!(due(&row, 8, 10), Some(Due::Heartbeat));
	assert_eq!(due(&row, 8, 11), None);
	assert_eq!(due(&row, 9, 11), Some(Due::Heartbeat));
	// A row without a lifetime is never renewed.
	assert_eq!(due(&row, 1_000_000, 0), None);
}

#[test]
fn a_row_lives_for_its_lifetime() {
	assert!(!is_live(0, 1, 10) && !is_live(0, 1, 0));
	assert!(is_live(3, 3, 10) && is_live(3, 13, 10) && !is_live(3, 14, 10));
	assert!(is_live(1, u32::MAX, 0));
	assert!(is_live(5, 4, 1), "posted for the next epoch");
}

#[test]
fn the_flow_is_rounded_down_and_saturates() {
	assert_eq!(flow(1_000, 16_384, 49_152), 333);
	assert_eq!(flow(1_000, 0, SHARE_ONE), 0);
	assert_eq!(flow(1_000, 1, 0), 0);
	assert_eq!(flow(u64::MAX, 57_344, 8_192), u64::MAX);
}

fn row() -> impl Strategy<Value = BTreeMap<u32, u16>> {
	btree_map(0u32..12, 1u16..7_000, 0..8)
}

proptest! {
	/// The distance is half of the L1 norm of the difference of two distributions.
	#[test]
	fn the_distance_is_half_the_l1_norm(one in row(), other in row()) {
		let own = |row: &BTreeMap<u32, u16>| {
			i64::from(SHARE_ONE) - row.values().map(|&share| i64::from(share)).sum::<i64>()
		};
		let share = |row: &BTreeMap<u32, u16>, target| row.get(&target).copied().unwrap_or(0);
		let norm: u64 = (0..12)
			.map(|target| u64::from(share(&one, target).abs_diff(share(&other, target))))
			.sum::<u64>() + own(&one).abs_diff(own(&other));
		let list = |row: &BTreeMap<u32, u16>| -> Vec<Edge> {
			row.iter().rev().map(|(&target, &share)| Edge { target, share }).collect()
		};
		let found = distance(&list(&one), &list(&other));
		prop_assert_eq!(u64::from(found), norm / 2);
		prop_assert_eq!(found, distance(&list(&other), &list(&one)));
	}
}
