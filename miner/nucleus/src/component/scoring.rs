//! Scores: ΔL of every input, of the own encoder and of all inputs together, on text that the
//! component does not train on.

use candle_core::Tensor;
use rand_chacha::{rand_core::SeedableRng, ChaCha8Rng};
use serde::{Deserialize, Serialize};

use crate::{
	attribution::{
		ablation::Audit,
		duplicates::{signature, Similarity},
		fisher,
		parts::Removals,
		Attribution, InputScore, Moments,
	},
	component::{balance::Slopes, leaves::Leaves, step::mean, Component},
	config::Config,
	corpus::Batch,
	error::Result,
	joiner::Centred,
	model::ScoreReport,
};

/// Running scores of a component.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Scores {
	own: Moments,
	network: Moments,
	pub(crate) inputs: Vec<Moments>,
	null: Moments,
	pub(crate) similarity: Similarity,
	audit: Audit,
	/// Input that is audited next.
	next_audit: usize,
	/// Batches scored.
	batches: u64,
}

impl Scores {
	pub(crate) fn new(inputs: usize) -> Self {
		Self {
			own: Moments::default(),
			network: Moments::default(),
			inputs: vec![Moments::default(); inputs],
			null: Moments::default(),
			similarity: Similarity::new(inputs),
			audit: Audit::default(),
			next_audit: 0,
			batches: 0,
		}
	}

	/// Another component is behind an input.
	pub(crate) fn forget(&mut self, input: usize) {
		self.inputs[input] = Moments::default();
		self.similarity.forget(input);
		self.audit.forget(input);
	}

	pub(crate) fn attribution(&self, config: &Config) -> Attribution {
		let settings = &config.attribution;
		let groups = self.similarity.groups(settings.duplicate_threshold);
		let describe = |moments: &Moments, input: Option<usize>, floor: f64| {
			let proven = moments.samples() >= settings.min_batches;
			let lower = moments.lower(settings.z);
			let group = input.and_then(|input| groups.iter().position(|g| g.contains(&input)));
			// Near-identical inputs are audited together, so that their bids stay equal.
			let confirmed = match (input, group) {
				(_, Some(group)) => self.audit.confirmed(&groups[group]),
				(Some(input), None) => self.audit.confirmed(&[input]),
				(None, None) => 1.0,
			};
			let bid = if proven { (lower - floor).max(0.0) * confirmed } else { 0.0 };
			InputScore {
				mean: moments.mean(),
				se: moments.standard_error(),
				lower,
				samples: moments.samples(),
				proven,
				bid: if bid.is_finite() { bid } else { 0.0 },
				audit: input.and_then(|input| self.audit.mean(input)).map(|(_, truth)| truth),
				group,
			}
		};
		let floor = self.null.upper(settings.z).max(0.0);
		let inputs = self.inputs.iter().enumerate();
		Attribution {
			own: describe(&self.own, None, 0.0),
			network: describe(&self.network, None, 0.0),
			inputs: inputs
				.map(|(input, m)| (m.samples() > 0).then(|| describe(m, Some(input), floor)))
				.collect(),
			null: describe(&self.null, None, 0.0),
			fidelity: self.audit.fidelity(config.inputs),
			exploring: settings.exploring,
			halves_in: settings.min_batches,
			explore_batches: settings.explore_batches,
		}
	}

	/// What the null input holds in the next batch, by seed.
	fn null_choice(&self, config: &Config) -> ChaCha8Rng {
		let mut rng = ChaCha8Rng::seed_from_u64(config.seed.wrapping_add(3));
		rng.set_stream(self.batches);
		rng
	}
}

