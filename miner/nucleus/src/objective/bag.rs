//! The next T words as a bag, by inner products with the vectors of words.
//!
//! ```text
//!   v_w = R · e_w        logits_w = b_w + y · v_w + Σ_j (β_j ⊙ z_j) · v̂_jw
//! ```
//! e is the encoder's table of words: encoder and decoder are tied by R, `[m, m]`, so passages and
//! words lie in one space, and what others teach about a word serves both. The sum over the inputs
//! is the work of [`Experts`]. b can start at the log-frequencies of the words, so that a fresh
//! component starts at the unigram baseline.
//!
//! An unknown word is no word: its vector is 0, its logit is b alone, and it has no weight as a
//! target.
//!
//! y · v_w is computed as (y · R) · e_w: two thin products instead of one of `[V, m]` by `[m, m]`.

use candle_core::Tensor;

use crate::{
	config::{Config, DIM},
	corpus::Batch,
	dropout::Dropout,
	error::{NucleusError, Result},
	joiner::{Centred, Joined},
	learning::{Gradient, Values},
	objective::{
		experts::Experts,
		loss::{negative_log_likelihood, Loss},
		Decoded, ExampleLoss, Objective, Targets, WordWeights,
	},
	parameters::{Builder, Handle, Part},
	perplexity::Unigram,
	state::State,
	tensors,
	tokenizer::{Tokenizer, UNKNOWN_ID},
};

/// Deviation of the entries of a fresh R, times √m.
const TIE: f64 = 0.1;

/// R `[m, m]`, bias b `[1, V]`, and the experts.
#[derive(Debug)]
pub struct Bag {
	words: Handle,
	tie: Handle,
	bias: Handle,
	experts: Experts,
	weights: WordWeights,
	vocabulary: Vec<String>,
	horizon: usize,
}

impl Bag {
	/// Takes its parameters from `builder`; `words` is the table e, `[V, m]`, of this tokenizer's
	/// words.
	///
	/// # Errors
	/// Those of [`Builder::dense`].
	pub fn load(
		config: &Config,
		tokenizer: &Tokenizer,
		words: Handle,
		builder: &mut Builder,
	) -> Result<Self> {
		let vocab = tokenizer.size();
		let deviation = TIE / (DIM as f64).sqrt();
		let word = |id| tokenizer.word(id).unwrap_or_default();
		Ok(Self {
			words,
			tie: builder.dense("words.tie", &[DIM, DIM], deviation, Part::Function)?,
			bias: builder.dense("decoder.bias", &[1, vocab], 0.0, Part::Decoder)?,
			experts: Experts::load(config, vocab, builder)?,
			weights: WordWeights::new(config.subsample, vocab, None),
			vocabulary: (0..vocab as u32).map(word).collect(),
			horizon: config.horizon,
		})
	}

	/// Sets b to the log-frequencies of the words.
	///
	/// # Errors
	/// [`NucleusError::Shape`] if the frequencies are those of another vocabulary.
	pub fn start_at(&self, prior: &Unigram) -> Result<()> {
		self.check(prior)?;
		self.bias.update(|bias| {
			for (id, x) in (0..).zip(bias.iter_mut()) {
				*x = prior.log_probability(id) as f32;
			}
		})
	}

	/// Weights targets by these frequencies (`subsample` of the settings).
	///
	/// # Errors
	/// As [`Bag::start_at`].
	pub fn weight_by(&mut self, config: &Config, frequencies: &Unigram) -> Result<()> {
		self.check(frequencies)?;
		let vocab = self.vocabulary.len();
		self.weights = WordWeights::new(config.subsample, vocab, Some(frequencies));
		Ok(())
	}

	fn check(&self, frequencies: &Unigram) -> Result<()> {
		match frequencies.vocab() == self.vocabulary.len() {
			true => Ok(()),
			false => Err(NucleusError::Shape {
				what: "word frequencies".into(),
				expected: vec![self.vocabulary.len()],
				found: vec![frequencies.vocab()],
			}),
		}
	}

	/// Losses from q = y · R and the term of the inputs.
	fn loss(
		&self,
		q: &Tensor,
		others: Option<&Tensor>,
		targets: &Targets,
		all: bool,
	) -> Result<Loss> {
		let own = q.matmul(&self.words.value().t()?)?;
		let logits = match others {
			Some(others) => (own + others)?,
			None => own,
		};
		negative_log_likelihood(&logits, self.bias.tensor(), targets, all)
	}
}

impl Objective for Bag {
	fn targets(&self, batch: &Batch) -> Result<Targets> {
		self.weights.targets(batch, self.horizon)
	}

	fn losses(&self, joined: &Joined, targets: &Targets) -> Result<Vec<ExampleLoss>> {
		self.losses_beside(&joined.y, self.experts.logits(&joined.z)?.as_ref(), targets)
	}

	fn losses_beside(
		&self,
		y: &Tensor,
		others: Option<&Tensor>,
		targets: &Targets,
	) -> Result<Vec<ExampleLoss>> {
		let q = y.detach().matmul(&self.tie.value())?;
		Ok(self.loss(&q, others, targets, false)?.examples)
	}

	fn logits(&self, joined: &Joined) -> Result<(Tensor, Tensor)> {
		let q = joined.y.detach().matmul(&self.tie.value())?;
		let own = q.matmul(&self.words.value().t()?)?;
		let logits = match self.experts.logits(&joined.z)? {
			Some(others) => (own + others)?,
			None => own,
		};
		Ok((logits, self.bias.value()))
	}

