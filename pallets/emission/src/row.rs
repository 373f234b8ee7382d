//! Rows: checks, `post_row`, `set_edge`, and when a post is free.
//!
//! ```text
//!   post_row ─► check_row ─► PendingRows[uid]  (last wins)  ─► Merge ─► RowPages
//!   set_edge ─► row posted last, without void edges, one edge changed ─┘
//! ```
//!
//! A direct signed post is given its fee back if it is the component's first in this epoch, the
//! stake is `min_stake` at least, and the row moves by 1 % or more (or half the lifetime of the last
//! one has passed, so that a row which does not change stays live).

use crate::{
	pages::{get_entry, row_page, Registrations},
	types::{self_share, Edges, PendingRow, PostedRow},
	Config, EmissionParameters, Epoch, Error, Event, Pallet, PendingRows, RowPages, StakePages,
};
use contribution::{RowError, SHARE_ONE};
use frame_support::{dispatch::PostDispatchInfo, ensure};
use sp_runtime::DispatchResultWithInfo;

/// A row moves enough to be posted for free if 1 % of it changes its target: half of the sum of all
/// differences, the self-share included.
pub(crate) const MOVED: u32 = SHARE_ONE.div_ceil(100);

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

/// The part of a row, out of 65,536, that has another target in the other row.
pub(crate) fn distance(one: &[(u32, u16)], other: &[(u32, u16)]) -> u32 {
	let share = |row: &[(u32, u16)], target| {
		row.iter().find(|&&(to, _)| to == target).map_or(0, |&(_, share)| u32::from(share))
	};
	let changed: u32 = one.iter().map(|&(to, w)| share(other, to).abs_diff(u32::from(w))).sum();
	let removed: u32 =
		other.iter().filter(|&&(to, _)| share(one, to) == 0).map(|&(_, w)| u32::from(w)).sum();
	let kept = self_share(one).abs_diff(self_share(other));
	changed.saturating_add(removed).saturating_add(kept) / 2
}

impl PendingRow {
	/// The row without the edges to components that registered after it was posted, or left.
	pub(crate) fn without_void_edges<T: Config>(
		mut self,
		registered: &mut Registrations<T>,
	) -> Self {
		self.edges.retain(|&(target, _)| registered.counts(target, self.posted));
		self
	}
}

impl<T: Config> Pallet<T> {
	/// The charged row of a component, without void edges.
	pub(crate) fn charged_row(uid: u32, registered: &mut Registrations<T>) -> Option<PendingRow> {
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
		let position = edges.iter().position(|&(to, _)| to == target);
		match position {
			Some(position) if share == 0 => {
				edges.remove(position);
			}
			Some(position) => {
				if let Some(edge) = edges.get_mut(position) {
					edge.1 = share;
				}
			}
			None => {
				ensure!(share > 0, Error::<T>::NoSuchEdge);
				edges.try_push((target, share)).map_err(|_| Error::<T>::TooManyEdges)?;
			}
		}
		Self::enter_row(uid, edges, last, registered)
	}

	/// The row posted last, pending or charged, without void edges.
	fn last_row(uid: u32, registered: &mut Registrations<T>) -> Option<PendingRow> {
		Self::pending_row(uid, registered).or_else(|| Self::charged_row(uid, registered))
	}

	/// Checks a row and lets it wait for the next `Merge`.
	fn enter_row(
		uid: u32,
		edges: Edges,
		last: Option<PendingRow>,
		mut registered: Registrations<T>,
	) -> DispatchResultWithInfo<PostDispatchInfo> {
		let is_known = |target| registered.get(target) != 0;
		let self_share =
			contribution::check_row(uid, &edges, is_known).map_err(Error::<T>::from)?;
		let free = Self::is_free(uid, &edges, last.as_ref());
		let count = edges.len() as u32;
		PendingRows::<T>::insert(uid, PendingRow { posted: Epoch::<T>::get(), edges });
		Self::mark_pending(uid, true);
		Self::deposit_event(Event::RowPosted { uid, edges: count, self_share });
		Ok(if free { frame_support::dispatch::Pays::No.into() } else { ().into() })
	}

	fn is_free(uid: u32, edges: &Edges, last: Option<&PendingRow>) -> bool {
		let parameters = EmissionParameters::<T>::get();
		let due = match last {
			None => true,
			Some(last) => {
				let age = Epoch::<T>::get().saturating_sub(last.posted);
				let heartbeat =
					parameters.row_lifetime > 0 && age >= parameters.row_lifetime.div_ceil(2);
				age > 0 && (heartbeat || distance(edges, &last.edges) >= MOVED)
			}
		};
		due && get_entry::<StakePages<T>, _, _>(uid) >= parameters.min_stake
	}
}
