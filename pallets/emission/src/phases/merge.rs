//! `Merge`: removes leaving components, then makes the pending rows active.
//!
//! Leaving components are removed first, so that the pending rows lose their edges to them. One epoch
//! removes at most `MaxRemovals`, so that a mass of leavers delays nobody but itself. Pending
//! rows are merged in uid order, one row page at a time, so each page is read and written once. A row
//! posted during a `Merge` that spans blocks waits for the next `Merge` if its page is already
//! merged. So posts cannot prolong a `Merge`.

use super::{State, Step};
use crate::{
	pages::{edge_counts, load_entries, pending_bit, registered_pages, row_pages, Unreadable},
	types::{PendingRow, Phase, ENTRIES_PER_PAGE, ROWS_PER_PAGE},
	Config, Leaving, LeavingQueue, Pallet, PendingRows, PendingSlots, RegisteredPages, RowPages,
	UidSpace, WeightInfo,
};
use alloc::vec::Vec;
use frame_support::{traits::Get, weights::WeightMeter};

impl<T: Config> Pallet<T> {
	pub(super) fn merge(state: &mut State<T>, meter: &mut WeightMeter) -> Step {
		match Self::merge_leaving(state, meter) {
			Step::Next => Self::merge_rows(state, meter),
			other => other,
		}
	}

	/// Removes leaving components, the oldest first, up to the maximum per epoch.
	fn merge_leaving(state: &mut State<T>, meter: &mut WeightMeter) -> Step {
		let each = T::WeightInfo::merge_leaving();
		let ends = T::WeightInfo::leaving_queue();
		if !meter.can_consume(ends.saturating_add(each)) {
			return Step::Short(ends.saturating_add(each));
		}
		meter.consume(ends);
		let mut queue = LeavingQueue::<T>::get();
		let before = queue;
		let mut step = Step::Next;
		while state.cursor < T::MaxRemovals::get() && queue.len() > 0 {
			if meter.try_consume(each).is_err() {
				step = Step::Short(each);
				break;
			}
			if let Some(uid) = queue.pop().and_then(Leaving::<T>::take) {
				Self::remove_component(uid);
			}
			state.cursor = state.cursor.saturating_add(1);
		}
		if queue != before {
			LeavingQueue::<T>::put(queue);
		}
		step
	}

	/// Makes the pending rows active, one row page at a time.
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
			let mut marks = PendingSlots::<T>::get(index);
			let mut stopped = None;
			for marked in marks.iter_mut().skip(first) {
				if *marked != 0 {
					let mut needed = T::WeightInfo::merge_rows(marked.count_ones());
					if registered.is_none() {
						needed = needed.saturating_add(load);
					}
					if meter.try_consume(needed).is_err() {
						stopped = Some(Step::Short(needed));
						break;
					}
					let registered = registered
						.get_or_insert_with(|| load_entries::<RegisteredPages<T>, _, _>(uids));
					if let Err(unreadable) =
						Self::merge_row_page(state.row_page, *marked, registered)
					{
						stopped = Some(Step::Halt(unreadable));
						break;
					}
					*marked = 0;
				}
				state.row_page = state.row_page.saturating_add(1);
			}
			match marks.iter().any(|&marked| marked != 0) {
				true => PendingSlots::<T>::insert(index, marks),
				false => PendingSlots::<T>::remove(index),
			}
			if let Some(step) = stopped {
				return step;
			}
			state.row_page = index.saturating_add(1).saturating_mul(ENTRIES_PER_PAGE);
		}
		*state = State::<T> { phase: Phase::Begin, sigma: state.sigma, ..Default::default() };
		Step::Next
	}

	/// Makes the pending rows of one row page active: those whose bits are set in `marked`.
	pub(crate) fn merge_row_page(
		index: u32,
		marked: u32,
		registered: &[u32],
	) -> Result<(), Unreadable> {
		let first = index.saturating_mul(ROWS_PER_PAGE);
		let counts = |target: u32, posted| {
			let since = registered.get(target as usize).copied().unwrap_or_default();
			edge_counts(since, posted)
		};
		let mut page = Self::load_row_page(index)?;
		page.update(|row| {
			let uid = first.saturating_add(row);
			if marked & pending_bit(uid) == 0 {
				return None;
			}
			let PendingRow { posted, mut edges } = PendingRows::<T>::take(uid)?;
			edges.retain(|edge| counts(edge.target, posted));
			Some((posted, edges))
		});
		RowPages::<T>::insert(index, page);
		Ok(())
	}
}
