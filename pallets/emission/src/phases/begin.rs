//! `Begin`: copies stakes and liveness in one step and fixes the epoch's emission.
//!
//! The stakes are those at the end of the parent block, because the hook runs before the block's
//! extrinsics. The source of a component is its stake if its active row is live, else 0.

use super::{pieces, State, Step};
use crate::{
	pages::{load_entries, pages},
	types::{Balance, Phase, Resident},
	weights, Config, EmissionParameters, Epoch, Event, Pallet, StakePages, Started, UidSpace,
	WeightInfo,
};
use alloc::vec::Vec;
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
		let work = T::WeightInfo::begin(pages(components));
		let needed = work
			.saturating_add(weights::load_graph::<T::WeightInfo>(components))
			// The vectors are saved if the sweep does not end in this block.
			.saturating_add(T::WeightInfo::save_vectors(pieces(components)));
		if !meter.can_consume(needed) {
			return Step::Short(needed);
		}
		meter.consume(work);

		let parameters = EmissionParameters::<T>::get();
		let epoch = Epoch::<T>::get();
		let mut live = Vec::with_capacity(components as usize);
		let loaded = Self::load_graph(components, meter, |_, posted| {
			live.push(parameters.is_live(posted, epoch));
		});
		let graph = match loaded {
			Ok(graph) => graph,
			Err(unreadable) => return Step::Halt(unreadable),
		};
		let (opened, mut sources) = Self::open(now, state.sigma);
		*state = opened;
		for (source, live) in sources.iter_mut().zip(live) {
			if !live {
				*source = 0;
			}
		}
		if let Some((solve, vectors)) = contribution::Solve::begin(&sources) {
			state.phase = Phase::Sweep;
			state.total = solve.total;
			state.residual = solve.residual;
			*resident = Some(Resident { graph, vectors });
		}
		Step::Next
	}

	/// Fixes the epoch's emission and copies the stakes. `carried` are the units of a solve of this epoch
	/// that an upgrade ended.
	pub(crate) fn open(now: BlockNumberFor<T>, carried: Balance) -> (State<T>, Vec<u64>) {
		let components = UidSpace::<T>::get();
		let since = Started::<T>::get();
		Started::<T>::put(now);
		let schedule = EmissionParameters::<T>::get().schedule();
		let parent = frame_system::Pallet::<T>::parent_hash();
		Self::deposit_event(Event::EpochStarted { epoch: Epoch::<T>::get(), parent });
		let state = State::<T> {
			phase: Phase::Emit,
			components,
			sigma: schedule
				.between(since.saturated_into(), now.saturated_into())
				.saturating_add(carried),
			started_at: now,
			parent,
			..Default::default()
		};
		(state, load_entries::<StakePages<T>, _, _>(components))
	}
}
