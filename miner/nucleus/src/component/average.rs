//! Running averages of the parameters (Polyak and Juditsky 1992).
//!
//! ```text
//!   after each step:   w ← a · w + 1 − a        θ̄ ← θ̄ + (1 − a) / w · (θ − θ̄)
//!   losses and scores are those of θ̄;           answers, training steps and Grads are of θ
//! ```
//! Steps on small batches scatter around a place that is better than any of them. A component alone is
//! some 3 % better there. In a network it gains nothing by it, because it averages over peers already: a
//! twin that is measured without averages would flatter the network.
//!
//! Answers are those of θ, because upstreams train on them: answers that lag behind cost more than they
//! gain.
//!
//! Invariants: without averaging, or before the first step, θ̄ is θ; a measurement leaves every bit of θ
//! and θ̄ as it was; parameters that go back take their averages with them.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::{
	error::Result,
	parameters::{Parameters, Snapshot},
	state::State,
	tensors,
};

/// Their name in a state.
const NAME: &str = "average";

/// The averages of one component.
#[derive(Debug, Default)]
pub(super) struct Average {
	/// w: 1 − a^steps.
	weight: f64,
	/// θ̄; θ while the averages are in its place. `None` before the first step.
	means: Option<Snapshot>,
	/// How many use the averages now.
	users: usize,
}

impl Average {
	/// Takes in the parameters after a step; a is `averaging`.
	pub(super) fn observe(&mut self, parameters: &Parameters, averaging: f64) -> Result<()> {
		if averaging <= 0.0 {
			*self = Self::default();
			return Ok(());
		}
		self.weight = averaging * self.weight + 1.0 - averaging;
		let part = ((1.0 - averaging) / self.weight) as f32;
		let Some(Snapshot(means)) = &mut self.means else {
			self.means = Some(Snapshot::of(parameters)?);
			return Ok(());
		};
		for (parameter, mean) in parameters.list().iter().zip(means) {
			tensors::with_slice(parameter.tensor(), |now| {
				mean.iter_mut().zip(now).for_each(|(mean, x)| *mean += part * (x - *mean));
			})?;
		}
		Ok(())
	}

	/// A parameter has new values: they are its average.
	pub(super) fn replace(&mut self, parameters: &Parameters, index: usize) -> Result<()> {
		self.means.as_mut().map_or(Ok(()), |means| means.replace(parameters, index))
	}

	/// Parameters and averages change places.
	fn exchange(&mut self, parameters: &Parameters) -> Result<()> {
		self.means.as_mut().map_or(Ok(()), |means| means.exchange(parameters))
	}

	pub(super) fn save(&self, parameters: &Parameters, state: &mut State) -> Result<()> {
		if let Some(means) = &self.means {
			means.save(NAME, parameters, state);
		}
		state.put(NAME, &self.weight)
	}

	/// Takes over what [`Average::save`] wrote; a state from before there were averages has none.
	pub(super) fn load(parameters: &Parameters, state: &State) -> Result<Self> {
		Ok(match Snapshot::load(NAME, parameters, state)? {
			Some(means) => Self { weight: state.get(NAME)?, means: Some(means), users: 0 },
			None => Self::default(),
		})
	}
}

/// The averages are in the place of the parameters until this is dropped.
pub(super) struct Installed {
	average: Arc<Mutex<Average>>,
	parameters: Parameters,
}

impl Installed {
	pub(super) fn new(average: &Arc<Mutex<Average>>, parameters: &Parameters) -> Result<Self> {
		let mut held = average.lock();
		if held.users == 0 {
			held.exchange(parameters)?;
		}
		held.users += 1;
		drop(held);
		Ok(Self { average: average.clone(), parameters: parameters.clone() })
	}
}

impl Drop for Installed {
	fn drop(&mut self) {
		let mut held = self.average.lock();
		held.users -= 1;
		if held.users == 0 {
			if let Err(error) = held.exchange(&self.parameters) {
				tracing::error!("the parameters could not be put back: {error}");
			}
		}
	}
}

#[cfg(test)]
mod tests {
	use std::path::Path;

	use super::*;
	use crate::{
		corpus::{Batch, Corpus, Example, Sampler},
		kinds, Component, Config, Model, Setup, Tokenizer,
	};

	const AVERAGING: f64 = 0.9;

	fn setup(averaging: f64) -> (Setup, Sampler) {
		let corpus = Corpus::load(Path::new("../../corpus")).expect("the corpus");
		let config = Config {
			vocab: 256,
			context: 16,
			horizon: 8,
			batch: 8,
			inputs: 1,
			averaging,
			..Config::default()
		};
		let tokenizer = Arc::new(Tokenizer::train(&corpus, config.vocab).expect("words"));
		let documents = corpus.select("kjv").expect("a group");
		let sampler = Sampler::new(&corpus, &documents, &tokenizer, 16, 8, 0).expect("examples");
		(Setup::new(config).with_tokenizer(tokenizer), sampler)
	}

