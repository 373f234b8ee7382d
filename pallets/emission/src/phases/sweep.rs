//! `Sweep`: Algorithm 1, as many rows as the weight allows.
//!
//! Rows and vectors are in memory from `Begin` on; in later blocks the rows are packed anew, and the
//! vectors come from the pieces that the block before saved. Neither registering, leaving, staking
//! nor posting changes the packed rows during a solve: rows change in `Merge` only, and a uid that
//! is given out now is registered in this epoch, after every row that could name it was posted.

use super::{one_row, pieces, State, Step};
use crate::{
	pages::{load_entries, pages, row_pages},
	types::{Phase, Piece, Resident, ENTRIES_PER_PIECE},
	Config, Epoch, Event, Pallet, RegisteredPages, ResidualPieces, SolvedPieces, WeightInfo,
};
use alloc::vec::Vec;
use contribution::{Progress, Vectors};
use frame_support::weights::{Weight, WeightMeter};

impl<T: Config> Pallet<T> {
	pub(super) fn sweep(
		state: &mut State<T>,
		resident: &mut Option<Resident>,
		meter: &mut WeightMeter,
	) -> Step {
		let uids = state.components;
		let save = T::WeightInfo::save_vectors(pieces(uids));
		let load = match resident {
			Some(_) => Weight::zero(),
			None => T::WeightInfo::load_vectors(pieces(uids))
				.saturating_add(T::WeightInfo::load_graph(row_pages(uids), pages(uids))),
		};
		let needed = load.saturating_add(one_row::<T>()).saturating_add(save);
		if !meter.can_consume(needed) {
			return match resident {
				Some(resident) => Self::pause(state, &resident.vectors, meter),
				None => Step::Short(needed),
			};
		}
		meter.consume(load);
		let Resident { graph, vectors } = resident.get_or_insert_with(|| Self::resume(uids));

		let visit = T::WeightInfo::visit();
		let spare = meter.remaining().saturating_sub(save);
		let afforded = spare.checked_div_per_component(&visit).unwrap_or(u64::MAX);
		let mut budget = afforded;
		let mut solve = contribution::Solve {
			total: state.total,
			residual: state.residual,
			sweep: state.sweep,
			cursor: state.cursor,
		};
		let progress = solve.advance(graph, vectors, &mut budget);
		meter.consume(visit.saturating_mul(afforded.saturating_sub(budget)));
		state.residual = solve.residual;
		state.sweep = solve.sweep;
		state.cursor = solve.cursor;

		if progress == Progress::Paused {
			return Self::pause(state, vectors, meter);
		}
		if progress == Progress::Truncated {
			let epoch = Epoch::<T>::get();
			Self::deposit_event(Event::SolveTruncated { epoch, residual: solve.residual });
		}
		state.phase = Phase::Emit;
		state.cursor = 0;
		Step::Next
	}

	/// Saves the vectors for the next block. The weight for it was kept in reserve.
	pub(super) fn pause(state: &mut State<T>, vectors: &Vectors, meter: &mut WeightMeter) -> Step {
		meter.consume(T::WeightInfo::save_vectors(pieces(state.components)));
		for (index, piece) in (0u32..).zip(vectors.residual.chunks(ENTRIES_PER_PIECE as usize)) {
			ResidualPieces::<T>::insert(index, Piece::truncate_from(piece.to_vec()));
		}
		for (index, piece) in (0u32..).zip(vectors.contribution.chunks(ENTRIES_PER_PIECE as usize))
		{
			SolvedPieces::<T>::insert(index, Piece::truncate_from(piece.to_vec()));
		}
		state.saved = true;
		Step::Wait
	}

	/// Loads what the block before saved, and packs the rows.
	fn resume(uids: u32) -> Resident {
		let registered = load_entries::<RegisteredPages<T>, u32>(uids);
		let graph = Self::load_graph(uids, &registered, |_, _| {});
		let mut vectors = Vectors::default();
		for index in 0..pieces(uids) {
			vectors.residual.extend(ResidualPieces::<T>::get(index).unwrap_or_default());
			vectors.contribution.extend(SolvedPieces::<T>::get(index).unwrap_or_default());
		}
		Resident { graph, vectors }
	}

	/// The saved contributions of one piece.
	pub(super) fn solved_piece(index: u32) -> Vec<u64> {
		SolvedPieces::<T>::get(index).unwrap_or_default().into_inner()
	}
}
