//! Fixtures of the benchmarks: pages and vectors of maximum size.

use super::*;
use crate::{
	pages::get_entry,
	types::{Balance, Edge, Edges, Endpoint, Page, RegisteredPage, RowPage, UnbondingChunks},
};
use bittensor_emission::MAX_HOST_LEN;
use contribution::{Graph, Vectors, MIN_SELF_SHARE, SHARE_ONE};
use frame_support::traits::fungible::Inspect;

/// Row pages of 65,536 components.
pub(super) const ROW_PAGES: u32 = MAX_COMPONENTS as u32 / ROWS_PER_PAGE;
/// Stake pages of 65,536 components.
pub(super) const STAKE_PAGES: u32 = MAX_COMPONENTS as u32 / ENTRIES_PER_PAGE;
/// Pages of registrations of 65,536 components.
pub(super) const REGISTERED_PAGES: u32 = MAX_COMPONENTS as u32 / REGISTRATIONS_PER_PAGE;
/// Pieces of one vector of 65,536 components.
pub(super) const PIECES: u32 = MAX_COMPONENTS as u32 / ENTRIES_PER_PIECE;
/// Edge visits of four sweeps over 65,536 full rows.
pub(super) const VISITS: u32 = 4 * (MAX_COMPONENTS / WINDOW) as u32 * FULL_WINDOW as u32;
/// Edge visits of a window of full rows that are all above the threshold.
pub(super) const FULL_WINDOW: u64 =
	LOOK_COST + RUN_COST + WINDOW as u64 * (ROW_COST + contribution::MAX_EDGES as u64);

/// An account with plenty of tokens.
pub(super) fn funded<T: Config>(name: &'static str, index: u32) -> T::AccountId {
	let account: T::AccountId = account(name, index, 0);
	let amount = EmissionParameters::<T>::get().min_stake.saturating_mul(100);
	let amount = amount.saturating_add(T::Currency::minimum_balance().saturating_mul(100));
	let minted = T::Currency::mint_into(&account, amount);
	assert!(minted.is_ok(), "the issuance has room");
	account
}

/// The service key of [`component`].
pub(super) fn service_key<T: Config>() -> T::AccountId {
	account("service", 0, 0)
}

/// Registers component 0 with stake, endpoint and a separate service key, in full pages; returns its
/// owner.
pub(super) fn component<T: Config>() -> T::AccountId {
	let owner = funded::<T>("owner", 0);
	UidSpace::<T>::put(0);
	let service_key = funded::<T>("service", 0);
	let registered =
		Pallet::<T>::do_register(owner.clone(), Some(endpoint()), Some(service_key.clone()));
	assert_eq!(registered, Ok(0));
	assert!(Pallet::<T>::do_accept_service_key(service_key, &owner).is_ok());
	StakePages::<T>::mutate(0, |page| page.bounded_resize(ENTRIES_PER_PAGE as usize, 0));
	let staked = Pallet::<T>::do_stake(&owner, EmissionParameters::<T>::get().min_stake);
	assert!(staked.is_ok(), "the owner has enough");
	StakePages::<T>::mutate(0, |page| page.iter_mut().skip(1).for_each(|stake| *stake = 1));
	UidSpace::<T>::put(MAX_COMPONENTS as u32);
	owner
}

/// The stake of a uid, in units.
pub(super) fn stake_of<T: Config>(uid: u32) -> Balance {
	get_entry::<StakePages<T>, _, _>(uid)
}

/// The longest endpoint.
pub(super) fn endpoint() -> Endpoint {
	let host = [b'h'; MAX_HOST_LEN as usize].as_slice().try_into().expect("the maximum length");
	Endpoint { host, port: 1, tls_spki: Some([1; 32]), protocol: 1 }
}

/// Chunks of one unit each that unlock in successive late blocks.
pub(super) fn chunks<T: Config>(count: u32) -> UnbondingChunks<BlockNumberFor<T>> {
	let chunk = |index: u32| UnbondingChunk { amount: 1, unlocks_at: (1_000 + index).into() };
	BoundedVec::truncate_from((0..count).map(chunk).collect())
}

/// Full pages of components that registered in epoch 1.
pub(super) fn fill_registrations<T: Config>(pages: u32) {
	let page = alloc::vec![1; REGISTRATIONS_PER_PAGE as usize];
	let page = RegisteredPage::truncate_from(page);
	for index in 0..pages {
		RegisteredPages::<T>::insert(index, &page);
	}
}

/// Marks every row of a page as pending.
pub(super) fn fill_pending_marks<T: Config>() {
	let marks = alloc::vec![u32::MAX; ENTRIES_PER_PAGE as usize];
	PendingSlots::<T>::insert(0, Page::truncate_from(marks));
}

/// A full page of stakes.
pub(super) fn stakes() -> Page<u64> {
	Page::truncate_from((1..=u64::from(ENTRIES_PER_PAGE)).map(|stake| stake << 20).collect())
}

