//! SentencePiece unigram models (Kudo 2018): text to the most probable sequence of pieces.
//!
//! ```text
//!   text ─► normalize: longest rule of the model's table at each place, spaces to ▁ ─► segment: Viterbi
//! ```
//! The model is a protobuf message: pieces with scores, and the normalizer's rules as a double-array
//! trie of byte strings and a table of replacements. The results are those of the `sentencepiece`
//! library, ties included.

use super::{
	bytes::{damaged, other, Bytes},
	Read,
};

/// Stands for a space in pieces.
const SPACE: &[u8] = "\u{2581}".as_bytes();
/// Id of a character that no piece covers.
const UNKNOWN: u32 = 0;
/// An unknown character costs this much more than the least probable piece.
const UNKNOWN_PENALTY: f64 = 10.0;
/// Node of the trie: a byte or a flag that it holds a value.
const LABEL: u32 = 0x8000_00ff;
const HAS_LEAF: u32 = 0x100;

/// A unigram model.
#[derive(Debug)]
pub(in crate::pretrained) struct SentencePiece {
	/// Sorted by bytes.
	pieces: Vec<Piece>,
	/// Log probability of an unknown character.
	unknown: f64,
	rules: Rules,
}

#[derive(Debug)]
struct Piece {
	bytes: Vec<u8>,
	id: u32,
	score: f32,
}

/// The normalizer: replacements of byte strings.
#[derive(Debug, Default)]
struct Rules {
	/// Nodes of a double-array trie (darts-clone).
	trie: Vec<u32>,
	/// Replacements, each ended by 0.
	table: Vec<u8>,
}

impl SentencePiece {
	/// Reads a model file of exactly `size` pieces.
	pub(in crate::pretrained) fn parse(file: &[u8], size: usize) -> Read<Self> {
		let (mut pieces, mut rules) = (Vec::with_capacity(size), Rules::default());
		for (field, data) in fields(file)? {
			match field {
				1 => {
					let (mut bytes, mut score) = (Vec::new(), 0.0);
					for (field, data) in fields(data)? {
						match field {
							1 => bytes = data.to_vec(),
							2 => score = f32::from_le_bytes(Bytes::new(data).array()?),
							_ => {}
						}
					}
					if bytes.is_empty()
						|| std::str::from_utf8(&bytes).is_err()
						|| !score.is_finite()
					{
						return Err(damaged(format!("piece {} is not a text", pieces.len())));
					}
					pieces.push(Piece { bytes, id: pieces.len() as u32, score });
				}
				3 => {
					if let Some((_, data)) =
						fields(data)?.into_iter().find(|(field, _)| *field == 2)
					{
						rules = Rules::parse(data)?;
					}
				}
				_ => {}
			}
		}
		if pieces.len() != size {
			return Err(other(format!("a vocabulary of {} pieces, not {size}", pieces.len())));
		}
		let lowest = pieces.iter().map(|piece| f64::from(piece.score)).fold(0.0, f64::min);
		// Of equal pieces the last one counts.
		pieces.sort_by(|a, b| a.bytes.cmp(&b.bytes).then(b.id.cmp(&a.id)));
		pieces.dedup_by(|a, b| a.bytes == b.bytes);
		Ok(Self { pieces, unknown: lowest - UNKNOWN_PENALTY, rules })
	}

	/// Ids of the pieces of a text; one unknown id for a text without any character.
	pub(in crate::pretrained) fn encode(&self, text: &str) -> Vec<u32> {
		let normal = self.rules.normalize(text.as_bytes());
		let normal = String::from_utf8_lossy(&normal);
		if normal.is_empty() {
			return vec![UNKNOWN];
		}
		self.segment(&normal)
	}

	/// The best sequence: for every end the best piece that ends there, the earliest start first.
	fn segment(&self, text: &str) -> Vec<u32> {
		let bytes = text.as_bytes();
		let mut best = vec![(f64::NEG_INFINITY, 0_usize, UNKNOWN); bytes.len() + 1];
		best[0].0 = 0.0;
		let offer = |best: &mut Vec<(f64, usize, u32)>, from: usize, to: usize, id, score| {
			let score = best[from].0 + score;
			if score > best[to].0 {
				best[to] = (score, from, id);
			}
		};
		for (from, character) in text.char_indices() {
			let single = from + character.len_utf8();
			let mut known = false;
			let (mut low, mut high) = (0, self.pieces.len());
			for (depth, byte) in bytes[from..].iter().enumerate() {
				let range = &self.pieces[low..high];
				// All of the range share the bytes before; a piece that ends here sorts first.
				let before = |p: &Piece| p.bytes.get(depth).is_none_or(|b| b < byte);
				let start = range.partition_point(before);
				let end = start + range[start..].partition_point(|p| p.bytes[depth] == *byte);
				(low, high) = (low + start, low + end);
				if low == high {
					break;
				}
				let piece = &self.pieces[low];
				if piece.bytes.len() == depth + 1 {
					let to = from + depth + 1;
					known |= to == single;
					offer(&mut best, from, to, piece.id, f64::from(piece.score));
				}
			}
			if !known {
				offer(&mut best, from, single, UNKNOWN, self.unknown);
			}
		}
		let mut ids = Vec::new();
		let mut end = bytes.len();
		while end > 0 {
			let (_, start, id) = best[end];
			ids.push(id);
			end = start;
		}
		ids.reverse();
		ids
	}
}

