//! The trainable component.
//!
//! ```text
//!   x ─► encoder ─► e ─► z_0 ─┐
//!   d_1 ──────────────► z_1 ──┼─► joiner ─► y ─► decoder ─► −log P(T'|y)
//!   d_n ──────────────► z_n ──┤            │
//!   shuffled z ───────► null ─┘            └─► served to others
//! ```
//! Invariants: no gradient flows through a slot's mean and scale; the null slot takes part in
//! training only; a step that is not finite is not made; equal settings, documents and answers
//! give equal parameters, also over a checkpoint in between.

use std::sync::Arc;

use candle_core::{Device, Tensor, Var};
use rand::Rng;
use rand_chacha::{rand_core::SeedableRng, ChaCha8Rng};
use serde::{Deserialize, Serialize};

use crate::{
	attribution::{
		ablation::Audit,
		duplicates::{signature, Similarity},
		fisher, Attribution, Moments, Row, SlotScore,
	},
	config::{Config, DIM},
	corpus::{Batch, Example},
	decoder::Decoder,
	encoder::{Cbow, Tokens},
	error::{NucleusError, Result},
	joiner::{Centred, Joiner},
	learning::{
		accumulate::{Source, Sources},
		combine,
		guard::{staleness, Guard},
		Bid, Gradient, Optimizer, Values,
	},
	parameters::{
		adaptor_deviation, adaptor_name, encoder_deviation, normal, Parameter, Parameters, Part,
	},
	perplexity::{Perplexity, Unigram},
	serve::{Function, Serve, SlotTable, Snapshot},
	slots::Slot,
	tensors,
	tokenizer::Tokenizer,
};

/// Examples that are evaluated together.
const CHUNK: usize = 64;

/// What one training step did.
#[derive(Clone, Debug)]
pub struct StepReport {
	/// Steps made so far, this one included.
	pub step: u64,
	/// Mean NLL in nats per token, before the step.
	pub loss: f64,
	/// ΔL of this batch per slot; `None` for slots that were missing.
	pub scores: Vec<Option<f64>>,
	/// ΔL of the own encoder in this batch.
	pub own_score: f64,
	/// ΔL of the null slot in this batch.
	pub null_score: f64,
	/// ∂L/∂d per slot, `[B, m]`, row x for example x: what to send downstream as a Grad.
	pub errors: Vec<Option<Tensor>>,
	/// Slots whose vectors had a wrong shape or numbers that are not finite: used as missing.
	pub refused: Vec<usize>,
	/// Length of the own gradient of f.
	pub gradient_norm: f64,
	/// Upstreams whose gradients took part.
	pub sources: usize,
	/// `false` if the combined gradient was not finite, so that no step was made.
	pub stepped: bool,
}

/// What became of a Grad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
	/// It takes part in the next step.
	Accepted,
	/// The sender bids nothing: it has no effect.
	NoBid,
	/// It is about parameters that are too old.
	Stale,
	/// Others bid more, and there is no room.
	Outbid,
	/// It is 0, or far fainter than what the sender usually sends.
	Faint,
}

/// What became of a Grad, and what to send on.
#[derive(Clone, Debug)]
pub struct GradReport {
	/// What became of it.
	pub verdict: Verdict,
	/// Its weight in eq. 12 before normalisation; 0 unless accepted.
	pub weight: f64,
	/// ∂L/∂d per slot, `[B, m]`; all `None` unless accepted.
	pub errors: Vec<Option<Tensor>>,
}

/// The scores of a component, as they are kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Scores {
	pub(crate) own: Moments,
	pub(crate) slots: Vec<Moments>,
	pub(crate) null: Moments,
	pub(crate) similarity: Similarity,
	pub(crate) audit: Audit,
	/// Slot that is audited next.
	pub(crate) next_audit: usize,
}

