//! Rows: `post_row`, `set_edge`, their checks, and the refund of the fee.
//!
//! ```text
//!   post_row ─► the row ───────────────────────┐
//!   set_edge ─► the last row, one edge changed ┴► check_row ─► PendingRows ─► Merge ─► RowPages
//! ```
//!
//! The fee of a direct signed post is refunded if the post is due ([`contribution::due`]), the stake is
//! at least `min_stake`, and the budget of free posts of the block is not used up.

use crate::{
	pages::{get_entry, row_page, Registrations},
	types::{Edge, Edges, Parameters, PendingRow, PostedRow},
	Config, EmissionParameters, Epoch, Error, Event, FreePosts, Pallet, PendingRows, RowPages,
	StakePages,
};
use contribution::RowError;
use frame_support::{dispatch::PostDispatchInfo, ensure, traits::Get};
use sp_runtime::DispatchResultWithInfo;

impl<T: Config> From<RowError> for Error<T> {
	fn from(error: RowError) -> Self {
		match error {
			RowError::SelfEdge => Self::SelfEdge,
			RowError::DuplicateTarget { .. } => Self::DuplicateTarget,
			RowError::UnknownTarget { .. } => Self::UnknownTarget,
			RowError::ZeroShare { .. } => Self::ZeroShare,
			RowError::TooManyEdges { .. } => Self::TooManyEdges,
			RowError::SharesOverLimit { .. } => Self::SharesOverLimit,
		}
	}
}

impl PendingRow {
	/// Removes the edges to components that left or registered after the row was posted.
	pub(crate) fn without_void_edges<T: Config>(
		mut self,
		registered: &mut Registrations<T>,
	) -> Self {
		self.edges.retain(|edge| registered.counts(edge.target, self.posted));
		self
	}
}

impl<T: Config> Pallet<T> {
	/// The active row of a component, without void edges.
	pub(crate) fn active_row(uid: u32, registered: &mut Registrations<T>) -> Option<PendingRow> {
		let (posted, edges) = RowPages::<T>::get(row_page(uid)).row(uid)?;
		Some(PendingRow { posted, edges }.without_void_edges(registered))
	}

	/// The pending row of a component, without void edges.
	pub(crate) fn pending_row(uid: u32, registered: &mut Registrations<T>) -> Option<PendingRow> {
		Some(PendingRows::<T>::get(uid)?.without_void_edges(registered))
	}

	pub(crate) fn do_post_row(
		who: &T::AccountId,
		row: PostedRow,
	) -> DispatchResultWithInfo<PostDispatchInfo> {
		let uid = Self::served(who)?;
		let mut registered = Registrations::<T>::default();
		let edges = row.into_inner().try_into().map_err(|_| Error::<T>::TooManyEdges)?;
		let last = Self::last_row(uid, &mut registered);
		Self::enter_row(uid, edges, last, registered)
	}

	pub(crate) fn do_set_edge(
		who: &T::AccountId,
		target: u32,
		share: u16,
	) -> DispatchResultWithInfo<PostDispatchInfo> {
		let uid = Self::served(who)?;
		let mut registered = Registrations::<T>::default();
		let last = Self::last_row(uid, &mut registered);
		let mut edges = last.as_ref().map(|row| row.edges.clone()).unwrap_or_default();
		let position = edges.iter().position(|edge| edge.target == target);
		match position {
			Some(position) if share == 0 => {
				edges.remove(position);
			}
			Some(position) => {
				if let Some(edge) = edges.get_mut(position) {
					edge.share = share;
				}
			}
			None => {
				ensure!(share > 0, Error::<T>::NoSuchEdge);
				edges.try_push(Edge { target, share }).map_err(|_| Error::<T>::TooManyEdges)?;
			}
		}
		Self::enter_row(uid, edges, last, registered)
	}

	/// The row posted last, pending or active, without void edges.
	fn last_row(uid: u32, registered: &mut Registrations<T>) -> Option<PendingRow> {
		Self::pending_row(uid, registered).or_else(|| Self::active_row(uid, registered))
	}

	/// Checks a row and stores it as the pending one.
	fn enter_row(
		uid: u32,
		edges: Edges,
		last: Option<PendingRow>,
		mut registered: Registrations<T>,
	) -> DispatchResultWithInfo<PostDispatchInfo> {
		let is_known = |target| registered.get(target) != 0;
		let self_share =
			contribution::check_row(uid, &edges, is_known).map_err(Error::<T>::from)?;
		let free = Self::is_free(uid, &edges, last.as_ref()) && Self::take_free_post();
		let count = edges.len() as u32;
		PendingRows::<T>::insert(uid, PendingRow { posted: Epoch::<T>::get(), edges });
		Self::mark_pending(uid, true);
		Self::deposit_event(Event::RowPosted { uid, edges: count, self_share });
		Ok(if free { frame_support::dispatch::Pays::No.into() } else { ().into() })
	}

	/// Takes one post from the budget of this block; `false` if it is used up.
	fn take_free_post() -> bool {
		let now = frame_system::Pallet::<T>::block_number();
		let (block, posts) = FreePosts::<T>::get();
		let posts = if block == now { posts } else { 0 };
		let left = posts < T::MaxFreePosts::get();
		if left {
			FreePosts::<T>::put((now, posts.saturating_add(1)));
		}
		left
	}

	/// Whether the fee of a post is refunded, if the budget allows.
	fn is_free(uid: u32, edges: &Edges, last: Option<&PendingRow>) -> bool {
		let Parameters { row_lifetime, min_stake, .. } = EmissionParameters::<T>::get();
		let last = last.map(|row| (row.posted, row.edges.as_slice()));
		contribution::due(edges, last, Epoch::<T>::get(), row_lifetime).is_some()
			&& get_entry::<StakePages<T>, _, _>(uid) >= min_stake
	}
}
