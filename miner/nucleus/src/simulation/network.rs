//! The members of a simulation, and their steps.

use std::time::Instant;

use candle_core::Tensor;
use rand::Rng;
use rand_chacha::{rand_core::SeedableRng, ChaCha8Rng};

use crate::{
	attribution::{parts::Removals, Attribution},
	component::Component,
	config::Config,
	corpus::{Batch, Example},
	error::Result,
	kinds::{component, Setup},
	learning::Account,
	model::{Grad, Model},
	simulation::{
		data::{Data, Holding, Measure},
		measure::{Measured, Sums},
		Mode, Outcome, Settings,
	},
};

struct Member {
	component: Component,
	holding: Holding,
	best: Option<(u64, f64, Measured)>,
}

/// All components of one mode.
pub(super) struct Network<'s> {
	settings: &'s Settings,
	mode: Mode,
	members: Vec<Member>,
	/// Components that learn nothing: the last inputs of every member.
	bystanders: Vec<Box<dyn Model>>,
	/// Seconds in training steps.
	training: f64,
}

/// Runs one mode.
pub(super) fn run(settings: &Settings, data: &Data, mode: Mode) -> Result<Vec<Outcome>> {
	let mut network = Network::new(settings, data, mode, data.holdings(mode), Vec::new())?;
	network.run()?;
	let made = (settings.steps * settings.members as u64).max(1);
	let step_ms = 1e3 * network.training / made as f64;
	let outcome = |(member, best): (usize, (u64, f64, Measured))| Outcome {
		setting: settings.name.clone(),
		seed: settings.seed,
		mode,
		member,
		step: best.0,
		validation: best.1,
		test: best.2,
		step_ms,
	};
	if mode == Mode::Joint {
		// Its best step, measured by the documents of each member.
		let joint = &network.members[0];
		let Some((step, validation, _)) = joint.best.clone() else { return Ok(Vec::new()) };
		let all = joint.best.clone().map(|(.., measured)| measured).unwrap_or_default();
		return Ok((0..settings.members)
			.map(|n| {
				let names = &data.members[n].test;
				let of = |sums: &&Sums| names.iter().any(|m| m.document == sums.document);
				let documents = all.documents.iter().filter(of).cloned().collect();
				outcome((n, (step, validation, Measured::new(documents))))
			})
			.collect());
	}
	let best = network.members.into_iter().map(|member| member.best);
	Ok(best.enumerate().filter_map(|(n, best)| Some((n, best?))).map(outcome).collect())
}

impl<'s> Network<'s> {
	/// Fresh members with these holdings.
	pub(super) fn new(
		settings: &'s Settings,
		data: &Data,
		mode: Mode,
		holdings: Vec<Holding>,
		bystanders: Vec<Box<dyn Model>>,
	) -> Result<Self> {
		let others = match mode {
			Mode::Solo | Mode::Ensemble | Mode::Joint => 0,
			Mode::Without | Mode::With => holdings.len() - 1,
		};
		let inputs = others + bystanders.len();
		let mut members = Vec::new();
		for (holding, n) in holdings.into_iter().zip(0..) {
			let draw = if settings.one_draw { 0 } else { n };
			let config =
				Config { inputs, seed: settings.seed * 1_000 + draw, ..settings.config.clone() };
			let setup = Setup {
				prior: Some(holding.prior.clone()),
				frequencies: Some(data.frequencies.clone()),
				..Setup::new(config).with_tokenizer(data.tokenizer.clone())
			};
			members.push(Member { component: component(&setup)?, holding, best: None });
		}
		Ok(Self { settings, mode, members, bystanders, training: 0.0 })
	}

	fn run(&mut self) -> Result<()> {
		let Settings { steps, refresh, validate, .. } = *self.settings;
		// The joint component sees every document as often as its holder does.
		let times = if self.mode == Mode::Joint { self.settings.members as u64 } else { 1 };
		let (steps, validate) = (steps * times, validate * times);
		let score_every = self.settings.config.attribution.score_every.max(1);
		for step in 0..steps {
			if step.is_multiple_of(refresh.max(1)) {
				self.refresh()?;
			}
			self.step()?;
			if (step + 1).is_multiple_of(score_every) {
				self.score(step)?;
			}
			if (step + 1).is_multiple_of(validate.max(1)) || step + 1 == steps {
				self.validate(step + 1)?;
			}
		}
		Ok(())
	}

	/// The member behind an input: all others in order.
	fn peers(&self, own: usize) -> Vec<usize> {
		match self.mode {
			Mode::Solo | Mode::Ensemble | Mode::Joint => Vec::new(),
			_ => (0..self.members.len()).filter(|&j| j != own).collect(),
		}
	}

	fn answers(&self, own: usize, texts: &[String]) -> Result<Vec<Option<Tensor>>> {
		let answer = |j: usize| self.members[j].component.forward(texts, &[]).map(Some);
		let peers = self.peers(own).into_iter().map(answer);
		let bystanders = self.bystanders.iter().map(|model| model.forward(texts, &[]).map(Some));
		peers.chain(bystanders).collect()
	}

