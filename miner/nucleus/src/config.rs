//! Settings of a component. The defaults suit one slow core.

use serde::{Deserialize, Serialize};

use crate::{
	attribution::row::MOST_EXPLORING,
	error::{NucleusError, Result},
};

/// Length m of every vector between components.
pub const DIM: usize = 128;

/// [`DropoutConfig::network`] of a miner, unless it is told another one.
pub const NETWORK_DROPOUT: f64 = 0.4;
/// [`Config::averaging`] of a miner, unless it is told another one.
pub const AVERAGING: f64 = 0.99;

/// Settings of a trainable component. They are part of its checkpoint: a component is resumed with
/// the settings it was made with, except those of [`Config::adopt`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
	/// Maximum size of the vocabulary, `[UNK]` included.
	pub vocab: usize,
	/// Width of the joiner's hidden layer.
	pub hidden: usize,
	/// Number of inputs: downstream components that can be connected at a time.
	pub inputs: usize,
	/// Tokens of text in one training example (x).
	pub context: usize,
	/// Tokens after x to predict, as a bag (T').
	pub horizon: usize,
	/// Maximum tokens read of a text: the last ones.
	pub max_tokens: usize,
	/// Examples in one training step.
	pub batch: usize,
	/// The optimizer that turns the gradients of a source into its direction.
	pub optimizer: OptimizerKind,
	/// Learning rate after the warm-up.
	pub learning_rate: f64,
	/// Decay of every stepped weight per step, as a part of the learning rate (AdamW; biases do
	/// not decay). Without it a component learns a few documents by heart within a thousand steps.
	pub weight_decay: f64,
	/// The part of a running average of the parameters that each step leaves: losses and scores are
	/// those of the averages. 0 = of the parameters as they are.
	pub averaging: f64,
	/// Steps over which the learning rate rises linearly to its value.
	pub warm_up: u64,
	/// Steps over which the learning rate of steps on Grads alone rises: the first gradients of a
	/// new upstream carry little information.
	pub upstream_warm_up: u64,
	/// A gradient longer than this many times the running norm of its source is shortened to it.
	pub clip: f64,
	/// Maximum upstreams whose gradients and moments are held; higher bids replace lower ones.
	pub max_sources: usize,
	/// A Grad for parameters more than this many versions old is dropped.
	pub max_lag: u64,
	/// Decay of the running mean and scale of each input, per batch.
	pub input_decay: f64,
	/// t of the weight of a target word, min(1, √(t / frequency)); 0 weights all words alike.
	pub subsample: f64,
	/// Whether inputs reach y, as features; if not, they are experts only.
	pub features: bool,
	/// How fast adaptors of inputs learn, relative to other parameters.
	pub feature_rate: f64,
	/// What training steps leave out at random.
	pub dropout: DropoutConfig,
	/// How steps on Grads are watched.
	pub canary: CanaryConfig,
	/// How attribution is measured.
	pub attribution: AttributionConfig,
	/// Seed of everything random.
	pub seed: u64,
}

/// What training steps leave out at random: probabilities.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DropoutConfig {
	/// Entries of the joiner's inputs, and of y before the decoder.
	pub entries: f64,
	/// Tokens of the own text.
	pub words: f64,
	/// Each downstream input, in each example.
	pub inputs: f64,
	/// Each downstream input as a feature, in each example.
	pub features: f64,
	/// All downstream inputs together, in each example: they may be away, and what a component knows by
	/// itself is measured without them. Less teaches a component more of inputs that know other text than
	/// it does; inputs that know its own text by heart then harm it.
	pub network: f64,
}

/// How steps on Grads are watched by the own loss on text that is not trained on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CanaryConfig {
	/// Steps between two checks (0 = never).
	pub every: u64,
	/// Rise of the loss since the best check, in nats per weighted token, at which steps on Grads are
	/// taken back.
	pub bound: f64,
	/// Steps for which a sender that spoiled the loss is not heard.
	pub suspension: u64,
}

/// Settings of attribution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AttributionConfig {
	/// Decay of the running mean and variance of each score, per batch (at least 0.95, so that
	/// a score is the mean of forty batches or more).
	pub decay: f64,
	/// Training steps between two scored batches, which the component does not train on.
	pub score_every: u64,
	/// Texts of a scored batch.
	pub batch: usize,
	/// Bids for all inputs together that are worth no other bid so far, out of 65,536: without one, a
	/// component that could become useful is never served, and nobody finds out.
	pub exploring: u16,
	/// Scored batches after which such an input has no exploring bid any more. From the time when its
	/// score counts as proven, the bid halves with every further `min_batches`.
	pub explore_batches: u64,
	/// Scored batches before a score counts as proven.
	pub min_batches: u64,
	/// Standard errors between a score's mean and its lower bound.
	pub z: f64,
	/// Scored batches between two audits, each of which ablates one input (0 = never).
	pub audit_every: u64,
	/// Inputs at least this similar are scored as one group (1 = only exact copies).
	pub duplicate_threshold: f64,
	/// Scored batches between two measurements of similarity.
	pub duplicate_every: u64,
}

/// The optimizer that turns the gradients of a source into its direction.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OptimizerKind {
	/// Adam (Kingma and Ba 2014), β = (0.9, 0.999), each entry of a direction within ±1. Rows of
	/// tables without a gradient are not stepped.
	Adam,
	/// Stochastic gradient descent along a running mean of the gradients. Each source's gradients
	/// are measured in units of their usual length, and its direction is as long as the own
	/// gradient usually is.
	Sgd {
		/// Decay of the running mean; 0 is plain descent.
		momentum: f64,
	},
}