/// A trainable component: CBOW encoder, slots, joiner, decoder, and all that it knows about the
/// components it uses.
#[derive(Debug)]
pub struct Component {
	pub(crate) config: Config,
	pub(crate) tokenizer: Arc<Tokenizer>,
	pub(crate) device: Device,
	pub(crate) parameters: Parameters,
	function: Function,
	decoder: Decoder,
	pub(crate) slots: SlotTable,
	pub(crate) scores: Scores,
	pub(crate) sources: Sources,
	pub(crate) optimizer: Optimizer,
	pub(crate) guard: Guard,
	/// Training steps on the own loss.
	pub(crate) step: u64,
	/// Changes of the parameters.
	pub(crate) version: u64,
	/// How often each slot was connected anew.
	pub(crate) connections: Vec<u64>,
}

/// A forward and backward pass over one batch.
struct Pass {
	/// Loss of each example.
	losses: Vec<f32>,
	z: Centred,
	/// g and z of the own encoder, and of the null slot.
	own: (Vec<f32>, Vec<f32>),
	null: Option<(Vec<f32>, Vec<f32>)>,
	/// g and z of each downstream slot that is present.
	slots: Vec<Option<(Vec<f32>, Vec<f32>)>>,
	/// Gradient of the mean loss per token, all parameters.
	gradient: Gradient,
}

impl Component {
	/// A fresh component. `prior` sets the decoder's bias to word frequencies, so that training
	/// starts at the unigram baseline instead of at the uniform distribution.
	///
	/// # Errors
	/// [`NucleusError::Config`] for settings out of range.
	pub fn new(
		config: Config,
		tokenizer: Arc<Tokenizer>,
		prior: Option<&Unigram>,
		device: &Device,
	) -> Result<Self> {
		config.validate()?;
		let parameters = Parameters::new(&config, tokenizer.size(), device)?;
		let component = Self::assemble(config, tokenizer, parameters, device)?;
		if let Some(prior) = prior {
			let (vocab, size) = (prior.vocab(), component.tokenizer.size());
			if vocab != size {
				return Err(NucleusError::Shape {
					what: "word frequencies".into(),
					expected: vec![size],
					found: vec![vocab],
				});
			}
			if let Some(bias) = component.parameters.index("decoder.bias") {
				tensors::update(&component.parameters.list[bias].var, |bias| {
					for (id, x) in bias.iter_mut().enumerate() {
						*x = prior.log_probability(id as u32) as f32;
					}
				})?;
			}
		}
		Ok(component)
	}

	pub(crate) fn assemble(
		config: Config,
		tokenizer: Arc<Tokenizer>,
		parameters: Parameters,
		device: &Device,
	) -> Result<Self> {
		let slots = config.slots;
		Ok(Self {
			function: Function {
				encoder: Cbow::new(&parameters)?,
				joiner: Joiner::new(&parameters, &config)?,
			},
			decoder: Decoder::new(&parameters, &config)?,
			slots: SlotTable::new(slots, Slot::around_zero(encoder_deviation(), config.slot_decay)),
			scores: Scores {
				own: Moments::default(),
				slots: vec![Moments::default(); slots],
				null: Moments::default(),
				similarity: Similarity::new(slots),
				audit: Audit::default(),
				next_audit: 0,
			},
			sources: Sources::default(),
			optimizer: Optimizer::new(config.optimizer, &parameters),
			guard: Guard::default(),
			step: 0,
			version: 0,
			connections: vec![0; slots],
			config,
			tokenizer,
			device: device.clone(),
			parameters,
		})
	}

	/// Its settings.
	pub fn config(&self) -> &Config {
		&self.config
	}

	/// Its tokenizer.
	pub fn tokenizer(&self) -> &Arc<Tokenizer> {
		&self.tokenizer
	}

	/// Its parameters, in a fixed order.
	pub fn parameters(&self) -> &[Parameter] {
		&self.parameters.list
	}

	/// Training steps made on the own loss.
	pub fn steps(&self) -> u64 {
		self.step
	}

	/// Takes over the settings that may change between runs.
	///
	/// # Errors
	/// [`NucleusError::Config`] for settings out of range; then nothing changes.
	pub fn configure(&mut self, config: &Config) -> Result<()> {
		let mut adopted = self.config.clone();
		adopted.adopt(config);
		adopted.validate()?;
		self.config = adopted;
		Ok(())
	}

