//! The checker: it runs blocks and compares every payout with the contribution crate.

use super::*;
use crate::{
	pages::{load_entries, row_page},
	types::{Bid, Edge},
	Components, MintedTotal, RegisteredPages, RowPages, StakePages, UidSpace, Unbonding,
};
use contribution::{Graph, Payout, Progress, Vectors};
use core::cell::RefCell;
use frame_support::{traits::Hooks, weights::WeightMeter};

/// The input of a solve, as read from outside.
struct Witness {
	sources: Vec<u64>,
	rows: Vec<(u32, Vec<Edge>)>,
	registered: Vec<u32>,
	/// Block of the `Begin` before, and of this one.
	blocks: (u64, u64),
	/// The growth of stakes and unbonding in the hooks since then.
	paid: Vec<u64>,
}

/// Sees every block: issuance, surplus, and each payout against the contribution crate.
#[derive(Default)]
struct Checker {
	/// Issuance less what was minted: it never changes.
	fixed: i128,
	surplus: u64,
	witness: Option<Witness>,
	payouts: u32,
	/// Payouts and bids of the last paid epoch, computed from what the solve used.
	paid: Paid,
	/// The block after which the emission of the running epoch accrues: that of the last `Begin` whose
	/// solve was paid, or whose emission lapsed.
	since: u64,
	/// Block of the last `Begin` of the running epoch whose solve an upgrade ended.
	interrupted: Option<u64>,
	/// A solve was aborted after the last payout.
	aborted: bool,
}

/// What the last paid epoch paid, and what went over its edges.
#[derive(Default)]
struct Paid {
	/// The epoch; 0 before the first payout.
	epoch: u32,
	payouts: Vec<u64>,
	/// The bids for the first uids.
	bids: Vec<Vec<Bid>>,
}

/// The number of uids whose bids are checked in every block.
const BIDS_CHECKED: u32 = 6;

impl Paid {
	fn new(epoch: u32, witness: &Witness, payouts: Vec<u64>) -> Self {
		let mut bids = vec![Vec::new(); BIDS_CHECKED as usize];
		for ((uid, (posted, edges)), payout) in (0u32..).zip(&witness.rows).zip(&payouts) {
			let counts = |target: u32| {
				let since = witness.registered[target as usize];
				since != 0 && since <= *posted
			};
			let edges = edges.iter().filter(|edge| counts(edge.target));
			let given = edges.clone().map(|edge| u64::from(edge.share)).sum::<u64>();
			for edge in edges.filter(|edge| edge.target < BIDS_CHECKED) {
				let flow =
					u128::from(*payout) * u128::from(edge.share) / u128::from(65_536 - given);
				let bid = Bid { uid, share: edge.share.into(), flow: flow as u64 };
				bids[edge.target as usize].push(bid);
			}
		}
		Self { epoch, payouts, bids }
	}

	/// At every block the payouts are those of the last paid epoch, and so are the bids, or they are not
	/// to be had.
	fn check(&self, aborted: bool) {
		let last = Emission::epoch_status().last;
		if last.map_or(0, |last| last.epoch) != self.epoch {
			// A test ran the hook past this checker.
			return;
		}
		let read = contributions();
		assert!(read.len() >= self.payouts.len());
		assert_eq!(read[..self.payouts.len()], self.payouts, "payouts of one epoch");
		assert!(read[self.payouts.len()..].iter().all(|&units| units == 0));
		let idle = Emission::epoch_status().phase == Phase::Idle;
		for (uid, bids) in (0..UidSpace::<Test>::get()).zip(&self.bids) {
			let read = Emission::bids(uid, 0, u32::MAX);
			assert_eq!(read.is_some(), idle && !aborted);
			if let Some(read) = read {
				// A read is of 1,024 bidders at most.
				let bids: Vec<Bid> = bids.iter().filter(|bid| bid.uid < 1_024).copied().collect();
				assert_eq!(read, bids, "the bids for {uid}");
			}
		}
	}
}

thread_local! {
	static CHECKER: RefCell<Checker> = RefCell::new(Checker::default());
}

/// Issuance less what was minted.
fn fixed() -> i128 {
	i128::from(Balances::total_issuance()) - i128::from(MintedTotal::<Test>::get())
}

impl Checker {
	fn new() -> Self {
		Self { fixed: fixed(), surplus: Emission::surplus().unwrap(), ..Default::default() }
	}
}

/// Starts with the state at hand, at the start of a test.
pub(crate) fn restart_checker() {
	CHECKER.with_borrow_mut(|checker| *checker = Checker::new());
}

