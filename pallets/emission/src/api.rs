//! The reads of the runtime API. Lists are paged by uid and capped.

use crate::{
	pages::{load_entries, payout_entry, pending_bit, row_page, Entries, Registrations},
	types::{
		Balance, Bid, ComponentInfo, EpochStatus, Parameters, PendingRow, Phase, Row, RowInfo,
		RowPage, ENTRIES_PER_PAGE, MAX_COMPONENTS_PER_READ, MAX_CONTRIBUTIONS_PER_READ,
		MAX_ROWS_PER_READ,
	},
	Components, Config, ContributionPages, EmissionParameters, Endpoints, Epoch, LastPaid,
	MintedTotal, Pallet, PendingRows, PendingSlots, RegisteredPages, RowPages, RowsUnpaid, Solve,
	StakePages, Started, UidSpace,
};
use alloc::vec::Vec;
use core::ops::Range;
use frame_system::pallet_prelude::BlockNumberFor;
use sp_runtime::{traits::Saturating, SaturatedConversion};

/// The uids that one read covers: at most `cap` from `start`.
fn window<T: Config>(start: u32, limit: u32, cap: u32) -> Range<u32> {
	let uids = UidSpace::<T>::get();
	start.min(uids)..start.saturating_add(limit.min(cap)).min(uids)
}

impl From<PendingRow> for Row {
	fn from(row: PendingRow) -> Self {
		Self {
			posted: row.posted,
			self_share: contribution::self_share(&row.edges),
			edges: row.edges.into_inner(),
		}
	}
}

/// Pages that a read of many uids needs repeatedly: each is read and decoded once.
struct Reader<T: Config> {
	registered: Registrations<T>,
	stakes: Entries<StakePages<T>, Balance, ENTRIES_PER_PAGE>,
	payouts: Entries<ContributionPages<T>, Balance, ENTRIES_PER_PAGE>,
	pending: Entries<PendingSlots<T>, u32, ENTRIES_PER_PAGE>,
	/// The row page read last, and its index.
	rows: Option<(u32, RowPage)>,
	/// The parameters and the running epoch.
	now: (Parameters, u32),
}

impl<T: Config> Default for Reader<T> {
	fn default() -> Self {
		Self {
			registered: Default::default(),
			stakes: Default::default(),
			payouts: Default::default(),
			pending: Default::default(),
			rows: None,
			now: (EmissionParameters::<T>::get(), Epoch::<T>::get()),
		}
	}
}

impl<T: Config> Reader<T> {
	/// The page of active rows that contains this uid.
	fn row_page(&mut self, uid: u32) -> &RowPage {
		let index = row_page(uid);
		let (read, page) = self.rows.get_or_insert_with(|| (index, RowPages::<T>::get(index)));
		if *read != index {
			(*read, *page) = (index, RowPages::<T>::get(index));
		}
		page
	}

	/// The pending row of a uid; read only if it is marked.
	fn pending_row(&mut self, uid: u32) -> Option<PendingRow> {
		let marked = self.pending.get(row_page(uid)) & pending_bit(uid) != 0;
		marked.then(|| PendingRows::<T>::get(uid)).flatten()
	}

	/// The view of a row: without void edges.
	fn row(&mut self, row: PendingRow) -> Row {
		row.without_void_edges(&mut self.registered).into()
	}

	fn component(&mut self, uid: u32) -> Option<ComponentInfo<T::AccountId>> {
		let component = Components::<T>::get(uid)?;
		let stake = self.stakes.get(uid);
		let pending = self.pending_row(uid);
		let posted = pending.map_or_else(|| self.row_page(uid).posted(uid), |row| row.posted);
		let registered = self.registered.get(uid);
		let last = posted.max(registered).max(component.unstaked);
		let (parameters, epoch) = self.now;
		let live = parameters.is_live(posted, epoch);
		Some(ComponentInfo {
			uid,
			owner: component.owner,
			service_key: component.service_key,
			next_service_key: component.next_service_key,
			next_owner: component.next_owner,
			endpoint: Endpoints::<T>::get(uid),
			registered,
			leaving: component.leaving,
			stake,
			source: if live { stake } else { 0 },
			payout: self.payout(uid),
			deposit: component.deposit,
			dead: !component.leaving && parameters.is_dead(last, stake, epoch),
		})
	}

	/// Units paid to a uid in the last paid epoch, which is the one before the running one.
	fn payout(&mut self, uid: u32) -> Balance {
		let (_, epoch) = self.now;
		self.payouts.get(payout_entry(uid, epoch.saturating_sub(1)))
	}

