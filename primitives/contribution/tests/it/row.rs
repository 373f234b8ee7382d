//! The rules for a row.

use bittensor_contribution::{self_share, Edge, RowError, MAX_EDGES, SHARE_ONE};
use proptest::{collection::vec, prelude::*};

/// Edges of `(target, share)`.
pub(crate) fn edges(edges: &[(u32, u16)]) -> Vec<Edge> {
	edges.iter().map(|&(target, share)| Edge { target, share }).collect()
}

fn check_row(
	uid: u32,
	row: &[(u32, u16)],
	is_known: impl FnMut(u32) -> bool,
) -> Result<u32, RowError> {
	bittensor_contribution::check_row(uid, &edges(row), is_known)
}

fn known(uid: u32) -> bool {
	uid < 100
}

#[test]
fn the_self_share_is_what_the_edges_leave() {
	assert_eq!(check_row(1, &[], known), Ok(SHARE_ONE));
	assert_eq!(check_row(1, &[(5, 16_384), (0, 1)], known), Ok(49_151));
	assert_eq!(check_row(1, &[(2, 57_344)], known), Ok(8_192));
	let full: Vec<_> = (10..74).map(|target| (target, 896)).collect();
	assert_eq!(full.len(), MAX_EDGES);
	assert_eq!(check_row(1, &full, known), Ok(8_192));
	assert_eq!(self_share(&edges(&full)), 8_192);
	assert_eq!(self_share(&edges(&[(2, u16::MAX), (3, 2)])), 0);
}

#[test]
fn each_error_is_named() {
	let check = |edges: &[(u32, u16)]| check_row(1, edges, known);
	assert_eq!(check(&[(2, 5), (1, 5)]), Err(RowError::SelfEdge));
	assert_eq!(check(&[(2, 5), (3, 5), (2, 6)]), Err(RowError::DuplicateTarget { target: 2 }));
	assert_eq!(check(&[(100, 5)]), Err(RowError::UnknownTarget { target: 100 }));
	assert_eq!(check(&[(2, 5), (3, 0)]), Err(RowError::ZeroShare { target: 3 }));
	assert_eq!(check(&[(2, 57_000), (3, 345)]), Err(RowError::SharesOverLimit { sum: 57_345 }));
	let long: Vec<_> = (2..67).map(|target| (target, 1)).collect();
	assert_eq!(check(&long), Err(RowError::TooManyEdges { edges: 65 }));
}

#[test]
fn a_uid_that_no_edge_can_hold_is_unknown() {
	let mut asked = Vec::new();
	let row = check_row(1, &[(7, 1), (65_536, 1)], |uid| {
		asked.push(uid);
		true
	});
	assert_eq!(row, Err(RowError::UnknownTarget { target: 65_536 }));
	assert_eq!(asked, [7]);
}

#[test]
fn the_largest_shares_do_not_overflow_the_sum() {
	let edges: Vec<_> = (2..66).map(|target| (target, u16::MAX)).collect();
	assert_eq!(check_row(1, &edges, known), Err(RowError::SharesOverLimit { sum: 64 * 65_535 }));
}

#[test]
fn errors_say_what_to_do() {
	let sum = RowError::SharesOverLimit { sum: 60_000 }.to_string();
	assert!(sum.contains("60000") && sum.contains("57344"), "{sum}");
	assert!(RowError::ZeroShare { target: 9 }.to_string().contains("leave the edge out"));
	assert!(RowError::TooManyEdges { edges: 65 }.to_string().contains("at most 64"));
}

proptest! {
	/// The result agrees with the rules applied one by one, and does not depend on the order of the
	/// edges.
	#[test]
	fn the_verdict_follows_the_rules(
		uid in 0u32..8,
		mut edges in vec((0u32..12, prop_oneof![0u16..4, 0u16..30_000]), 0..8),
	) {
		let is_known = |uid: u32| uid != 5;
		let targets: std::collections::BTreeSet<u32> = edges.iter().map(|edge| edge.0).collect();
		let sum: u32 = edges.iter().map(|edge| u32::from(edge.1)).sum();
		let good = targets.len() == edges.len()
			&& !targets.contains(&uid)
			&& targets.iter().all(|&target| is_known(target))
			&& edges.iter().all(|edge| edge.1 > 0)
			&& sum <= 57_344;
		let verdict = check_row(uid, &edges, is_known);
		prop_assert_eq!(verdict.is_ok(), good);
		if good {
			prop_assert_eq!(verdict, Ok(65_536 - sum));
		}
		edges.reverse();
		prop_assert_eq!(check_row(uid, &edges, is_known).is_ok(), good);
	}
}
