//! Access to the paged storage.
//!
//! ```text
//!   uid 1,300:  entry 276 of page 2 of stakes and of contributions   (  512 per page)
//!               entry 1,300 of page 0 of registrations               (4,096 per page)
//!               row 20 of row page 40                                (   32 per page)
//!               bit 20 of entry 40 of page 0 of `PendingSlots`       (  512 per page)
//! ```
//!
//! Payouts have two sets of pages, for epochs of even and of odd number, so that those of the last paid
//! epoch stay whole while the next ones are written: [`payout_entry`].
//!
//! A page of entries is as short as possible: entries beyond its length are 0. Row pages are written
//! as values and read as values or, in a solve, in place from the stored bytes.

use crate::{
	types::{
		Edge, Edges, RowPage, EDGES_PER_PAGE, ENTRIES_PER_PAGE, REGISTRATIONS_PER_PAGE,
		ROWS_PER_PAGE, ROW_PAGE_VERSION,
	},
	Config, Pallet, PendingSlots, RegisteredPages, RowPages,
};
use alloc::{collections::BTreeMap, vec::Vec};
use codec::{Compact, Decode, DecodeAll, FullCodec, MaxEncodedLen};
use core::marker::PhantomData;
use frame_support::{storage::StorageMap, traits::ConstU32, BoundedVec};

/// Maximum number of uids.
const MAX_COMPONENTS: u32 = contribution::MAX_COMPONENTS as u32;

/// A map of pages with `N` entries each, one entry per uid.
pub(crate) trait Paged<V, const N: u32>:
	StorageMap<u32, BoundedVec<V, ConstU32<N>>, Query = BoundedVec<V, ConstU32<N>>>
where
	V: FullCodec,
{
}

impl<Pages, V, const N: u32> Paged<V, N> for Pages
where
	V: FullCodec,
	Pages: StorageMap<u32, BoundedVec<V, ConstU32<N>>, Query = BoundedVec<V, ConstU32<N>>>,
{
}

/// Number of pages of stakes, or of contributions, of `uids` uids.
pub(crate) fn pages(uids: u32) -> u32 {
	uids.div_ceil(ENTRIES_PER_PAGE)
}

/// Number of pages of registrations of `uids` uids.
pub(crate) fn registered_pages(uids: u32) -> u32 {
	uids.div_ceil(REGISTRATIONS_PER_PAGE)
}

/// Number of row pages of `uids` uids.
pub(crate) fn row_pages(uids: u32) -> u32 {
	uids.div_ceil(ROWS_PER_PAGE)
}

/// The row page of a uid.
pub(crate) fn row_page(uid: u32) -> u32 {
	uid / ROWS_PER_PAGE
}

/// The entry of a uid in the payouts of an epoch.
pub(crate) fn payout_entry(uid: u32, epoch: u32) -> u32 {
	uid.saturating_add(epoch.wrapping_rem(2).saturating_mul(MAX_COMPONENTS))
}

/// The page of payouts of an epoch that holds entry 0 of this page of stakes.
pub(crate) fn payout_page(page: u32, epoch: u32) -> u32 {
	page.saturating_add(payout_entry(0, epoch) / ENTRIES_PER_PAGE)
}

/// The position of a uid in its row page.
fn offset(uid: u32) -> usize {
	(uid % ROWS_PER_PAGE) as usize
}

/// The bit of a uid in the `PendingSlots` entry of its row page.
pub(crate) fn pending_bit(uid: u32) -> u32 {
	1 << (uid % ROWS_PER_PAGE)
}

/// The entry of a uid; 0 if it was never written.
pub(crate) fn get_entry<Pages, V, const N: u32>(uid: u32) -> V
where
	V: FullCodec + Default + Copy,
	Pages: Paged<V, N>,
{
	Pages::get(uid / N).get((uid % N) as usize).copied().unwrap_or_default()
}

/// Writes the entry of a uid.
pub(crate) fn set_entry<Pages, V, const N: u32>(uid: u32, value: V)
where
	V: FullCodec + Default + Copy,
	Pages: Paged<V, N>,
{
	Pages::mutate(uid / N, |page| {
		let index = (uid % N) as usize;
		if page.len() <= index {
			page.bounded_resize(index + 1, V::default());
		}
		if let Some(entry) = page.get_mut(index) {
			*entry = value;
		}
	});
}

/// The entries of the uids below `uids`.
pub(crate) fn load_entries<Pages, V, const N: u32>(uids: u32) -> Vec<V>
where
	V: FullCodec + Default + Copy,
	Pages: Paged<V, N>,
{
	let mut entries = Vec::with_capacity(uids as usize);
	for index in 0..uids.div_ceil(N) {
		let page = Pages::get(index);
		let end = (index.saturating_add(1).saturating_mul(N)).min(uids) as usize;
		let wanted = end.saturating_sub(entries.len());
		entries.extend(page.iter().take(wanted));
		entries.resize(end, V::default());
	}
	entries
}