	fn rows(&mut self, uid: u32) -> Option<RowInfo> {
		let active = self.row_page(uid).row(uid);
		let active = active.map(|(posted, edges)| self.row(PendingRow { posted, edges }));
		let pending = self.pending_row(uid).map(|row| self.row(row));
		(active.is_some() || pending.is_some()).then_some(RowInfo { uid, active, pending })
	}
}

impl<T: Config> Pallet<T> {
	/// The component with this uid; `None` if it is not registered.
	pub fn component(uid: u32) -> Option<ComponentInfo<T::AccountId>> {
		Reader::<T>::default().component(uid)
	}

	/// The registered components among `limit` uids from `start` (at most 256).
	pub fn components(start: u32, limit: u32) -> Vec<ComponentInfo<T::AccountId>> {
		let mut reader = Reader::<T>::default();
		window::<T>(start, limit, MAX_COMPONENTS_PER_READ)
			.filter_map(|uid| reader.component(uid))
			.collect()
	}

	/// The active and the pending row of this uid; `None` if it has neither.
	pub fn row(uid: u32) -> Option<RowInfo> {
		Reader::<T>::default().rows(uid)
	}

	/// The rows of `limit` uids from `start` (at most 1,024); uids without a row are left out.
	pub fn rows(start: u32, limit: u32) -> Vec<RowInfo> {
		let mut reader = Reader::<T>::default();
		window::<T>(start, limit, MAX_ROWS_PER_READ).filter_map(|uid| reader.rows(uid)).collect()
	}

	/// The bids of `limit` uids from `start` (at most 1,024) for `uid`: the share of the active row,
	/// and the flow of the last payout ([`contribution::flow`]).
	///
	/// `None` from the start of `Merge` until the epoch is paid, also if the solve is aborted: the rows
	/// are those of the next payout. In all other blocks nothing has changed since the last one: rows
	/// and removals enter in `Merge` only, and a uid registered since then is younger than any row that
	/// names it.
	pub fn bids(uid: u32, start: u32, limit: u32) -> Option<Vec<Bid>> {
		let unpaid = Solve::<T>::get().phase != Phase::Idle || RowsUnpaid::<T>::exists();
		if unpaid || !Self::is_current() {
			return None;
		}
		let mut bids = Vec::new();
		let mut reader = Reader::<T>::default();
		let Range { start, end } = window::<T>(start, limit, MAX_ROWS_PER_READ);
		let read = Self::visit_rows(start, end, |bidder, posted, edges| {
			let edge = edges.iter().find(|&(to, _)| u32::from(to) == uid);
			let Some((_, share)) = edge else { return };
			if !reader.registered.counts(uid, posted) {
				return;
			}
			let given = edges
				.iter()
				.filter(|&(to, _)| reader.registered.counts(to.into(), posted))
				.fold(0u32, |sum, (_, share)| sum.saturating_add(share.into()));
			let kept = contribution::SHARE_ONE.saturating_sub(given);
			let payout = reader.payout(bidder);
			let share = u32::from(share);
			bids.push(Bid { uid: bidder, share, flow: contribution::flow(payout, share, kept) });
		});
		read.is_ok().then_some(bids)
	}

	/// The running epoch, its phase, its payout time, and the last payout.
	pub fn epoch_status() -> EpochStatus<BlockNumberFor<T>, T::Hash> {
		let state = Solve::<T>::get();
		let components = UidSpace::<T>::get();
		let registered = load_entries::<RegisteredPages<T>, u32, _>(components);
		let stakes = load_entries::<StakePages<T>, Balance, _>(components);
		let now = frame_system::Pallet::<T>::block_number();
		let left: u32 = Self::due().saturating_sub(now).saturated_into();
		EpochStatus {
			epoch: Epoch::<T>::get(),
			phase: state.phase,
			sweep: state.sweep.into(),
			cursor: state.cursor,
			components,
			registered: registered.iter().filter(|&&epoch| epoch != 0).count() as u32,
			started: Started::<T>::get(),
			next_payout_in: match state.phase {
				Phase::Idle => left.max(1),
				_ => 1,
			},
			minted_total: MintedTotal::<T>::get(),
			total_stake: stakes.iter().fold(0u64, |sum, stake| sum.saturating_add(*stake)),
			deposit: Self::next_deposit(),
			last: LastPaid::<T>::get(),
		}
	}

	/// Units that the last payout paid to `limit` uids from `start` (at most 4,096).
	pub fn contribution(start: u32, limit: u32) -> Vec<Balance> {
		let mut reader = Reader::<T>::default();
		window::<T>(start, limit, MAX_CONTRIBUTIONS_PER_READ)
			.map(|uid| reader.payout(uid))
			.collect()
	}
}
