//! Idle blocks, hooks, epochs, merges, ratios.

use crate::{
	blocks::{Block, Paid},
	case::Case,
	costs::Costs,
	epochs::{idle as idle_blocks, is_active, ratio, write_hooks, Epoch, Merge, Ratios},
	posting::summary,
	state::Limits,
};

/// Blocks of a chain whose idle ones declare 10 ms and take 3 ms to author, 5 ms to import.
pub(crate) fn block(number: u32, phase: &str, hook: [f64; 3]) -> Block {
	let [declared, author, import] = hook;
	Block {
		number,
		phase: phase.into(),
		mandatory_ms: 10.0 + declared,
		author_ms: Some(3.0 + author),
		import_ms: Some(5.0 + import),
		bytes_written: 100,
		..Block::default()
	}
}

fn idle(number: u32) -> Block {
	block(number, "Idle", [0.0; 3])
}

fn paid(mut block: Block, epoch: u32, sweeps: u32) -> Block {
	block.paid = Some(Paid { epoch, sweeps });
	block
}

fn started(mut block: Block) -> Block {
	block.started = true;
	block
}

/// Two epochs: the first merges in blocks 3 to 5 and solves in 5 and 6; the second does all in
/// block 9.
pub(crate) fn chain() -> Vec<Block> {
	let mut blocks = vec![
		idle(1),
		idle(2),
		block(3, "Merge", [100.0, 60.0, 80.0]),
		block(4, "Merge", [100.0, 60.0, 80.0]),
		started(block(5, "Sweep", [120.0, 70.0, 90.0])),
		paid(block(6, "Idle", [40.0, 20.0, 30.0]), 1, 17),
		idle(7),
		idle(8),
		paid(started(block(9, "Idle", [60.0, 30.0, 40.0])), 2, 16),
		idle(10),
	];
	blocks[8].missed_slots = 2;
	blocks
}

/// The blocks with their hooks.
fn with_hooks(mut blocks: Vec<Block>) -> (Vec<Block>, Costs) {
	let idle = Costs::medians(idle_blocks(&blocks).map(Block::costs)).expect("some are idle");
	write_hooks(&mut blocks, idle);
	(blocks, idle)
}

#[test]
fn idle_blocks_are_those_in_which_nothing_happens() {
	let mut blocks = chain();
	let mut busy = idle(11);
	busy.extrinsics = 1;
	busy.author_ms = Some(500.0);
	blocks.push(busy);
	// Not 1, whose parent is not known, and not those with a hook at work or an extrinsic.
	assert_eq!(idle_blocks(&blocks).count(), 4);
	let (_, idle) = with_hooks(blocks.clone());
	let expected = Costs { declared_ms: 10.0, author_ms: Some(3.0), import_ms: Some(5.0) };
	assert_eq!(idle, expected);
	assert_eq!(Costs::medians(idle_blocks(&blocks[2..6]).map(Block::costs)), None);
}

#[test]
fn the_hook_is_what_a_block_takes_beyond_an_idle_one() {
	let (blocks, idle) = with_hooks(chain());
	let hook = blocks[4].hook.expect("it was measured");
	assert_eq!((hook.declared_ms, hook.author_ms, hook.import_ms), (120.0, Some(70.0), Some(90.0)));
	assert!(is_active(&blocks[4]) && !is_active(&blocks[6]));

	// With an extrinsic in it, the block's time is not the hook's.
	let mut busy = blocks[4].clone();
	busy.extrinsics = 1;
	write_hooks(std::slice::from_mut(&mut busy), idle);
	let hook = busy.hook.expect("it was measured");
	assert_eq!((hook.declared_ms, hook.author_ms, hook.import_ms), (120.0, None, None));
}

#[test]
fn a_stalled_block_is_active_though_it_declares_nothing() {
	let mut block = block(1, "Begin", [0.0; 3]);
	block.stalled = true;
	assert!(is_active(&block));
}

#[test]
fn epochs_are_cut_at_their_payouts() {
	let (blocks, _) = with_hooks(chain());
	let epochs = Epoch::all(&blocks);
	assert_eq!(epochs.len(), 2);
	let numbers = |blocks: &[Block]| blocks.iter().map(|block| block.number).collect::<Vec<_>>();

	assert_eq!(numbers(&epochs[0].blocks), [3, 4, 5, 6]);
	assert_eq!(numbers(epochs[0].solve()), [5, 6]);
	assert_eq!(epochs[0].merge_blocks, 3);
	assert_eq!(epochs[0].paid, Paid { epoch: 1, sweeps: 17 });
	assert_eq!(epochs[0].written, 600);
	let hook = Costs { declared_ms: 360.0, author_ms: Some(210.0), import_ms: Some(280.0) };
	assert_eq!(epochs[0].hook(), hook);

	assert_eq!(numbers(&epochs[1].blocks), [9]);
	assert_eq!(numbers(epochs[1].solve()), [9]);
	assert_eq!(epochs[1].written, 300);
	assert_eq!(Epoch::all(&blocks[..5]), [], "an epoch without a payout is none");
	assert_eq!(Epoch::all(&blocks[5..]).len(), 1, "an epoch without its beginning is none");
}

#[test]
fn an_unknown_time_makes_the_sum_unknown() {
	let mut blocks = chain();
	blocks[3].import_ms = None;
	let (blocks, _) = with_hooks(blocks);
	let epochs = Epoch::all(&blocks);
	assert_eq!((epochs[0].hook().author_ms, epochs[0].hook().import_ms), (Some(210.0), None));
}