/// Takes the issuance at hand for that of the start: after a burn or a gift from nowhere.
pub(crate) fn accept_issuance() {
	CHECKER.with_borrow_mut(|checker| {
		let Checker { fixed, surplus, .. } = Checker::new();
		(checker.fixed, checker.surplus) = (fixed, surplus);
	});
}

/// How many epochs were paid and checked since the start of the test.
pub(crate) fn payouts() -> u32 {
	CHECKER.with_borrow(|checker| checker.payouts)
}

/// Checks all invariants: those of the pallet, and those over time.
pub(crate) fn check_state() {
	Emission::check_invariants().unwrap();
	CHECKER.with_borrow_mut(|checker| {
		let surplus = Emission::surplus().unwrap();
		assert!(surplus >= checker.surplus, "the surplus fell");
		checker.surplus = surplus;
		assert_eq!(fixed(), checker.fixed, "tokens came or went other than by minting");
		checker.paid.check(checker.aborted);
	});
}

/// Aborts the running solve, and checks what lapses by the schedule and by the blocks of this checker.
pub(crate) fn abort() -> sp_runtime::DispatchResult {
	let phase = Emission::epoch_status().phase;
	Emission::abort_solve(RuntimeOrigin::root())?;
	CHECKER.with_borrow_mut(|checker| {
		// A solve that an upgrade ended has fixed the emission of its epoch before.
		let until = match (&checker.witness, checker.interrupted) {
			(Some(witness), _) => witness.blocks.1,
			(None, Some(begun)) => begun,
			(None, None) => System::block_number(),
		};
		let schedule = crate::EmissionParameters::<Test>::get().schedule();
		let lapsed = schedule.between(checker.since, until);
		let epoch = crate::Epoch::<Test>::get();
		let expected = Event::SolveAborted { epoch, phase, lapsed };
		assert_eq!(events().last(), Some(&expected));
		checker.since = until;
		checker.witness = None;
		checker.interrupted = None;
		checker.aborted = true;
	});
	Ok(())
}

/// The stakes of all uids.
pub(crate) fn stakes() -> Vec<u64> {
	load_entries::<StakePages<Test>, u64, _>(UidSpace::<Test>::get())
}

/// What the last payout paid to all uids.
pub(crate) fn contributions() -> Vec<u64> {
	let uids = UidSpace::<Test>::get();
	(0..uids).step_by(4_096).flat_map(|start| Emission::contribution(start, 4_096)).collect()
}

/// The owner of each uid.
fn owners_by_uid() -> BTreeMap<u32, AccountId> {
	Components::<Test>::iter().map(|(uid, component)| (uid, component.owner)).collect()
}

/// Stake and unbonding of each uid.
fn holdings(uids: u32) -> Vec<u64> {
	let stakes = load_entries::<StakePages<Test>, u64, _>(uids);
	(0u32..)
		.zip(stakes)
		.map(|(uid, stake)| {
			let owner = Components::<Test>::get(uid).map(|component| component.owner);
			let unbonding: u64 = owner.map_or(0, |owner| {
				Unbonding::<Test>::get(owner).iter().map(|chunk| chunk.amount).sum()
			});
			stake + unbonding
		})
		.collect()
}

fn witness(stakes: &[u64], since: u64, epoch: u32) -> Witness {
	let uids = UidSpace::<Test>::get();
	let lifetime = crate::EmissionParameters::<Test>::get().row_lifetime;
	let rows: Vec<(u32, Vec<Edge>)> = (0..uids)
		.map(|uid| match RowPages::<Test>::get(row_page(uid)).row(uid) {
			Some((posted, edges)) => (posted, edges.into_inner()),
			None => (0, Vec::new()),
		})
		.collect();
	let sources = rows
		.iter()
		.zip(stakes)
		.map(|((posted, _), &stake)| {
			let live = *posted != 0 && (lifetime == 0 || epoch - posted <= lifetime);
			if live {
				stake
			} else {
				0
			}
		})
		.collect();
	Witness {
		sources,
		rows,
		registered: load_entries::<RegisteredPages<Test>, u32, _>(uids),
		blocks: (since, System::block_number()),
		paid: vec![0; uids as usize],
	}
}

