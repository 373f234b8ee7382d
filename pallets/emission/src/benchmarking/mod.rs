//! One benchmark per call and per step of the state machine, each in its worst case.
//!
//! ```text
//!   setup: full pages, rows of 64 edges, full unbonding list, a separate account per key
//!   calls: through the extrinsic           steps: the functions of `phases`
//! ```
//!
//! Worst case: pages of maximum length, targets in all pages of registrations, both lookups of a
//! service key, and a vector of 65,536 components, which exceeds the first-level cache. `make weights`
//! runs the benchmarks in WebAssembly and writes the runtime's weights; the tests run each once
//! natively.

mod setup;

use crate::{
	pages::load_entries,
	phases::State,
	types::{
		PendingRow, Phase, Resident, UnbondingChunk, ENTRIES_PER_PAGE, ENTRIES_PER_PIECE,
		MAX_EDGES, MAX_UNBONDING_CHUNKS, REGISTRATIONS_PER_PAGE, ROWS_PER_PAGE,
	},
	*,
};
use alloc::vec::Vec;
use contribution::{LOOK_COST, MAX_COMPONENTS, MAX_STEP_COST, ROW_COST, RUN_COST, WINDOW};
use frame_benchmarking::v2::*;
use frame_support::{traits::fungible::Mutate, traits::Get, weights::WeightMeter, BoundedVec};
use frame_system::{pallet_prelude::BlockNumberFor, RawOrigin};
use setup::*;

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn register() {
		free_uid::<T>(7);
		let owner = funded::<T>("owner", 0);
		let service_key: T::AccountId = account("service", 0, 0);

		#[extrinsic_call]
		_(RawOrigin::Signed(owner.clone()), Some(endpoint()), Some(service_key));

		assert_eq!(UidOf::<T>::get(&owner), Some(7));
	}

	#[benchmark]
	fn deregister() {
		let owner = component::<T>();
		Unbonding::<T>::insert(&owner, chunks::<T>(MAX_UNBONDING_CHUNKS - 1));
		fill_pending_marks::<T>();
		PendingRows::<T>::insert(0, pending(0, 1));

		#[extrinsic_call]
		_(RawOrigin::Signed(owner));

		assert!(Components::<T>::get(0).is_some_and(|component| component.leaving));
	}

	#[benchmark]
	fn remove_dead() {
		dead_component::<T>();
		let caller: T::AccountId = account("newcomer", 0, 0);

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), 0);

		assert!(Components::<T>::get(0).is_some_and(|component| component.leaving));
	}

	#[benchmark]
	fn set_endpoint() {
		component::<T>();

		#[extrinsic_call]
		_(RawOrigin::Signed(service_key::<T>()), Some(endpoint()));

		assert_eq!(Endpoints::<T>::get(0), Some(endpoint()));
	}

	/// The owner serves again at once, which also lets the service key go.
	#[benchmark]
	fn set_service_key() {
		let owner = component::<T>();

		#[extrinsic_call]
		_(RawOrigin::Signed(owner.clone()), owner.clone());

		assert_eq!(UidOf::<T>::get(service_key::<T>()), None);
		assert_eq!(UidOf::<T>::get(owner), Some(0));
	}

	/// Another key served before.
	#[benchmark]
	fn accept_service_key() {
		let owner = component::<T>();
		let other = funded::<T>("service", 1);
		assert!(Pallet::<T>::do_set_service_key(&owner, other.clone()).is_ok());

		#[extrinsic_call]
		_(RawOrigin::Signed(other.clone()), owner);

		assert_eq!(UidOf::<T>::get(other), Some(0));
		assert_eq!(UidOf::<T>::get(service_key::<T>()), None);
	}

	#[benchmark]
	fn resign_service_key() {
		component::<T>();

		#[extrinsic_call]
		_(RawOrigin::Signed(service_key::<T>()));

		assert_eq!(UidOf::<T>::get(service_key::<T>()), None);
	}

	#[benchmark]
	fn offer_component() {
		let owner = component::<T>();
		let other: T::AccountId = account("owner", 1, 0);

		#[extrinsic_call]
		_(RawOrigin::Signed(owner), Some(other.clone()));

		assert_eq!(Components::<T>::get(0).and_then(|one| one.next_owner), Some(other));
	}

	#[benchmark]
	fn accept_component() {
		let owner = component::<T>();
		let other = funded::<T>("owner", 1);
		assert!(Pallet::<T>::do_offer_component(&owner, Some(other.clone())).is_ok());

		#[extrinsic_call]
		_(RawOrigin::Signed(other.clone()), owner.clone());

		assert_eq!(UidOf::<T>::get(other), Some(0));
		assert_eq!(UidOf::<T>::get(owner), None);
	}

	#[benchmark]
	fn stake() {
		let owner = component::<T>();
		let before = stake_of::<T>(0);
		let amount = EmissionParameters::<T>::get().min_stake;

		#[extrinsic_call]
		_(RawOrigin::Signed(owner), amount);

		assert_eq!(stake_of::<T>(0), before + amount);
	}

	#[benchmark]
	fn unstake() {
		let owner = component::<T>();
		Unbonding::<T>::insert(&owner, chunks::<T>(MAX_UNBONDING_CHUNKS - 1));
		let amount = stake_of::<T>(0);

		#[extrinsic_call]
		_(RawOrigin::Signed(owner), amount);

		assert_eq!(stake_of::<T>(0), 0);
	}

	#[benchmark]
	fn withdraw_unbonded() -> Result<(), BenchmarkError> {
		let owner = component::<T>();
		Unbonding::<T>::insert(&owner, chunks::<T>(MAX_UNBONDING_CHUNKS));
		T::Currency::mint_into(&Pallet::<T>::pot(), MAX_UNBONDING_CHUNKS.into())?;
		frame_system::Pallet::<T>::set_block_number(u32::MAX.into());

		#[extrinsic_call]
		_(RawOrigin::Signed(owner.clone()));

		assert!(!Unbonding::<T>::contains_key(owner));
		Ok(())
	}

	#[benchmark]
	fn post_row(e: Linear<0, MAX_EDGES>) {
		poster::<T>(full_page(0, MAX_COMPONENTS as u32));
		Epoch::<T>::put(2);

		let row = edges(e).try_into().expect("at most MAX_EDGES");

		#[extrinsic_call]
		_(RawOrigin::Signed(service_key::<T>()), row);

		assert_eq!(PendingRows::<T>::get(0).map(|row| row.edges.len() as u32), Some(e));
	}

	/// The row is half of its lifetime old, so that the post is free.
	#[benchmark]
	fn set_edge() {
		poster::<T>(page_with_room());
		Epoch::<T>::put(EmissionParameters::<T>::get().row_lifetime);

		#[extrinsic_call]
		_(RawOrigin::Signed(service_key::<T>()), 9, 1);

		assert_eq!(PendingRows::<T>::get(0).map(|row| row.edges.len() as u32), Some(MAX_EDGES));
		assert!(FreePosts::<T>::exists());
	}

	#[benchmark]
	fn set_parameters() {
		let least = T::MinStakeBounds::get().0;
		let (deposit, epochs) = (T::DepositBounds::get().0, T::RowLifetimeBounds::get().0);

		#[extrinsic_call]
		_(RawOrigin::Root, Some(least), Some(deposit), Some(epochs));

		assert_eq!(EmissionParameters::<T>::get().min_stake, least);
	}

	#[benchmark]
	fn abort_solve() {
		saved_solve::<T>();

		#[extrinsic_call]
		_(RawOrigin::Root);

		assert_eq!(SolvedPieces::<T>::iter().count(), 0);
	}

	/// After an upgrade. An epoch is due, but its first step does not fit into the block.
	#[benchmark]
	fn poll() {
		UidSpace::<T>::put(MAX_COMPONENTS as u32);
		RestartDue::<T>::put(true);
		let now = Pallet::<T>::due();
		let mut meter = WeightMeter::with_limit(T::WeightInfo::poll());
		let epoch;

		#[block]
		{
			Pallet::<T>::service(now, &mut meter);
			// As `Emit` in every block.
			epoch = Epoch::<T>::get();
		}

		assert_eq!(Solve::<T>::get().phase, Phase::Merge);
		assert!(epoch > 0 && !RestartDue::<T>::exists());
	}

	#[benchmark]
	fn leaving_queue() {
		LeavingQueue::<T>::put(types::Queue { head: 1, tail: 2 });

		#[block]
		{
			let mut queue = LeavingQueue::<T>::get();
			queue.pop();
			LeavingQueue::<T>::put(queue);
		}

		assert_eq!(LeavingQueue::<T>::get().len(), 0);
	}

	/// It was paid since it deregistered, and has a service key.
	#[benchmark]
	fn merge_leaving() {
		let owner = component::<T>();
		fill_registrations::<T>(1);
		RowPages::<T>::insert(0, full_page(0, MAX_COMPONENTS as u32));
		assert!(Pallet::<T>::do_deregister(&owner).is_ok());
		StakePages::<T>::mutate(0, |page| page.iter_mut().for_each(|entry| *entry = 1));
		Unbonding::<T>::insert(&owner, chunks::<T>(MAX_UNBONDING_CHUNKS));
		let entry = LeavingQueue::<T>::get().head;

		#[block]
		{
			if let Some(uid) = Leaving::<T>::take(entry) {
				Pallet::<T>::remove_component(uid);
			}
		}

		assert!(Components::<T>::get(0).is_none());
	}

	#[benchmark]
	fn load_registered(p: Linear<0, REGISTERED_PAGES>) {
		fill_registrations::<T>(p);
		let uids = p * REGISTRATIONS_PER_PAGE;
		let entries: Vec<u32>;

		#[block]
		{
			entries = load_entries::<RegisteredPages<T>, _, _>(uids);
		}

		assert_eq!(entries.len() as u32, uids);
	}

	/// A page that was full before has no marks.
	#[benchmark]
	fn pending_page() {
		UidSpace::<T>::put(ENTRIES_PER_PAGE * ROWS_PER_PAGE);
		let cleared = alloc::vec![0; ENTRIES_PER_PAGE as usize];
		PendingSlots::<T>::insert(0, BoundedVec::truncate_from(cleared));
		let mut state = State::<T> { phase: Phase::Merge, ..Default::default() };

		#[block]
		{
			Pallet::<T>::merge_rows(&mut state, &mut WeightMeter::new());
		}

		assert_eq!(state.phase, Phase::Begin);
		assert!(!PendingSlots::<T>::contains_key(0));
	}

	/// The row page is full.
	#[benchmark]
	fn merge_rows(r: Linear<0, ROWS_PER_PAGE>) {
		RowPages::<T>::insert(0, full_page(0, MAX_COMPONENTS as u32));
		for uid in 0..r {
			PendingRows::<T>::insert(uid, pending(uid, MAX_COMPONENTS as u32));
		}
		let marked = u32::MAX.checked_shr(ROWS_PER_PAGE - r).unwrap_or_default();
		let registered = alloc::vec![1; MAX_COMPONENTS];
		let merged;

		#[block]
		{
			merged = Pallet::<T>::merge_row_page(0, marked, &registered);
		}

		assert_eq!(merged, Ok(()));
		assert_eq!(PendingRows::<T>::iter().count(), 0);
	}

	#[benchmark]
	fn begin(p: Linear<0, STAKE_PAGES>) {
		for page in 0..p {
			StakePages::<T>::insert(page, stakes());
		}
		let uids = p * ENTRIES_PER_PAGE;
		UidSpace::<T>::put(uids);
		let solve;

		#[block]
		{
			let (_, sources) = Pallet::<T>::open(Pallet::<T>::due(), 0);
			solve = contribution::Solve::begin(&sources);
		}

		assert_eq!(solve.is_some(), p > 0);
	}

	#[benchmark]
	fn load_empty_rows(p: Linear<0, ROW_PAGES>) {
		let uids = p * ROWS_PER_PAGE;
		fill_registrations::<T>(pages::registered_pages(uids));
		for page in 0..p {
			RowPages::<T>::insert(page, empty_page());
		}
		let graph;

		#[block]
		{
			graph = Pallet::<T>::load_graph(uids, &mut WeightMeter::new(), |_, _| {});
		}

		let graph = graph.expect("readable");
		assert_eq!((graph.rows() as u32, graph.edges()), (uids, 0));
	}

	#[benchmark]
	fn load_rows(p: Linear<0, ROW_PAGES>) {
		let uids = p * ROWS_PER_PAGE;
		fill_registrations::<T>(pages::registered_pages(uids));
		for page in 0..p {
			RowPages::<T>::insert(page, full_page(page, uids));
		}
		let graph;

		#[block]
		{
			graph = Pallet::<T>::load_graph(uids, &mut WeightMeter::new(), |_, _| {});
		}

		let graph = graph.expect("readable");
		assert_eq!(graph.rows() as u32, uids);
		// Pages of so few uids that 64 distinct targets are hard to find are not full.
		assert!(p < 64 || graph.edges() as u32 == uids * MAX_EDGES);
	}

	#[benchmark]
	fn sweep(v: Linear<0, VISITS>) {
		let Resident { graph, mut vectors } = solve(MAX_COMPONENTS);
		let mut solve = begun(&vectors);
		let mut budget = u64::from(v);

		#[block]
		{
			solve.advance(&graph, &mut vectors, &mut budget);
		}

		assert!(budget < MAX_STEP_COST, "all of it is used");
	}

	#[benchmark]
	fn save_vectors(p: Linear<0, PIECES>) {
		let vectors = vectors(p * ENTRIES_PER_PIECE);

		#[block]
		{
			Pallet::<T>::save_vectors(&vectors);
		}

		assert_eq!(ResidualPieces::<T>::iter().count() as u32, p);
	}

	#[benchmark]
	fn load_vectors(p: Linear<0, PIECES>) {
		let uids = p * ENTRIES_PER_PIECE;
		let saved = vectors(uids);
		Pallet::<T>::save_vectors(&saved);
		let loaded;

		#[block]
		{
			loaded = Pallet::<T>::load_vectors(uids);
		}

		assert_eq!(loaded, saved);
	}

	#[benchmark]
	fn clear_vectors(p: Linear<0, PIECES>) {
		let uids = p * ENTRIES_PER_PIECE;
		Pallet::<T>::save_vectors(&vectors(uids));

		#[block]
		{
			Pallet::<T>::clear_vectors(uids);
		}

		assert_eq!(SolvedPieces::<T>::iter().count(), 0);
	}

	#[benchmark]
	fn emit_mint() {
		let mut state = State::<T> { sigma: 1_000_000_000, total: 1 << 61, ..Default::default() };

		#[block]
		{
			Pallet::<T>::mint(&mut state);
		}

		assert_eq!(state.minted, Some(1_000_000_000));
	}

	#[benchmark]
	fn load_piece() {
		Pallet::<T>::save_vectors(&vectors(ENTRIES_PER_PIECE));
		let piece;

		#[block]
		{
			piece = Pallet::<T>::solved_piece(0);
		}

		assert_eq!(piece.len() as u32, ENTRIES_PER_PIECE);
	}

	#[benchmark]
	fn emit_page() {
		StakePages::<T>::insert(0, stakes());
		ContributionPages::<T>::insert(0, stakes());
		let vectors = vectors(ENTRIES_PER_PAGE);
		let total: u64 = vectors.contribution.iter().sum();
		let mut state = State::<T> { minted: Some(u64::MAX / 2), total, ..Default::default() };

		#[block]
		{
			let of = |uid: u32| vectors.contribution.get(uid as usize).copied().unwrap_or_default();
			Pallet::<T>::emit_page(2, &mut state, 0, ENTRIES_PER_PAGE, of);
		}

		assert_eq!(state.paid, u64::MAX / 2);
	}

	#[benchmark]
	fn emit_end() {
		let mut state = State::<T> { phase: Phase::Emit, minted: Some(0), ..Default::default() };
		let epoch = Epoch::<T>::get();
		RowsUnpaid::<T>::put(true);

		#[block]
		{
			Pallet::<T>::finish(BlockNumberFor::<T>::default(), &mut state);
		}

		assert_eq!(Epoch::<T>::get(), epoch + 1);
	}

	impl_benchmark_test_suite!(Pallet, crate::mock::Ext::default().build(), crate::mock::Test);
}
