//! The vectors of a vocabulary as one component answers them, chunk by chunk, and whether they can be
//! used.

use crate::dendrite::{DendriteError, Known};
use bittensor_wire::{
	limits::{check_texts, is_word, MAX_TEXTS},
	Spike, Vectors, WireError, DIM,
};
use std::sync::Arc;
use tokio::time::Instant;

/// Words that are asked for twice.
pub(super) const CONTROLS: usize = 8;
/// Median distance between two answers to one word, relative to their length, from which on the
/// vectors say nothing about it. Independent vectors have 1.4, one step of training far below 0.1.
const UNSTABLE: f64 = 0.5;
/// Factor between the sizes of vectors of words and of passages from which on they cannot be of one
/// space.
const SCALE: f64 = 1e3;

/// Why the vectors of a component are not used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum WordsError {
	/// A chunk was not answered.
	#[error("words {from} to {to} of {all} were not answered: {error}; they are asked for again")]
	Unanswered {
		/// First word.
		from: usize,
		/// Word after the last one.
		to: usize,
		/// Words of the vocabulary.
		all: usize,
		/// Why.
		error: DendriteError,
	},
	/// The component cut a message that has no cycle.
	#[error("it cut a message that passed through nobody: its vectors of words are not used")]
	Cut,
	/// It answers one word differently each time.
	#[error("it answers one word differently each time, by {change:.2} of its length: its vectors of words are not used")]
	Unstable {
		/// Median distance, relative to the length.
		change: f64,
	},
	/// Words and passages are of different sizes.
	#[error("its vectors of words have a size of {words:.2e}, those of passages {passages:.2e}: they are of two spaces, and not used")]
	Scale {
		/// Root mean square of the entries of words.
		words: f64,
		/// The same of passages.
		passages: f64,
	},
	/// The model cannot use them.
	#[error("its vectors of words cannot be used: {0}")]
	Refused(String),
}

impl WordsError {
	/// Its name in metrics.
	pub fn name(&self) -> &'static str {
		match self {
			Self::Unanswered { error, .. } if error.is_unpaid() => "unpaid",
			Self::Unanswered { error: DendriteError::Refused(WireError::NotFinite), .. } => {
				"too-large"
			}
			Self::Unanswered { error: DendriteError::Invalid(_), .. } => "invalid",
			Self::Unanswered { .. } => "unanswered",
			Self::Cut => "cut",
			Self::Unstable { .. } => "unstable",
			Self::Scale { .. } => "scale",
			Self::Refused(_) => "refused",
		}
	}

	/// The component's vectors are bad, and not only late.
	pub(super) fn is_bad(&self) -> bool {
		!matches!(self, Self::Unanswered { .. }) || ["invalid", "too-large"].contains(&self.name())
	}
}

/// The words that can be asked for, by chunk.
#[derive(Debug)]
pub(super) struct Vocabulary {
	/// All words, those that cannot be asked for included.
	pub(super) size: usize,
	pub(super) chunks: Vec<Chunk>,
}

/// Words of one Spike.
#[derive(Debug)]
pub(super) struct Chunk {
	/// Their ids.
	pub(super) rows: Vec<usize>,
	pub(super) texts: Vec<String>,
}

impl Vocabulary {
	/// Leaves out words that are blank, hold white space or are too long.
	pub(super) fn new(words: &[String]) -> Self {
		let can_be_asked = |word: &&String| is_word(word) && check_texts(&[word]).is_ok();
		let rows: Vec<usize> = (0..words.len()).filter(|row| can_be_asked(&&words[*row])).collect();
		let chunks = rows
			.chunks(MAX_TEXTS)
			.map(|rows| Chunk {
				rows: rows.to_vec(),
				texts: rows.iter().map(|row| words[*row].clone()).collect(),
			})
			.collect();
		Self { size: words.len(), chunks }
	}

	/// The rows of a chunk out of vectors of all words; `None` if they are 0.
	pub(super) fn rows_of(&self, chunk: &Chunk, all: &[f32]) -> Option<Vectors> {
		let row = |row: &usize| all.get(row * DIM..(row + 1) * DIM);
		let values: Vec<f32> = chunk.rows.iter().filter_map(row).flatten().copied().collect();
		let some = values.iter().any(|value| *value != 0.0);
		some.then(|| Vectors::new(chunk.rows.len(), values).ok()).flatten()
	}
}

