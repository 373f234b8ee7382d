//! The reads of the runtime API.

use crate::{
	mock::*,
	types::{Bid, Phase, Row},
};
use contribution::SHARE_ONE;
use frame_support::assert_ok;

#[test]
fn components_are_listed() {
	Ext::with(3).run(|| {
		serve(2, 22);
		assert_ok!(Emission::set_endpoint(signed(2), Some(endpoint("b", 7))));
		post(2, &[]);
		assert_ok!(Emission::deregister(signed(1)));
		pay_epoch();
		let all = Emission::components(0, 10);
		assert_eq!(all.iter().map(|c| c.uid).collect::<Vec<_>>(), [1, 2]);
		let info = Emission::component(1).unwrap();
		assert_eq!(all[0], info);
		assert_eq!((info.owner, info.service_key, info.registered), (2, 22, 1));
		assert_eq!(info.endpoint, Some(endpoint("b", 7)));
		assert_eq!(info.payout, 10 * SIGMA);
		assert_eq!((info.stake, info.source), (2_000 + 10 * SIGMA, 2_000 + 10 * SIGMA));
		// A component without a row has no source.
		assert_eq!((all[1].stake, all[1].source), (3_000, 0));
		// A pending row makes its stake a source in the next solve.
		post(3, &[]);
		assert_eq!(Emission::component(2).unwrap().source, 3_000);
		assert_eq!(Emission::component(0), None);
		assert_eq!(Emission::component(99), None);
		assert_eq!(Emission::components(2, 1).len(), 1);
		assert!(Emission::components(3, 10).is_empty());
		assert!(Emission::components(u32::MAX, u32::MAX).is_empty());
		assert_eq!(Emission::contribution(0, 9), [0, 10 * SIGMA, 0]);
		assert_eq!(Emission::contribution(1, 1), [10 * SIGMA]);
	});
}

#[test]
fn lists_are_capped() {
	Ext::with(1_100).run(|| {
		assert_eq!(Emission::components(0, u32::MAX).len(), 256);
		assert_eq!(Emission::components(1_000, u32::MAX).len(), 100);
		assert_eq!(Emission::contribution(0, u32::MAX).len(), 1_100);
		for owner in 1..=1_100 {
			post(owner, &[]);
		}
		assert_eq!(Emission::rows(0, u32::MAX).len(), 1_024);
		pay_epoch();
		let paged: Vec<u64> = (0..5).flat_map(|k| Emission::contribution(k * 256, 256)).collect();
		assert_eq!(paged, contributions());
	});
}

#[test]
fn rows_and_bids() {
	Ext::with(4).run(|| {
		post(1, &[(3, 16_384)]);
		post(2, &[(0, 100), (3, 32_768)]);
		pay_epoch();
		post(1, &[(2, 5)]);
		let rows = Emission::rows(0, 10);
		assert_eq!(rows.iter().map(|r| r.uid).collect::<Vec<_>>(), [0, 1]);
		assert_eq!(
			rows[0].pending,
			Some(Row { posted: 2, self_share: SHARE_ONE - 5, edges: edges(&[(2, 5)]) })
		);
		let paid = contributions();
		let flow = |uid: usize, share: u64, kept: u64| {
			(u128::from(paid[uid]) * u128::from(share) / u128::from(kept)) as u64
		};
		// Bids are those of the active rows.
		assert_eq!(
			Emission::bids(3, 0, 10).unwrap(),
			[
				Bid { uid: 0, share: 16_384, flow: flow(0, 16_384, 65_536 - 16_384) },
				Bid { uid: 1, share: 32_768, flow: flow(1, 32_768, 65_536 - 32_868) },
			]
		);
		assert_eq!(Emission::bids(3, 1, 10).unwrap().len(), 1);
		assert_eq!(Emission::bids(0, 0, 10).unwrap().len(), 1);
		assert!(Emission::bids(2, 0, 10).unwrap().is_empty());
		// 3 has no row, so the flow into it is its whole payout.
		let into: u64 = Emission::bids(3, 0, 10).unwrap().iter().map(|bid| bid.flow).sum();
		assert!(paid[3].abs_diff(into) <= 2);
	});
}