	/// Prepares a slot for another downstream component: fresh adaptor, statistics and scores.
	///
	/// # Errors
	/// [`NucleusError::NoSuchSlot`].
	pub fn connect(&mut self, slot: usize) -> Result<()> {
		if slot >= self.config.slots {
			return Err(NucleusError::NoSuchSlot { slot, slots: self.config.slots });
		}
		self.slots.downstream[slot] = Slot::default();
		self.scores.slots[slot] = Moments::default();
		self.scores.similarity.forget(slot);
		self.scores.audit.forget(slot);
		self.connections[slot] += 1;
		if let Some(index) = self.parameters.index(&adaptor_name(slot)) {
			let mut rng = ChaCha8Rng::seed_from_u64(self.config.seed ^ slot as u64);
			rng.set_stream(self.connections[slot]);
			tensors::update(&self.parameters.list[index].var, |x| {
				x.copy_from_slice(&normal(&mut rng, x.len(), adaptor_deviation()));
			})?;
			self.optimizer.forget(index);
		}
		self.version += 1;
		Ok(())
	}

	/// An unchanging copy to serve from while this one trains: copies the parameters of f, a few
	/// megabytes.
	///
	/// # Errors
	/// [`NucleusError::Tensor`] if memory cannot be had.
	pub fn snapshot(&self) -> Result<Snapshot> {
		Ok(Snapshot {
			function: Function {
				encoder: self.function.encoder.snapshot()?,
				joiner: self.function.joiner.snapshot()?,
			},
			tokenizer: self.tokenizer.clone(),
			slots: self.slots.clone(),
			max_tokens: self.config.max_tokens,
			version: self.version,
			device: self.device.clone(),
		})
	}

	/// One step on a batch: own loss, attribution, and the gradients of upstreams that came since
	/// the last step. `d` as in [`Serve::forward`].
	///
	/// # Errors
	/// [`NucleusError::EmptyBatch`], [`NucleusError::Shape`] for targets that do not fit, or
	/// [`NucleusError::NoSuchSlot`]. Nothing has changed then. Bad vectors in `d` are no error:
	/// see [`StepReport::refused`].
	pub fn train_step(&mut self, batch: &Batch, d: &[Option<Tensor>]) -> Result<StepReport> {
		let targets = self.check_targets(batch)?;
		let (raw, refused) = self.slots.inputs(d, batch.texts.len())?;
		let tokens = self.read(&batch.texts)?;
		let e = self.function.encoder.forward(&tokens)?;
		self.observe(&e, &raw)?;
		let mut pass = self.pass(&tokens, &e, &targets, &raw)?;
		let rows = batch.texts.len();
		let tokens = (rows * self.config.horizon) as f64;
		let loss = pass.losses.iter().map(|x| f64::from(*x)).sum::<f64>() / tokens;
		let (own_score, scores, null_score) = self.score(&pass, &targets, loss)?;

		let mut errors = Vec::with_capacity(self.config.slots);
		for (slot, present) in self.slots.downstream.iter().zip(&pass.slots) {
			errors.push(match present {
				Some((g, z)) => Some(tensors::from_rows(slot.error(g, z), &self.device)?),
				None => None,
			});
		}

		let own = self.split(&mut pass.gradient);
		let gradient_norm = own.norm();
		self.guard.observe(gradient_norm);
		let sources = self.sources.take();
		let mut step = self.combined(Some(&own), &sources);
		let mut stepped = self.guard.clip(&mut step, self.config.clip);
		// What is left in `pass.gradient` is the decoder's: the own loss has it to itself.
		stepped &= pass.gradient.is_finite();
		if stepped {
			merge(&mut step, pass.gradient);
			self.apply(&step, 1.0, self.config.warm_up)?;
		}
		self.step += 1;
		Ok(StepReport {
			step: self.step,
			loss,
			scores,
			own_score,
			null_score,
			errors,
			refused,
			gradient_norm,
			sources: sources.len(),
			stepped,
		})
	}

