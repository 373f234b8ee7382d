//! Solves that span blocks end with the same bits as solves in one block.

use crate::{mock::*, types::Phase, LastPaid, ResidualPieces, SolvedPieces};
use contribution::MIN_SELF_SHARE;
use frame_support::weights::{Weight, WeightMeter};

/// Rows of a few edges by a fixed rule.
fn edges(uid: u32, count: u32) -> Vec<(u32, u16)> {
	let mut edges: Vec<(u32, u16)> = Vec::new();
	for k in 1..=(uid % 6) {
		let target = (uid * 7 + k * k * 13) % count;
		if target != uid && edges.iter().all(|&(to, _)| to != target) {
			let share = (65_536 - MIN_SELF_SHARE) / 6 - uid % 100;
			edges.push((target, share as u16));
		}
	}
	edges
}

fn payouts_with(count: u32, service: u64) -> (Vec<u64>, u64) {
	let mut result = (Vec::new(), 0);
	Ext::with(count.into()).run(|| {
		for uid in 0..count {
			post(u64::from(uid) + 1, &edges(uid, count));
		}
		while System::block_number() < 9 {
			next_block();
		}
		// Enough for Merge and Begin in one block, so that σ is the same.
		let (pages, row_pages) = (u64::from(count).div_ceil(512), u64::from(count).div_ceil(32));
		let begin = 61 * pages + row_pages + 2;
		let whole = 1 + 3 * pages + 8 * row_pages + 2 * u64::from(count) + begin + 10;
		if service < 1_000_000 {
			ServiceWeight::set(Weight::from_parts(whole, 0));
			next_block();
			ServiceWeight::set(Weight::from_parts(service, 0));
		}
		if payouts() == 0 {
			pay_epoch();
		}
		let last = LastPaid::<Test>::get().unwrap();
		assert_eq!(last.started_at, 10);
		assert!(ResidualPieces::<Test>::iter().next().is_none());
		assert!(SolvedPieces::<Test>::iter().next().is_none());
		result = (contributions(), last.paid_at);
	});
	result
}

#[test]
fn a_solve_cut_anywhere_pays_the_same() {
	// Seven windows.
	let (whole, paid_at) = payouts_with(200, 1_000_000);
	assert_eq!(paid_at, 10);
	let mut spans = std::collections::BTreeSet::new();
	for service in [84, 99, 112, 160, 211, 300, 500, 777, 1_500] {
		let (cut, paid_at) = payouts_with(200, service);
		assert_eq!(cut, whole, "service weight {service}");
		spans.insert(paid_at);
	}
	assert!(spans.len() >= 4 && spans.last() > Some(&25), "{spans:?}");
}

#[test]
fn pages_and_pieces_hold_many_components() {
	// Two pages of stakes, 22 pages of rows.
	let (whole, paid_at) = payouts_with(700, 1_000_000);
	assert_eq!(paid_at, 10);
	let (cut, paid_at) = payouts_with(700, 300);
	assert!(paid_at > 14);
	assert_eq!(cut, whole);
}

/// Runs the machine for one block with this weight, without the checks of every block.
fn service(units: u64) -> Phase {
	let number = System::block_number() + 1;
	System::set_block_number(number);
	let mut meter = WeightMeter::with_limit(Weight::from_parts(units, 0));
	Emission::service(number, &mut meter);
	Emission::epoch_status().phase
}

#[test]
fn vectors_of_two_pieces_are_saved_and_paid_from() {
	const COUNT: u64 = 4_300;
	let prepare = || {
		for owner in (1..=COUNT).step_by(50).chain([COUNT]) {
			let uid = owner as u32 - 1;
			let mut edges = vec![((owner * 37 % COUNT) as u32, 40_000), ((owner % 7) as u32, 1)];
			edges.retain(|&(target, _)| target != uid);
			edges.dedup_by_key(|&mut (target, _)| target);
			post(owner, &edges);
		}
		System::set_block_number(9);
	};
	let ext = || Ext::with(COUNT);
	let mut whole = Vec::new();
	ext().build().execute_with(|| {
		prepare();
		assert_eq!(service(u64::MAX), Phase::Idle);
		whole = contributions();
	});
	assert!(whole[4_096..].iter().filter(|&&units| units > 0).count() >= 4);

	ext().build().execute_with(|| {
		prepare();
		// Leaves a part of the sweep to the next block.
		let mut units = 15_000;
		while frame_support::hypothetically!(service(units)) != Phase::Sweep {
			units -= 50;
		}
		service(units);
		assert_eq!(SolvedPieces::<Test>::iter_keys().collect::<Vec<_>>().len(), 2);
		check_state();
		while frame_support::hypothetically!(service(units)) == Phase::Sweep {
			service(units);
		}
		// The sweep ends in this block, without weight left to pay.
		let unpaid = |units| {
			frame_support::hypothetically!({
				service(units) == Phase::Emit && Emission::epoch_status().cursor == 0
			})
		};
		while !unpaid(units) {
			units -= 10;
		}
		assert_eq!(service(units), Phase::Emit);
		// One page of 512 per block; the ninth is the last one.
		for page in 1..9 {
			assert_eq!(service(100), Phase::Emit);
			assert_eq!(Emission::epoch_status().cursor, page);
			check_state();
		}
		assert_eq!(service(100), Phase::Idle);
		assert_eq!(contributions(), whole);
	});
}
