//! The invariants after every block, numbered as in the crate's documentation.

use crate::{
	pages::{get_entry, load_entries, pages, payout_page, pending_bit, row_page, row_pages},
	phases::pieces,
	types::{
		Balance, Edges, Phase, EDGES_PER_PAGE, ENTRIES_PER_PAGE, ENTRIES_PER_PIECE, ROWS_PER_PAGE,
		ROW_PAGE_VERSION,
	},
	Components, Config, ContributionPages, EmissionParameters, Endpoints, Epoch, FreeUidQueue,
	FreeUids, HoldReason, LastPaid, Leaving, LeavingQueue, MintedTotal, Pallet, PendingRows,
	PendingSlots, RegisteredPages, ResidualPieces, RowPages, Solve, SolvedPieces, StakePages,
	Started, UidOf, UidSpace, Unbonding,
};
use alloc::{collections::BTreeSet, vec::Vec};
use contribution::{self_share, MIN_SELF_SHARE};
use frame_support::{
	ensure,
	traits::{
		fungible::{hold::Inspect as _, Inspect as _},
		Get,
	},
};
use sp_runtime::{SaturatedConversion, TryRuntimeError};

impl<T: Config> Pallet<T> {
	/// Checks all invariants; natively also for tests of other crates.
	pub fn check_invariants() -> Result<(), TryRuntimeError> {
		Self::check_pot()?;
		Self::check_issuance()?;
		Self::check_rows()?;
		Self::check_machine()?;
		Self::check_components()?;
		Self::check_free_uids()
	}

	/// Units in the pot beyond its debts; `None` if it owes more than it has.
	pub(crate) fn surplus() -> Option<Balance> {
		let stakes = load_entries::<StakePages<T>, Balance, _>(UidSpace::<T>::get());
		let unbonding = Unbonding::<T>::iter_values().flatten().map(|chunk| chunk.amount);
		let state = Solve::<T>::get();
		let unpaid = state.minted.unwrap_or_default().checked_sub(state.paid)?;
		let owed =
			stakes.into_iter().chain(unbonding).map(u128::from).sum::<u128>() + u128::from(unpaid);
		u128::from(T::Currency::balance(&Self::pot())).checked_sub(owed)?.try_into().ok()
	}

	/// 1. The pot covers its debts, and the surplus keeps it from being dusted.
	fn check_pot() -> Result<(), TryRuntimeError> {
		let surplus = Self::surplus().ok_or("the pot owes more than it has")?;
		ensure!(surplus >= T::Currency::minimum_balance(), "the surplus is below the deposit");
		ensure!(frame_system::Pallet::<T>::providers(&Self::pot()) > 0, "the pot has no provider");
		for (account, chunks) in Unbonding::<T>::iter() {
			Self::check_held(&account)?;
			ensure!(!chunks.is_empty(), "an account has no chunks");
			let unlocks: Vec<_> = chunks.iter().map(|chunk| chunk.unlocks_at).collect();
			ensure!(unlocks.windows(2).all(|two| two[0] < two[1]), "chunks are out of order");
			ensure!(chunks.iter().all(|chunk| chunk.amount > 0), "a chunk is empty");
		}
		Ok(())
	}

	/// 5. An account that is owed anything cannot be reaped.
	fn check_held(account: &T::AccountId) -> Result<(), TryRuntimeError> {
		let references = frame_system::Pallet::<T>::consumers(account);
		ensure!(references > 0, "an account without a reference");
		Ok(())
	}

	/// 2. Minting stays within the schedule; the last payout adds up.
	///
	/// Nothing is said about the issuance: fees and burns reduce it, even below what was minted.
	fn check_issuance() -> Result<(), TryRuntimeError> {
		let schedule = EmissionParameters::<T>::get().schedule();
		let minted = MintedTotal::<T>::get();
		let due = schedule.between(0, Started::<T>::get().saturated_into());
		ensure!(minted <= due, "more was minted than scheduled");
		if let Some(last) = LastPaid::<T>::get() {
			// At every block, also while the next epoch is paid.
			let pages = (0..pages(last.components)).map(|page| payout_page(page, last.epoch));
			let payouts = pages.flat_map(ContributionPages::<T>::get);
			let sum = payouts.map(u128::from).sum::<u128>();
			ensure!(sum == u128::from(last.minted), "payouts do not sum to what was minted");
			ensure!(last.epoch.saturating_add(1) == Epoch::<T>::get(), "the epoch was lost");
		}
		Ok(())
	}

