//! GloVe (Pennington et al. 2014), 400,000 words in 50 dimensions: static vectors of words.
//!
//! ```text
//!   text, lower case ─► runs of a–z, runs of 0–9, single other characters ─► vectors v_1 … v_n
//!   [ mean of v | mean weighted by 0.7^(n−k) | v_n | v_(n−1) ]            200 numbers
//! ```
//! Unknown words are left out; what is missing is 0. A word's own vector is three times its vector.

use std::collections::HashMap;

use crate::{
	error::Result,
	pretrained::{
		formats::{bytes::other, npy::Npy, parquet},
		layers::add,
		package::{ModelFile, TextModel},
	},
};

/// Numbers of a word.
const WIDTH: usize = 50;
/// Weight of a word against the one after it.
const DECAY: f32 = 0.7;

/// Words and their vectors.
#[derive(Debug)]
struct Glove {
	ids: HashMap<Box<str>, u32>,
	/// `[words, WIDTH]`.
	vectors: Vec<f32>,
}

/// From the vectors (npy) and the words (parquet).
pub(crate) fn load(files: &[ModelFile]) -> Result<Box<dyn TextModel>> {
	let [vectors, words] = files else { unreachable!("the package names two files") };
	let names = words.parse(parquet::strings)?;
	let vectors = vectors.parse(|bytes| Npy::parse(bytes)?.floats(&[names.len(), WIDTH]))?;
	let count = names.len();
	let ids: HashMap<Box<str>, u32> =
		names.into_iter().map(String::into_boxed_str).zip(0..).collect();
	words.parse(|_| match ids.len() == count && count > 0 {
		true => Ok(()),
		false => Err(other(format!("{} different words of {count}", ids.len()))),
	})?;
	Ok(Box::new(Glove { ids, vectors }))
}

impl Glove {
	fn vector(&self, word: &str) -> Option<&[f32]> {
		let id = *self.ids.get(word)? as usize;
		self.vectors.get(id * WIDTH..(id + 1) * WIDTH)
	}

	fn text(&self, text: &str) -> [f32; 4 * WIDTH] {
		let text = text.to_lowercase();
		let vectors: Vec<&[f32]> = words(&text).filter_map(|word| self.vector(word)).collect();
		let mut numbers = [0.0; 4 * WIDTH];
		let (mut total, mut weights) = (0.0, 1.0_f32);
		let (mean, rest) = numbers.split_at_mut(WIDTH);
		let (decayed, ends) = rest.split_at_mut(WIDTH);
		for vector in vectors.iter().rev() {
			add(mean, vector);
			decayed.iter_mut().zip(*vector).for_each(|(sum, x)| *sum += weights * x);
			total += weights;
			weights *= DECAY;
		}
		mean.iter_mut().for_each(|x| *x /= vectors.len().max(1) as f32);
		if total > 0.0 {
			decayed.iter_mut().for_each(|x| *x /= total);
		}
		for (end, vector) in ends.chunks_exact_mut(WIDTH).zip(vectors.iter().rev()) {
			end.copy_from_slice(vector);
		}
		numbers
	}
}

impl TextModel for Glove {
	fn width(&self) -> usize {
		4 * WIDTH
	}

	fn vectors(&self, texts: &[&str]) -> Result<Vec<f32>> {
		Ok(texts.iter().flat_map(|text| self.text(text)).collect())
	}
}

/// Runs of letters, runs of digits, and other characters one by one, of a text in lower case.
fn words(text: &str) -> impl Iterator<Item = &str> {
	let kind = |c: char| match c {
		'a'..='z' => 1,
		'0'..='9' => 2,
		_ => 0,
	};
	let mut rest = text;
	std::iter::from_fn(move || {
		rest = rest.trim_start();
		let first = rest.chars().next()?;
		let end = match kind(first) {
			0 => first.len_utf8(),
			run => rest.find(|c| kind(c) != run).unwrap_or(rest.len()),
		};
		let (word, after) = rest.split_at(end);
		rest = after;
		Some(word)
	})
}

#[cfg(test)]
mod tests {
	use super::{words, Glove, WIDTH};

	#[test]
	fn words_are_letters_digits_and_single_characters() {
		let found: Vec<&str> = words("  don't pay 12.50€ ☃☃").collect();
		assert_eq!(found, ["don", "'", "t", "pay", "12", ".", "50", "€", "☃", "☃"]);
		assert_eq!(words(" \n").count(), 0);
	}

	#[test]
	fn a_text_is_means_and_ends() {
		let ids = ["a", "b"].into_iter().map(Box::from).zip(0..).collect();
		let vectors = [[1.0; WIDTH], [3.0; WIDTH]].concat();
		let glove = Glove { ids, vectors };
		let parts = |text| [0, 1, 2, 3].map(|part| glove.text(text)[part * WIDTH]);
		assert_eq!(parts("A unknown b"), [2.0, (3.0 + 0.7) / 1.7, 3.0, 1.0]);
		assert_eq!(parts("b"), [3.0, 3.0, 3.0, 0.0]);
		assert_eq!(parts("?"), [0.0; 4]);
	}
}
