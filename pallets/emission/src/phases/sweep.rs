//! `Sweep`: Algorithm 1, as many windows of rows as the weight allows.
//!
//! `Begin` leaves rows and vectors in memory. Later blocks pack the rows again and load the vectors
//! from the pieces that the previous block saved. Registering, leaving, staking and posting do not
//! change the packed rows during a solve: rows change only in `Merge`, and a uid assigned now is
//! registered in this epoch, after every row that could name it was posted.

use super::{pieces, State, Step};
use crate::{
	pages::Unreadable,
	types::{Phase, Piece, Resident, ENTRIES_PER_PIECE},
	weights, Config, Epoch, Event, Pallet, ResidualPieces, SolvedPieces, WeightInfo,
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
		let (vectors, rows) = match resident {
			Some(_) => (Weight::zero(), Weight::zero()),
			None => (
				T::WeightInfo::load_vectors(pieces(uids)),
				weights::load_graph::<T::WeightInfo>(uids),
			),
		};
		let needed = vectors
			.saturating_add(rows)
			.saturating_add(weights::one_window::<T::WeightInfo>())
			.saturating_add(save);
		if !meter.can_consume(needed) {
			return match resident {
				Some(resident) => Self::pause(state, &resident.vectors, meter),
				None => Step::Short(needed),
			};
		}
		meter.consume(vectors);
		let Resident { graph, vectors } = match resident {
			Some(resident) => resident,
			None => match Self::resume(uids, &mut *meter) {
				Ok(resumed) => resident.insert(resumed),
				Err(unreadable) => return Step::Halt(unreadable),
			},
		};

		meter.consume(weights::sweep_base::<T::WeightInfo>());
		let spare = meter.remaining().saturating_sub(save);
		let afforded = weights::affordable_visits::<T::WeightInfo>(spare);
		let mut budget = afforded;
		let mut solve = contribution::Solve {
			total: state.total,
			residual: state.residual,
			sweep: state.sweep,
			cursor: state.cursor,
		};
		let progress = solve.advance(graph, vectors, &mut budget);
		meter.consume(weights::visits::<T::WeightInfo>(afforded.saturating_sub(budget)));
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

	/// Saves the vectors for the next block, with the weight reserved for it.
	pub(super) fn pause(state: &mut State<T>, vectors: &Vectors, meter: &mut WeightMeter) -> Step {
		meter.consume(T::WeightInfo::save_vectors(pieces(state.components)));
		Self::save_vectors(vectors);
		state.saved = true;
		Step::Wait
	}

	/// Writes both vectors, piece by piece.
	pub(crate) fn save_vectors(vectors: &Vectors) {
		let pieces = |vector: &[u64], save: fn(u32, Piece)| {
			for (index, piece) in (0u32..).zip(vector.chunks(ENTRIES_PER_PIECE as usize)) {
				save(index, Piece::truncate_from(piece.to_vec()));
			}
		};
		pieces(&vectors.residual, ResidualPieces::<T>::insert);
		pieces(&vectors.contribution, SolvedPieces::<T>::insert);
	}

	/// Reads both vectors of `uids` uids.
	pub(crate) fn load_vectors(uids: u32) -> Vectors {
		let mut vectors = Vectors::default();
		for index in 0..pieces(uids) {
			vectors.residual.extend(ResidualPieces::<T>::get(index).unwrap_or_default());
			vectors.contribution.extend(SolvedPieces::<T>::get(index).unwrap_or_default());
		}
		vectors
	}

	/// Removes the saved vectors of `uids` uids.
	pub(crate) fn clear_vectors(uids: u32) {
		for index in 0..pieces(uids) {
			ResidualPieces::<T>::remove(index);
			SolvedPieces::<T>::remove(index);
		}
	}

	/// Loads the saved vectors and packs the rows.
	fn resume(uids: u32, meter: &mut WeightMeter) -> Result<Resident, Unreadable> {
		let graph = Self::load_graph(uids, meter, |_, _| {})?;
		Ok(Resident { graph, vectors: Self::load_vectors(uids) })
	}

	/// The saved contributions of one piece.
	pub(crate) fn solved_piece(index: u32) -> Vec<u64> {
		SolvedPieces::<T>::get(index).unwrap_or_default().into_inner()
	}
}
