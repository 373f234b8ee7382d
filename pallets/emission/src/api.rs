//! What the runtime API returns. Every list is paged by uid and capped.

use crate::{
	pages::{get_entry, load_entries, Registrations},
	types::{
		self_share, Balance, Bid, ComponentInfo, EpochStatus, Page, PendingRow, Phase, Row,
		RowInfo, MAX_COMPONENTS_PER_READ, MAX_CONTRIBUTIONS_PER_READ, MAX_ROWS_PER_READ,
	},
	Components, Config, ContributionPages, EmissionParameters, Endpoints, Epoch, LastPaid,
	MintedTotal, Pallet, RegisteredPages, Solve, StakePages, Started, UidSpace,
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

impl<T: Config> Pallet<T> {
	/// The component with this uid; `None` if nobody has it.
	pub fn component(uid: u32) -> Option<ComponentInfo<T::AccountId>> {
		Self::read_component(uid, &mut Registrations::default())
	}

	fn read_component(
		uid: u32,
		registered: &mut Registrations,
	) -> Option<ComponentInfo<T::AccountId>> {
		let component = Components::<T>::get(uid)?;
		let stake = get_entry::<StakePages<T>, Balance>(uid);
		let posted = Self::pending_row(uid, registered)
			.or_else(|| Self::charged_row(uid, registered))
			.map_or(0, |row| row.posted);
		let live = EmissionParameters::<T>::get().is_live(posted, Epoch::<T>::get());
		Some(ComponentInfo {
			uid,
			owner: component.owner,
			service_key: component.service_key,
			endpoint: Endpoints::<T>::get(uid),
			registered: registered.get::<T>(uid),
			leaving: component.leaving,
			stake,
			source: if live { stake } else { 0 },
			payout: get_entry::<ContributionPages<T>, Balance>(uid),
		})
	}

	/// The registered components among the `limit` uids from `start` on (256 at most).
	pub fn components(start: u32, limit: u32) -> Vec<ComponentInfo<T::AccountId>> {
		let mut registered = Registrations::default();
		window::<T>(start, limit, MAX_COMPONENTS_PER_READ)
			.filter_map(|uid| Self::read_component(uid, &mut registered))
			.collect()
	}

	/// The charged row of this uid and the pending one; `None` if it has neither.
	pub fn row(uid: u32) -> Option<RowInfo> {
		Self::read_row(uid, &mut Registrations::default())
	}

	fn read_row(uid: u32, registered: &mut Registrations) -> Option<RowInfo> {
		let charged = Self::charged_row(uid, registered).map(Row::from);
		let pending = Self::pending_row(uid, registered).map(Row::from);
		(charged.is_some() || pending.is_some()).then_some(RowInfo { uid, charged, pending })
	}

	/// The rows of the `limit` uids from `start` on (1,024 at most); uids without are left out.
	pub fn rows(start: u32, limit: u32) -> Vec<RowInfo> {
		let mut registered = Registrations::default();
		window::<T>(start, limit, MAX_ROWS_PER_READ)
			.filter_map(|uid| Self::read_row(uid, &mut registered))
			.collect()
	}

	/// What the `limit` uids from `start` on (1,024 at most) bid for `uid`: the share of the charged
	/// row, and the flow `payout · share / self_share` of the last payout, rounded down.
	pub fn bids(uid: u32, start: u32, limit: u32) -> Vec<Bid> {
		let mut bids = Vec::new();
		let mut registered = Registrations::default();
		let Range { start, end } = window::<T>(start, limit, MAX_ROWS_PER_READ);
		Self::visit_rows(start, end, |bidder, posted, targets, shares| {
			let edge = targets.iter().zip(shares).find(|(&to, _)| u32::from(to) == uid);
			let Some((_, &share)) = edge else { return };
			if !registered.counts::<T>(uid, posted) {
				return;
			}
			let given = targets
				.iter()
				.zip(shares)
				.filter(|(&to, _)| registered.counts::<T>(to.into(), posted))
				.fold(0u32, |sum, (_, &share)| sum.saturating_add(share.into()));
			let kept = contribution::SHARE_ONE.saturating_sub(given);
			let payout = get_entry::<ContributionPages<T>, Balance>(bidder);
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
		let registered = load_entries::<RegisteredPages<T>, u32>(components);
		let stakes = load_entries::<StakePages<T>, Balance>(components);
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
		let mut page: Option<(u32, Page<u64>)> = None;
		window::<T>(start, limit, MAX_CONTRIBUTIONS_PER_READ)
			.map(|uid| {
				let index = uid / crate::types::ENTRIES_PER_PAGE;
				if page.as_ref().is_none_or(|(loaded, _)| *loaded != index) {
					page = Some((index, ContributionPages::<T>::get(index)));
				}
				let entry = (uid % crate::types::ENTRIES_PER_PAGE) as usize;
				page.as_ref().and_then(|(_, page)| page.get(entry)).copied().unwrap_or_default()
			})
			.collect()
	}
}
