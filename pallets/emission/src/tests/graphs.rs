//! The graphs of the benchmarks and extreme graphs: each is solved, or truncated with an event;
//! nothing panics, and no block exceeds its weight.

use crate::{mock::*, pages::RawRowPage, types::Phase, Event, MintedTotal, RowPages};
use bench_graphs::{generate, Case, Shape};
use frame_support::weights::{Weight, WeightMeter};
use proptest::prelude::*;

/// A network with these stakes. `next_block` checks the meter and compares
/// each payout with the contribution crate.
fn network(stakes: &[u64]) -> Ext {
	let components = (1u64..).zip(stakes).map(|(owner, &stake)| (owner, stake)).collect();
	Ext { components, ..Default::default() }
}

fn post_rows(case: &Case) {
	for uid in 0..case.components() {
		let (targets, shares) = case.row(uid);
		let edges: Vec<(u32, u16)> =
			targets.iter().zip(shares).map(|(&to, &share)| (u32::from(to), share)).collect();
		post(uid as u64 + 1, &edges);
	}
}

/// Stakes that the mock's accounts can pay.
fn affordable(case: &Case) -> Vec<u64> {
	let most = case.stakes.iter().copied().max().unwrap_or(1).max(1);
	let scale = |stake: u64| u128::from(stake) * u128::from(ENDOWMENT / 2) / u128::from(most);
	case.stakes.iter().map(|&stake| MIN_STAKE + scale(stake) as u64).collect()
}

#[test]
fn every_shape_is_paid_whatever_the_blocks_allow() {
	for shape in Shape::ALL {
		let case = generate(shape, 60, 12, 7);
		let mut whole = Vec::new();
		for service in [1_000_000, 2_000, 1_100] {
			network(&affordable(&case)).run(|| {
				post_rows(&case);
				while System::block_number() < 9 {
					next_block();
				}
				// Enough for Merge and Begin in one block, so that σ is the same.
				next_block_with(1 + 3 + 2 * 8 + 2 * 60 + 1 + 61 + 2 + 1 + 16);
				ServiceWeight::set(Weight::from_parts(service, 0));
				if payouts() == 0 {
					pay_epoch();
				}
				assert_eq!(contributions().iter().sum::<u64>(), 10 * SIGMA);
				if whole.is_empty() {
					whole = contributions();
				}
				assert_eq!(contributions(), whole, "{}: {service}", shape.name());
			});
		}
	}
}

#[test]
fn all_stake_on_one_component() {
	let case = generate(Shape::Z, 40, 8, 3);
	let mut stakes = vec![0; 40];
	stakes[39] = ENDOWMENT / 2;
	let mut ext = network(&stakes);
	// The others register without stake.
	ext.components.retain(|&(_, stake)| stake > 0);
	ext.run(|| {
		for owner in 1..40 {
			frame_support::assert_ok!(Emission::register(signed(owner), None, None));
		}
		// Component 0 has the stake here.
		let owner_of = |uid: u32| if uid == 0 { 40 } else { u64::from(uid) };
		for uid in 0..40u32 {
			let (targets, shares) = case.row(uid as usize);
			let edges: Vec<(u32, u16)> =
				targets.iter().zip(shares).map(|(&to, &share)| (to.into(), share)).collect();
			post(owner_of(uid), &edges);
		}
		pay_epoch();
		assert!(contributions().iter().filter(|&&units| units > 0).count() > 8);
	});
}

#[test]
fn the_smallest_and_a_vast_stake() {
	for stake in [1, 1 << 60] {
		let mut ext = Ext { components: vec![(1, stake), (2, stake)], ..Default::default() };
		ext = ext.parameters(|parameters| parameters.min_stake = 1);
		ext.endowment = stake.max(ENDOWMENT) + 1_000;
		ext.run(|| {
			post(1, &[(1, 57_344)]);
			post(2, &[(0, 1)]);
			pay_epoch();
			assert_eq!(contributions().iter().sum::<u64>(), 10 * SIGMA);
		});
	}
}

#[test]
fn a_network_of_one_and_of_none() {
	Ext::with(0).run(|| {
		(0..30).for_each(|_| next_block());
		assert!(contributions().is_empty());
	});
	Ext::with(1).run(|| {
		post(1, &[]);
		pay_epoch();
		assert_eq!(contributions(), [10 * SIGMA]);
	});
}

/// Runs the machine for one block with this weight, without the checks of the state, which damaged
/// rows fail.
fn service(units: u64) -> Phase {
	let number = System::block_number() + 1;
	System::set_block_number(number);
	let limit = Weight::from_parts(units, 0);
	let mut meter = WeightMeter::with_limit(limit);
	Emission::service(number, &mut meter);
	assert!(meter.consumed().all_lte(limit), "too much weight");
	Emission::epoch_status().phase
}

/// Damaged bytes of a row page: cut, extended, or changed.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
	let page = prop::collection::vec(any::<u8>(), 0..400);
	let version = prop_oneof![Just(Vec::new()), Just(vec![1]), Just(vec![9])];
	(version, page).prop_map(|(mut bytes, page)| {
		bytes.extend(page);
		bytes
	})
}

proptest! {
	#![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(60) })]

	#[test]
	fn malformed_rows_are_paid_around_and_unreadable_pages_halt(
		first in damaged(),
		second in damaged(),
		flips in prop::collection::vec((any::<usize>(), any::<u8>()), 0..6),
		units in LEAST_SERVICE..2_000,
	) {
		Ext::with(80).build().execute_with(|| {
			for owner in 1..=80u64 {
				post(owner, &[((owner as u32) % 80, 30_000), ((owner as u32 + 3) % 80, 9_000)]);
			}
			System::set_block_number(9);
			assert_eq!(service(u64::MAX), Phase::Idle);
			sp_io::storage::set(&RowPages::<Test>::hashed_key_for(0), &first);
			sp_io::storage::set(&RowPages::<Test>::hashed_key_for(1), &second);
			// The third page is a real one with some bytes changed.
			let key = RowPages::<Test>::hashed_key_for(2);
			let mut bytes = sp_io::storage::get(&key).expect("a page of rows").to_vec();
			for (at, byte) in flips {
				let at = at % bytes.len();
				bytes[at] ^= byte;
			}
			sp_io::storage::set(&key, &bytes);
			let pages = [first, second, bytes];
			let unreadable = pages.iter().position(|page| RawRowPage::parse(page).is_none());
			let minted = MintedTotal::<Test>::get();
			System::set_block_number(20);
			System::reset_events();
			for _ in 0..3_000 {
				service(units);
				let halted = events().into_iter().find_map(|event| match event {
					Event::RowPageUnreadable { page } => Some(page as usize),
					_ => None,
				});
				if halted.is_some() {
					assert_eq!(halted, unreadable);
					assert_eq!(MintedTotal::<Test>::get(), minted, "minted by rows not read");
					return;
				}
				let paid = events().into_iter().find_map(|event| match event {
					Event::EpochPaid { minted, .. } => Some(minted),
					_ => None,
				});
				if let Some(minted) = paid {
					assert_eq!(unreadable, None, "a page was taken for an empty one");
					// A damaged page may have no live rows, so nothing may be payable.
					assert!(minted == 0 || contributions().iter().sum::<u64>() == minted);
					return;
				}
			}
			panic!("the epoch is never paid");
		});
	}
}
