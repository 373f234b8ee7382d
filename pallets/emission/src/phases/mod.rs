//! The state machine of an epoch.
//!
//! ```text
//!    ┌─────────────────────────────────────────────────────────────────┐
//!    ▼                                                                 │
//!   Idle ──due──► Merge ──► Begin ──┬─ stake with a live row ─► Sweep ─┴► Emit ──► Idle
//!                                   └─ none: nothing is payable ────────►
//! ```
//!
//! Each step first checks its worst case against the meter, then consumes the weight that it used and
//! returns how to continue ([`Step`]). An upgrade sends a solve back to `Merge`, governance to `Idle`
//! (`leave`). After `Emit` the machine always waits, so the state of the
//! paying block shows exactly the rows of the solve and the payouts.

mod begin;
mod emit;
mod leave;
mod merge;
mod sweep;

use crate::{
	pages::{edge_counts, load_entries, pages, registered_pages, Unreadable},
	types::{Phase, Resident, SolveState, ENTRIES_PER_PIECE, ROWS_PER_PAGE},
	weights, Config, EmissionParameters, Event, Pallet, RegisteredPages, RestartDue, Solve,
	Started, WeightInfo, LOG_TARGET,
};
use contribution::Graph;
use frame_support::{
	traits::{Get, GetStorageVersion},
	weights::{Weight, WeightMeter},
};
use frame_system::pallet_prelude::BlockNumberFor;
use sp_runtime::traits::Saturating;

/// Where an event happens, as System stores it for the events that follow; System writes it itself at
/// every change.
#[frame_support::storage_alias]
type ExecutionPhase<T: frame_system::Config> =
	StorageValue<frame_system::Pallet<T>, frame_system::Phase>;

/// Runs `work` and attributes its events to the initialisation of the block.
///
/// `on_poll` runs after the inherents, when System attributes events to the next extrinsic: to that of a
/// user, who has nothing to do with an epoch, or to one that does not exist. Costs no weight, because
/// the item is in the overlay in every block.
fn as_block_initialization<T: frame_system::Config, R>(work: impl FnOnce() -> R) -> R {
	let phase = ExecutionPhase::<T>::get();
	ExecutionPhase::<T>::put(frame_system::Phase::Initialization);
	let result = work();
	ExecutionPhase::<T>::set(phase);
	result
}

/// The state of the machine in this runtime.
pub(crate) type State<T> = SolveState<BlockNumberFor<T>, <T as frame_system::Config>::Hash>;

/// How to continue after a step.
pub(crate) enum Step {
	/// Continue with the next step in this block.
	Next,
	/// Continue in a later block.
	Wait,
	/// The step did not run: it needs this weight, and the block has less left.
	Short(Weight),
	/// The step did not run: it cannot read the rows.
	Halt(Unreadable),
}

/// Number of pieces of a vector of `uids` entries.
pub(crate) fn pieces(uids: u32) -> u32 {
	uids.div_ceil(ENTRIES_PER_PIECE)
}

impl<T: Config> Pallet<T> {
	/// Runs the machine as far as the meter allows; its events belong to the block.
	pub(crate) fn service(now: BlockNumberFor<T>, meter: &mut WeightMeter) {
		as_block_initialization::<T, _>(|| Self::run_phases(now, meter));
	}

	fn run_phases(now: BlockNumberFor<T>, meter: &mut WeightMeter) {
		if meter.try_consume(T::WeightInfo::poll()).is_err() {
			return;
		}
		if !Self::is_current() {
			log::error!(target: LOG_TARGET, "the emission halts: its storage has another version");
			return;
		}
		let idle = meter.consumed();
		let mut state = Solve::<T>::get();
		let before = state.clone();
		if RestartDue::<T>::exists() {
			if let Step::Short(required) = Self::restart(&mut state, meter) {
				let (phase, available) = (state.phase, meter.remaining());
				Self::deposit_event(Event::SolveStalled { phase, required, available });
				return;
			}
			RestartDue::<T>::kill();
		}
		let mut resident: Option<Resident> = None;
		loop {
			let phase = state.phase;
			let step = match phase {
				Phase::Idle => Self::wait(now, &mut state),
				Phase::Merge => Self::merge(&mut state, meter),
				Phase::Begin => Self::begin(now, &mut state, &mut resident, meter),
				Phase::Sweep => Self::sweep(&mut state, &mut resident, meter),
				Phase::Emit => Self::emit(now, &mut state, &resident, meter),
			};
			match step {
				Step::Next => {}
				Step::Wait => break,
				Step::Short(required) => {
					if meter.consumed() == idle {
						let available = meter.remaining();
						Self::deposit_event(Event::SolveStalled { phase, required, available });
					}
					break;
				}
				Step::Halt(Unreadable { page }) => {
					log::error!(target: LOG_TARGET, "row page {page} cannot be read");
					Self::deposit_event(Event::RowPageUnreadable { page });
					break;
				}
			}
		}
		if state != before {
			Solve::<T>::put(state);
		}
	}

