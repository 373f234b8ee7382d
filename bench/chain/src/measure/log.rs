//! What a validator logs about the blocks that it makes.
//!
//! ```text
//!   🎁 Prepared block for proposing at 7 (412 ms) hash: 0x…; end: NoMoreTransactions; …
//!   ⌛️ Discarding proposal for slot 297; block production took too long
//! ```

/// A block that was ready to be proposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prepared {
	/// Its number.
	pub number: u32,
	/// Milliseconds that it took.
	pub millis: u64,
}

/// The block that this line is about, if it is about one.
pub fn prepared(line: &str) -> Option<Prepared> {
	let (_, rest) = line.split_once("Prepared block for proposing at ")?;
	let (number, rest) = rest.split_once(" (")?;
	let (millis, _) = rest.split_once(" ms)")?;
	Some(Prepared { number: number.parse().ok()?, millis: millis.parse().ok()? })
}

/// Whether this line says that a block was thrown away because it was not ready in time.
pub fn is_discarded(line: &str) -> bool {
	line.contains("Discarding proposal for slot")
}
