//! Scores: ΔL of every input on each training batch, and the audit of one input at intervals.

use serde::{Deserialize, Serialize};

use crate::{
	attribution::{
		ablation::Audit,
		duplicates::{signature, Similarity},
		fisher, Attribution, InputScore, Moments,
	},
	component::{
		step::{mean, Pass},
		Component,
	},
	config::Config,
	error::Result,
	objective::Targets,
};

/// Running scores of a component.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Scores {
	own: Moments,
	pub(crate) inputs: Vec<Moments>,
	null: Moments,
	pub(crate) similarity: Similarity,
	audit: Audit,
	/// Input that is audited next.
	next_audit: usize,
}

impl Scores {
	pub(crate) fn new(inputs: usize) -> Self {
		Self {
			own: Moments::default(),
			inputs: vec![Moments::default(); inputs],
			null: Moments::default(),
			similarity: Similarity::new(inputs),
			audit: Audit::default(),
			next_audit: 0,
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
		let floor = self.null.upper(settings.z).max(0.0);
		let groups = self.similarity.groups(settings.duplicate_threshold);
		let describe = |moments: &Moments, input: Option<usize>| {
			let proven = moments.samples() >= settings.min_batches;
			let lower = moments.lower(settings.z);
			let bid = if proven { (lower - floor).max(0.0) } else { 0.0 };
			InputScore {
				mean: moments.mean(),
				se: moments.standard_error(),
				lower,
				samples: moments.samples(),
				proven,
				bid: if bid.is_finite() { bid } else { 0.0 },
				audit: input.and_then(|input| self.audit.mean(input)).map(|(_, truth)| truth),
				group: input.and_then(|input| groups.iter().position(|g| g.contains(&input))),
			}
		};
		let inputs = self.inputs.iter().enumerate();
		Attribution {
			own: describe(&self.own, None),
			inputs: inputs
				.map(|(input, m)| (m.samples() > 0).then(|| describe(m, Some(input))))
				.collect(),
			null: describe(&self.null, None),
			fidelity: self.audit.fidelity(config.inputs),
		}
	}
}

impl Component {
	/// Measures ΔL of every input on this batch and adds it to the running scores. `loss` is the
	/// batch's mean loss per weighted token. Returns ΔL by input, `None` for inputs that were missing.
	pub(super) fn score(
		&mut self,
		pass: &Pass,
		targets: &Targets,
		loss: f64,
	) -> Result<Vec<Option<f64>>> {
		let settings = self.config.attribution.clone();
		if self.step.is_multiple_of(settings.duplicate_every) {
			let signatures: Vec<Option<Vec<f32>>> = pass
				.inputs
				.iter()
				.map(|input| input.as_ref().and_then(|(_, z)| signature(z)))
				.collect();
			self.scores.similarity.observe(&signatures, settings.decay);
		}
		let products: Vec<Option<Vec<f64>>> =
			pass.inputs.iter().map(|s| s.as_ref().map(|(g, z)| fisher::products(g, z))).collect();
		// Weighted tokens of an example.
		let per_token = pass.losses.len() as f64 / targets.weight();
		let score = |products: &[f64]| fisher::score(products).total() * per_token;
		let single: Vec<Option<f64>> = products.iter().map(|p| p.as_deref().map(score)).collect();
		let mut inputs = single.clone();
		for group in self.scores.similarity.groups(settings.duplicate_threshold) {
			// Removed together, split evenly.
			let members: Vec<&Vec<f64>> =
				group.iter().filter_map(|&input| products[input].as_ref()).collect();
			let joint: Vec<f64> =
				(0..pass.losses.len()).map(|x| members.iter().map(|p| p[x]).sum()).collect();
			for &input in group.iter().filter(|&&input| products[input].is_some()) {
				inputs[input] = Some(score(&joint) / members.len() as f64);
			}
		}
		for (input, score) in inputs.iter().enumerate() {
			match score {
				Some(score) => self.scores.inputs[input].observe(*score, settings.decay),
				// A component that did not answer was of no use this time.
				None if self.inputs.downstream[input].batches > 0 => {
					self.scores.inputs[input].observe(0.0, settings.decay);
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
		Ok(inputs)
	}

	/// Removes one input for this batch and compares the loss with the estimate.
	fn audit(
		&mut self,
		pass: &Pass,
		targets: &Targets,
		estimates: &[Option<f64>],
		loss: f64,
	) -> Result<()> {
		let inputs = self.config.inputs;
		let chosen = (0..inputs)
			.map(|i| (self.scores.next_audit + i) % inputs)
			.find_map(|input| estimates[input].map(|estimate| (input, estimate)));
		let Some((input, estimate)) = chosen else { return Ok(()) };
		self.scores.next_audit = (input + 1) % inputs;
		let mut z = pass.z.clone();
		z.downstream[input] = None;
		let joined = self.shape.joiner.forward(z, None)?;
		let losses = self.shape.objective.losses(&joined, targets)?;
		self.scores.audit.observe(input, estimate, mean(&losses) - loss);
		Ok(())
	}
}
