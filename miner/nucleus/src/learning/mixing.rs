//! The learner that mixes steps: every source has moments of its own (eq. 3, 12).
//!
//! ```text
//!   passages:  Δθ = −rate · [(1 − Σ_{u present} s_u) · a_own + Σ_{u present} s_u · a_u]
//!   words:     Δθ = −4 · rate · Σ_{u present} s_u · a_u
//! ```
//! a_u is the direction of the optimizer from the moments of u alone. An optimizer that scales a
//! gradient by its own history, as Adam does, turns any mixture of gradients into full steps on the
//! rows that one source alone touches, however small its weight; a mixture of directions is linear
//! in s_u under every optimizer.
//!
//! Errors of words come once per [`WORD_EVERY`](super::WORD_EVERY) steps, averaged, and have moments of their own. They
//! move the table of words, and the decoder that it is tied by. A vocabulary may come in several
//! messages: each moves its own rows, and the parameters that all words share in proportion to its part
//! of the vocabulary. Words that come more often move as much less, so that they add at most
//! 4/16 · s_u to what a bid moves per step.

use serde::{Deserialize, Serialize};

use crate::{
	config::Config,
	error::Result,
	learning::{
		guard::Guard,
		moments::{Moments, Pace, SavedMoments},
		push::{common_factor, limited},
		saved::{load_sources, save_sources, SavedSource},
		sources::{Account, Message, Source, Sources},
		Gradient, Learner, Values,
	},
	parameters::{Parameter, Parameters, Part},
	state::State,
};

/// Steps on words relative to steps on passages: they are that much rarer.
pub const WORD_STEP: f64 = 4.0;

/// A push below this moves no parameter by as much as its rounding error, and is none.
const LEAST_PUSH: f64 = 1e-8;

/// Eq. 12 over steps.
#[derive(Clone, Debug, Default)]
pub struct StepMixing {
	/// Steps made.
	steps: u64,
	/// Usual length of the own gradient.
	guard: Guard,
	/// Moments of the own loss.
	own: Moments,
	sources: Sources,
}

/// All of its state that is not a tensor.
#[derive(Serialize, Deserialize)]
struct Saved {
	steps: u64,
	guard: Guard,
	own: SavedMoments,
	sources: Vec<SavedSource>,
}

/// What one source asks for at a step.
struct Present<'s> {
	/// s_u.
	push: f64,
	gradient: Gradient,
	/// Part of the vocabulary.
	covered: f64,
	moments: &'s mut Moments,
	/// Where the source's push is summed; `None` for words.
	bought: Option<&'s mut f64>,
}

impl StepMixing {
	/// Of all sources, what they sent of passages and of words; nothing is held afterwards.
	fn present(&mut self, clip: f64) -> [Vec<Present<'_>>; 2] {
		let mut both = [Vec::new(), Vec::new()];
		let [of_passages, of_words] = &mut both;
		for source in self.sources.all.values_mut() {
			let Source { push, passages, words, bought, moved, .. } = source;
			let (push, heard) = (*push, *push >= LEAST_PUSH);
			if let Some((gradient, covered)) = passages.take(clip).filter(|_| heard) {
				let (moments, bought) = (&mut passages.moments, Some(bought));
				of_passages.push(Present { push, gradient, covered, moments, bought });
			}
			if let Some((gradient, covered)) = words.take(clip).filter(|_| heard) {
				let push = push * moved.take(covered, self.steps);
				let moments = &mut words.moments;
				of_words.push(Present { push, gradient, covered, moments, bought: None });
			}
		}
		for all in &mut both {
			let factor = common_factor(all.iter().map(|present| present.push));
			all.iter_mut().for_each(|present| present.push *= factor);
		}
		both
	}

	fn pace(&self, config: &Config, warm_up: u64) -> Pace {
		let risen = (self.steps + 1) as f64 / warm_up.max(1) as f64;
		Pace {
			kind: config.optimizer,
			rate: config.learning_rate * risen.min(1.0),
			decay: config.weight_decay,
			length: self.guard.usual(),
			tables: 1.0,
			function: 1.0,
			decoder: 1.0,
		}
	}

	/// Steps on all that is held. Returns the part of the step that passages bought, and whether
	/// anything was held.
	fn follow(&mut self, parameters: &Parameters, clip: f64, pace: Pace) -> Result<(f64, bool)> {
		let [passages, words] = self.present(clip);
		let any = !(passages.is_empty() && words.is_empty());
		let mut bought = 0.0;
		for Present { push, gradient, moments, bought: sum, .. } in passages {
			bought += push;
			if let Some(sum) = sum {
				*sum += push;
			}
			moments.step(parameters, &gradient, &Pace { tables: push, function: push, ..pace })?;
		}
		for Present { push, gradient, covered, moments, .. } in words {
			let tables = WORD_STEP * push;
			let pace = Pace { tables, function: tables * covered, ..pace };
			moments.step(parameters, &gradient, &pace)?;
		}
		Ok((bought, any))
	}
}