	/// 3. Rows are well-formed.
	fn check_rows() -> Result<(), TryRuntimeError> {
		let uids = UidSpace::<T>::get();
		let registered = load_entries::<RegisteredPages<T>, u32, _>(uids);
		for (index, page) in RowPages::<T>::iter() {
			ensure!(index < row_pages(uids), "a row page beyond the last uid");
			ensure!(page.version == ROW_PAGE_VERSION, "a row page of an unknown version");
			ensure!(page.ends.windows(2).all(|two| two[0] <= two[1]), "row ends decrease");
			let last = usize::from(page.ends[ROWS_PER_PAGE as usize - 1]);
			ensure!(last == page.targets.len() && last == page.shares.len(), "stray edges");
			ensure!(last <= EDGES_PER_PAGE as usize, "a row page is too long");
			for uid in index * ROWS_PER_PAGE..(index + 1) * ROWS_PER_PAGE {
				let row = (uid % ROWS_PER_PAGE) as usize;
				let start = if row == 0 { 0 } else { page.ends[row - 1] };
				match page.row(uid) {
					Some((posted, edges)) => {
						let len = usize::from(page.ends[row] - start);
						ensure!(edges.len() == len, "a row has more than 64 edges");
						Self::check_row(uid, posted, &edges, &registered)?;
					}
					None => ensure!(page.ends[row] == start, "edges without a row"),
				}
			}
		}
		let mut marked = 0;
		for (index, page) in PendingSlots::<T>::iter() {
			let beyond = index.saturating_mul(ENTRIES_PER_PAGE).saturating_add(page.len() as u32);
			ensure!(beyond <= row_pages(uids), "marks of pending rows beyond the last uid");
			marked += page.iter().map(|entry| entry.count_ones() as usize).sum::<usize>();
		}
		ensure!(marked == PendingRows::<T>::iter_keys().count(), "a mark without a pending row");
		for (uid, row) in PendingRows::<T>::iter() {
			let marks: u32 = get_entry::<PendingSlots<T>, _, _>(row_page(uid));
			ensure!(marks & pending_bit(uid) != 0, "a pending row without a mark");
			Self::check_row(uid, row.posted, &row.edges, &registered)?;
			let leaving = Components::<T>::get(uid).is_none_or(|component| component.leaving);
			ensure!(!leaving, "a pending row of a component that is leaving");
		}
		Ok(())
	}

	fn check_row(
		uid: u32,
		posted: u32,
		edges: &Edges,
		registered: &[u32],
	) -> Result<(), TryRuntimeError> {
		let since = registered.get(uid as usize).copied().unwrap_or_default();
		ensure!(since != 0, "a row of an unregistered uid");
		ensure!(since <= posted && posted <= Epoch::<T>::get(), "a row posted in another epoch");
		let targets: BTreeSet<u32> = edges.iter().map(|edge| edge.target).collect();
		ensure!(targets.len() == edges.len(), "a duplicate target");
		ensure!(!targets.contains(&uid), "an edge to itself");
		ensure!(targets.iter().all(|&to| (to as usize) < registered.len()), "an unknown target");
		ensure!(edges.iter().all(|edge| edge.share > 0), "an empty edge");
		ensure!(self_share(edges) >= MIN_SELF_SHARE, "the self-share is below the minimum");
		Ok(())
	}

	/// 4. Cursors are in range; pieces exist iff the state says so.
	fn check_machine() -> Result<(), TryRuntimeError> {
		let state = Solve::<T>::get();
		let uids = UidSpace::<T>::get();
		ensure!(state.components <= uids, "the solve has more uids than there are");
		ensure!(state.residual <= state.total, "the residual is more than the mass");
		match state.phase {
			Phase::Idle | Phase::Begin => ensure!(state.cursor == 0, "a cursor without a use"),
			Phase::Merge => {
				ensure!(state.cursor <= T::MaxRemovals::get(), "too many are removed");
				ensure!(state.row_page <= row_pages(uids), "the row page of Merge is lost");
			}
			Phase::Sweep => {
				ensure!(state.cursor < state.components, "the cursor of Sweep is lost");
				ensure!(state.saved, "a solve in progress is not saved");
				ensure!(state.sweep <= contribution::MAX_SWEEPS, "too many sweeps");
			}
			Phase::Emit => {
				ensure!(state.cursor <= pages(state.components), "the cursor of Emit is lost");
				ensure!(state.saved || state.total == 0, "contributions are not saved");
			}
		}
		ensure!(state.phase != Phase::Idle || state.sigma == 0, "units of a solve while idle");
		if matches!(state.phase, Phase::Idle | Phase::Merge | Phase::Begin) {
			ensure!(!state.saved && state.minted.is_none(), "leftovers of a solve");
		}
		let expected = if state.saved { state.components } else { 0 };
		let (mut residual, mut solved) = (0u128, 0u128);
		for index in 0..pieces(expected) {
			let len = (expected - index * ENTRIES_PER_PIECE).min(ENTRIES_PER_PIECE) as usize;
			let r = ResidualPieces::<T>::get(index).ok_or("a piece of r is missing")?;
			let n = SolvedPieces::<T>::get(index).ok_or("a piece of N* is missing")?;
			ensure!(r.len() == len && n.len() == len, "a piece has another length");
			residual += r.iter().map(|&mass| u128::from(mass)).sum::<u128>();
			solved += n.iter().map(|&mass| u128::from(mass)).sum::<u128>();
		}
		if state.saved {
			ensure!(residual == u128::from(state.residual), "the residual is not Σ r");
			ensure!(residual + solved == u128::from(state.total), "mass was not conserved");
		}
		let stray = ResidualPieces::<T>::iter_keys().chain(SolvedPieces::<T>::iter_keys());
		ensure!(stray.into_iter().all(|index| index < pieces(expected)), "a stray piece");
		Ok(())
	}

