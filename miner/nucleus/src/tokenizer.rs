//! Words to token ids.
//!
//! The vocabulary holds the most frequent words of a corpus's train split, in lower case, with
//! punctuation as separate words. Equal documents give equal vocabularies; perplexities may be
//! compared if [`Tokenizer::hash`] is equal. Only unicode text crosses the wire, so components need
//! not share a tokenizer.

use std::{collections::HashMap, ops::Range};

use tokenizers::{
	models::wordlevel::{WordLevel, WordLevelTrainerBuilder},
	normalizers::Lowercase,
	pre_tokenizers::bert::BertPreTokenizer,
	AddedToken, DecoderWrapper, OffsetReferential, OffsetType, PostProcessorWrapper,
	PreTokenizedString, PreTokenizer, TokenizerBuilder, TokenizerImpl,
};

use crate::{
	corpus::Corpus,
	error::{NucleusError, Result},
	fnv::Fnv,
};

/// Stands for every unknown word; its id is [`UNKNOWN_ID`].
pub const UNKNOWN: &str = "[UNK]";
/// Id of [`UNKNOWN`].
pub const UNKNOWN_ID: u32 = 0;

type Inner =
	TokenizerImpl<WordLevel, Lowercase, BertPreTokenizer, PostProcessorWrapper, DecoderWrapper>;

/// A word-level tokenizer.
#[derive(Clone, Debug)]
pub struct Tokenizer {
	inner: Inner,
	words: HashMap<String, u32>,
	size: usize,
	hash: String,
}

impl Tokenizer {
	/// Trains on all train documents of a corpus, also those that a component does not use.
	///
	/// # Errors
	/// [`NucleusError::Tokenizer`] if the text gives no vocabulary; [`NucleusError::Interrupted`].
	pub fn train(corpus: &Corpus, vocab: usize) -> Result<Self> {
		let interrupt = corpus.interrupt();
		let texts = corpus.train_indices().flat_map(|i| pieces(corpus.documents()[i].text()));
		let trained = Self::train_on(texts.take_while(|_| !interrupt.is_asked()), vocab);
		interrupt.check()?;
		trained
	}

