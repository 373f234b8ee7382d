//! Text to tokens, for encoders that read words.

use std::sync::Arc;

use crate::{dropout::Dropout, error::Result, tokenizer::Tokenizer};

/// Bytes of the longest text that can be one word.
const LONGEST_WORD: usize = 256;

/// A tokenizer, and how much of a text is read.
#[derive(Clone, Debug)]
pub(super) struct Reader {
	tokenizer: Arc<Tokenizer>,
	/// Tokens: the last ones of a text.
	pub(super) most: usize,
}

impl Reader {
	pub(super) fn new(tokenizer: Arc<Tokenizer>, most: usize) -> Self {
		Self { tokenizer, most }
	}

	/// The [`Encoder::id`](super::Encoder::id) of an encoder of this name with this tokenizer.
	pub(super) fn id_of(name: &str, tokenizer: &Tokenizer) -> String {
		format!("{name}:{}:{}", tokenizer.size(), tokenizer.hash())
	}

	/// As [`Reader::id_of`], with the tokenizer of this reader.
	pub(super) fn id(&self, name: &str) -> String {
		Self::id_of(name, &self.tokenizer)
	}

	/// Token ids of each text, at least one.
	pub(super) fn read(
		&self,
		texts: &[String],
		dropout: Option<&mut Dropout>,
	) -> Result<Vec<Vec<u32>>> {
		let read = |text: &String| {
			let tokens = self.tokenizer.encode(text)?;
			Ok(tokens[tokens.len().saturating_sub(self.most)..].to_vec())
		};
		let mut texts = texts.iter().map(read).collect::<Result<Vec<_>>>()?;
		if let Some(dropout) = dropout {
			texts.iter_mut().for_each(|text| dropout.words(text));
		}
		Ok(texts)
	}

	/// The id of a text that is exactly one token.
	pub(super) fn word(&self, text: &str) -> Result<Option<u32>> {
		let text = text.trim();
		if text.is_empty() || text.len() > LONGEST_WORD || text.contains(char::is_whitespace) {
			return Ok(None);
		}
		Ok(match self.tokenizer.encode_spans(text)?[..] {
			[(id, _)] => Some(id),
			_ => None,
		})
	}
}
