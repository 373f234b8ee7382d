//! Invalid rows: each bad edge is dropped and its share stays with the owner.

use bittensor_contribution::{Graph, MAX_COMPONENTS, MAX_EDGES, MIN_SELF_SHARE, SHARE_ONE};
use proptest::{collection::vec, prelude::*};

fn one_row(components: usize, targets: &[u16], shares: &[u16]) -> (Vec<u16>, Vec<u16>) {
	let mut graph = Graph::with_capacity(components, 0);
	graph.push_row(targets, shares, |_| true);
	let (targets, shares) = graph.row(0);
	(targets.to_vec(), shares.to_vec())
}

#[test]
fn good_rows_are_kept_as_they_are() {
	let mut graph = Graph::with_capacity(4, 3);
	graph.push_row(&[3, 1], &[10, 20], |_| true);
	graph.push_row(&[], &[], |_| true);
	graph.push_row(&[0], &[57_344], |_| true);
	assert_eq!(graph.row(0), (&[3, 1][..], &[10, 20][..]));
	assert_eq!(graph.row(1), (&[][..], &[][..]));
	assert_eq!(graph.row(2), (&[0][..], &[57_344][..]));
	assert_eq!((graph.components(), graph.rows(), graph.edges()), (4, 3, 3));
	// A uid without a row yet, and a uid out of range.
	assert_eq!(graph.row(3), (&[][..], &[][..]));
	assert_eq!(graph.row(usize::MAX), (&[][..], &[][..]));
}

#[test]
fn edges_to_itself_to_nobody_and_of_no_share_are_dropped() {
	assert_eq!(one_row(4, &[0, 1, 4, 65_535, 2], &[9, 8, 7, 6, 0]), (vec![1], vec![8]));
}

#[test]
fn edges_that_do_not_count_are_dropped() {
	let mut graph = Graph::with_capacity(4, 0);
	let mut asked = Vec::new();
	graph.push_row(&[0, 1, 2, 3], &[5, 5, 5, 5], |target| {
		asked.push(target);
		target != 2
	});
	assert_eq!(graph.row(0).0, [1, 3]);
	assert_eq!(asked, [1, 2, 3]);
}

#[test]
fn shares_over_the_limit_stay_with_the_owner() {
	// The second edge would leave 1/16; the third fits.
	assert_eq!(
		one_row(4, &[1, 2, 3], &[40_000, 21_440, 17_344]),
		(vec![1, 3], vec![40_000, 17_344])
	);
}

#[test]
fn a_slice_that_is_too_short_ends_the_row() {
	assert_eq!(one_row(4, &[1, 2], &[5]), (vec![1], vec![5]));
	assert_eq!(one_row(4, &[1], &[5, 6]), (vec![1], vec![5]));
}

#[test]
fn edges_and_rows_have_a_limit() {
	let targets: Vec<u16> = (1..100).collect();
	let (kept, _) = one_row(100, &targets, &[1; 99]);
	assert_eq!(kept, targets[..MAX_EDGES]);

	let mut graph = Graph::with_capacity(1, 0);
	graph.push_row(&[], &[], |_| true);
	graph.push_row(&[0], &[5], |_| true);
	assert_eq!((graph.rows(), graph.edges()), (1, 0));

	assert_eq!(Graph::with_capacity(usize::MAX, usize::MAX).components(), MAX_COMPONENTS);
}

proptest! {
	/// The invariants of the graph hold for any input.
	#[test]
	fn any_bytes_give_a_graph_that_may_be_swept(
		components in 0usize..20,
		rows in vec((vec(any::<u16>(), 0..80), vec(any::<u16>(), 0..80), any::<u16>()), 0..24),
	) {
		let mut graph = Graph::with_capacity(components, 100);
		for (targets, shares, mask) in &rows {
			// Includes small targets, so that some edges count.
			let targets: Vec<u16> = targets.iter().map(|t| t & mask).collect();
			graph.push_row(&targets, shares, |target| target % 3 != 0);
		}
		prop_assert_eq!(graph.components(), components);
		prop_assert_eq!(graph.rows(), rows.len().min(components));
		let mut edges = 0;
		for uid in 0..components {
			let (targets, shares) = graph.row(uid);
			edges += targets.len();
			prop_assert_eq!(targets.len(), shares.len());
			prop_assert!(targets.len() <= MAX_EDGES);
			prop_assert!(targets.iter().all(|&t| usize::from(t) < components));
			prop_assert!(targets.iter().all(|&t| usize::from(t) != uid && t % 3 != 0));
			prop_assert!(shares.iter().all(|&share| share > 0));
			prop_assert!(shares.iter().map(|&share| u32::from(share)).sum::<u32>() <= 57_344);
		}
		prop_assert_eq!(graph.edges(), edges);
	}
}

/// The rules of `push_row`, applied edge by edge.
fn kept(
	uid: u16,
	components: u32,
	edges: &[(u16, u16)],
	counts: impl Fn(u16) -> bool,
) -> Vec<(u16, u16)> {
	let mut kept: Vec<(u16, u16)> = Vec::new();
	for &(target, share) in edges {
		let sum: u32 = kept.iter().map(|&(_, share)| u32::from(share)).sum();
		let fits = sum + u32::from(share) <= SHARE_ONE - MIN_SELF_SHARE;
		let good = target != uid && u32::from(target) < components && share > 0;
		if good && counts(target) && fits && kept.len() < MAX_EDGES {
			kept.push((target, share));
		}
	}
	kept
}

proptest! {
	/// Valid and invalid rows.
	#[test]
	fn a_row_is_kept_by_the_rules(
		edges in vec((0u16..70, prop_oneof![4 => 0u16..900, 1 => any::<u16>()]), 0..80),
		uid in 0u16..70,
		components in 60u32..70,
		refused in 0u16..140,
	) {
		prop_assume!(u32::from(uid) < components);
		let mut graph = Graph::with_capacity(components as usize, 0);
		for _ in 0..uid {
			graph.push_row(&[], &[], |_| true);
		}
		let (targets, shares): (Vec<u16>, Vec<u16>) = edges.iter().copied().unzip();
		graph.push_row(&targets, &shares, |target| target != refused);
		let (targets, shares) = graph.row(uid.into());
		let row: Vec<(u16, u16)> =
			targets.iter().copied().zip(shares.iter().copied()).collect();
		prop_assert_eq!(row, kept(uid, components, &edges, |target| target != refused));
	}
}