/// Pseudorandom numbers, so that caches find no pattern.
pub(super) fn random(seed: u32) -> impl FnMut() -> u32 {
	let mut state = u64::from(seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
	move || {
		state =
			state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
		(state >> 33) as u32
	}
}

/// The largest equal share of a row of 64 edges.
const SHARE: u16 = ((SHARE_ONE - MIN_SELF_SHARE) / MAX_EDGES) as u16;

/// Edges with targets in all pages of registrations.
pub(super) fn edges(count: u32) -> Vec<Edge> {
	(0..count)
		.map(|edge| {
			let page = edge % REGISTERED_PAGES;
			Edge { target: page * REGISTRATIONS_PER_PAGE + 100 + edge, share: SHARE }
		})
		.collect()
}

/// 64 distinct random targets among `uids` uids other than `uid`; fewer if there are not enough.
fn targets(uid: u32, uids: u32) -> Vec<u16> {
	let mut next = random(uid);
	let mut targets = Vec::with_capacity(MAX_EDGES as usize);
	// Random steps from the last target, so that no target repeats.
	let stride = uids / (MAX_EDGES + 1);
	for edge in 1..=MAX_EDGES {
		let step = if stride > 1 { next() % stride } else { 0 };
		let target = (uid + edge * stride.max(1) + step) % uids.max(1);
		if target != uid {
			targets.push(target as u16);
		}
	}
	// Shuffled, so that visits of neighbours do not share cache lines.
	for left in (1..targets.len()).rev() {
		targets.swap(left, next() as usize % (left + 1));
	}
	targets
}

/// A pending row of 64 edges to targets among `uids` uids.
pub(super) fn pending(uid: u32, uids: u32) -> PendingRow {
	let uids = uids.max(128);
	let edge = |target| Edge { target: u32::from(target), share: SHARE };
	let edges = targets(uid, uids).into_iter().map(edge).collect();
	PendingRow { posted: 1, edges: Edges::truncate_from(edges) }
}

/// A page of 32 rows of 64 edges to targets among `uids` uids, posted in epoch 1.
pub(super) fn full_page(page: u32, uids: u32) -> RowPage {
	let mut full = empty_page();
	let (mut all, mut shares) = (Vec::new(), Vec::new());
	for (row, end) in (page * ROWS_PER_PAGE..).zip(&mut full.ends) {
		all.extend(targets(row, uids));
		shares.resize(all.len(), SHARE);
		*end = all.len() as u16;
	}
	full.targets = BoundedVec::truncate_from(all);
	full.shares = BoundedVec::truncate_from(shares);
	full
}

/// A page of 32 rows without edges, posted in epoch 1.
pub(super) fn empty_page() -> RowPage {
	RowPage { posted: [1; ROWS_PER_PAGE as usize], ..Default::default() }
}

/// Two vectors in the middle of a solve.
pub(super) fn vectors(uids: u32) -> Vectors {
	let mut next = random(1);
	let mass = |next: u32| (u64::from(next) << 13) + 1;
	Vectors {
		residual: (0..uids).map(|_| mass(next())).collect(),
		contribution: (0..uids).map(|_| mass(next())).collect(),
	}
}

/// Full rows with random targets, and mass everywhere.
pub(super) fn solve(uids: usize) -> Resident {
	let mut graph = Graph::with_capacity(uids, uids * MAX_EDGES as usize);
	let shares = [SHARE; MAX_EDGES as usize];
	for uid in 0..uids as u32 {
		graph.push_row(&targets(uid, uids as u32), &shares, |_| true);
	}
	Resident { graph, vectors: vectors(uids as u32) }
}

/// The scalars of a solve over these vectors; it does not converge within the measured sweeps.
pub(super) fn begun(vectors: &Vectors) -> contribution::Solve {
	let residual = vectors.residual.iter().sum();
	contribution::Solve { total: residual, residual, sweep: 0, cursor: 0 }
}

/// Stores the state of a solve of 65,536 components that spans blocks.
pub(super) fn saved_solve<T: Config>() {
	let components = MAX_COMPONENTS as u32;
	Pallet::<T>::save_vectors(&vectors(components));
	let phase = Phase::Sweep;
	Solve::<T>::put(State::<T> { phase, components, saved: true, ..Default::default() });
}

/// Makes `uid` free since an earlier epoch. No uid is in use, so that the deposit is the least.
pub(super) fn free_uid<T: Config>(uid: u32) {
	fill_registrations::<T>(REGISTERED_PAGES);
	UidSpace::<T>::put(MAX_COMPONENTS as u32);
	Epoch::<T>::put(2);
	FreeUids::<T>::insert(0, types::FreeUid { uid, freed: 1 });
	FreeUidQueue::<T>::put(types::Queue { head: 0, tail: MAX_COMPONENTS as u32 });
}

/// Makes component 0 dead while all uids are taken: payouts can leave less than the minimum stake.
pub(super) fn dead_component<T: Config>() {
	let owner = component::<T>();
	StakePages::<T>::mutate(0, |page| page.iter_mut().for_each(|entry| *entry = 1));
	Unbonding::<T>::insert(&owner, chunks::<T>(MAX_UNBONDING_CHUNKS - 1));
	fill_pending_marks::<T>();
	RowPages::<T>::insert(0, full_page(0, MAX_COMPONENTS as u32));
	PendingRows::<T>::insert(0, pending(0, 1));
	UidSpace::<T>::put(T::MaxComponents::get());
	Epoch::<T>::put(u32::MAX);
	EmissionParameters::<T>::mutate(|parameters| parameters.row_lifetime = 1);
}

/// Component 0 with this page of rows, its own the only one that does not wait to be merged.
pub(super) fn poster<T: Config>(rows: RowPage) {
	component::<T>();
	fill_registrations::<T>(REGISTERED_PAGES);
	RowPages::<T>::insert(0, rows);
	fill_pending_marks::<T>();
	Pallet::<T>::mark_pending(0, false);
}

/// A full page whose first row has room for an edge.
pub(super) fn page_with_room() -> RowPage {
	let mut page = full_page(0, MAX_COMPONENTS as u32);
	let shorter = Edges::truncate_from(edges(MAX_EDGES - 1));
	page.update(|row| (row == 0).then(|| (1, shorter.clone())));
	page
}