/// Entries by uid. Each page is read once, at the first access to one of its entries.
pub(crate) struct Entries<Pages, V, const N: u32> {
	pages: BTreeMap<u32, BoundedVec<V, ConstU32<N>>>,
	map: PhantomData<Pages>,
}

/// Registration epochs by uid; 0 is unregistered.
pub(crate) type Registrations<T> = Entries<RegisteredPages<T>, u32, REGISTRATIONS_PER_PAGE>;

impl<Pages, V, const N: u32> Default for Entries<Pages, V, N> {
	fn default() -> Self {
		Self { pages: BTreeMap::new(), map: PhantomData }
	}
}

impl<Pages, V, const N: u32> Entries<Pages, V, N>
where
	V: FullCodec + Default + Copy,
	Pages: Paged<V, N>,
{
	/// The entry of a uid; 0 if it was never written.
	pub(crate) fn get(&mut self, uid: u32) -> V {
		let page = self.pages.entry(uid / N).or_insert_with_key(|&page| Pages::get(page));
		page.get((uid % N) as usize).copied().unwrap_or_default()
	}
}

impl<T: Config> Registrations<T> {
	/// Whether an edge to `target` counts in a row posted in epoch `posted`.
	pub(crate) fn counts(&mut self, target: u32, posted: u32) -> bool {
		edge_counts(self.get(target), posted)
	}
}

/// Whether an edge counts: its row was posted in epoch `posted`, and its target registered in epoch
/// `registered` (0: unregistered).
pub(crate) fn edge_counts(registered: u32, posted: u32) -> bool {
	registered != 0 && registered <= posted
}

impl Default for RowPage {
	fn default() -> Self {
		Self {
			version: ROW_PAGE_VERSION,
			posted: Default::default(),
			ends: Default::default(),
			targets: Default::default(),
			shares: Default::default(),
		}
	}
}

impl RowPage {
	/// The epoch in which the row of `uid` was posted; 0 if it has no row.
	pub(crate) fn posted(&self, uid: u32) -> u32 {
		self.posted.get(offset(uid)).copied().unwrap_or_default()
	}

	/// The epoch in which the row of `uid` was posted, and its edges; `None` if it has no row.
	pub(crate) fn row(&self, uid: u32) -> Option<(u32, Edges)> {
		let posted = Some(self.posted(uid)).filter(|&posted| posted != 0)?;
		let (targets, shares) = self.edges(offset(uid));
		let edges = targets.iter().zip(shares);
		let edges = edges.map(|(&target, &share)| Edge { target: target.into(), share });
		Some((posted, BoundedVec::truncate_from(edges.collect())))
	}

	fn edges(&self, row: usize) -> (&[u16], &[u16]) {
		let before = row.checked_sub(1).and_then(|before| self.ends.get(before));
		let start = before.copied().map_or(0, usize::from);
		let end = self.ends.get(row).copied().map_or(start, usize::from);
		(
			self.targets.get(start..end).unwrap_or_default(),
			self.shares.get(start..end).unwrap_or_default(),
		)
	}

	/// Replaces each row for whose position `new` returns one: the epoch of its post (0 removes the
	/// row) and its edges.
	pub(crate) fn update(&mut self, mut new: impl FnMut(u32) -> Option<(u32, Edges)>) {
		let mut targets = Vec::with_capacity(EDGES_PER_PAGE as usize);
		let mut shares = Vec::with_capacity(EDGES_PER_PAGE as usize);
		let (mut all_posted, mut ends) = (self.posted, self.ends);
		for (row, (posted, end)) in all_posted.iter_mut().zip(&mut ends).enumerate() {
			if let Some((epoch, edges)) = new(row as u32) {
				*posted = epoch;
				// A target is below MaxComponents, which fits u16: see integrity_test.
				targets.extend(edges.iter().map(|edge| edge.target as u16));
				shares.extend(edges.iter().map(|edge| edge.share));
			} else {
				let (as_before, shares_before) = self.edges(row);
				targets.extend_from_slice(as_before);
				shares.extend_from_slice(shares_before);
			}
			// At most 2,048.
			*end = targets.len() as u16;
		}
		self.posted = all_posted;
		self.ends = ends;
		self.targets = BoundedVec::truncate_from(targets);
		self.shares = BoundedVec::truncate_from(shares);
	}

	/// Removes the row of `uid`.
	pub(crate) fn clear(&mut self, uid: u32) {
		let removed = offset(uid);
		self.update(|row| (row as usize == removed).then(Default::default));
	}
}

/// A page of rows is there, but its bytes are damaged or of another version. Nothing takes it for an
/// empty one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Unreadable {
	/// Index of the page.
	pub(crate) page: u32,
}

/// A stored row page, read in place without a copy.
pub(crate) struct RawRowPage<'a> {
	posted: &'a [[u8; 4]],
	ends: &'a [[u8; 2]],
	targets: &'a [[u8; 2]],
	shares: &'a [[u8; 2]],
}