	/// 5. Owners, keys, registrations and leaving lists agree.
	fn check_components() -> Result<(), TryRuntimeError> {
		let uids = UidSpace::<T>::get();
		ensure!(uids <= T::MaxComponents::get(), "too many uids");
		let registered = load_entries::<RegisteredPages<T>, u32, _>(uids);
		let queue = LeavingQueue::<T>::get();
		let mut leaving = BTreeSet::new();
		for entry in (0..queue.len()).map(|offset| queue.head.wrapping_add(offset)) {
			let uid = Leaving::<T>::get(entry).ok_or("a leaving uid is missing")?;
			ensure!(leaving.insert(uid), "a uid leaves twice");
		}
		ensure!(Leaving::<T>::iter().count() == leaving.len(), "a stray leaving uid");
		let (mut count, mut accounts) = (0usize, 0usize);
		for (uid, component) in Components::<T>::iter() {
			count += 1;
			let since = registered.get(uid as usize).copied().unwrap_or_default();
			ensure!(since != 0 && since <= Epoch::<T>::get(), "a component is not registered");
			ensure!(UidOf::<T>::get(&component.owner) == Some(uid), "an owner without its uid");
			ensure!(component.leaving == leaving.contains(&uid), "the leaving lists disagree");
			let serves = UidOf::<T>::get(&component.service_key);
			ensure!(serves == Some(uid), "a service key without its uid");
			accounts += if component.service_key == component.owner { 1 } else { 2 };
			let named = component.next_owner.is_some() || component.next_service_key.is_some();
			ensure!(!(component.leaving && named), "a leaving component names an account");
			ensure!(component.next_owner.as_ref() != Some(&component.owner), "named twice");
			let next = component.next_service_key.as_ref();
			ensure!(next != Some(&component.owner), "an owner needs no consent");
			ensure!(next != Some(&component.service_key), "a service key is named again");
			let reason = HoldReason::RegistrationDeposit.into();
			let held = T::Currency::balance_on_hold(&reason, &component.owner);
			ensure!(held >= component.deposit, "a deposit is not held");
		}
		// Each component found its accounts in the map, so with as many entries no account has two.
		ensure!(UidOf::<T>::iter().count() == accounts, "an account of two components, or of none");
		for account in UidOf::<T>::iter_keys() {
			Self::check_held(&account)?;
		}
		ensure!(
			leaving.iter().all(|&uid| Components::<T>::contains_key(uid)),
			"an unregistered uid leaves"
		);
		let known = registered.iter().filter(|&&since| since != 0).count();
		ensure!(known == count, "a registration without a component");
		ensure!(
			Endpoints::<T>::iter_keys().all(Components::<T>::contains_key),
			"an endpoint without a component"
		);
		let stakes = load_entries::<StakePages<T>, u64, _>(uids);
		let idle = stakes.iter().zip(&registered).all(|(&stake, &since)| stake == 0 || since != 0);
		ensure!(idle, "an unregistered uid has stake");
		Ok(())
	}

	/// 5. Every uid is registered or free, not both.
	fn check_free_uids() -> Result<(), TryRuntimeError> {
		let queue = FreeUidQueue::<T>::get();
		let mut free = BTreeSet::new();
		let mut last = 0;
		let mut entry = queue.head;
		while entry != queue.tail {
			let next = FreeUids::<T>::get(entry).ok_or("a free uid is missing")?;
			ensure!(last <= next.freed && next.freed <= Epoch::<T>::get(), "freed out of order");
			ensure!(free.insert(next.uid), "a uid is free twice");
			ensure!(!Components::<T>::contains_key(next.uid), "a free uid has an owner");
			last = next.freed;
			entry = entry.wrapping_add(1);
		}
		ensure!(FreeUids::<T>::iter().count() == free.len(), "a stray free uid");
		let count = Components::<T>::iter().count().saturating_add(free.len());
		ensure!(count == UidSpace::<T>::get() as usize, "a uid is neither free nor registered");
		Ok(())
	}
}