#[test]
fn merging_costs_what_an_epoch_takes_beyond_a_steady_one() {
	let (blocks, _) = with_hooks(chain());
	let epochs = Epoch::all(&blocks);
	let steady = |epochs: &[Epoch]| Costs::medians(epochs.iter().map(Epoch::hook));
	let usual = steady(&epochs[1..]).expect("one is steady");
	assert_eq!((usual.declared_ms, usual.author_ms), (60.0, Some(30.0)));
	let merge = Merge::of(&epochs[0], 65_536, usual);
	assert_eq!((merge.rows, merge.blocks), (65_536, 3));
	assert_eq!(merge.hook.declared_ms, 300.0);
	assert_eq!((merge.hook.author_ms, merge.hook.import_ms), (Some(180.0), Some(240.0)));
	assert_eq!(merge.longest_author_ms, Some(73.0));
	assert_eq!(steady(&[]), None);
}

#[test]
fn ratios_are_never_by_nothing() {
	assert_eq!(ratio(60.0, Some(40.0)), Some(1.5));
	assert_eq!(ratio(30.0, None), None);
	assert_eq!(ratio(30.0, Some(0.0)), None);
	assert_eq!(ratio(30.0, Some(-1.0)), None);
}

pub(crate) fn limits() -> Limits {
	Limits { normal_ms: 375.0, service_ms: 125.0 }
}

pub(crate) fn a_case() -> Case {
	Case::of(40, limits(), chain()).expect("there are idle blocks and a steady epoch")
}

#[test]
fn one_slow_epoch_is_told_and_does_not_decide() {
	let epoch = |times: [f64; 3]| {
		let blocks = vec![idle(1), idle(2), paid(started(block(3, "Idle", times)), 1, 16)];
		Epoch::all(&with_hooks(blocks).0).remove(0)
	};
	let mut epochs: Vec<Epoch> =
		[[60.0, 40.0, 30.0], [60.0, 120.0, 30.0], [60.0, 30.0, 30.0]].map(epoch).into();
	let over_author = Ratios::of(&epochs, |hook| hook.author_ms);
	assert_eq!(over_author, Some(Ratios { least: 0.5, median: 1.5, most: 2.0 }));
	// An epoch whose time is not known counts for nothing, and not as 0.
	for block in &mut epochs[2].blocks {
		block.hook.as_mut().expect("it was measured").author_ms = None;
	}
	let over_author = Ratios::of(&epochs, |hook| hook.author_ms);
	assert_eq!(over_author, Some(Ratios { least: 0.5, median: 1.0, most: 1.5 }));
	assert_eq!(Ratios::of(&[], |hook| hook.author_ms), None);
}

#[test]
fn a_case_is_about_its_steady_epochs() {
	let case = a_case();
	assert_eq!(case.blocks_per_solve, 1);
	assert_eq!(case.declared_share_of_service, 60.0 / 125.0);
	let one = |ratio| Some(Ratios { least: ratio, median: ratio, most: ratio });
	assert_eq!((case.declared_over_author, case.declared_over_import), (one(2.0), one(1.5)));
	assert_eq!(case.declared_over_measured, Some(1.5));
	assert_eq!((case.author_ms, case.import_ms), (Some(33.0), Some(45.0)));
	assert_eq!(
		case.hook,
		Costs { declared_ms: 60.0, author_ms: Some(30.0), import_ms: Some(40.0) }
	);
	assert_eq!(case.bytes_written, 300.0);
	assert_eq!((case.sweeps.as_slice(), case.missed_slots), (&[16][..], 2));
	assert_eq!((case.merge.rows, case.merge.blocks, case.merge.hook.declared_ms), (40, 3, 300.0));
	assert_eq!(case.blocks.len(), 10);
}

#[test]
fn a_short_run_fails_for_what_must_not_happen() {
	let mut case = a_case();
	let failures = case.failures();
	assert_eq!(failures.len(), 1, "{failures:?}");
	assert!(failures[0].contains("2 slots"), "{failures:?}");
	case.missed_slots = 0;
	assert_eq!(case.failures(), Vec::<String>::new());
	case.blocks_per_solve = 2;
	case.truncated = true;
	case.limits.service_ms = 119.0;
	assert_eq!(case.failures().len(), 3);
}

#[test]
fn a_full_block_tells_the_cost_of_a_post() {
	let mut blocks = vec![idle(1), idle(2), idle(3), idle(4)];
	for (block, posts) in blocks.iter_mut().zip([0u32, 100, 250, 50]) {
		block.posts = posts;
		block.extrinsics = posts;
		block.normal_ms = 1.5 * f64::from(posts);
		block.author_ms = block.author_ms.map(|ms| ms + 0.5 * f64::from(posts));
		block.import_ms = block.import_ms.map(|ms| ms + 0.75 * f64::from(posts));
	}
	// Merging is no part of a post's cost in its block.
	let mut merging = started(block(5, "Idle", [50.0, 9.0, 9.0]));
	merging.posts = 900;
	merging.extrinsics = 900;
	blocks.push(merging);
	let idle = Costs { declared_ms: 10.0, author_ms: Some(3.0), import_ms: Some(5.0) };
	write_hooks(&mut blocks, idle);
	let ground = Case { n: 1_000, slot_ms: 1_500, limits: limits(), idle, ..Case::default() };
	// The cost of a post is that of the quiet blocks, the number that of the full ones.
	let full = summary(&blocks[..2], &blocks, &ground).expect("there are blocks of posts");
	assert_eq!(full.rows_seen, 250);
	assert_eq!((full.declared_ms, full.author_ms, full.import_ms), (1.5, Some(0.5), Some(0.75)));
	assert_eq!((full.rows_declared, full.rows_measured), (250, Some(750)));
	assert_eq!(full.longest_author_ms, Some(128.0));
	assert_eq!(summary(&blocks[..1], &blocks, &ground), None);
	assert_eq!(summary(&blocks, &blocks[4..], &ground), None);
}