	/// Trains on texts, keeping the `vocab` − 1 most frequent words; ties in alphabetical order.
	///
	/// # Errors
	/// [`NucleusError::Tokenizer`] if the text gives no vocabulary.
	pub fn train_on<'t>(texts: impl Iterator<Item = &'t str> + Send, vocab: usize) -> Result<Self> {
		let fail = |e: &dyn std::fmt::Display| NucleusError::Tokenizer(e.to_string());
		let model = WordLevel::builder().unk_token(UNKNOWN.into()).build().map_err(|e| fail(&e))?;
		let mut inner: Inner = TokenizerBuilder::new()
			.with_model(model)
			.with_normalizer(Some(Lowercase))
			.with_pre_tokenizer(Some(BertPreTokenizer))
			.with_post_processor(None)
			.with_decoder(None)
			.build()
			.map_err(|e| fail(&e))?;
		let mut trainer = WordLevelTrainerBuilder::default()
			.vocab_size(vocab)
			.show_progress(false)
			.special_tokens(vec![AddedToken::from(UNKNOWN, true)])
			.build()
			.map_err(|e| fail(&e))?;
		inner.train(&mut trainer, texts).map_err(|e| fail(&e))?;
		let size = inner.get_vocab_size(true);
		if size < 2 {
			return Err(NucleusError::Tokenizer("the text holds no words".into()));
		}
		let mut fnv = Fnv::new();
		let mut words = HashMap::new();
		for id in 0..size as u32 {
			let word = inner.id_to_token(id).unwrap_or_default();
			fnv.write(word.as_bytes());
			fnv.write(&[0]);
			words.insert(word, id);
		}
		Ok(Self { inner, words, size, hash: format!("{:016x}", fnv.finish()) })
	}

	/// Token ids of a text; a text without any word is one [`UNKNOWN_ID`].
	///
	/// # Errors
	/// [`NucleusError::Tokenizer`] if the text cannot be read.
	pub fn encode(&self, text: &str) -> Result<Vec<u32>> {
		let ids: Vec<u32> = self.encode_spans(text)?.into_iter().map(|(id, _)| id).collect();
		Ok(if ids.is_empty() { vec![UNKNOWN_ID] } else { ids })
	}

	/// Token ids of a text, each with the range of bytes it was read from.
	///
	/// # Errors
	/// [`NucleusError::Tokenizer`] if the text cannot be read.
	pub fn encode_spans(&self, text: &str) -> Result<Vec<(u32, Range<usize>)>> {
		if text.is_ascii() && !text.contains(UNKNOWN) {
			return Ok(self.encode_ascii(text));
		}
		let encoding =
			self.inner.encode(text, false).map_err(|e| NucleusError::Tokenizer(e.to_string()))?;
		Ok(encoding
			.get_ids()
			.iter()
			.zip(encoding.get_offsets())
			.map(|(&id, &(start, end))| (id, start..end))
			.collect())
	}

	/// The same for ASCII, many times as fast: it does not search unicode's table of punctuation.
	fn encode_ascii(&self, text: &str) -> Vec<(u32, Range<usize>)> {
		let mut tokens = Vec::with_capacity(text.len() / 4);
		let mut word = String::with_capacity(16);
		let mut push = |word: &mut String, end: usize| {
			if !word.is_empty() {
				let id = self.words.get(word.as_str()).copied().unwrap_or(UNKNOWN_ID);
				tokens.push((id, end - word.len()..end));
				word.clear();
			}
		};
		for (i, c) in text.char_indices() {
			if c.is_whitespace() {
				push(&mut word, i);
			} else if c.is_ascii_punctuation() {
				push(&mut word, i);
				word.push(c);
				push(&mut word, i + 1);
			} else {
				word.push(c.to_ascii_lowercase());
			}
		}
		push(&mut word, text.len());
		tokens
	}

	/// The word of an id.
	pub fn word(&self, id: u32) -> Option<String> {
		self.inner.id_to_token(id)
	}

	/// Size of the vocabulary, [`UNKNOWN`] included.
	pub fn size(&self) -> usize {
		self.size
	}

	/// Identifies the vocabulary: equal for equal words in equal order. Not cryptographic.
	pub fn hash(&self) -> &str {
		&self.hash
	}
}

/// Bytes of a piece of text, at least.
const PIECE: usize = 1 << 16;
/// Bytes of a piece without white space, at most: longer words are cut.
const LONGEST: usize = 1 << 20;

/// A text in pieces that end before white space, so that their tokens are those of the text. The
/// library needs some hundred bytes for each byte of text that it is given at once.
pub(crate) fn pieces(text: &str) -> impl Iterator<Item = &str> + Send {
	split(text, PIECE)
}

fn split(text: &str, size: usize) -> impl Iterator<Item = &str> + Send {
	let boundary = |text: &str, at: usize| {
		(at..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len())
	};
	let mut rest = text;
	std::iter::from_fn(move || {
		if rest.is_empty() {
			return None;
		}
		let (from, to) = (boundary(rest, size), boundary(rest, LONGEST));
		let end = rest[from..to].find(char::is_whitespace).map_or(to, |at| from + at);
		let (piece, after) = rest.split_at(end);
		rest = after;
		Some(piece)
	})
}

/// Tokens of a text, counted until there are `enough`.
pub(crate) fn count(text: &str, enough: usize) -> Result<usize> {
	let mut tokens = 0;
	for piece in split(text, 256) {
		let mut piece = PreTokenizedString::from(piece);
		BertPreTokenizer
			.pre_tokenize(&mut piece)
			.map_err(|e| NucleusError::Tokenizer(e.to_string()))?;
		tokens += piece.get_splits(OffsetReferential::Original, OffsetType::Byte).len();
		if tokens >= enough {
			break;
		}
	}
	Ok(tokens)
}