impl Default for Config {
	fn default() -> Self {
		Self {
			vocab: 2_048,
			hidden: 128,
			inputs: 8,
			context: 32,
			horizon: 16,
			max_tokens: 64,
			batch: 32,
			optimizer: OptimizerKind::Adam,
			learning_rate: 1e-3,
			weight_decay: 2.0,
			averaging: 0.0,
			warm_up: 20,
			upstream_warm_up: 300,
			clip: 3.0,
			max_sources: 16,
			max_lag: 64,
			input_decay: 0.98,
			subsample: 1e-3,
			features: true,
			feature_rate: 0.2,
			dropout: DropoutConfig::default(),
			canary: CanaryConfig::default(),
			attribution: AttributionConfig::default(),
			seed: 0,
		}
	}
}

impl Default for DropoutConfig {
	fn default() -> Self {
		Self { entries: 0.3, words: 0.3, inputs: 0.1, features: 0.0, network: NETWORK_DROPOUT }
	}
}

impl Default for CanaryConfig {
	fn default() -> Self {
		Self { every: 50, bound: 0.1, suspension: 1_000 }
	}
}

impl Default for AttributionConfig {
	fn default() -> Self {
		Self {
			decay: 0.96,
			score_every: 16,
			batch: 16,
			exploring: 328,
			explore_batches: 128,
			min_batches: 24,
			z: 1.0,
			audit_every: 1,
			duplicate_threshold: 0.97,
			duplicate_every: 2,
		}
	}
}

impl Config {
	/// Checks every setting against its range.
	///
	/// # Errors
	/// [`NucleusError::Config`] names the first setting that is out of range.
	pub fn validate(&self) -> Result<()> {
		let check = |ok: bool, name, reason: &str| {
			if ok {
				Ok(())
			} else {
				Err(NucleusError::Config { name, reason: reason.into() })
			}
		};
		check((2..=65_536).contains(&self.vocab), "vocab", "must lie in 2..=65536")?;
		check((1..=4_096).contains(&self.hidden), "hidden", "must lie in 1..=4096")?;
		check(self.inputs <= 64, "inputs", "must be at most 64, the most edges of a row")?;
		check((2..=256).contains(&self.context), "context", "must lie in 2..=256")?;
		check((1..=16).contains(&self.horizon), "horizon", "must lie in 1..=16")?;
		check(
			(self.context..=1_024).contains(&self.max_tokens),
			"max_tokens",
			"must lie between `context` and 1024",
		)?;
		check((1..=1_024).contains(&self.batch), "batch", "must lie in 1..=1024")?;
		check(
			self.learning_rate > 0.0 && self.learning_rate <= 1.0,
			"learning_rate",
			"must lie in (0, 1]",
		)?;
		check((0.0..=100.0).contains(&self.weight_decay), "weight_decay", "must lie in 0..=100")?;
		check((0.0..1.0).contains(&self.averaging), "averaging", "must lie in 0..1")?;
		check(self.clip > 0.0, "clip", "must be above 0")?;
		check((1..=256).contains(&self.max_sources), "max_sources", "must lie in 1..=256")?;
		check((0.0..1.0).contains(&self.input_decay), "input_decay", "must lie in 0..1")?;
		check((0.0..1.0).contains(&self.subsample), "subsample", "must lie in 0..1")?;
		let rate = self.feature_rate;
		check(rate > 0.0 && rate <= 1.0, "feature_rate", "must lie in (0, 1]")?;
		let d = &self.dropout;
		for (rate, name) in [
			(d.entries, "dropout.entries"),
			(d.words, "dropout.words"),
			(d.inputs, "dropout.inputs"),
			(d.features, "dropout.features"),
			(d.network, "dropout.network"),
		] {
			check((0.0..=0.9).contains(&rate), name, "must lie in 0..=0.9")?;
		}
		let bound = self.canary.bound;
		check(bound > 0.0 && bound.is_finite(), "canary.bound", "must be above 0")?;
		if let OptimizerKind::Sgd { momentum } = self.optimizer {
			check((0.0..1.0).contains(&momentum), "optimizer", "momentum must lie in 0..1")?;
		}
		let a = &self.attribution;
		check((0.95..1.0).contains(&a.decay), "attribution.decay", "must lie in 0.95..1")?;
		check(a.score_every > 0, "attribution.score_every", "must be at least 1")?;
		check(
			u32::from(a.exploring) <= MOST_EXPLORING,
			"attribution.exploring",
			"must be at most 4096, a sixteenth of a row",
		)?;
		// One example has no other to hold the null input's vector of.
		check(a.batch > 1, "attribution.batch", "must be at least 2")?;
		check(a.min_batches >= 16, "attribution.min_batches", "must be at least 16")?;
		check(a.z >= 0.0 && a.z.is_finite(), "attribution.z", "must not be negative")?;
		check(
			a.duplicate_threshold > 0.0 && a.duplicate_threshold <= 1.0,
			"attribution.duplicate_threshold",
			"must lie in (0, 1]",
		)?;
		check(a.duplicate_every > 0, "attribution.duplicate_every", "must be at least 1")
	}

	/// Adopts the settings that may change between runs of the same component: all but the shapes
	/// of its parameters, what it predicts, its optimizer and its seed.
	pub fn adopt(&mut self, other: &Config) {
		let shape = self.clone();
		*self = Config {
			vocab: shape.vocab,
			hidden: shape.hidden,
			inputs: shape.inputs,
			context: shape.context,
			horizon: shape.horizon,
			subsample: shape.subsample,
			features: shape.features,
			feature_rate: shape.feature_rate,
			optimizer: shape.optimizer,
			seed: shape.seed,
			..other.clone()
		};
	}
}