	/// One step on the gradients of upstreams alone, for a component whose own loss rests.
	/// `false` if there were none to use.
	///
	/// # Errors
	/// [`NucleusError::Tensor`] if an operation fails.
	pub fn upstream_step(&mut self) -> Result<bool> {
		let sources = self.sources.take();
		let mut step = self.combined(None, &sources);
		if step.norm() == 0.0 || !self.guard.clip(&mut step, self.config.clip) {
			return Ok(false);
		}
		self.apply(&step, self.config.upstream_rate, self.config.upstream_warm_up)?;
		Ok(true)
	}

	/// Takes in a Grad: `error` is ∂L/∂y of an upstream, `[B, m]`, for these texts and `d`;
	/// `version` is that of the parameters that answered it. The gradient waits for the next step.
	///
	/// # Errors
	/// [`NucleusError::EmptyBatch`], [`NucleusError::Shape`] or [`NucleusError::NotFinite`] for a
	/// bad message, [`NucleusError::NoSuchSlot`]. Nothing has changed then.
	pub fn accumulate_grad(
		&mut self,
		source: [u8; 32],
		bid: Bid,
		version: u64,
		texts: &[String],
		d: &[Option<Tensor>],
		error: &Tensor,
	) -> Result<GradReport> {
		let refuse = |verdict| {
			Ok(GradReport { verdict, weight: 0.0, errors: vec![None; self.config.slots] })
		};
		let weight = bid.weight(self.config.bid_weight);
		if weight == 0.0 {
			return refuse(Verdict::NoBid);
		}
		let scale = staleness(self.version.saturating_sub(version), self.config.max_lag);
		if scale == 0.0 {
			return refuse(Verdict::Stale);
		}
		if !self.sources.admits(&source, weight, self.config.max_sources) {
			return refuse(Verdict::Outbid);
		}
		let error = tensors::rows(error, texts.len(), "error ∂y of a Grad")?;
		let error = tensors::from_rows(error, &self.device)?;
		let (raw, _) = self.slots.inputs(d, texts.len())?;
		let tokens = self.read(texts)?;
		let e = self.function.encoder.forward(&tokens)?;
		let leaves = Leaves::new(&self.slots, &e, &raw, None, &self.device)?;
		let y = self.function.joiner.finish(&self.function.joiner.join(&leaves.centred())?)?;
		// The gradient of Σ y ⊙ ∂y is ∂y at y: the error goes on from there.
		let grads = (y * error)?.sum_all()?.backward()?;
		let mut gradient = self.gradient(&grads, &tokens, &leaves, 1.0)?;
		let gradient = self.split(&mut gradient);
		let limit = self.config.max_sources;
		if !self.sources.add(source, weight, &gradient, scale, limit) {
			return refuse(Verdict::Faint);
		}
		let mut errors = vec![None; self.config.slots];
		for (slot, leaf) in leaves.downstream.iter().enumerate() {
			if let Some((z, var)) = leaf {
				let g = leaf_gradient(&grads, var, z.len())?;
				let error = self.slots.downstream[slot].error(&g, z);
				errors[slot] = Some(tensors::from_rows(error, &self.device)?);
			}
		}
		Ok(GradReport { verdict: Verdict::Accepted, weight, errors })
	}

	/// Perplexity on held-out examples. `d` holds per slot the vectors for all N of them, `[N, m]`.
	///
	/// # Errors
	/// As [`Component::train_step`].
	pub fn evaluate(&self, examples: &[Example], d: &[Option<Tensor>]) -> Result<Perplexity> {
		let with = self.losses(examples, d)?;
		let without = self.losses(examples, &[])?;
		let tokens = (examples.len() * self.config.horizon).max(1) as f64;
		let mean = |losses: &[f32]| losses.iter().map(|x| f64::from(*x)).sum::<f64>() / tokens;
		Ok(Perplexity {
			with_network: mean(&with).exp(),
			without_network: mean(&without).exp(),
			tokens: tokens as u64,
		})
	}