/// The payouts of the contribution crate, without interruption.
fn reference(witness: &Witness) -> (Vec<u64>, u64, u16) {
	let schedule = crate::EmissionParameters::<Test>::get().schedule();
	let due = schedule.between(witness.blocks.0, witness.blocks.1);
	let due = due - validator_part(due);
	let count = witness.rows.len();
	let mut graph = Graph::with_capacity(count, 0);
	for (posted, edges) in &witness.rows {
		let (targets, shares): (Vec<u16>, Vec<u16>) =
			edges.iter().map(|edge| (edge.target as u16, edge.share)).unzip();
		graph.push_row(&targets, &shares, |target| {
			let since = witness.registered[usize::from(target)];
			since != 0 && since <= *posted
		});
	}
	let Some((mut solve, mut vectors)) = contribution::Solve::begin(&witness.sources) else {
		return (vec![0; count], 0, 0);
	};
	let progress = solve.advance(&graph, &mut vectors, &mut u64::MAX.clone());
	assert_eq!(progress, Progress::Converged);
	let Vectors { contribution, .. } = vectors;
	let mut payout = Payout::new(due, contribution.iter().sum());
	(contribution.into_iter().map(|mass| payout.next(mass)).collect(), due, solve.sweep)
}

/// One block without transactions: the hook under a meter of `remaining`, then all checks.
pub(crate) fn next_block_with(remaining: u64) {
	let number = System::block_number() + 1;
	System::reset_events();
	System::initialize(&number, &H256::from_low_u64_be(number - 1), &Default::default());

	let uids = UidSpace::<Test>::get();
	let (stakes_before, before) = (stakes(), holdings(uids));
	let owners = owners_by_uid();
	let pages_before = RowPages::<Test>::iter().collect::<BTreeMap<_, _>>();
	let phase = Emission::epoch_status().phase;

	let remaining = Weight::from_parts(remaining, 0);
	let mut meter = WeightMeter::with_limit(remaining);
	Emission::on_poll(number, &mut meter);
	assert!(meter.consumed().all_lte(remaining.min(ServiceWeight::get())), "too much weight");

	let events = events();
	CHECKER.with_borrow_mut(|checker| {
		let started = events.iter().find_map(|event| match *event {
			Event::EpochStarted { epoch, .. } => Some(epoch),
			_ => None,
		});
		let restarted = events.iter().any(|event| matches!(event, Event::SolveRestarted { .. }));
		if restarted {
			let begun = checker.witness.take().map(|witness| witness.blocks.1);
			checker.interrupted = begun.or(checker.interrupted);
		}
		if let Some(epoch) = started {
			assert!(checker.witness.is_none(), "a solve starts while another runs");
			checker.interrupted = None;
			checker.witness = Some(witness(&stakes_before, checker.since, epoch));
		} else if !restarted && !matches!(phase, Phase::Idle | Phase::Merge) {
			assert_eq!(
				RowPages::<Test>::iter().collect::<BTreeMap<_, _>>(),
				pages_before,
				"rows change in Merge only"
			);
		}
		let Some(witness) = &mut checker.witness else { return };
		let owners_after = owners_by_uid();
		// The hook moves stake by paying only. An owner that was removed has no uid any more.
		for (uid, (after, before)) in (0u32..).zip(holdings(uids).iter().zip(&before)) {
			let same = owners.get(&uid) == owners_after.get(&uid);
			if let (true, Some(paid)) = (same, witness.paid.get_mut(uid as usize)) {
				*paid += after - before;
			}
		}
		let paid = events.iter().find_map(|event| match *event {
			Event::EpochPaid { epoch, minted, sweeps, .. } => Some((epoch, minted, sweeps)),
			_ => None,
		});
		if let Some((epoch, minted, sweeps)) = paid {
			let (payouts, due, expected_sweeps) = reference(witness);
			assert_eq!(minted, due);
			assert_eq!(payouts.iter().sum::<u64>(), minted);
			assert_eq!(sweeps, u32::from(expected_sweeps));
			let contributions = contributions();
			assert_eq!(contributions[..payouts.len()], payouts, "payouts of the pure crate");
			assert!(contributions[payouts.len()..].iter().all(|&units| units == 0));
			assert_eq!(witness.paid, payouts, "what reached stake and unbonding");
			checker.payouts += 1;
			checker.since = witness.blocks.1;
			checker.aborted = false;
			checker.paid = Paid::new(epoch, witness, payouts);
			checker.witness = None;
		}
	});
	check_state();
}

/// One block.
pub(crate) fn next_block() {
	next_block_with(u64::MAX);
}

/// Blocks until the epoch is paid; returns how many it took.
pub(crate) fn pay_epoch() -> u32 {
	let before = payouts();
	for count in 1..10_000 {
		next_block();
		if payouts() > before {
			return count;
		}
	}
	panic!("the epoch is never paid")
}

/// Blocks until the phase is reached.
pub(crate) fn run_to_phase(phase: Phase) {
	for _ in 0..10_000 {
		next_block();
		if Emission::epoch_status().phase == phase {
			return;
		}
	}
	panic!("{phase:?} is never reached")
}