impl Component {
	/// Measures ΔL of every input on this batch and adds it to the running scores.
	pub(super) fn score_batch(
		&mut self,
		batch: &Batch,
		d: &[Option<Tensor>],
		refused: &[usize],
	) -> Result<ScoreReport> {
		let settings = self.config.attribution.clone();
		let targets = self.shape.objective.targets(batch)?;
		let (raw, _) = self.inputs.read(d, batch.texts.len())?;
		let encoded = self.shape.encoder.forward(&batch.texts, None)?;
		let null = Some(self.scores.null_choice(&self.config));
		let leaves = Leaves::new(&self.inputs, encoded.vectors(), &raw, null, &self.device)?;
		let weighed = self.weighed(leaves.centred())?;
		let joined = self.shape.joiner.forward(weighed.clone(), None)?;
		let decoded = self.shape.objective.forward(&joined, &targets, None)?;
		let grads = decoded.root.backward()?;
		let vectors = leaves.gradients(&grads)?;
		// Weighted targets of an example.
		let per_target = batch.texts.len() as f64 / targets.weight();
		let score = |products: &[f64]| fisher::score(products).total() * per_target;

		if self.scores.batches.is_multiple_of(settings.duplicate_every) {
			let signatures: Vec<Option<Vec<f32>>> =
				vectors.iter().map(|v| v.as_ref().and_then(|(_, z)| signature(z))).collect();
			self.scores.similarity.observe(&signatures, settings.decay);
		}
		let products: Vec<Option<Vec<f64>>> =
			vectors.iter().map(|v| v.as_ref().map(|(g, z)| fisher::products(g, z))).collect();
		let single: Vec<Option<f64>> = products.iter().map(|p| p.as_deref().map(score)).collect();
		let mut inputs = single.clone();
		let groups = self.scores.similarity.groups(settings.duplicate_threshold);
		for group in &groups {
			// Removed together, split evenly.
			let members: Vec<&Vec<f64>> =
				group.iter().filter_map(|&input| products[input].as_ref()).collect();
			let joint: Vec<f64> =
				(0..batch.texts.len()).map(|x| members.iter().map(|p| p[x]).sum()).collect();
			for &input in group.iter().filter(|&&input| products[input].is_some()) {
				inputs[input] = Some(score(&joint) / members.len() as f64);
			}
		}
		for (input, score) in inputs.iter().enumerate() {
			match score {
				Some(score) => self.scores.inputs[input].observe(*score, settings.decay),
				// It did not take our text: that says nothing about what it knows.
				None if refused.contains(&input) => {}
				// A component that did not answer was of no use this time.
				None if self.inputs.downstream[input].batches > 0 => {
					self.scores.inputs[input].observe(0.0, settings.decay);
				}
				None => {}
			}
		}
		let null = match &leaves.null {
			Some(leaf) => {
				let (g, z) = leaf.gradient(&grads)?;
				score(&fisher::products(&g, &z))
			}
			None => 0.0,
		};
		self.scores.null.observe(null, settings.decay);

		let z = Centred { null: None, ..leaves.centred() };
		let others = decoded.others.as_ref();
		let loss = |z: Centred, others: Option<&Tensor>| -> Result<f64> {
			let joined = self.shape.joiner.forward(self.weighed(z)?, None)?;
			Ok(mean(&self.shape.objective.losses_beside(&joined.y, others, &targets)?))
		};
		let both = loss(z.clone(), others)?;
		let removals = self.removals(&z, others, both, &loss)?;
		let parts = removals.parts();
		let audited = match settings.audit_every > 0
			&& (self.scores.batches + 1).is_multiple_of(settings.audit_every)
		{
			true => self.next_audit(&inputs),
			false => None,
		};
		if let Some((input, estimate)) = audited {
			// As it is scored: near-identical inputs are removed together, and share alike.
			let group = groups.iter().find(|group| group.contains(&input)).cloned();
			let mut removed = group.unwrap_or_else(|| vec![input]);
			removed.retain(|&input| inputs[input].is_some());
			let left = self.shape.objective.others_without(others, &weighed, &removed)?;
			let mut without = z;
			removed.iter().for_each(|&input| without.downstream[input] = None);
			let truth = (loss(without, left.as_ref())? - both) / removed.len() as f64;
			self.scores.audit.observe(removed, estimate, truth);
			self.scores.next_audit = (input + 1) % self.config.inputs;
		}
		// A refusal by all says nothing about the network.
		if single.iter().any(Option::is_some) || refused.is_empty() {
			self.scores.own.observe(parts.own, settings.decay);
			self.scores.network.observe(parts.network, settings.decay);
		}
		// A refusal by all says nothing about a component that is alone.
		if single.iter().any(Option::is_some) || refused.is_empty() {
			let (g, z) = leaves.own.gradient(&grads)?;
			let experts = self.shape.objective.products(&weighed, &decoded)?;
			let slopes = Slopes::new(
				&self.balance,
				&fisher::products(&g, &z),
				&products,
				experts,
				targets.weight(),
			);
			self.balance.observe(&slopes);
		}
		self.scores.batches += 1;
		Ok(ScoreReport { inputs, removals })
	}

	/// The losses without the own encoder, without inputs, and without both.
	fn removals(
		&self,
		z: &Centred,
		others: Option<&Tensor>,
		both: f64,
		loss: &dyn Fn(Centred, Option<&Tensor>) -> Result<f64>,
	) -> Result<Removals> {
		let nothing = z.own.zeros_like()?;
		let no_inputs = vec![None; z.downstream.len()];
		let alone = Centred { own: nothing.clone(), downstream: no_inputs.clone(), ..z.clone() };
		let neither = loss(alone, None)?;
		if z.downstream.iter().all(Option::is_none) {
			return Ok(Removals { neither, own: both, inputs: neither, both });
		}
		let own = loss(Centred { downstream: no_inputs, ..z.clone() }, None)?;
		let inputs = loss(Centred { own: nothing, ..z.clone() }, others)?;
		Ok(Removals { neither, own, inputs, both })
	}

	/// The input to audit, with its score of this batch.
	fn next_audit(&self, scores: &[Option<f64>]) -> Option<(usize, f64)> {
		let inputs = self.config.inputs;
		(0..inputs)
			.map(|i| (self.scores.next_audit + i) % inputs)
			.find_map(|input| scores[input].map(|score| (input, score)))
	}
}