	/// Loss of each example: −log P(T'|y), the sum over its tokens, in nats. `d` as in
	/// [`Component::evaluate`].
	///
	/// # Errors
	/// As [`Component::train_step`].
	pub fn losses(&self, examples: &[Example], d: &[Option<Tensor>]) -> Result<Vec<f32>> {
		let mut losses = Vec::with_capacity(examples.len());
		for (i, chunk) in examples.chunks(CHUNK).enumerate() {
			let batch = Batch::from_examples(chunk);
			let targets = self.check_targets(&batch)?;
			let mut part = Vec::with_capacity(d.len());
			for d in d {
				part.push(match d {
					Some(d) => Some(d.narrow(0, i * CHUNK, chunk.len())?.contiguous()?),
					None => None,
				});
			}
			let y = self.forward(&batch.texts, &part)?;
			losses.extend(self.decoder.losses(&self.decoder.heads(&y)?, &targets)?);
		}
		Ok(losses)
	}

	/// Gradient of the mean loss per token of a batch with respect to every parameter, in the order of
	/// [`Component::parameters`], with no step made; `d` as in [`Serve::forward`].
	///
	/// # Errors
	/// As [`Component::train_step`].
	pub fn own_gradient(&self, batch: &Batch, d: &[Option<Tensor>]) -> Result<Gradient> {
		let targets = self.check_targets(batch)?;
		let (raw, _) = self.slots.inputs(d, batch.texts.len())?;
		let tokens = self.read(&batch.texts)?;
		let e = self.function.encoder.forward(&tokens)?;
		Ok(self.pass(&tokens, &e, &targets, &raw)?.gradient)
	}

	/// g_x and z_x of each slot that is present, `[B, m]` row-major, without a step and without
	/// the null slot: what attribution is computed from.
	///
	/// # Errors
	/// As [`Component::train_step`].
	pub fn slot_gradients(
		&self,
		batch: &Batch,
		d: &[Option<Tensor>],
	) -> Result<Vec<Option<(Vec<f32>, Vec<f32>)>>> {
		let targets = self.check_targets(batch)?;
		let (raw, _) = self.slots.inputs(d, batch.texts.len())?;
		let e = self.function.encoder.forward(&self.read(&batch.texts)?)?;
		let leaves = Leaves::new(&self.slots, &e, &raw, None, &self.device)?;
		let h = self.function.joiner.join(&leaves.centred())?;
		let q = self.decoder.heads(&self.function.joiner.finish(&h)?)?;
		let decoded = self.decoder.decode(&q, &targets)?;
		leaves.gradients(&(q * decoded.heads)?.sum_all()?.backward()?)
	}

	/// The scores as they stand.
	pub fn attribution(&self) -> Attribution {
		let settings = &self.config.attribution;
		let scores = &self.scores;
		let floor = scores.null.upper(settings.z).max(0.0);
		let groups = scores.similarity.groups(settings.duplicate_threshold);
		let describe = |moments: &Moments, slot: Option<usize>| {
			let proven = moments.samples() >= settings.min_batches;
			let lower = moments.lower(settings.z);
			let bid = if proven { (lower - floor).max(0.0) } else { 0.0 };
			SlotScore {
				mean: moments.mean(),
				se: moments.standard_error(),
				lower,
				samples: moments.samples(),
				proven,
				bid: if bid.is_finite() { bid } else { 0.0 },
				audit: slot.and_then(|slot| scores.audit.mean(slot)).map(|(_, truth)| truth),
				group: slot.and_then(|slot| groups.iter().position(|g| g.contains(&slot))),
			}
		};
		Attribution {
			own: describe(&scores.own, None),
			slots: scores
				.slots
				.iter()
				.enumerate()
				.map(|(slot, m)| (m.samples() > 0).then(|| describe(m, Some(slot))))
				.collect(),
			null: describe(&scores.null, None),
			fidelity: scores.audit.fidelity(self.config.slots),
		}
	}

	/// The row to post.
	pub fn row(&self) -> Row {
		self.attribution().row()
	}

	/// Similarity of two slots' vectors, 1 for copies; `None` before both have answered.
	pub fn similarity(&self, a: usize, b: usize) -> Option<f64> {
		let slots = self.config.slots;
		(a < slots && b < slots && a != b).then(|| self.scores.similarity.of(a, b)).flatten()
	}

	fn read(&self, texts: &[String]) -> Result<Tokens> {
		Tokens::read(&self.tokenizer, texts, self.config.max_tokens, &self.device)
	}