#[test]
fn bids_are_of_one_paid_epoch_at_every_block() {
	// While a solve spans blocks, the rows are those of the next payout and the payouts those of the
	// last: their product was shown as a flow that nobody paid. The mock checks each block against what
	// the solves used; this is the case of the audit.
	Ext::with(24).service(LEAST_SERVICE).run(|| {
		let post_all = |shift: u32, share: u16| {
			for owner in 1..=24u32 {
				post(owner.into(), &[((owner + shift) % 24, share)]);
			}
		};
		post_all(0, 57_344);
		pay_epoch();
		let exact = (Emission::bids(1, 0, 99).unwrap(), Emission::contribution(0, 99));
		post_all(0, 10_000);
		let mut blocks = 0;
		let paid = payouts();
		while payouts() == paid {
			match Emission::bids(1, 0, 99) {
				Some(bids) => assert_eq!(bids, exact.0),
				None => blocks += 1,
			}
			assert_eq!(Emission::contribution(0, 99), exact.1);
			assert_eq!(Emission::component(0).unwrap().payout, exact.1[0]);
			next_block();
		}
		assert!(blocks > 1, "the solve took {blocks} blocks");
		let next = Emission::bids(1, 0, 99).unwrap();
		assert_eq!((next[0].uid, next[0].share), (0, 10_000));
		assert_ne!(next, exact.0);
	});
}

#[test]
fn the_status_follows_a_solve() {
	Ext::with(24).service(LEAST_SERVICE).run(|| {
		for owner in 1..=24 {
			post(owner, &[(owner as u32 % 24, 57_344)]);
		}
		let before = Emission::epoch_status();
		assert_eq!((before.phase, before.last), (Phase::Idle, None));
		run_to_phase(Phase::Sweep);
		let mut last = (0, 0);
		while Emission::epoch_status().phase == Phase::Sweep {
			let status = Emission::epoch_status();
			let now = (status.sweep, status.cursor);
			assert!(now > last || last == (0, 0));
			last = now;
			assert_eq!(status.next_payout_in, 1);
			next_block();
		}
		run_to_phase(Phase::Idle);
		let status = Emission::epoch_status();
		assert_eq!(status.epoch, 2);
		let paid = status.last.unwrap();
		assert_eq!(paid.started_at, status.started);
		assert!(paid.paid_at > paid.started_at);
		assert_eq!(status.minted_total, paid.minted);
		assert_eq!(status.total_stake, stakes().iter().sum::<u64>());
	});
}

#[test]
fn a_payout_can_be_checked_from_what_is_read() {
	// As the documentation of the runtime API describes it.
	use contribution::{Graph, Payout, Solve};
	Ext::with(20).service(LEAST_SERVICE).run(|| {
		let mut at: Vec<(u64, Vec<u64>)> = Vec::new();
		for epoch in 0..12u32 {
			for owner in 1..=20u64 {
				if (u32::try_from(owner).unwrap() + epoch) % 7 == 0 {
					post(owner, &[((owner as u32 + epoch) % 20, 20_000)]);
				}
			}
			let paid = payouts();
			while payouts() == paid {
				let read = Emission::components(0, 256);
				at.push((System::block_number(), read.iter().map(|c| c.stake).collect()));
				next_block();
			}
			let last = Emission::epoch_status().last.unwrap();
			let parent = at
				.iter()
				.find(|(number, _)| sp_core::H256::from_low_u64_be(*number) == last.parent);
			let mut sources = parent.unwrap().1.clone();
			let mut graph = Graph::with_capacity(20, 0);
			for uid in 0..20u32 {
				let row = Emission::row(uid).and_then(|row| row.active);
				let live = row.as_ref().is_some_and(|row| last.epoch - row.posted <= 8);
				if !live {
					sources[uid as usize] = 0;
				}
				let edges = row.map_or(Vec::new(), |row| row.edges);
				let (targets, shares): (Vec<u16>, Vec<u16>) =
					edges.iter().map(|edge| (edge.target as u16, edge.share)).unzip();
				graph.push_row(&targets, &shares, |_| true);
			}
			let Some((mut solve, mut vectors)) = Solve::begin(&sources) else {
				assert_eq!(last.minted, 0);
				continue;
			};
			solve.advance(&graph, &mut vectors, &mut u64::MAX.clone());
			let mut payout = Payout::new(last.minted, vectors.contribution.iter().sum());
			let payouts: Vec<u64> =
				vectors.contribution.iter().map(|&mass| payout.next(mass)).collect();
			assert_eq!(Emission::contribution(0, 20), payouts);
		}
	});
}
