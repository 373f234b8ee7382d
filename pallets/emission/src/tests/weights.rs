//! The provisional weights: a network of the greatest size fits a quarter of a two-second block.

use crate::{
	mock::*,
	weights::{FormulaWeight, WeightInfo},
};
use frame_support::weights::{
	constants::{ParityDbWeight, RocksDbWeight, WEIGHT_REF_TIME_PER_MILLIS},
	Weight,
};

fn milliseconds(weight: Weight) -> u64 {
	assert_eq!(weight.proof_size(), 0);
	weight.ref_time() / WEIGHT_REF_TIME_PER_MILLIS
}

fn units<W: WeightInfo>() -> [u64; 6] {
	let (row_pages, pages, pieces) = (4_096, 128, 16);
	let load = W::load_graph(row_pages, pages);
	[
		milliseconds(load),
		milliseconds(W::begin(pages) + load + W::save_vectors(pieces)),
		milliseconds(W::visit() * 65_536 * 68),
		milliseconds(W::emit_page() * 128),
		milliseconds(W::emit_page() + W::emit_leaving() * 512 + W::save_vectors(pieces)),
		milliseconds(W::load_registered(pages) + W::merge_row()),
	]
}

#[test]
fn the_greatest_network_fits() {
	for units in [units::<FormulaWeight<RocksDbWeight>>(), units::<FormulaWeight<ParityDbWeight>>()]
	{
		assert!(units.iter().all(|&unit| unit < 250), "{units:?}");
	}
	// One sweep over 4.2 million edges: 26 ms.
	assert_eq!(units::<FormulaWeight<ParityDbWeight>>()[2], 26);
}

#[test]
fn a_post_pays_for_its_edges_and_for_both_writes() {
	type W = FormulaWeight<ParityDbWeight>;
	assert!(W::post_row(64).ref_time() > W::post_row(0).ref_time());
	assert_eq!(W::set_edge(), W::post_row(64));
	let two_writes = ParityDbWeight::get().writes(2);
	assert!(W::post_row(0).all_gte(two_writes));
	assert!(milliseconds(W::post_row(64)) < 2);
}

#[test]
fn the_hook_takes_no_more_than_its_share() {
	// `next_block` asserts it in every test; here for a block that has next to nothing left.
	Ext::with(5).run(|| {
		for owner in 1..=5 {
			post(owner, &[(owner as u32 % 5, 57_344)]);
		}
		for left in (0..400).chain(0..400) {
			next_block_with(left);
		}
		assert!(payouts() > 0);
	});
}