	/// Targets of a batch in one list.
	fn check_targets(&self, batch: &Batch) -> Result<Vec<u32>> {
		let horizon = self.config.horizon;
		let vocab = self.tokenizer.size() as u32;
		let fits = |t: &Vec<u32>| t.len() == horizon && t.iter().all(|&id| id < vocab);
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
		Ok(batch.targets.concat())
	}

	/// Moves the slots' running means and scales.
	fn observe(&mut self, e: &Tensor, raw: &[Option<Vec<f32>>]) -> Result<()> {
		let decay = self.config.slot_decay;
		tensors::with_slice(e, |e| self.slots.own.observe(e, decay))?;
		for (slot, raw) in self.slots.downstream.iter_mut().zip(raw) {
			if let Some(raw) = raw {
				slot.observe(raw, decay);
			}
		}
		Ok(())
	}

	fn pass(
		&self,
		tokens: &Tokens,
		e: &Tensor,
		targets: &[u32],
		raw: &[Option<Vec<f32>>],
	) -> Result<Pass> {
		let leaves = Leaves::new(&self.slots, e, raw, Some(self.null_choice()), &self.device)?;
		let z = leaves.centred();
		let h = self.function.joiner.join(&z)?;
		let q = self.decoder.heads(&self.function.joiner.finish(&h)?)?;
		let decoded = self.decoder.decode(&q, targets)?;
		// Below q the graph takes over: the gradient of Σ q ⊙ ∂q is ∂q at q.
		let grads = (q * &decoded.heads)?.sum_all()?.backward()?;
		let scale = 1.0 / targets.len() as f32;
		let mut gradient = self.gradient(&grads, tokens, &leaves, scale)?;
		for (name, values) in [("decoder.words", &decoded.words), ("decoder.bias", &decoded.bias)] {
			if let Some(i) = self.parameters.index(name) {
				gradient.parts[i] = Some(scaled(values, scale)?);
			}
		}
		let with_gradient = |(z, var): &(Vec<f32>, Var)| -> Result<(Vec<f32>, Vec<f32>)> {
			Ok((leaf_gradient(&grads, var, z.len())?, z.clone()))
		};
		Ok(Pass {
			losses: decoded.losses,
			own: with_gradient(&leaves.own)?,
			null: leaves.null.as_ref().map(with_gradient).transpose()?,
			slots: leaves.gradients(&grads)?,
			gradient,
			z,
		})
	}

	/// Seeds this step's choice of what the null slot holds.
	fn null_choice(&self) -> ChaCha8Rng {
		let mut rng = ChaCha8Rng::seed_from_u64(self.config.seed.wrapping_add(1));
		rng.set_stream(self.step);
		rng
	}

	/// The gradients of f and of the heads, times `scale`. The encoder's come from the own slot by
	/// a backward pass of its own: between the two, centring is done outside of the graph.
	fn gradient(
		&self,
		grads: &candle_core::backprop::GradStore,
		tokens: &Tokens,
		leaves: &Leaves,
		scale: f32,
	) -> Result<Gradient> {
		let mut parts = Vec::with_capacity(self.parameters.list.len());
		for parameter in &self.parameters.list {
			parts.push(match grads.get(parameter.var.as_tensor()) {
				Some(g) => Some(scaled(g, scale)?),
				None => None,
			});
		}
		let (z, var) = &leaves.own;
		let error = self.slots.own.error(&leaf_gradient(grads, var, z.len())?, z);
		for (name, values) in Cbow::backward(tokens, &error, scale) {
			if let Some(i) = self.parameters.index(name) {
				parts[i] = Some(values);
			}
		}
		Ok(Gradient { parts })
	}

	/// Takes the gradient of f out of a gradient of all parameters.
	fn split(&self, all: &mut Gradient) -> Gradient {
		let take = |(parameter, part): (&Parameter, &mut Option<Values>)| match parameter.part {
			Part::Function => part.take(),
			Part::Decoder => None,
		};
		Gradient { parts: self.parameters.list.iter().zip(&mut all.parts).map(take).collect() }
	}