	/// Sends errors of words, and fetches words.
	pub(super) fn refresh(&mut self) -> Result<()> {
		let members = self.members.len();
		let peers: Vec<Vec<usize>> = (0..members).map(|own| self.peers(own)).collect();
		if self.mode == Mode::With {
			for (own, peers) in peers.iter().enumerate() {
				for (input, &j) in peers.iter().enumerate() {
					let errors = self.members[own].component.take_word_errors(input)?;
					let Some(errors) = errors else { continue };
					let words = self.members[own].component.vocabulary().to_vec();
					self.send(own, j, &words, &errors)?;
				}
			}
		}
		if peers.iter().all(Vec::is_empty) {
			return Ok(());
		}
		// All have the same vocabulary.
		let words = self.members[0].component.vocabulary().to_vec();
		let tables = self
			.members
			.iter()
			.map(|member| member.component.forward(&words, &[]))
			.collect::<Result<Vec<_>>>()?;
		for (own, peers) in peers.iter().enumerate() {
			for (input, &j) in peers.iter().enumerate() {
				self.members[own].component.set_words(input, Some(&tables[j]))?;
			}
		}
		Ok(())
	}

	fn send(&mut self, from: usize, to: usize, texts: &[String], error: &Tensor) -> Result<()> {
		let push = self.settings.share_of(from);
		if push <= 0.0 {
			return Ok(());
		}
		let reversed = self.settings.hostile.contains(&from).then(|| error.neg()).transpose()?;
		let error = reversed.as_ref().unwrap_or(error);
		let mut source: Account = [0; 32];
		source[0] = from as u8;
		let target = &mut self.members[to].component;
		let version = target.version();
		target.accumulate_grad(Grad { source, push, version, texts, d: &[], error })?;
		Ok(())
	}

	/// One step of every member, on answers from before it.
	pub(super) fn step(&mut self) -> Result<()> {
		let size = self.settings.config.batch;
		let batches: Vec<Batch> =
			self.members.iter_mut().map(|m| m.holding.sampler.next_batch(size)).collect();
		let answers = batches
			.iter()
			.enumerate()
			.map(|(own, batch)| self.answers(own, &batch.texts))
			.collect::<Result<Vec<_>>>()?;
		let mut grads = Vec::new();
		for (own, (batch, d)) in batches.iter().zip(&answers).enumerate() {
			let start = Instant::now();
			let report = self.members[own].component.train_step(batch, d)?;
			self.training += start.elapsed().as_secs_f64();
			grads.push(report.errors);
		}
		if self.mode == Mode::With {
			for (own, errors) in grads.iter().enumerate() {
				for (j, error) in self.peers(own).into_iter().zip(errors) {
					let Some(error) = error else { continue };
					self.send(own, j, &batches[own].texts, error)?;
				}
			}
		}
		Ok(())
	}

	/// Measures every member; one that is better than before also on test text.
	fn validate(&mut self, step: u64) -> Result<()> {
		for own in 0..self.members.len() {
			let member = &self.members[own];
			let validation = self.measure(own, &member.holding.validation)?.loss;
			let best = member.best.as_ref().is_none_or(|(_, best, _)| validation < *best);
			if best {
				let test = self.measure(own, &member.holding.test)?;
				tracing::debug!(
					"{:?} {own} at {step}: {validation:.4} {:.4}",
					self.mode,
					test.loss
				);
				self.members[own].best = Some((step, validation, test));
			}
		}
		Ok(())
	}

	fn measure(&self, own: usize, texts: &[Measure]) -> Result<Measured> {
		let mut all = Vec::new();
		for Measure { document, examples } in texts {
			let losses = if self.mode == Mode::Ensemble {
				let twins: Vec<&Component> = self.members.iter().map(|m| &m.component).collect();
				Component::ensemble_losses(&twins, examples)?
			} else {
				let batch = Batch::from_examples(examples);
				let d = self.answers(own, &batch.texts)?;
				self.members[own].component.example_losses(examples, &d)?
			};
			all.push(Sums::of(document, examples, &losses));
		}
		Ok(Measured::new(all))
	}

	/// Every member scores one batch of validation text, drawn by the number of the step.
	pub(super) fn score(&mut self, step: u64) -> Result<Vec<(Removals, Attribution)>> {
		let mut all = Vec::new();
		for own in 0..self.members.len() {
			let examples: Vec<&Example> =
				self.members[own].holding.validation.iter().flat_map(|m| &m.examples).collect();
			let mut rng = ChaCha8Rng::seed_from_u64(self.settings.seed * 1_000 + own as u64);
			rng.set_stream(step);
			let draw = |_| examples[rng.random_range(0..examples.len())].clone();
			let drawn: Vec<Example> =
				(0..self.settings.config.attribution.batch).map(draw).collect();
			let batch = Batch::from_examples(&drawn);
			let d = self.answers(own, &batch.texts)?;
			let component = &mut self.members[own].component;
			let removals = component.score(&batch, &d, &[])?.removals;
			all.push((removals, component.attribution()));
		}
		Ok(all)
	}

	/// Loss of every member on its test text.
	pub(super) fn test(&self) -> Result<Vec<f64>> {
		let loss =
			|(own, member): (usize, &Member)| Ok(self.measure(own, &member.holding.test)?.loss);
		self.members.iter().enumerate().map(loss).collect()
	}
}