	fn losses_from(
		&self,
		logits: &Tensor,
		bias: &Tensor,
		targets: &Targets,
	) -> Result<Vec<ExampleLoss>> {
		Ok(negative_log_likelihood(logits, bias, targets, false)?.examples)
	}

	fn others_without(
		&self,
		others: Option<&Tensor>,
		z: &Centred,
		removed: &[usize],
	) -> Result<Option<Tensor>> {
		let Some(others) = others else { return Ok(None) };
		let mut left = others.clone();
		for &input in removed {
			if let Some(term) = self.experts.term(input, z)? {
				left = (left - term)?;
			}
		}
		Ok(Some(left))
	}

	fn forward(
		&self,
		joined: &Joined,
		targets: &Targets,
		dropout: Option<&mut Dropout>,
	) -> Result<Decoded> {
		let y = match dropout {
			Some(dropout) => dropout.entries(&joined.y)?,
			None => joined.y.clone(),
		};
		let q = y.matmul(self.tie.tensor())?;
		let constant = q.detach();
		let others = self.experts.logits(&joined.z)?;
		let loss = self.loss(&constant, others.as_ref(), targets, true)?;
		let Some(g) = loss.gradient else {
			return Err(NucleusError::NotFinite("loss".into()));
		};
		let words = self.words.value();
		// Below q the graph takes over: the gradient of Σ q ⊙ ∂q is ∂q at q.
		let mut root = (q * g.matmul(&words)?)?.sum_all()?;
		let mut inputs = None;
		if let Some((of_inputs, products)) = self.experts.root(&joined.z, &g)? {
			root = (root + of_inputs)?;
			inputs = Some(products);
		}
		let Loss { examples: losses, bias, .. } = loss;
		Ok(Decoded { losses, root, bias, own: constant, logits: g, others, inputs })
	}

	fn gradient(&self, decoded: &Decoded) -> Result<Gradient> {
		let mut gradient = Gradient::default();
		let of_words = tensors::to_vec(&decoded.logits.t()?.matmul(&decoded.own)?)?;
		gradient.add(&self.words, Values::Dense(of_words));
		gradient.add(&self.bias, Values::Dense(decoded.bias.clone()));
		Ok(gradient)
	}

	fn products(&self, z: &Centred, decoded: &Decoded) -> Result<Vec<Option<Vec<f64>>>> {
		match &decoded.inputs {
			Some(inputs) => self.experts.products(z, inputs),
			None => Ok(vec![None; z.downstream.len()]),
		}
	}

	fn observe(&mut self, joined: &Joined) -> Result<()> {
		self.experts.observe(&joined.z)
	}

	fn keep_errors(&mut self, joined: &Joined, decoded: &Decoded) -> Result<()> {
		self.experts.keep_errors(&joined.z, &decoded.logits)
	}

	fn vocabulary(&self) -> &[String] {
		&self.vocabulary
	}

	fn words(&self, ids: &[u32]) -> Result<Tensor> {
		let table = self.words.value();
		let rows = Tensor::from_vec(ids.to_vec(), ids.len(), table.device())?;
		let v = table.index_select(&rows, 0)?.matmul(&self.tie.value().t()?)?;
		if !ids.contains(&UNKNOWN_ID) {
			return Ok(v);
		}
		let mut v = tensors::to_vec(&v)?;
		for (v, _) in v.chunks_exact_mut(DIM).zip(ids).filter(|(_, id)| **id == UNKNOWN_ID) {
			v.fill(0.0);
		}
		tensors::from_rows(v, table.device())
	}

	/// ∂e_w = ∂v_w · R, ∂R = Σ_w ∂v_w ⊗ e_w.
	fn words_backward(&self, ids: &[u32], error: &[f32]) -> Result<Gradient> {
		let (table, tie) = (self.words.value(), self.tie.value());
		let error = tensors::from_rows(error.to_vec(), table.device())?;
		let rows = Tensor::from_vec(ids.to_vec(), ids.len(), table.device())?;
		let of_tie = error.t()?.matmul(&table.index_select(&rows, 0)?)?;
		let of_words = tensors::to_vec(&error.matmul(&tie)?)?;
		let rows = ids.iter().zip(of_words.chunks_exact(DIM)).map(|(id, row)| (*id, 1.0, row));
		let mut gradient = Gradient::default();
		gradient.add(&self.words, Values::from_rows(DIM, rows.collect()));
		gradient.add(&self.tie, Values::Dense(tensors::to_vec(&of_tie)?));
		Ok(gradient)
	}

	fn set_words(&mut self, input: usize, words: Option<&Tensor>) -> Result<()> {
		self.experts.set_words(input, words)
	}

	fn take_word_errors(&mut self, input: usize) -> Result<Option<Tensor>> {
		self.experts.take_errors(input)
	}

	fn connect(&mut self, input: usize) -> Result<Vec<usize>> {
		self.experts.connect(input)
	}

	fn save(&self, state: &mut State) -> Result<()> {
		let weights = self.weights.values();
		state.put_tensor("decoder.weights".into(), &[weights.len()], weights.to_vec());
		self.experts.save(state)
	}

	fn load(&mut self, state: &State) -> Result<()> {
		let weights = state.tensor("decoder.weights", &[self.vocabulary.len()])?;
		self.weights = WordWeights::from_saved(weights.to_vec());
		self.experts.load_state(state)
	}
}
