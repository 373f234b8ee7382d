//! The ways out of a solve other than paying it.
//!
//! ```text
//!               upgrade                              abort_solve
//!   Idle ◄──┐  ┌──────── Merge, Begin, Sweep, Emit ────────────► Idle
//!           │  ▼             before the minting                  the epoch's emission lapses
//!           │ Merge ──► …    the emission of the epoch is carried to the new solve
//!           └─ Emit, after the minting: neither; the epoch is paid to its end
//! ```
//!
//! A solve is repeated from `Merge`, because another engine may not continue what one has begun. What is
//! minted is not taken back: a part of it is paid, and its owners may have unstaked it.

use super::{pieces, State, Step};
use crate::{
	types::Phase, Config, EmissionParameters, Epoch, Error, Event, Pallet, RowsUnpaid, Solve,
	Started, WeightInfo,
};
use frame_support::{
	ensure,
	weights::{Weight, WeightMeter},
};
use sp_runtime::{DispatchResult, SaturatedConversion};

impl<T: Config> Pallet<T> {
	/// Starts a solve again from `Merge`, unless its epoch is being paid.
	pub(super) fn restart(state: &mut State<T>, meter: &mut WeightMeter) -> Step {
		if state.phase == Phase::Idle || state.minted.is_some() {
			return Step::Next;
		}
		let clear = match state.saved {
			true => T::WeightInfo::clear_vectors(pieces(state.components)),
			false => Weight::zero(),
		};
		if meter.try_consume(clear).is_err() {
			return Step::Short(clear);
		}
		Self::drop_vectors(state);
		let phase = state.phase;
		*state = State::<T> { phase: Phase::Merge, sigma: state.sigma, ..Default::default() };
		Self::deposit_event(Event::SolveRestarted { epoch: Epoch::<T>::get(), phase });
		Step::Next
	}

	/// Ends the running solve without a payout.
	///
	/// What lapses is the emission of one epoch: the units that `Begin` fixed, or else those of the
	/// blocks until now.
	pub(crate) fn do_abort_solve() -> DispatchResult {
		let state = Solve::<T>::get();
		ensure!(state.phase != Phase::Idle, Error::<T>::NoSolve);
		ensure!(state.minted.is_none(), Error::<T>::BeingPaid);
		Self::drop_vectors(&state);
		let begun = matches!(state.phase, Phase::Sweep | Phase::Emit);
		let mut lapsed = state.sigma;
		if !begun && lapsed == 0 {
			let now = frame_system::Pallet::<T>::block_number();
			let since = Started::<T>::get();
			let schedule = EmissionParameters::<T>::get().schedule();
			lapsed = schedule.between(since.saturated_into(), now.saturated_into());
			Started::<T>::put(now);
		}
		Solve::<T>::put(State::<T>::default());
		RowsUnpaid::<T>::put(true);
		let (epoch, phase) = (Epoch::<T>::get(), state.phase);
		Self::deposit_event(Event::SolveAborted { epoch, phase, lapsed });
		Ok(())
	}

	fn drop_vectors(state: &State<T>) {
		if state.saved {
			Self::clear_vectors(state.components);
		}
	}
}
