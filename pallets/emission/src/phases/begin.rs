//! `Begin`: stakes and liveness are copied, in one step, and the epoch's emission is fixed.
//!
//! The stakes are those at the end of the parent block, since the hook runs before the block's
//! transactions. The source of a component is its stake if its charged row is live, else 0.

use super::{pieces, State, Step};
use crate::{
	pages::{load_entries, pages, row_pages},
	types::{Phase, Resident},
	Config, EmissionParameters, Epoch, Event, Pallet, RegisteredPages, StakePages, Started,
	UidSpace, WeightInfo,
};
use frame_support::weights::WeightMeter;
use frame_system::pallet_prelude::BlockNumberFor;
use sp_runtime::SaturatedConversion;

impl<T: Config> Pallet<T> {
	pub(super) fn begin(
		now: BlockNumberFor<T>,
		state: &mut State<T>,
		resident: &mut Option<Resident>,
		meter: &mut WeightMeter,
	) -> Step {
		let components = UidSpace::<T>::get();
		let work = T::WeightInfo::begin(pages(components))
			.saturating_add(T::WeightInfo::load_graph(row_pages(components), pages(components)));
		// The vectors must be saved if the sweep does not end in this block.
		let needed = work.saturating_add(T::WeightInfo::save_vectors(pieces(components)));
		if !meter.can_consume(needed) {
			return Step::Short(needed);
		}
		meter.consume(work);

		let parameters = EmissionParameters::<T>::get();
		let epoch = Epoch::<T>::get();
		let parent = frame_system::Pallet::<T>::parent_hash();
		let since = Started::<T>::get();
		Started::<T>::put(now);

		let registered = load_entries::<RegisteredPages<T>, u32>(components);
		let mut sources = load_entries::<StakePages<T>, u64>(components);
		let graph = Self::load_graph(components, &registered, |uid, posted| {
			if !parameters.is_live(posted, epoch) {
				if let Some(source) = sources.get_mut(uid as usize) {
					*source = 0;
				}
			}
		});
		*state = State::<T> {
			phase: Phase::Emit,
			components,
			sigma: parameters.schedule().between(since.saturated_into(), now.saturated_into()),
			started_at: now,
			parent,
			..Default::default()
		};
		if let Some((solve, vectors)) = contribution::Solve::begin(&sources) {
			state.phase = Phase::Sweep;
			state.total = solve.total;
			state.residual = solve.residual;
			*resident = Some(Resident { graph, vectors });
		}
		Self::deposit_event(Event::EpochStarted { epoch, parent });
		Step::Next
	}
}
