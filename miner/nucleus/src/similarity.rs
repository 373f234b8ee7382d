//! Similarity: how well the angles between a model's vectors agree with people.
//!
//! ```text
//!   people:  (word, word, score) ──────────────► scores  ─┐
//!   model:   word ─► vector ─► cosine of pairs ─► cosines ─┴─► rank correlation (words)
//!            document ─► vector ─► …                           linear correlation (documents)
//! ```
//! The published measures of WordSim-353, MEN and SimLex-999 are Spearman's; that of Lee's 50
//! documents is Pearson's, over their 1,225 pairs.
//!
//! A pair with a word that the model does not know is left out, and the number of pairs that remain
//! is part of the result: figures of different pairs are not comparable.

use std::{
	collections::{BTreeMap, BTreeSet},
	path::Path,
};

use serde::{Deserialize, Serialize};

use crate::{
	attribution::ablation::{pearson, spearman},
	error::{NucleusError, Result},
	model::Model,
};

/// What is wrong with a file, if it cannot be read.
type Parsed<T> = std::result::Result<T, String>;

/// Texts in one call of the model.
const CHUNK: usize = 64;

/// Judgements of people: pairs of texts, each with a score that rises with similarity.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgements {
	/// The texts.
	pub texts: Vec<String>,
	/// Two positions in `texts`, and the score.
	pub pairs: Vec<(usize, usize, f64)>,
	/// Whether ranks or values are compared.
	pub measure: Measure,
}

/// How cosines and scores are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Measure {
	/// Rank correlation.
	Spearman,
	/// Linear correlation.
	Pearson,
}

/// The agreement of a model with people.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Similarity {
	/// How it was measured.
	pub measure: Measure,
	/// The correlation, −1 to 1; `None` if fewer than three pairs are known.
	pub correlation: Option<f64>,
	/// Pairs that were measured.
	pub known: usize,
	/// All pairs.
	pub pairs: usize,
}

impl Judgements {
	/// Reads pairs of words: a line each, two words and a score, separated by tabs or spaces. Lines
	/// that start with `#` and empty ones are skipped.
	///
	/// # Errors
	/// [`NucleusError::Io`] if the file cannot be read; [`NucleusError::Judgements`] for a line that
	/// is no pair.
	pub fn words(path: &Path) -> Result<Self> {
		let text = read(path)?;
		Self::parse_words(&text).map_err(|reason| at(path, reason))
	}

	fn parse_words(text: &str) -> Parsed<Self> {
		let mut ids: BTreeMap<&str, usize> = BTreeMap::new();
		let mut texts: Vec<String> = Vec::new();
		let mut pairs = Vec::new();
		for (number, line) in (1..).zip(text.lines()) {
			let line = line.trim();
			if line.is_empty() || line.starts_with('#') {
				continue;
			}
			let fields: Vec<&str> = line.split_whitespace().collect();
			let [one, other, score] = fields[..] else {
				return Err(format!("line {number} is not two words and a score"));
			};
			let score = number_of(score).ok_or_else(|| format!("line {number} has no score"))?;
			let mut id = |word| {
				*ids.entry(word).or_insert_with(|| {
					texts.push(String::from(word));
					texts.len() - 1
				})
			};
			pairs.push((id(one), id(other), score));
		}
		if pairs.is_empty() {
			return Err("there is no pair in it".into());
		}
		Ok(Self { texts, pairs, measure: Measure::Spearman })
	}

	/// Reads documents, a line each, and a square table of scores, a line per document.
	///
	/// # Errors
	/// As [`Judgements::words`].
	pub fn documents(documents: &Path, scores: &Path) -> Result<Self> {
		let (texts, table) = (read(documents)?, read(scores)?);
		Self::parse_documents(&texts, &table).map_err(|reason| at(scores, reason))
	}

	fn parse_documents(texts: &str, table: &str) -> Parsed<Self> {
		let lines = |text: &str| -> Vec<String> {
			text.lines().map(str::trim).filter(|line| !line.is_empty()).map(String::from).collect()
		};
		let (texts, rows) = (lines(texts), lines(table));
		if texts.len() != rows.len() {
			return Err(format!("{} documents, but {} lines of scores", texts.len(), rows.len()));
		}
		let mut pairs = Vec::new();
		for (one, row) in rows.iter().enumerate() {
			let row: Option<Vec<f64>> = row.split_whitespace().map(number_of).collect();
			let row = row.filter(|row| row.len() == texts.len());
			let row =
				row.ok_or_else(|| format!("line {} has no {} scores", one + 1, texts.len()))?;
			// The table is symmetric, and some files fill only the part above the diagonal.
			pairs.extend((one + 1..row.len()).map(|other| (one, other, row[other])));
		}
		Ok(Self { texts, pairs, measure: Measure::Pearson })
	}

	/// The agreement of a model with these judgements.
	///
	/// # Errors
	/// Those of [`Model::forward`].
	pub fn agreement(&self, model: &dyn Model) -> Result<Similarity> {
		let words: BTreeSet<&str> = model.vocabulary().iter().map(String::as_str).collect();
		// A model without a vocabulary answers every word; documents are made of many words.
		let all = words.is_empty() || self.measure == Measure::Pearson;
		let known = |text: &String| all || words.contains(text.to_lowercase().as_str());
		let mut vectors: Vec<Option<Vec<f32>>> = vec![None; self.texts.len()];
		let asked: Vec<usize> = (0..self.texts.len()).filter(|n| known(&self.texts[*n])).collect();
		for chunk in asked.chunks(CHUNK) {
			let texts: Vec<String> = chunk.iter().map(|n| self.texts[*n].to_lowercase()).collect();
			let answer = model.forward(&texts, &[])?.to_vec2::<f32>()?;
			for (n, vector) in chunk.iter().zip(answer) {
				vectors[*n] = Some(vector);
			}
		}
		let pairs = self.pairs.iter().filter_map(|&(one, other, score)| {
			Some((cosine(vectors[one].as_ref()?, vectors[other].as_ref()?)?, score))
		});
		let (cosines, scores): (Vec<f64>, Vec<f64>) = pairs.unzip();
		let correlation = match self.measure {
			Measure::Spearman => spearman(&cosines, &scores),
			Measure::Pearson => pearson(&cosines, &scores),
		};
		let (known, pairs) = (cosines.len(), self.pairs.len());
		Ok(Similarity { measure: self.measure, correlation, known, pairs })
	}
}