	/// Eq. 12 over what is pending.
	fn combined(
		&self,
		own: Option<&Gradient>,
		sources: &std::collections::BTreeMap<[u8; 32], Source>,
	) -> Gradient {
		let sources: Vec<(f64, &Gradient)> =
			sources.values().map(|source| (source.weight, &source.gradient)).collect();
		combine(own, &sources, self.config.own_share, self.guard.usual())
	}

	fn apply(&mut self, step: &Gradient, rate: f64, warm_up: u64) -> Result<()> {
		let risen = (self.optimizer.steps + 1) as f64 / warm_up.max(1) as f64;
		let rate = self.config.learning_rate * rate * risen.min(1.0);
		self.optimizer.step(&self.parameters, step, rate, self.config.weight_decay)?;
		self.version += 1;
		Ok(())
	}

	/// Measures ΔL of every slot on this batch and keeps it.
	fn score(
		&mut self,
		pass: &Pass,
		targets: &[u32],
		loss: f64,
	) -> Result<(f64, Vec<Option<f64>>, f64)> {
		let settings = self.config.attribution.clone();
		if self.step.is_multiple_of(settings.duplicate_every) {
			let signatures: Vec<Option<Vec<f32>>> = pass
				.slots
				.iter()
				.map(|slot| slot.as_ref().and_then(|(_, z)| signature(z)))
				.collect();
			self.scores.similarity.observe(&signatures, settings.decay);
		}
		let products: Vec<Option<Vec<f64>>> =
			pass.slots.iter().map(|s| s.as_ref().map(|(g, z)| fisher::products(g, z))).collect();
		let per_token = 1.0 / self.config.horizon as f64;
		let score = |products: &[f64]| fisher::score(products).total() * per_token;
		let single: Vec<Option<f64>> = products.iter().map(|p| p.as_deref().map(score)).collect();
		let mut scores = single.clone();
		for group in self.scores.similarity.groups(settings.duplicate_threshold) {
			// Removed together, split evenly.
			let members: Vec<&Vec<f64>> =
				group.iter().filter_map(|&slot| products[slot].as_ref()).collect();
			let joint: Vec<f64> =
				(0..pass.losses.len()).map(|x| members.iter().map(|p| p[x]).sum()).collect();
			for &slot in group.iter().filter(|&&slot| products[slot].is_some()) {
				scores[slot] = Some(score(&joint) / members.len() as f64);
			}
		}
		for (slot, score) in scores.iter().enumerate() {
			match score {
				Some(score) => self.scores.slots[slot].observe(*score, settings.decay),
				// A component that did not answer was of no use this time.
				None if self.slots.downstream[slot].batches > 0 => {
					self.scores.slots[slot].observe(0.0, settings.decay)
				}
				None => {}
			}
		}
		let own = score(&fisher::products(&pass.own.0, &pass.own.1));
		self.scores.own.observe(own, settings.decay);
		let null = pass.null.as_ref().map_or(0.0, |(g, z)| score(&fisher::products(g, z)));
		self.scores.null.observe(null, settings.decay);
		if settings.audit_every > 0 && (self.step + 1).is_multiple_of(settings.audit_every) {
			self.audit(pass, targets, &single, loss)?;
		}
		Ok((own, scores, null))
	}

	/// Truly removes one slot, for this batch.
	fn audit(
		&mut self,
		pass: &Pass,
		targets: &[u32],
		estimates: &[Option<f64>],
		loss: f64,
	) -> Result<()> {
		let slots = self.config.slots;
		let chosen = (0..slots)
			.map(|i| (self.scores.next_audit + i) % slots)
			.find_map(|slot| estimates[slot].map(|estimate| (slot, estimate)));
		let Some((slot, estimate)) = chosen else { return Ok(()) };
		self.scores.next_audit = (slot + 1) % slots;
		let mut z = pass.z.clone();
		z.downstream[slot] = None;
		let y = self.function.joiner.finish(&self.function.joiner.join(&z)?)?;
		let losses = self.decoder.losses(&self.decoder.heads(&y)?, targets)?;
		let without = losses.iter().map(|x| f64::from(*x)).sum::<f64>() / targets.len() as f64;
		self.scores.audit.observe(slot, estimate, without - loss);
		Ok(())
	}
}

