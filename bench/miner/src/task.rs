//! What both contenders train: initial weights, batches, settings.

use anyhow::Context;
use bittensor_nucleus::{
	kinds, tokenizer::UNKNOWN_ID, Batch, Component, Config, Corpus, DropoutConfig, Model, Sampler,
	Setup, Tokenizer, Unigram, AVERAGING,
};
use rand::Rng;
use rand_chacha::{rand_core::SeedableRng, ChaCha8Rng};
use safetensors::{tensor::TensorView, Dtype};
use serde_json::{json, Value};
use std::{fs, path::Path, sync::Arc};

/// Steps over which losses are compared.
pub(crate) const PARITY_STEPS: usize = 100;
/// Batches; after the last one, training begins with the first again.
const BATCHES: usize = 200;

/// A component at its start, and what it trains on.
#[derive(Debug)]
pub(crate) struct Task {
	pub(crate) setup: Setup,
	pub(crate) batches: Vec<Batch>,
	tokenizer: Arc<Tokenizer>,
}

/// The settings that ship, without what is left out at random.
fn config() -> Config {
	let dropout =
		DropoutConfig { entries: 0.0, words: 0.0, inputs: 0.0, features: 0.0, network: 0.0 };
	Config { dropout, averaging: AVERAGING, ..Config::default() }
}

/// A setup that is trained on all documents, and a sampler of them.
pub(crate) fn setup(corpus: &Corpus, config: Config) -> anyhow::Result<(Setup, Sampler)> {
	let tokenizer = Arc::new(Tokenizer::train(corpus, config.vocab)?);
	let documents = corpus.select("all")?;
	let (context, horizon) = (config.context, config.horizon);
	let sampler = Sampler::new(corpus, &documents, &tokenizer, context, horizon, config.seed)?;
	let prior = Unigram::fit(sampler.tokens(), tokenizer.size());
	let setup = Setup { prior: Some(prior), ..Setup::new(config).with_tokenizer(tokenizer) };
	Ok((setup, sampler))
}

impl Task {
	pub(crate) fn new(corpus: &Corpus) -> anyhow::Result<Self> {
		let (setup, mut sampler) = setup(corpus, config())?;
		let batches = (0..BATCHES).map(|_| sampler.next_batch(setup.config.batch)).collect();
		let tokenizer = setup.tokenizer.clone().context("a setup with a tokenizer")?;
		Ok(Self { setup, batches, tokenizer })
	}

	/// The component at its start.
	pub(crate) fn component(&self) -> anyhow::Result<Component> {
		Ok(kinds::component(&self.setup)?)
	}

	/// Tokens of text in a training step.
	pub(crate) fn tokens_per_step(&self) -> f64 {
		(self.setup.config.batch * self.setup.config.context) as f64
	}

	/// Writes all of it into a folder, in a form that Python reads.
	pub(crate) fn write(&self, folder: &Path) -> anyhow::Result<()> {
		fs::create_dir_all(folder)
			.with_context(|| format!("cannot make the folder {}", folder.display()))?;
		let component = self.component()?;
		let write = |name: &str, bytes: Vec<u8>| {
			let path = folder.join(name);
			fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))
		};
		write("initial.safetensors", self.parameters(&component)?)?;
		write("batches.safetensors", self.examples(&component)?)?;
		write("settings.json", serde_json::to_vec_pretty(&self.settings(&component)?)?)
	}

	/// The parameters that a component without inputs trains.
	fn parameters(&self, component: &Component) -> anyhow::Result<Vec<u8>> {
		let gradient = component.own_gradient(&self.batches[0], &[])?;
		let mut tensors = Vec::new();
		for (parameter, part) in component.parameters().iter().zip(&gradient.parts) {
			if part.is_some() {
				let data = parameter.tensor().flatten_all()?.to_vec1::<f32>()?;
				let shape = parameter.tensor().dims().to_vec();
				tensors.push((parameter.name(), Values::F32(data), shape));
			}
		}
		archive(&tensors)
	}

	/// Token ids, targets and weights of all batches.
	fn examples(&self, component: &Component) -> anyhow::Result<Vec<u8>> {
		let Config { batch, horizon, .. } = self.setup.config;
		let state = component.state()?;
		let weights = state.tensor("decoder.weights", &[self.tokenizer.size()])?;
		let read = |text: &String| self.tokenizer.encode(text);
		let texts: Vec<Vec<u32>> =
			self.batches.iter().flat_map(|b| &b.texts).map(read).collect::<Result<_, _>>()?;
		let columns = texts.iter().map(Vec::len).max().unwrap_or(0);
		let (mut tokens, mut average) = (Vec::new(), Vec::new());
		for text in &texts {
			let padding = columns - text.len();
			tokens.extend(text.iter().copied().chain(std::iter::repeat_n(UNKNOWN_ID, padding)));
			let share = 1.0 / text.len() as f32;
			average.extend((0..columns).map(|n| if n < text.len() { share } else { 0.0 }));
		}
		let targets: Vec<u32> =
			self.batches.iter().flat_map(|b| &b.targets).flatten().copied().collect();
		let weights = targets.iter().map(|&id| weights[id as usize]).collect();
		let rotation = (0..BATCHES as u64).map(|step| self.rotation(step)).collect();
		archive(&[
			("tokens", Values::U32(tokens), vec![BATCHES, batch, columns]),
			("average", Values::F32(average), vec![BATCHES, batch, columns]),
			("targets", Values::U32(targets), vec![BATCHES, batch, horizon]),
			("weights", Values::F32(weights), vec![BATCHES, batch, horizon]),
			("rotation", Values::U32(rotation), vec![BATCHES]),
		])
	}

	/// By how many examples the null input of a step is shifted: the choice that a component without
	/// inputs makes from its seed.
	fn rotation(&self, step: u64) -> u32 {
		let mut rng = ChaCha8Rng::seed_from_u64(self.setup.config.seed.wrapping_add(1));
		rng.set_stream(step);
		rng.random_range(1..self.setup.config.batch) as u32
	}

	fn settings(&self, component: &Component) -> anyhow::Result<Value> {
		let inputs: Value = component.state()?.get("inputs")?;
		let Config {
			learning_rate, warm_up, weight_decay, clip, input_decay, feature_rate, ..
		} = self.setup.config;
		Ok(json!({
			"learning_rate": learning_rate,
			"warm_up": warm_up,
			"weight_decay": weight_decay,
			"clip": clip,
			"input_decay": input_decay,
			"feature_rate": feature_rate,
			// Mean and scale of the own vector before the first step.
			"own": inputs["own"],
		}))
	}
}

/// The entries of a tensor.
enum Values {
	F32(Vec<f32>),
	U32(Vec<u32>),
}

/// A safetensors file of tensors: name, entries, shape.
fn archive(tensors: &[(&str, Values, Vec<usize>)]) -> anyhow::Result<Vec<u8>> {
	let bytes: Vec<(Dtype, Vec<u8>)> = tensors
		.iter()
		.map(|(_, values, _)| match values {
			Values::F32(all) => (Dtype::F32, all.iter().flat_map(|x| x.to_le_bytes()).collect()),
			Values::U32(all) => (Dtype::U32, all.iter().flat_map(|x| x.to_le_bytes()).collect()),
		})
		.collect();
	let views = tensors.iter().zip(&bytes).map(|((name, _, shape), (dtype, data))| {
		Ok((*name, TensorView::new(*dtype, shape.clone(), data)?))
	});
	let views: Vec<(&str, TensorView)> = views.collect::<anyhow::Result<_>>()?;
	Ok(safetensors::serialize(views, None)?)
}
