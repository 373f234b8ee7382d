//! The file format, little endian throughout.
//!
//! ```text
//!   BTGRAPH1 │ n: u32 │ edges: u32 │ n × u64 stakes │ n × u32 ends │ edges × u16 targets
//!            │        │            │                │              │ edges × u16 shares
//!   8 bytes    4        4
//! ```
//!
//! Any bytes are safe to read: bytes that violate an invariant of the crate are an error, and memory
//! is bounded by the number of bytes.

use crate::{Case, MAX_COMPONENTS, MAX_EDGES, MAX_GIVEN};
use alloc::vec::Vec;

const MAGIC: &[u8; 8] = b"BTGRAPH1";
const HEADER: usize = 16;

/// Why bytes are not a graph file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)] // The texts describe the fields.
pub enum FormatError {
	/// The bytes do not begin with `BTGRAPH1`.
	#[error("not a graph file: it does not begin with BTGRAPH1")]
	Magic,
	/// The header is incomplete.
	#[error("the graph file ends in its header, after {found} bytes")]
	Header { found: u64 },
	/// The length does not follow from the header.
	#[error("the graph file has {found} bytes, its header asks for {expected}")]
	Length { expected: u64, found: u64 },
	/// More components than a uid can distinguish.
	#[error("{components} components, at most {MAX_COMPONENTS} are possible")]
	TooManyComponents { components: u32 },
	/// The end is before that of the row before, or the last end is not the number of edges.
	#[error("row {uid} ends where it cannot")]
	Ends { uid: u32 },
	/// Too many edges.
	#[error("row {uid} has more than {MAX_EDGES} edges")]
	TooManyEdges { uid: u32 },
	/// An edge points at its own row, at no component, or not past the target before it.
	#[error("row {uid}: target {target} is out of place")]
	Target { uid: u32, target: u16 },
	/// An edge has share 0, or the row keeps less than 1/8.
	#[error("row {uid} has an edge of share 0, or gives more than {MAX_GIVEN}")]
	Share { uid: u32 },
}

impl Case {
	/// The case as a file. It can be read again if the invariants of the [crate] hold.
	pub fn to_bytes(&self) -> Vec<u8> {
		let (n, edges) = (self.components(), self.edges());
		let mut bytes = Vec::with_capacity(HEADER + n * 12 + edges * 4);
		bytes.extend(MAGIC);
		// At most 65,536 components of 64 edges.
		bytes.extend((n as u32).to_le_bytes());
		bytes.extend((edges as u32).to_le_bytes());
		bytes.extend(self.stakes.iter().flat_map(|stake| stake.to_le_bytes()));
		bytes.extend(self.ends.iter().flat_map(|end| end.to_le_bytes()));
		bytes.extend(self.targets.iter().flat_map(|target| target.to_le_bytes()));
		bytes.extend(self.shares.iter().flat_map(|share| share.to_le_bytes()));
		bytes
	}

	/// Reads a case from the bytes of a file.
	///
	/// # Errors
	/// If they are not exactly one case that the invariants of the [crate] hold for.
	pub fn from_bytes(bytes: &[u8]) -> Result<Self, FormatError> {
		if !bytes.starts_with(MAGIC) {
			return Err(FormatError::Magic);
		}
		let found = bytes.len() as u64;
		let Some((header, mut rest)) = bytes.split_first_chunk::<HEADER>() else {
			return Err(FormatError::Header { found });
		};
		let [.., n0, n1, n2, n3, e0, e1, e2, e3] = *header;
		let components = u32::from_le_bytes([n0, n1, n2, n3]);
		let edges = u32::from_le_bytes([e0, e1, e2, e3]);
		if components as usize > MAX_COMPONENTS {
			return Err(FormatError::TooManyComponents { components });
		}
		let parts = [(components, 8), (components, 4), (edges, 2), (edges, 2)]
			.map(|(count, width)| u64::from(count) * width);
		let expected = HEADER as u64 + parts.iter().sum::<u64>();
		if expected != found {
			return Err(FormatError::Length { expected, found });
		}
		// The parts sum to the length of `rest`, so each fits and none is cut short.
		let [stakes, ends, targets, shares] = parts.map(|length| {
			let (part, after) = rest.split_at(length as usize);
			rest = after;
			part
		});
		let case = Self {
			stakes: values(stakes, u64::from_le_bytes),
			ends: values(ends, u32::from_le_bytes),
			targets: values(targets, u16::from_le_bytes),
			shares: values(shares, u16::from_le_bytes),
		};
		case.check()?;
		Ok(case)
	}

	/// Checks the invariants of the crate; the number of components is known to be in range.
	fn check(&self) -> Result<(), FormatError> {
		let edges = self.edges() as u32;
		let mut start = 0;
		for (uid, &end) in (0u32..).zip(&self.ends) {
			if end < start || end > edges {
				return Err(FormatError::Ends { uid });
			}
			if (end - start) as usize > MAX_EDGES {
				return Err(FormatError::TooManyEdges { uid });
			}
			start = end;
			let (targets, shares) = self.row(uid as usize);
			let mut least = 0;
			for &target in targets {
				let to = u32::from(target);
				if to < least || to == uid || to as usize >= self.components() {
					return Err(FormatError::Target { uid, target });
				}
				least = to + 1;
			}
			let given: u32 = shares.iter().map(|&share| u32::from(share)).sum();
			if given > MAX_GIVEN || shares.contains(&0) {
				return Err(FormatError::Share { uid });
			}
		}
		if start != edges {
			return Err(FormatError::Ends { uid: (self.ends.len() as u32).saturating_sub(1) });
		}
		Ok(())
	}
}

/// The values of `N` bytes each in `bytes`.
fn values<const N: usize, T>(bytes: &[u8], read: impl Fn([u8; N]) -> T) -> Vec<T> {
	let (chunks, _) = bytes.as_chunks::<N>();
	chunks.iter().map(|chunk| read(*chunk)).collect()
}
