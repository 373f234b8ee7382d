//! Sizes that every component agrees on.

use crate::WireError;

/// Length m of every vector between components.
pub const DIM: usize = 128;

/// Texts in one Spike, and so rows in one tensor.
pub const MAX_TEXTS: usize = 256;

/// Bytes of one text.
pub const MAX_TEXT_BYTES: usize = 4 * 1024;

/// Bytes of a body.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;

/// Bytes of an encoded envelope. One takes about 180.
pub const MAX_ENVELOPE_BYTES: usize = 512;

/// Bytes that a server or client reads of one gRPC message before it gives up on it. Larger than a
/// sealed message may be, so that a moderate excess gets an answer that says what to do.
pub const MAX_GRPC_BYTES: usize = 4 * 1024 * 1024;

/// Accounts in a path.
pub const MAX_PATH: usize = 8;

/// Hops that a message may be asked to make beyond its receiver.
pub const MAX_TTL: u32 = 4;

/// Hops listed in one answer; what is beyond is left out.
pub const MAX_HOPS: usize = 1024;

/// Milliseconds between issue and deadline of a request.
pub const MAX_DEADLINE_MS: u64 = 60_000;

/// Checks the texts of a Spike: between 1 and [`MAX_TEXTS`], none of them empty or longer than
/// [`MAX_TEXT_BYTES`].
pub fn check_texts<T: AsRef<str>>(texts: &[T]) -> Result<(), WireError> {
	if texts.is_empty() {
		return Err(WireError::NoTexts);
	}
	if texts.len() > MAX_TEXTS {
		return Err(WireError::TooManyTexts { texts: texts.len(), limit: MAX_TEXTS });
	}
	for (index, text) in texts.iter().enumerate() {
		let bytes = text.as_ref().len();
		if bytes > MAX_TEXT_BYTES {
			return Err(WireError::TextTooLong { index, bytes, limit: MAX_TEXT_BYTES });
		}
		if text.as_ref().trim().is_empty() {
			return Err(WireError::EmptyText { index });
		}
	}
	Ok(())
}

/// Checks the size of a body against [`MAX_BODY_BYTES`].
pub fn check_body(bytes: usize) -> Result<(), WireError> {
	if bytes > MAX_BODY_BYTES {
		return Err(WireError::TooLarge { bytes, limit: MAX_BODY_BYTES });
	}
	Ok(())
}