/// The answer to one chunk.
#[derive(Clone, Debug)]
pub(super) struct Part {
	/// The Spike that was answered: errors refer to it.
	pub(super) spike: Spike,
	pub(super) version: u64,
	pub(super) vectors: Vectors,
}

/// The vectors of one component.
#[derive(Debug)]
pub struct Table {
	/// By chunk; an old one stays until a newer one arrives.
	pub(super) parts: Vec<Option<Part>>,
	/// When, and at which of our steps, it was last exchanged.
	pub(super) exchanged: Option<(Instant, u64)>,
	/// Its errors were sent: the answers that they refer to are used up.
	pub(super) spent: bool,
	/// Not to be asked for before this.
	pub(super) not_before: Instant,
	/// Bad answers in a row.
	pub(super) bad: u32,
}

impl Table {
	/// Nothing was asked for yet.
	pub fn new(now: Instant) -> Self {
		Self { parts: Vec::new(), exchanged: None, spent: false, not_before: now, bad: 0 }
	}

	/// Newest version of its parts; `None` unless there are vectors of all words.
	pub fn version(&self) -> Option<u64> {
		let complete = !self.parts.is_empty() && self.parts.iter().all(Option::is_some);
		self.parts.iter().flatten().map(|part| part.version).max().filter(|_| complete)
	}

	/// Whether the component, as last seen, would answer differently.
	pub(super) fn is_old(&self, known: &Known) -> bool {
		match self.version() {
			None => true,
			Some(version) => self.spent || known.version.is_some_and(|now| now != version),
		}
	}

	/// The vectors of all words, with rows of zeros for those that cannot be asked for.
	pub(super) fn vectors(&self, vocabulary: &Vocabulary) -> Option<Arc<[f32]>> {
		self.version()?;
		let mut values = vec![0.0; vocabulary.size * DIM];
		for (chunk, part) in vocabulary.chunks.iter().zip(&self.parts) {
			let part = part.as_ref()?;
			for (row, vector) in chunk.rows.iter().zip(part.vectors.values().chunks_exact(DIM)) {
				values[row * DIM..(row + 1) * DIM].copy_from_slice(vector);
			}
		}
		Some(values.into())
	}

	/// Checks the vectors against those of passages.
	pub(super) fn check_scale(&self, known: &Known) -> Result<(), WordsError> {
		let parts = self.parts.iter().flatten();
		let (squares, count) = parts
			.flat_map(|part| part.vectors.values())
			.fold((0.0, 0_u64), |(squares, count), value| {
				(squares + f64::from(*value).powi(2), count + 1)
			});
		let words = (squares / count.max(1) as f64).sqrt();
		match known.rms() {
			// All zeros are an answer, if a useless one.
			Some(passages) if passages > 0.0 && words > 0.0 => {
				let fits = (1.0 / SCALE..=SCALE).contains(&(words / passages));
				if fits {
					Ok(())
				} else {
					Err(WordsError::Scale { words, passages })
				}
			}
			_ => Ok(()),
		}
	}
}