	/// Block in which the next epoch is due.
	pub(crate) fn due() -> BlockNumberFor<T> {
		Started::<T>::get().saturating_add(EmissionParameters::<T>::get().epoch_length.into())
	}

	fn wait(now: BlockNumberFor<T>, state: &mut State<T>) -> Step {
		if now < Self::due() {
			return Step::Wait;
		}
		*state = State::<T> { phase: Phase::Merge, ..Default::default() };
		Step::Next
	}

	/// Whether the storage has the version that this code reads. Otherwise nothing is read or written
	/// until a migration has run.
	pub(crate) fn is_current() -> bool {
		Self::on_chain_storage_version() == Self::in_code_storage_version()
	}

	/// Packs the rows of the uids below `uids`, without void edges, and calls `each` with every uid
	/// and the epoch of its post (0: no row).
	///
	/// The caller checks that the meter has `load_graph` left; only the cost of the rows found is
	/// consumed.
	pub(crate) fn load_graph(
		uids: u32,
		meter: &mut WeightMeter,
		mut each: impl FnMut(u32, u32),
	) -> Result<Graph, Unreadable> {
		let registered = load_entries::<RegisteredPages<T>, _, _>(uids);
		// Reserved memory that is not written costs nothing.
		let edges = (uids as usize).saturating_mul(contribution::MAX_EDGES);
		let mut graph = Graph::with_capacity(uids as usize, edges);
		let mut read = 0u32;
		let visited = Self::visit_rows(0, uids, |uid, posted, edges| {
			each(uid, posted);
			read = read.saturating_add(edges.len() as u32);
			graph.push_edges(edges.iter(), |target| {
				registered.get(usize::from(target)).is_some_and(|&since| edge_counts(since, posted))
			});
		});
		meter.consume(weights::load_graph_of::<T::WeightInfo>(uids, read));
		visited.map(|()| graph)
	}

	/// The smallest units of work at `uids` components; each must fit into `MaxServiceWeight`.
	fn smallest_units(uids: u32) -> [(&'static str, Weight); 7] {
		let (pages, pieces) = (pages(uids), pieces(uids));
		let save = T::WeightInfo::save_vectors(pieces);
		let graph = weights::load_graph::<T::WeightInfo>(uids);
		let windows = (uids as usize).div_ceil(contribution::WINDOW) as u64;
		let most = windows.saturating_mul(contribution::MAX_STEP_COST);
		let one_sweep = weights::sweep_base::<T::WeightInfo>()
			.saturating_add(weights::visits::<T::WeightInfo>(most));
		[
			("Merge: a leaving component", {
				T::WeightInfo::leaving_queue().saturating_add(T::WeightInfo::merge_leaving())
			}),
			("Merge: a row page", {
				T::WeightInfo::pending_page()
					.saturating_add(T::WeightInfo::load_registered(registered_pages(uids)))
					.saturating_add(T::WeightInfo::merge_rows(ROWS_PER_PAGE))
			}),
			("Begin", T::WeightInfo::begin(pages).saturating_add(graph).saturating_add(save)),
			("Sweep: load, one sweep, save", {
				T::WeightInfo::load_vectors(pieces)
					.saturating_add(graph)
					.saturating_add(one_sweep)
					.saturating_add(save)
			}),
			("Emit: mint", Self::mint_weight().saturating_add(save)),
			("Emit: a page", {
				T::WeightInfo::load_piece()
					.saturating_add(T::WeightInfo::emit_page())
					.saturating_add(save)
			}),
			("Emit: the end", {
				T::WeightInfo::emit_end()
					.saturating_add(T::WeightInfo::clear_vectors(pieces))
					.saturating_add(save)
			}),
		]
	}

	/// Checks that the constants fit each other; called by `integrity_test`.
	pub(crate) fn check_constants() {
		let max = T::MaxComponents::get();
		assert!(max >= 1, "MaxComponents must be at least 1");
		assert!(
			max as usize <= contribution::MAX_COMPONENTS,
			"MaxComponents must be 65,536 at most: a uid is a u16 inside a row page",
		);
		assert!(
			crate::types::EDGES_PER_PAGE <= u32::from(u16::MAX),
			"the ends of a row page are u16",
		);
		let limit = T::MaxServiceWeight::get();
		let block = T::BlockWeights::get().max_block;
		assert!(limit.all_lte(block), "MaxServiceWeight {limit:?} must fit the block's {block:?}",);
		let poll = T::WeightInfo::poll();
		for (name, unit) in Self::smallest_units(max) {
			let unit = unit.saturating_add(poll);
			assert!(
				unit.all_lte(limit),
				"{name} needs {unit:?} at {max} components, MaxServiceWeight is {limit:?}: raise it \
				 or lower MaxComponents",
			);
		}
	}
}
