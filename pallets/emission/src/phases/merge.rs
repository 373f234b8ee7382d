//! `Merge`: components that leave are removed, then pending rows become the charged rows.
//!
//! First come the leaving ones, so that the edges to them are dropped from the rows that follow.
//! Pending rows are taken in the order of their hashed keys, so a row posted while a long `Merge`
//! runs may wait for the next one, and the end is in sight whatever is posted.

use super::{State, Step};
use crate::{
	pages::{edge_counts, load_entries, pages, registered_pages, row_page},
	types::{PendingRow, Phase},
	weights, Config, Leaving, Pallet, PendingRows, RegisteredPages, RowPages, UidSpace, WeightInfo,
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

	pub(crate) fn merge_rows(state: &mut State<T>, meter: &mut WeightMeter) -> Step {
		let uids = UidSpace::<T>::get();
		let load = T::WeightInfo::load_registered(registered_pages(uids));
		let first = T::WeightInfo::merge_rows(1).saturating_add(load);
		if !meter.can_consume(first) {
			return Step::Short(first);
		}
		meter.consume(T::WeightInfo::merge_rows(0));
		let mut registered: Option<Vec<u32>> = None;
		let mut pending = match state.merged {
			None => PendingRows::<T>::iter(),
			Some(uid) => PendingRows::<T>::iter_from(PendingRows::<T>::hashed_key_for(uid)),
		}
		.drain();
		let row = weights::merge_row::<T::WeightInfo>();
		loop {
			let needed = if registered.is_none() { row.saturating_add(load) } else { row };
			if !meter.can_consume(needed) {
				return Step::Short(needed);
			}
			let Some((uid, PendingRow { posted, mut edges })) = pending.next() else { break };
			meter.consume(needed);
			let registered =
				registered.get_or_insert_with(|| load_entries::<RegisteredPages<T>, _, _>(uids));
			edges.retain(|&(target, _)| {
				let since = registered.get(target as usize).copied().unwrap_or_default();
				edge_counts(since, posted)
			});
			RowPages::<T>::mutate(row_page(uid), |page| page.set(uid, posted, &edges));
			state.merged = Some(uid);
		}
		*state = State::<T> { phase: Phase::Begin, ..Default::default() };
		Step::Next
	}
}