/// Compares two answers to the same words.
pub(super) fn check_stable(first: &Vectors, again: &Vectors) -> Result<(), WordsError> {
	let length = |vector: &[f32]| vector.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
	let mut changes: Vec<f64> = first
		.values()
		.chunks_exact(DIM)
		.zip(again.values().chunks_exact(DIM))
		.map(|(first, again)| {
			let apart: Vec<f32> = first.iter().zip(again).map(|(one, other)| one - other).collect();
			let scale = length(first).max(length(again));
			if scale > 0.0 {
				length(&apart) / scale
			} else {
				0.0
			}
		})
		.collect();
	changes.sort_by(f64::total_cmp);
	let change = changes.get(changes.len() / 2).copied().unwrap_or(0.0);
	if change > UNSTABLE {
		Err(WordsError::Unstable { change })
	} else {
		Ok(())
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn words(count: usize) -> Vec<String> {
		(0..count).map(|number| format!("word{number}")).collect()
	}

	fn vectors(rows: usize, value: impl Fn(usize) -> f32) -> Vectors {
		let values = (0..rows).flat_map(|row| [value(row); DIM]).collect();
		Vectors::new(rows, values).expect("finite")
	}

	#[test]
	fn a_vocabulary_is_asked_for_in_chunks_and_what_cannot_be_asked_for_stays_zero() {
		let mut list = words(600);
		(list[1], list[300]) = (" ".into(), "two words".into());
		let vocabulary = Vocabulary::new(&list);
		let sizes: Vec<_> = vocabulary.chunks.iter().map(|chunk| chunk.texts.len()).collect();
		assert_eq!((vocabulary.size, sizes), (600, vec![256, 256, 86]));
		let mut table = Table::new(Instant::now());
		for (number, chunk) in vocabulary.chunks.iter().enumerate() {
			assert_eq!((table.version(), table.vectors(&vocabulary)), (None, None));
			let spike = Spike::new([1; 32], 0, chunk.texts.clone()).expect("good words");
			let vectors = vectors(chunk.rows.len(), |at| chunk.rows[at] as f32);
			table.parts.resize(3, None);
			table.parts[number] = Some(Part { spike, version: number as u64 + 5, vectors });
		}
		assert_eq!(table.version(), Some(7));
		let all = table.vectors(&vocabulary).expect("complete");
		for row in 0..600 {
			let expected = if [1, 300].contains(&row) { 0.0 } else { row as f32 };
			assert_eq!(all[row * DIM], expected);
		}
		// And back: the errors of a chunk.
		let errors: Vec<f32> = (0..600).flat_map(|row| [row as f32; DIM]).collect();
		let last = vocabulary.rows_of(&vocabulary.chunks[2], &errors).expect("not zero");
		assert_eq!((last.rows(), last.values()[0]), (86, 514.0));
		assert_eq!(vocabulary.rows_of(&vocabulary.chunks[2], &vec![0.0; 600 * DIM]), None);
	}

	#[test]
	fn a_table_is_old_when_the_version_has_changed_or_its_errors_are_sent() {
		let vocabulary = Vocabulary::new(&words(2));
		let mut table = Table::new(Instant::now());
		let known = |version| Known { version, ..Known::default() };
		assert!(table.is_old(&known(Some(3))));
		let spike = Spike::new([1; 32], 0, vocabulary.chunks[0].texts.clone()).expect("good");
		table.parts.push(Some(Part { spike, version: 3, vectors: vectors(2, |_| 1.0) }));
		assert!(!table.is_old(&known(Some(3))) && !table.is_old(&known(None)));
		assert!(table.is_old(&known(Some(4))));
		table.spent = true;
		assert!(table.is_old(&known(Some(3))));
	}

	#[test]
	fn words_of_another_size_than_passages_are_refused() {
		let vocabulary = Vocabulary::new(&words(2));
		let table = |value| {
			let mut table = Table::new(Instant::now());
			let spike = Spike::new([1; 32], 0, vocabulary.chunks[0].texts.clone()).expect("good");
			table.parts.push(Some(Part { spike, version: 3, vectors: vectors(2, |_| value) }));
			table
		};
		let known = Known { square: 4.0, answers: 1, ..Known::default() };
		for value in [0.0, 0.01, 2.0, 1_999.0] {
			assert_eq!(table(value).check_scale(&known), Ok(()));
		}
		for (value, words) in [(2_100.0, 2_100.0), (1e-4, f64::from(1e-4_f32))] {
			let error = table(value).check_scale(&known).expect_err("another space");
			let WordsError::Scale { words: size, passages } = error else { panic!("{error}") };
			assert!((size - words).abs() < 1e-6 * words && passages == 2.0);
		}
		assert_eq!(table(1e30).check_scale(&Known::default()), Ok(()), "no passage yet");
	}

	#[test]
	fn noise_is_unstable_and_training_is_not() {
		let alternating = |sign: f32| vectors(CONTROLS, |row| sign * (row as f32 + 1.0));
		assert!(check_stable(&alternating(1.0), &alternating(1.0)).is_ok());
		assert!(check_stable(&alternating(1.0), &alternating(0.9)).is_ok());
		let error = check_stable(&alternating(1.0), &alternating(-1.0));
		assert_eq!(error, Err(WordsError::Unstable { change: 2.0 }));
		assert!(check_stable(&vectors(2, |_| 0.0), &vectors(2, |_| 0.0)).is_ok());
	}
}