/// The stored edges of a row, read in place.
#[derive(Clone, Copy, Default)]
pub(crate) struct RawEdges<'a> {
	targets: &'a [[u8; 2]],
	shares: &'a [[u8; 2]],
}

impl RawEdges<'_> {
	/// Number of edges.
	pub(crate) fn len(&self) -> usize {
		self.targets.len()
	}

	/// Targets and shares.
	pub(crate) fn iter(&self) -> impl Iterator<Item = (u16, u16)> + Clone + '_ {
		let pairs = self.targets.iter().zip(self.shares);
		pairs.map(|(&to, &share)| (u16::from_le_bytes(to), u16::from_le_bytes(share)))
	}
}

impl<'a> RawRowPage<'a> {
	/// Parses the bytes of a [`RowPage`]; `None` if they are invalid or of another version.
	pub(crate) fn parse(bytes: &'a [u8]) -> Option<Self> {
		let (&version, bytes) = bytes.split_first()?;
		let (posted, bytes) = bytes.split_at_checked(4 * ROWS_PER_PAGE as usize)?;
		let (ends, mut bytes) = bytes.split_at_checked(2 * ROWS_PER_PAGE as usize)?;
		let targets = Self::vector(&mut bytes)?;
		let shares = Self::vector(&mut bytes)?;
		let (posted, ends) = (posted.as_chunks().0, ends.as_chunks().0);
		let valid = version == ROW_PAGE_VERSION && targets.len() == shares.len();
		valid.then_some(Self { posted, ends, targets, shares })
	}

	fn vector(bytes: &mut &'a [u8]) -> Option<&'a [[u8; 2]]> {
		let Compact(len) = Compact::<u32>::decode(bytes).ok()?;
		if len > EDGES_PER_PAGE {
			return None;
		}
		let (vector, rest) = bytes.split_at_checked(2 * len as usize)?;
		*bytes = rest;
		Some(vector.as_chunks().0)
	}

	/// The epoch in which the row at this position was posted; 0 for none.
	pub(crate) fn posted(&self, row: usize) -> u32 {
		self.posted.get(row).map_or(0, |&four| u32::from_le_bytes(four))
	}

	/// The edges of the row at this position.
	pub(crate) fn edges(&self, row: usize) -> RawEdges<'a> {
		let start = row.checked_sub(1).map_or(0, |before| self.end(before));
		let range = start..self.end(row);
		RawEdges {
			targets: self.targets.get(range.clone()).unwrap_or_default(),
			shares: self.shares.get(range).unwrap_or_default(),
		}
	}

	fn end(&self, row: usize) -> usize {
		self.ends.get(row).map_or(0, |&two| usize::from(u16::from_le_bytes(two)))
	}
}

impl<T: Config> Pallet<T> {
	/// Marks whether a uid has a pending row.
	pub(crate) fn mark_pending(uid: u32, pending: bool) {
		let page = row_page(uid);
		let before: u32 = get_entry::<PendingSlots<T>, _, _>(page);
		let after = match pending {
			true => before | pending_bit(uid),
			false => before & !pending_bit(uid),
		};
		if after != before {
			set_entry::<PendingSlots<T>, _, _>(page, after);
		}
	}

	/// Reads the rows of the uids `start` to `end − 1` in order and calls `visit(uid, posted, edges)`
	/// for each; `posted` is 0 if there is no row. Ends at a page that cannot be read.
	pub(crate) fn visit_rows(
		start: u32,
		end: u32,
		mut visit: impl FnMut(u32, u32, RawEdges),
	) -> Result<(), Unreadable> {
		// One buffer for all pages avoids an allocation per page.
		let mut buffer = alloc::vec![0; RowPage::max_encoded_len()];
		for page in row_page(start)..row_pages(end) {
			let length = sp_io::storage::read(&RowPages::<T>::hashed_key_for(page), &mut buffer, 0);
			let rows = match length {
				None => None,
				Some(length) => {
					let bytes = buffer.get(..length as usize);
					Some(bytes.and_then(RawRowPage::parse).ok_or(Unreadable { page })?)
				}
			};
			let first = page.saturating_mul(ROWS_PER_PAGE);
			for uid in first.max(start)..first.saturating_add(ROWS_PER_PAGE).min(end) {
				match &rows {
					Some(rows) if rows.posted(offset(uid)) != 0 => {
						visit(uid, rows.posted(offset(uid)), rows.edges(offset(uid)));
					}
					_ => visit(uid, 0, RawEdges::default()),
				}
			}
		}
		Ok(())
	}

	/// A page of rows, empty if it was never written.
	pub(crate) fn load_row_page(page: u32) -> Result<RowPage, Unreadable> {
		let Some(bytes) = sp_io::storage::get(&RowPages::<T>::hashed_key_for(page)) else {
			return Ok(RowPage::default());
		};
		let read = RowPage::decode_all(&mut &bytes[..]).ok();
		read.filter(|page| page.version == ROW_PAGE_VERSION).ok_or(Unreadable { page })
	}
}
