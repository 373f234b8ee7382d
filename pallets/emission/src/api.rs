//! What the runtime API returns. Every list is paged by uid and capped.

use crate::{
	pages::{load_entries, row_page, slot_bit, Entries, Registrations},
	types::{
		self_share, Balance, Bid, ComponentInfo, EpochStatus, Parameters, PendingRow, Phase, Row,
		RowInfo, RowPage, ENTRIES_PER_PAGE, MAX_COMPONENTS_PER_READ, MAX_CONTRIBUTIONS_PER_READ,
		MAX_ROWS_PER_READ,
	},
	Components, Config, ContributionPages, EmissionParameters, Endpoints, Epoch, LastPaid,
	MintedTotal, Pallet, PendingRows, PendingSlots, RegisteredPages, RowPages, Solve, StakePages,
	Started, UidSpace,
};
use alloc::vec::Vec;
use core::ops::Range;
use frame_system::pallet_prelude::BlockNumberFor;
use sp_runtime::{traits::Saturating, SaturatedConversion};

/// The uids from `start` on that one read covers.
fn window<T: Config>(start: u32, limit: u32, cap: u32) -> Range<u32> {
	let uids = UidSpace::<T>::get();
	start.min(uids)..start.saturating_add(limit.min(cap)).min(uids)
}

impl From<PendingRow> for Row {
	fn from(row: PendingRow) -> Self {
		Self {
			posted: row.posted,
			self_share: self_share(&row.edges),
			edges: row.edges.into_inner(),
		}
	}
}

/// What a read of many uids asks for more than once: each page is read and decoded once.
struct Reader<T: Config> {
	registered: Registrations<T>,
	stakes: Entries<StakePages<T>, Balance, ENTRIES_PER_PAGE>,
	payouts: Entries<ContributionPages<T>, Balance, ENTRIES_PER_PAGE>,
	pending: Entries<PendingSlots<T>, u32, ENTRIES_PER_PAGE>,
	/// The row page that was read last, and its index.
	rows: Option<(u32, RowPage)>,
	/// What decides whether a row is live, and the epoch.
	now: Option<(Parameters, u32)>,
}

impl<T: Config> Default for Reader<T> {
	fn default() -> Self {
		Self {
			registered: Default::default(),
			stakes: Default::default(),
			payouts: Default::default(),
			pending: Default::default(),
			rows: None,
			now: None,
		}
	}
}

impl<T: Config> Reader<T> {
	/// The page of charged rows that has this uid's.
	fn row_page(&mut self, uid: u32) -> &RowPage {
		let index = row_page(uid);
		let (read, page) = self.rows.get_or_insert_with(|| (index, RowPages::<T>::get(index)));
		if *read != index {
			(*read, *page) = (index, RowPages::<T>::get(index));
		}
		page
	}

	/// The pending row of a uid. Where there is none, none is looked for.
	fn pending_row(&mut self, uid: u32) -> Option<PendingRow> {
		let marked = self.pending.get(row_page(uid)) & slot_bit(uid) != 0;
		marked.then(|| PendingRows::<T>::get(uid)).flatten()
	}

	/// A row as a reader sees it: without its void edges.
	fn row(&mut self, row: PendingRow) -> Row {
		row.without_void_edges(&mut self.registered).into()
	}

	fn component(&mut self, uid: u32) -> Option<ComponentInfo<T::AccountId>> {
		let component = Components::<T>::get(uid)?;
		let stake = self.stakes.get(uid);
		let pending = self.pending_row(uid);
		let posted = pending.map_or_else(|| self.row_page(uid).posted(uid), |row| row.posted);
		let (parameters, epoch) =
			self.now.get_or_insert_with(|| (EmissionParameters::<T>::get(), Epoch::<T>::get()));
		let live = parameters.is_live(posted, *epoch);
		Some(ComponentInfo {
			uid,
			owner: component.owner,
			service_key: component.service_key,
			endpoint: Endpoints::<T>::get(uid),
			registered: self.registered.get(uid),
			leaving: component.leaving,
			stake,
			source: if live { stake } else { 0 },
			payout: self.payouts.get(uid),
		})
	}

	fn rows(&mut self, uid: u32) -> Option<RowInfo> {
		let charged = self.row_page(uid).row(uid);
		let charged = charged.map(|(posted, edges)| self.row(PendingRow { posted, edges }));
		let pending = self.pending_row(uid).map(|row| self.row(row));
		(charged.is_some() || pending.is_some()).then_some(RowInfo { uid, charged, pending })
	}
}

impl<T: Config> Pallet<T> {
	/// The component with this uid; `None` if nobody has it.
	pub fn component(uid: u32) -> Option<ComponentInfo<T::AccountId>> {
		Reader::<T>::default().component(uid)
	}

	/// The registered components among the `limit` uids from `start` on (256 at most).
	pub fn components(start: u32, limit: u32) -> Vec<ComponentInfo<T::AccountId>> {
		let mut reader = Reader::<T>::default();
		window::<T>(start, limit, MAX_COMPONENTS_PER_READ)
			.filter_map(|uid| reader.component(uid))
			.collect()
	}

	/// The charged row of this uid and the pending one; `None` if it has neither.
	pub fn row(uid: u32) -> Option<RowInfo> {
		Reader::<T>::default().rows(uid)
	}

	/// The rows of the `limit` uids from `start` on (1,024 at most); uids without are left out.
	pub fn rows(start: u32, limit: u32) -> Vec<RowInfo> {
		let mut reader = Reader::<T>::default();
		window::<T>(start, limit, MAX_ROWS_PER_READ).filter_map(|uid| reader.rows(uid)).collect()
	}

	/// What the `limit` uids from `start` on (1,024 at most) bid for `uid`: the share of the charged
	/// row, and the flow `payout · share / self_share` of the last payout, rounded down.
	pub fn bids(uid: u32, start: u32, limit: u32) -> Vec<Bid> {
		let mut bids = Vec::new();
		let mut reader = Reader::<T>::default();
		let Range { start, end } = window::<T>(start, limit, MAX_ROWS_PER_READ);
		Self::visit_rows(start, end, |bidder, posted, edges| {
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
			let payout = reader.payouts.get(bidder);
			let flow = (u128::from(payout) * u128::from(share)).checked_div(kept.into());
			bids.push(Bid {
				uid: bidder,
				share: share.into(),
				flow: flow.unwrap_or_default().saturated_into(),
			});
		});
		bids
	}

	/// The running epoch, its phase, when it pays, and the last payout.
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
			last: LastPaid::<T>::get(),
		}
	}

	/// What the last payout paid to the `limit` uids from `start` on (4,096 at most), in units.
	pub fn contribution(start: u32, limit: u32) -> Vec<Balance> {
		let mut payouts = Entries::<ContributionPages<T>, Balance, ENTRIES_PER_PAGE>::default();
		window::<T>(start, limit, MAX_CONTRIBUTIONS_PER_READ).map(|uid| payouts.get(uid)).collect()
	}
}
