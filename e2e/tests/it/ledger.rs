//! The split of a payout into what a component pays itself and what came over edges.

use bittensor_e2e::{
	chain::Row,
	ledger::{replay, Inputs},
};

const SIGMA: u64 = 1_000_000_007;

fn row(edges: &[(u32, u16)]) -> Option<Row> {
	let given: u32 = edges.iter().map(|&(_, share)| u32::from(share)).sum();
	Some(Row { posted: 1, self_share: 65_536 - given, edges: edges.to_vec() })
}

#[test]
fn self_only_rows_earn_nothing_through_edges() {
	let inputs = Inputs { stakes: vec![3, 5, 9], rows: vec![row(&[]), row(&[]), row(&[])] };
	let paid = replay(&inputs, SIGMA);
	assert_eq!(paid.iter().map(|p| p.minted).sum::<u64>(), SIGMA);
	assert!(paid.iter().all(|p| p.through_edges == 0), "{paid:?}");
}

#[test]
fn a_component_without_stake_earns_only_through_edges() {
	// 0 gives a quarter to 1, which has neither stake nor a row.
	let inputs = Inputs { stakes: vec![8, 0], rows: vec![row(&[(1, 16_384)]), None] };
	let paid = replay(&inputs, 1_000);
	assert_eq!((paid[0].minted, paid[0].through_edges), (750, 0));
	assert_eq!((paid[1].minted, paid[1].through_edges), (250, 250));
}

#[test]
fn mass_that_returns_through_a_cycle_counts_as_through_edges() {
	// Each keeps half and gives half to the other. Of 0's stake of 1: 1/2 stays at once, and
	// 1/2 · (1/4 + 1/16 + …) = 1/6 returns. 1 has no stake; it gets 1/3.
	let inputs =
		Inputs { stakes: vec![1, 0], rows: vec![row(&[(1, 32_768)]), row(&[(0, 32_768)])] };
	let paid = replay(&inputs, 6_000_000);
	assert_eq!(paid[0].minted + paid[1].minted, 6_000_000);
	let close = |value: u64, expected: u64| value.abs_diff(expected) <= 2;
	assert!(close(paid[0].minted, 4_000_000), "{paid:?}");
	assert!(close(paid[0].through_edges, 1_000_000), "{paid:?}");
	assert_eq!(paid[1].minted, paid[1].through_edges);
}

#[test]
fn nothing_is_paid_without_stake() {
	let inputs = Inputs { stakes: vec![0, 0], rows: vec![row(&[(1, 9)]), None] };
	assert!(replay(&inputs, SIGMA).iter().all(|p| p.minted == 0 && p.through_edges == 0));
}
