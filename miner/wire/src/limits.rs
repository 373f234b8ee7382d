//! Limits that all components share.

use crate::WireError;

/// Length m of every vector between components.
pub const DIM: usize = 128;

/// Texts in one Spike, and rows in one tensor.
pub const MAX_TEXTS: usize = 256;

/// Bytes of one text.
pub const MAX_TEXT_BYTES: usize = 4 * 1024;

/// Bytes of a word: a text of at most this length without white space, asked for its vector in the
/// space of words. A word causes no onward calls and costs less than a passage.
pub const MAX_WORD_BYTES: usize = 64;

/// Bytes of a body.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;

/// Bytes of an encoded envelope. An ordinary one has about 180.
pub const MAX_ENVELOPE_BYTES: usize = 512;

/// Bytes of one gRPC message that a server or client reads before it gives up. Larger than the largest
/// sealed message, so that a sender slightly above the limit gets a helpful error.
pub const MAX_GRPC_BYTES: usize = 4 * 1024 * 1024;

/// Accounts in a path.
pub const MAX_PATH: usize = 8;

/// Hops that a sender may request beyond the receiver.
pub const MAX_TTL: u32 = 4;

/// Hops listed in one answer; further ones are left out.
pub const MAX_HOPS: usize = 1024;

/// Milliseconds between issue and deadline of a request.
pub const MAX_DEADLINE_MS: u64 = 60_000;

/// Whether a text is a word ([`MAX_WORD_BYTES`]).
pub fn is_word(text: &str) -> bool {
	text.len() <= MAX_WORD_BYTES && !text.contains(char::is_whitespace)
}

/// Checks the texts of a Spike: between 1 and [`MAX_TEXTS`], none blank or longer than
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