	fn component(averaging: f64) -> Component {
		kinds::component(&setup(averaging).0).expect("a component")
	}

	/// A component after this many steps, and the next batches.
	fn after(steps: usize) -> (Component, Sampler) {
		let (mut averaged, mut sampler) = (component(AVERAGING), setup(AVERAGING).1);
		for _ in 0..steps {
			averaged.train_step(&sampler.next_batch(8), &[]).expect("a step");
		}
		(averaged, sampler)
	}

	fn examples(batch: &Batch) -> Vec<Example> {
		let pairs = batch.texts.iter().zip(&batch.targets);
		pairs.map(|(text, target)| Example { text: text.clone(), target: target.clone() }).collect()
	}

	fn values(component: &Component) -> Vec<Vec<f32>> {
		Snapshot::of(&component.parameters).expect("values").0
	}

	fn losses(component: &Component, on: &[Example]) -> Vec<f32> {
		component.losses(on, &[]).expect("losses")
	}

	#[test]
	fn losses_are_of_the_averages_and_all_else_is_of_the_parameters() {
		let (mut plain, mut averaged) = (component(0.0), component(AVERAGING));
		let mut sampler = setup(0.0).1;
		let mut means: Vec<Vec<f64>> = Vec::new();
		let mut weight = 0.0;
		for _ in 0..12 {
			let batch = sampler.next_batch(8);
			plain.train_step(&batch, &[]).expect("a step");
			averaged.train_step(&batch, &[]).expect("a step");
			weight = AVERAGING * weight + 1.0 - AVERAGING;
			let part = (1.0 - AVERAGING) / weight;
			let now = values(&plain);
			means.resize_with(now.len(), Vec::new);
			for (mean, now) in means.iter_mut().zip(&now) {
				mean.resize(now.len(), 0.0);
				mean.iter_mut()
					.zip(now)
					.for_each(|(mean, x)| *mean += part * (f64::from(*x) - *mean));
			}
		}
		let batch = sampler.next_batch(8);
		let unseen = examples(&batch);
		let of_averages = losses(&averaged, &unseen);
		assert_eq!(values(&plain), values(&averaged), "neither steps nor measurements move them");
		let answer = |one: &Component| tensors::to_vec(&one.forward(&batch.texts, &[]).expect("y"));
		assert_eq!(answer(&plain).expect("y"), answer(&averaged).expect("y"));
		assert_ne!(losses(&plain, &unseen), of_averages);

		// A component whose parameters are the averages has the same losses.
		let mut at_means = component(0.0);
		let means = means.iter().map(|mean| mean.iter().map(|x| *x as f32).collect()).collect();
		Snapshot(means).write(&at_means.parameters).expect("set");
		at_means.inputs = averaged.inputs.clone();
		for (a, b) in losses(&at_means, &unseen).iter().zip(&of_averages) {
			assert!((a - b).abs() < 1e-3, "{a} {b}");
		}
	}

	#[test]
	fn averages_outlive_a_checkpoint_and_begin_anew_with_an_input() {
		let (mut averaged, mut sampler) = after(5);
		let unseen = examples(&sampler.next_batch(8));
		let state = averaged.state().expect("a state");
		let mut restored = component(AVERAGING);
		restored.parameters.load(&state).expect("parameters");
		restored.restore(&state).expect("restored");
		assert_eq!(losses(&restored, &unseen), losses(&averaged, &unseen));
		// An earlier state brings back its own averages.
		let before = losses(&averaged, &unseen);
		averaged.train_step(&sampler.next_batch(8), &[]).expect("a step");
		assert_ne!(losses(&averaged, &unseen), before);
		averaged.rewind(&state).expect("back");
		assert_eq!(losses(&averaged, &unseen), before);

		averaged.connect(0).expect("an input");
		let adaptor = averaged.shape.joiner.adaptor(0).expect("it has one").index();
		let means = averaged.average.lock().means.clone().expect("it made steps");
		assert_eq!(means.0[adaptor], values(&averaged)[adaptor]);
		// A state from before there were averages.
		let old = component(0.0);
		let state = old.state().expect("a state");
		assert!(Average::load(&old.parameters, &state).expect("none").means.is_none());
	}

	#[test]
	fn whoever_comes_last_puts_the_parameters_back() {
		let (averaged, _) = after(3);
		let here = values(&averaged);
		let first = averaged.averaged().expect("installed");
		let means = values(&averaged);
		assert_ne!(means, here);
		let second = averaged.averaged().expect("installed");
		drop(first);
		assert_eq!(values(&averaged), means);
		drop(second);
		assert_eq!(values(&averaged), here);
	}
}