impl Serve for Component {
	fn forward(&self, texts: &[String], d: &[Option<Tensor>]) -> Result<Tensor> {
		self.function.forward(
			&self.tokenizer,
			self.config.max_tokens,
			&self.slots,
			texts,
			d,
			&self.device,
		)
	}

	fn version(&self) -> u64 {
		self.version
	}

	fn slots(&self) -> usize {
		self.config.slots
	}
}

/// The centred slots of a batch as leaves of the graph, beside their values.
struct Leaves {
	own: (Vec<f32>, Var),
	downstream: Vec<Option<(Vec<f32>, Var)>>,
	null: Option<(Vec<f32>, Var)>,
}

impl Leaves {
	/// With `null`, also the null slot: a slot chosen at random (the own one if no other is
	/// present), its rows moved by a random number of places so that none meets its own example.
	fn new(
		slots: &SlotTable,
		e: &Tensor,
		raw: &[Option<Vec<f32>>],
		null: Option<ChaCha8Rng>,
		device: &Device,
	) -> Result<Self> {
		let leaf = |z: Vec<f32>| -> Result<(Vec<f32>, Var)> {
			let var = Var::from_tensor(&tensors::from_rows(z.clone(), device)?)?;
			Ok((z, var))
		};
		let own = leaf(tensors::with_slice(e, |e| slots.own.centred(e))?)?;
		let mut downstream = Vec::with_capacity(raw.len());
		for (slot, raw) in slots.downstream.iter().zip(raw) {
			downstream.push(match raw {
				Some(raw) => Some(leaf(slot.centred(raw))?),
				None => None,
			});
		}
		let rows = own.0.len() / DIM;
		let null = match null {
			Some(mut rng) if rows > 1 => {
				let present: Vec<&Vec<f32>> = downstream.iter().flatten().map(|(z, _)| z).collect();
				let z = match present.len() {
					0 => &own.0,
					n => present[rng.random_range(0..n)],
				};
				let mut shuffled = z.clone();
				shuffled.rotate_left(rng.random_range(1..rows) * DIM);
				Some(leaf(shuffled)?)
			}
			_ => None,
		};
		Ok(Self { own, downstream, null })
	}

	fn centred(&self) -> Centred {
		let tensor = |(_, var): &(Vec<f32>, Var)| var.as_tensor().clone();
		Centred {
			own: tensor(&self.own),
			downstream: self.downstream.iter().map(|leaf| leaf.as_ref().map(tensor)).collect(),
			null: self.null.as_ref().map(tensor),
		}
	}

	/// (g, z) of each downstream slot.
	fn gradients(
		&self,
		grads: &candle_core::backprop::GradStore,
	) -> Result<Vec<Option<(Vec<f32>, Vec<f32>)>>> {
		self.downstream
			.iter()
			.map(|leaf| match leaf {
				Some((z, var)) => Ok(Some((leaf_gradient(grads, var, z.len())?, z.clone()))),
				None => Ok(None),
			})
			.collect()
	}
}

/// The gradient of a leaf; zeros if the graph does not reach it.
fn leaf_gradient(
	grads: &candle_core::backprop::GradStore,
	var: &Var,
	len: usize,
) -> Result<Vec<f32>> {
	match grads.get(var.as_tensor()) {
		Some(g) => tensors::to_vec(g),
		None => Ok(vec![0.0; len]),
	}
}

/// Values of a tensor, times `scale`.
fn scaled(tensor: &Tensor, scale: f32) -> Result<Values> {
	let values = tensors::with_slice(tensor, |g| g.iter().map(|x| x * scale).collect())?;
	Ok(Values::Dense(values))
}

/// Puts the parts of one gradient into the places that are empty in another.
fn merge(into: &mut Gradient, from: Gradient) {
	if into.parts.len() < from.parts.len() {
		into.parts.resize(from.parts.len(), None);
	}
	for (into, from) in into.parts.iter_mut().zip(from.parts) {
		if into.is_none() {
			*into = from;
		}
	}
}