impl Learner for StepMixing {
	fn admits(&self, source: &Account, push: f64, config: &Config) -> bool {
		self.sources.admits(source, limited(push), config.max_sources, self.steps)
	}

	fn add(&mut self, message: &Message, config: &Config) -> bool {
		let message = Message { push: limited(message.push), ..*message };
		self.sources.add(&message, self.steps, config.max_sources)
	}

	fn step(&mut self, parameters: &Parameters, own: Gradient, config: &Config) -> Result<bool> {
		let (mut own, mut decoder) = split(parameters, own);
		let norm = own.norm();
		if !norm.is_finite() || !decoder.is_finite() {
			return Ok(false);
		}
		self.guard.observe(norm);
		decoder.scale(1.0 / self.guard.usual());
		if !self.guard.unit(&mut own, norm, 1.0, config.clip) || !decoder.is_finite() {
			return Ok(false);
		}
		own.fill(decoder);
		let pace = self.pace(config, config.warm_up);
		let (bought, _) = self.follow(parameters, config.clip, pace)?;
		let (tables, function) = (1.0 - bought, 1.0 - bought);
		self.own.step(parameters, &own, &Pace { tables, function, ..pace })?;
		self.steps += 1;
		Ok(true)
	}

	fn upstream_step(&mut self, parameters: &Parameters, config: &Config) -> Result<bool> {
		let pace = self.pace(config, config.upstream_warm_up);
		let (_, stepped) = self.follow(parameters, config.clip, pace)?;
		self.steps += u64::from(stepped);
		Ok(stepped)
	}

	fn sources(&self) -> Vec<Account> {
		self.sources.all.keys().copied().collect()
	}

	fn bought(&self) -> Vec<(Account, f64)> {
		self.sources.all.iter().map(|(account, source)| (*account, source.bought)).collect()
	}

	fn repeat(
		&self,
		source: &Account,
		parameters: &Parameters,
		config: &Config,
		times: f64,
	) -> Result<()> {
		let Some(Source { push, passages, words, .. }) = self.sources.all.get(source) else {
			return Ok(());
		};
		let part = push * times;
		let pace = self.pace(config, config.warm_up);
		let pace = Pace { tables: part, function: part, decoder: 0.0, ..pace };
		passages.moments.repeat(parameters, &pace)?;
		words.moments.repeat(parameters, &pace)
	}

	fn remove(&mut self, source: &Account) {
		self.sources.all.remove(source);
	}

	fn forget(&mut self, parameter: usize) {
		self.own.forget(parameter);
		for source in self.sources.all.values_mut() {
			for stream in [&mut source.passages, &mut source.words] {
				stream.moments.forget(parameter);
				if let Some(part) = stream.held.parts.get_mut(parameter) {
					*part = None;
				}
			}
		}
	}

	fn save(&self, parameters: &Parameters, state: &mut State) -> Result<()> {
		let own = self.own.save("own", parameters, state);
		let sources = save_sources(&self.sources, parameters, state);
		state.put("learner", &Saved { steps: self.steps, guard: self.guard, own, sources })
	}

	fn load(&mut self, parameters: &Parameters, state: &State, config: &Config) -> Result<()> {
		let saved: Saved = state.get("learner")?;
		*self = Self {
			steps: saved.steps,
			guard: saved.guard,
			own: Moments::load(saved.own, "own", parameters, state, config)?,
			sources: load_sources(saved.sources, parameters, state, config)?,
		};
		Ok(())
	}

	fn rewind(&mut self, parameters: &Parameters, state: &State, config: &Config) -> Result<()> {
		let saved: Saved = state.get("learner")?;
		self.own = Moments::load(saved.own, "own", parameters, state, config)?;
		self.guard = saved.guard;
		Ok(())
	}
}

/// The gradient of f alone.
pub(crate) fn function_part(parameters: &Parameters, all: Gradient) -> Gradient {
	split(parameters, all).0
}

/// A gradient of all parameters as that of f and that of the decoder.
fn split(parameters: &Parameters, mut all: Gradient) -> (Gradient, Gradient) {
	all.parts.resize(parameters.list().len(), None);
	let take = |(parameter, part): (&Parameter, &mut Option<Values>)| match parameter.part() {
		Part::Function => part.take(),
		Part::Decoder => None,
	};
	let function = parameters.list().iter().zip(&mut all.parts).map(take).collect();
	(Gradient { parts: function }, all)
}
