//! `Merge`: components that leave are removed, then pending rows become the charged rows.
//!
//! First come the leaving ones, so that the edges to them are dropped from the rows that follow.
//! Pending rows are taken over in uid order, all of a row page at once, so that it is read and written
//! once however many there are. A row posted while a long `Merge` runs waits for the next one if its
//! page had its turn already, so the end is in sight whatever is posted.

use super::{State, Step};
use crate::{
	pages::{edge_counts, load_entries, pages, registered_pages, row_pages, slot_bit},
	types::{PendingRow, Phase, ENTRIES_PER_PAGE, ROWS_PER_PAGE},
	Config, Leaving, Pallet, PendingRows, PendingSlots, RegisteredPages, RowPages, UidSpace,
	WeightInfo,
};
use alloc::vec::Vec;
use frame_support::weights::WeightMeter;

impl<T: Config> Pallet<T> {
	pub(super) fn merge(state: &mut State<T>, meter: &mut WeightMeter) -> Step {
		match Self::merge_leaving(state, meter) {
			Step::Next => Self::merge_rows(state, meter),
			other => other,
		}
	}

	fn merge_leaving(state: &mut State<T>, meter: &mut WeightMeter) -> Step {
		let each = T::WeightInfo::merge_leaving();
		while state.cursor < pages(UidSpace::<T>::get()) {
			let needed = T::WeightInfo::leaving_page().saturating_add(each);
			if !meter.can_consume(needed) {
				return Step::Short(needed);
			}
			meter.consume(T::WeightInfo::leaving_page());
			let mut leaving = Leaving::<T>::get(state.cursor);
			if !leaving.is_empty() {
				while let Some(&uid) = leaving.last() {
					if meter.try_consume(each).is_err() {
						Leaving::<T>::insert(state.cursor, leaving);
						return Step::Short(each);
					}
					Self::remove_component(uid);
					leaving.pop();
				}
				Leaving::<T>::remove(state.cursor);
			}
			state.cursor = state.cursor.saturating_add(1);
		}
		Step::Next
	}

	/// Takes over the pending rows, row page by row page.
	pub(crate) fn merge_rows(state: &mut State<T>, meter: &mut WeightMeter) -> Step {
		let uids = UidSpace::<T>::get();
		let load = T::WeightInfo::load_registered(registered_pages(uids));
		let worst = T::WeightInfo::pending_page()
			.saturating_add(load)
			.saturating_add(T::WeightInfo::merge_rows(ROWS_PER_PAGE));
		let mut registered: Option<Vec<u32>> = None;
		while state.row_page < row_pages(uids) {
			if !meter.can_consume(worst) {
				return Step::Short(worst);
			}
			meter.consume(T::WeightInfo::pending_page());
			let index = state.row_page / ENTRIES_PER_PAGE;
			let first = (state.row_page % ENTRIES_PER_PAGE) as usize;
			let mut slots = PendingSlots::<T>::get(index);
			let mut short = None;
			for marked in slots.iter_mut().skip(first) {
				if *marked != 0 {
					let mut needed = T::WeightInfo::merge_rows(marked.count_ones());
					if registered.is_none() {
						needed = needed.saturating_add(load);
					}
					if meter.try_consume(needed).is_err() {
						short = Some(needed);
						break;
					}
					let registered = registered
						.get_or_insert_with(|| load_entries::<RegisteredPages<T>, _, _>(uids));
					Self::merge_row_page(state.row_page, core::mem::take(marked), registered);
				}
				state.row_page = state.row_page.saturating_add(1);
			}
			match slots.iter().any(|&marked| marked != 0) {
				true => PendingSlots::<T>::insert(index, slots),
				false => PendingSlots::<T>::remove(index),
			}
			if let Some(needed) = short {
				return Step::Short(needed);
			}
			state.row_page = index.saturating_add(1).saturating_mul(ENTRIES_PER_PAGE);
		}
		*state = State::<T> { phase: Phase::Begin, ..Default::default() };
		Step::Next
	}

	/// Takes over the pending rows of one row page: those of the slots whose bits are set in `marked`.
	pub(crate) fn merge_row_page(index: u32, marked: u32, registered: &[u32]) {
		let first = index.saturating_mul(ROWS_PER_PAGE);
		let counts = |target: u32, posted| {
			let since = registered.get(target as usize).copied().unwrap_or_default();
			edge_counts(since, posted)
		};
		RowPages::<T>::mutate(index, |page| {
			page.update(|slot| {
				let uid = first.saturating_add(slot);
				if marked & slot_bit(uid) == 0 {
					return None;
				}
				let PendingRow { posted, mut edges } = PendingRows::<T>::take(uid)?;
				edges.retain(|&(target, _)| counts(target, posted));
				Some((posted, edges))
			})
		});
	}
}
