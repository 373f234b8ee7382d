//! The words to predict, and how much each of them counts.

use crate::{
	corpus::Batch,
	error::{NucleusError, Result},
	perplexity::Unigram,
	tokenizer::UNKNOWN_ID,
};

/// Weight of each word of a vocabulary as a target.
///
/// ```text
///   weight_w = min(1, √(t / f_w))        t = `subsample`; 1 for all words if it is 0
/// ```
/// as word2vec's subsampling. An unknown word has weight 0.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct WordWeights(Vec<f32>);

impl WordWeights {
	/// All words count the same if there are no frequencies or `subsample` is 0.
	pub(crate) fn new(subsample: f64, vocab: usize, frequencies: Option<&Unigram>) -> Self {
		let weight = |id: u32| match frequencies {
			_ if id == UNKNOWN_ID => 0.0,
			Some(all) if subsample > 0.0 => {
				(subsample.sqrt() * (-0.5 * all.log_probability(id)).exp()).min(1.0) as f32
			}
			_ => 1.0,
		};
		Self((0..vocab as u32).map(weight).collect())
	}

	pub(crate) fn from_saved(weights: Vec<f32>) -> Self {
		Self(weights)
	}

	pub(crate) fn values(&self) -> &[f32] {
		&self.0
	}

	/// The targets of a batch, `horizon` of each example.
	pub(crate) fn targets(&self, batch: &Batch, horizon: usize) -> Result<Targets> {
		let fits =
			|t: &Vec<u32>| t.len() == horizon && t.iter().all(|&id| (id as usize) < self.0.len());
		if batch.texts.is_empty() {
			return Err(NucleusError::EmptyBatch);
		}
		if batch.targets.len() != batch.texts.len() || !batch.targets.iter().all(fits) {
			return Err(NucleusError::Shape {
				what: "targets (ids of the vocabulary)".into(),
				expected: vec![batch.texts.len(), horizon],
				found: vec![batch.targets.len(), batch.targets.first().map_or(0, Vec::len)],
			});
		}
		let ids = batch.targets.concat();
		let weights = ids.iter().map(|&id| self.0[id as usize]).collect();
		Ok(Targets { ids, weights, horizon })
	}
}

/// The targets of B examples.
#[derive(Clone, Debug, PartialEq)]
pub struct Targets {
	/// `[B · T]`.
	ids: Vec<u32>,
	/// Of each id.
	weights: Vec<f32>,
	horizon: usize,
}

impl Targets {
	/// B.
	pub fn rows(&self) -> usize {
		self.ids.len() / self.horizon.max(1)
	}

	/// Ids and weights of each example.
	pub fn examples(&self) -> impl Iterator<Item = (&[u32], &[f32])> {
		self.ids.chunks_exact(self.horizon).zip(self.weights.chunks_exact(self.horizon))
	}

	/// Sum of all weights, but never 0: the number of targets that count.
	pub fn weight(&self) -> f64 {
		self.weights.iter().map(|w| f64::from(*w)).sum::<f64>().max(1e-9)
	}
}