impl Rules {
	fn parse(data: &[u8]) -> Read<Self> {
		let mut bytes = Bytes::new(data);
		let size = bytes.u32()? as usize;
		let trie = bytes.take(size)?.chunks_exact(4);
		let trie: Vec<u32> = trie.map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
		if trie.is_empty() {
			return Err(damaged("the rules of its normalizer are empty"));
		}
		Ok(Self { trie, table: bytes.rest().to_vec() })
	}

	fn node(&self, at: usize) -> u32 {
		self.trie.get(at).copied().unwrap_or(LABEL)
	}

	/// The replacement of the longest rule at the start of `text`, and how much it replaces;
	/// without a rule, one character as it is.
	fn replace<'t>(&'t self, text: &'t [u8]) -> (&'t [u8], usize) {
		let offset = |unit: u32| ((unit >> 10) << ((unit & 0x200) >> 6)) as usize;
		let mut found = None;
		if !self.trie.is_empty() {
			let mut at = offset(self.node(0));
			for (n, byte) in text.iter().enumerate() {
				at ^= usize::from(*byte);
				let unit = self.node(at);
				if unit & LABEL != u32::from(*byte) {
					break;
				}
				at ^= offset(unit);
				if unit & HAS_LEAF != 0 {
					found = Some((self.node(at) & 0x7fff_ffff, n + 1));
				}
			}
		}
		if let Some((value, length)) = found {
			if let Some(rest) = self.table.get(value as usize..).filter(|rest| !rest.is_empty()) {
				let end = rest.iter().position(|byte| *byte == 0).unwrap_or(rest.len());
				return (&rest[..end], length);
			}
		}
		let continues = text.iter().skip(1).take_while(|byte| **byte & 0xc0 == 0x80).count();
		let length = (1 + continues).min(text.len());
		(&text[..length], length)
	}

	/// Rules applied, runs of spaces to one, none at the ends, one before the text; ▁ for space.
	fn normalize(&self, text: &[u8]) -> Vec<u8> {
		let mut out = SPACE.to_vec();
		let mut space = true;
		let mut at = 0;
		while at < text.len() {
			let (mut part, length) = self.replace(&text[at..]);
			at += length;
			while space && part.first() == Some(&b' ') {
				part = &part[1..];
			}
			for byte in part {
				match byte {
					b' ' => out.extend(SPACE),
					_ => out.push(*byte),
				}
			}
			if let Some(last) = part.last() {
				space = *last == b' ';
			}
		}
		while out.ends_with(SPACE) {
			out.truncate(out.len() - SPACE.len());
		}
		out
	}
}

/// Numbers and contents of the fields of a protobuf message; plain numbers are left out.
fn fields(message: &[u8]) -> Read<Vec<(u64, &[u8])>> {
	let mut bytes = Bytes::new(message);
	let mut fields = Vec::new();
	while !bytes.is_empty() {
		let tag = bytes.varint()?;
		let data = match tag & 7 {
			0 => {
				bytes.varint()?;
				continue;
			}
			1 => bytes.take(8)?,
			2 => {
				let length = bytes.length()?;
				bytes.take(length)?
			}
			5 => bytes.take(4)?,
			wire => return Err(damaged(format!("a field of wire type {wire}"))),
		};
		fields.push((tag >> 3, data));
	}
	Ok(fields)
}

#[cfg(test)]
mod tests {
	use super::{Rules, SentencePiece};
	use crate::error::ModelFileError;

	/// A message field with bytes in it.
	fn field(number: u8, data: &[u8]) -> Vec<u8> {
		[&[number << 3 | 2, data.len() as u8], data].concat()
	}

	fn model() -> Vec<u8> {
		let piece = |text: &str, score: f32| {
			let score = [&[2 << 3 | 5][..], &score.to_le_bytes()].concat();
			field(1, &[field(1, text.as_bytes()), score].concat())
		};
		[
			piece("<unk>", 0.0),
			piece("\u{2581}", -3.0),
			piece("\u{2581}a", -2.0),
			piece("ab", -1.5),
			piece("b", -4.0),
			piece("\u{2581}ab", -5.0),
			piece("c", -1.0),
		]
		.concat()
	}

	#[test]
	fn the_most_probable_pieces_are_found() {
		let model = SentencePiece::parse(&model(), 7).expect("a model");
		// ▁ + ab = −4.5 against ▁ab = −5 and ▁a + b = −6.
		assert_eq!(model.encode("ab"), [1, 3]);
		assert_eq!(model.encode("  a   c "), [2, 1, 6]);
		// No piece covers x.
		assert_eq!(model.encode("abx"), [1, 3, 0]);
		assert_eq!(model.encode(""), [0]);
		assert_eq!(model.encode(" "), [0]);
	}

	#[test]
	fn a_damaged_model_is_named() {
		let good = model();
		assert!(matches!(SentencePiece::parse(&good, 8), Err(ModelFileError::OtherVersion(_))));
		for end in 0..good.len() {
			assert!(SentencePiece::parse(&good[..end], 7).is_err(), "{end}");
		}
		for at in 0..good.len() * 8 {
			let mut bad = good.clone();
			bad[at / 8] ^= 1 << (at % 8);
			if let Ok(model) = SentencePiece::parse(&bad, 7) {
				assert!(!model.encode("ab c \u{2603}").is_empty());
			}
		}
		// A trie that points anywhere.
		let rules = Rules { trie: vec![u32::MAX, 0x1ff, 7], table: b"x".to_vec() };
		assert!(!rules.normalize("any text \u{2603}".as_bytes()).is_empty());
	}
}