/// Text in UTF-8, or else in Latin-1: Lee's documents are of 2002.
fn read(path: &Path) -> Result<String> {
	let bytes = std::fs::read(path).map_err(NucleusError::io(path))?;
	Ok(String::from_utf8(bytes)
		.unwrap_or_else(|error| error.as_bytes().iter().copied().map(char::from).collect()))
}

fn at(path: &Path, reason: String) -> NucleusError {
	NucleusError::Judgements { path: path.into(), reason }
}

fn number_of(text: &str) -> Option<f64> {
	text.parse().ok().filter(|score: &f64| score.is_finite())
}

/// `None` for a vector of zeros.
fn cosine(a: &[f32], b: &[f32]) -> Option<f64> {
	let dot = |a: &[f32], b: &[f32]| -> f64 {
		a.iter().zip(b).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum()
	};
	let scale = (dot(a, a) * dot(b, b)).sqrt();
	(scale > 0.0).then(|| dot(a, b) / scale)
}

#[cfg(test)]
mod tests {
	use super::{Judgements, Measure};
	use crate::{error::Result, model::Model, state::State};
	use candle_core::{Device, Tensor};

	/// Answers with the point of the unit circle at as many degrees as the text says.
	#[derive(Debug)]
	struct Circle(Vec<String>);

	impl Model for Circle {
		fn kind(&self) -> &'static str {
			"circle"
		}
		fn forward(&self, texts: &[String], _: &[Option<Tensor>]) -> Result<Tensor> {
			let points: Vec<f32> = texts
				.iter()
				.flat_map(|text| {
					let angle = text.trim_start_matches('w').parse::<f32>().unwrap_or(0.0);
					[angle.to_radians().cos(), angle.to_radians().sin()]
				})
				.collect();
			Ok(Tensor::from_vec(points, (texts.len(), 2), &Device::Cpu)?)
		}
		fn state(&self) -> Result<State> {
			unreachable!("it is not saved")
		}
		fn vocabulary(&self) -> &[String] {
			&self.0
		}
	}

	const PAIRS: &str =
		"# Word 1\tWord 2\tScore\nw0\tw10\t9\nw0 W40 5.5\n\nw0\tw80\t2\nw10\tw80\t3\n";

	#[test]
	fn ranks_that_agree_with_people_give_one_and_reversed_ones_minus_one() {
		let judgements = Judgements::parse_words(PAIRS).expect("pairs");
		assert_eq!((judgements.texts.len(), judgements.pairs.len()), (4, 4));
		let all = judgements.agreement(&Circle(Vec::new())).expect("measured");
		assert_eq!((all.correlation, all.known, all.pairs), (Some(1.0), 4, 4));
		let reversed = Judgements {
			pairs: judgements.pairs.iter().map(|&(a, b, score)| (a, b, -score)).collect(),
			..judgements
		};
		let reversed = reversed.agreement(&Circle(Vec::new())).expect("measured");
		assert_eq!(reversed.correlation, Some(-1.0));
	}

	#[test]
	fn pairs_of_unknown_words_are_left_out_and_counted() {
		let judgements = Judgements::parse_words(PAIRS).expect("pairs");
		let some = ["w0", "w10", "w80"].map(String::from).to_vec();
		let some = judgements.agreement(&Circle(some)).expect("measured");
		assert_eq!((some.known, some.pairs, some.correlation), (3, 4, Some(1.0)));
		let few = judgements.agreement(&Circle(vec!["w0".into()])).expect("measured");
		assert_eq!((few.known, few.correlation), (0, None));
	}

	#[test]
	fn documents_are_compared_by_value() {
		let table = "1 0.5 0\n0 1 0.5\n0 0 1\n";
		let judgements = Judgements::parse_documents("0\n60\n90\n", table).expect("a table");
		assert_eq!(judgements.pairs, [(0, 1, 0.5), (0, 2, 0.0), (1, 2, 0.5)]);
		assert_eq!(judgements.measure, Measure::Pearson);
		let known = judgements.agreement(&Circle(vec!["other".into()])).expect("measured");
		assert_eq!(known.known, 3);
		// cos 60° = 0.5, cos 90° = 0, cos 30° = 0.87.
		assert!((known.correlation.expect("three pairs") - 0.9).abs() < 0.08);
	}

	#[test]
	fn what_is_no_table_is_refused_with_its_line() {
		let error = |text: &str| Judgements::parse_words(text).expect_err("refused");
		assert_eq!(error("a b 1\na b\n"), "line 2 is not two words and a score");
		assert_eq!(error("a b high"), "line 1 has no score");
		assert_eq!(error("a b NaN"), "line 1 has no score");
		assert_eq!(error("# nothing\n"), "there is no pair in it");
		let error = |texts, table| Judgements::parse_documents(texts, table).expect_err("refused");
		assert_eq!(error("a\nb\n", "1 1\n"), "2 documents, but 1 lines of scores");
		assert_eq!(error("a\nb\n", "1 1\n1\n"), "line 2 has no 2 scores");
	}
}
