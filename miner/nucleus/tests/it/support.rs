//! The real corpus, and stand-ins for downstream components that know a definite thing.

pub(crate) mod pretrained;

use std::{
	cell::RefCell,
	collections::HashMap,
	path::PathBuf,
	sync::{Arc, OnceLock},
};

use bittensor_nucleus::{
	kinds, Batch, Component, Config, Corpus, Device, Example, Model, OptimizerKind, Result,
	Sampler, Setup, Tensor, Tokenizer, DIM,
};

/// Folder of the committed corpus. Tests run in the folder of their crate; a path of the build
/// may be that of another checkout, whose tests were the same.
pub(crate) fn corpus_root() -> PathBuf {
	"../../corpus".into()
}

/// The committed corpus.
pub(crate) fn corpus() -> &'static Corpus {
	static CORPUS: OnceLock<Corpus> = OnceLock::new();
	CORPUS.get_or_init(|| Corpus::load(corpus_root()).expect("the corpus is in the repository"))
}

/// A tokenizer of 512 words: small, so that tests are fast.
pub(crate) fn tokenizer() -> Arc<Tokenizer> {
	static TOKENIZER: OnceLock<Arc<Tokenizer>> = OnceLock::new();
	TOKENIZER
		.get_or_init(|| Arc::new(Tokenizer::train(corpus(), 512).expect("the corpus has words")))
		.clone()
}

/// Settings for tests.
pub(crate) fn config(seed: u64) -> Config {
	Config {
		vocab: 512,
		hidden: 32,
		inputs: 4,
		context: 12,
		horizon: 1,
		learning_rate: 1e-3,
		weight_decay: 2.0,
		seed,
		..Config::default()
	}
}

/// Every optimizer that ships.
pub(crate) const OPTIMIZERS: [OptimizerKind; 3] = [
	OptimizerKind::Adam,
	OptimizerKind::Sgd { momentum: 0.9 },
	OptimizerKind::Sgd { momentum: 0.0 },
];

/// Learning rate of [`plain`].
pub(crate) const RATE: f64 = 0.01;

/// Without decay and warm-up, so that steps are the directions alone.
pub(crate) fn plain(optimizer: OptimizerKind) -> Config {
	Config {
		optimizer,
		learning_rate: RATE,
		weight_decay: 0.0,
		warm_up: 1,
		upstream_warm_up: 1,
		..config(1)
	}
}

/// What a model is made of in tests.
pub(crate) fn setup(config: Config) -> Setup {
	let files = pretrained::files().clone();
	Setup { files, ..Setup::new(config).with_tokenizer(tokenizer()) }
}

pub(crate) fn component(config: Config) -> Component {
	kinds::component(&setup(config)).expect("valid settings")
}

/// Samples all train documents.
pub(crate) fn sampler(config: &Config) -> Sampler {
	let documents = corpus().select("all").expect("there are train documents");
	Sampler::new(corpus(), &documents, &tokenizer(), config.context, config.horizon, config.seed)
		.expect("the documents hold examples")
}

/// Held-out examples of all groups.
pub(crate) fn held_out(config: &Config, count: usize) -> Vec<Example> {
	let documents = corpus().held_out_for(&corpus().select("all").expect("train documents"));
	let (context, horizon) = (config.context, config.horizon);
	bittensor_nucleus::held_out(corpus(), &documents, &tokenizer(), context, horizon, count)
		.expect("the documents hold examples")
}

/// The same text without its last `words` words: what a short-sighted component is given.
pub(crate) fn cut(text: &str, words: usize) -> String {
	let all: Vec<&str> = text.split(' ').collect();
	all[..all.len().saturating_sub(words).max(1)].join(" ")
}

/// A batch whose texts lack their last `words` words.
pub(crate) fn cut_batch(batch: &Batch, words: usize) -> Batch {
	Batch {
		texts: batch.texts.iter().map(|text| cut(text, words)).collect(),
		targets: batch.targets.clone(),
	}
}

/// Deterministic numbers, roughly normal with deviation 1.
pub(crate) fn number(a: u64, b: u64, c: u64) -> f32 {
	let mut x = a
		.wrapping_mul(0x9e37_79b9_7f4a_7c15)
		.wrapping_add(b.wrapping_mul(0xbf58_476d_1ce4_e5b9))
		.wrapping_add(c.wrapping_mul(0x94d0_49bb_1331_11eb));
	let mut sum = 0.0;
	for _ in 0..6 {
		x ^= x >> 30;
		x = x.wrapping_mul(0xbf58_476d_1ce4_e5b9);
		x ^= x >> 27;
		x = x.wrapping_mul(0x94d0_49bb_1331_11eb);
		x ^= x >> 31;
		sum += (x >> 40) as f32 / (1_u64 << 24) as f32 - 0.5;
	}
	sum * 2.0_f32.sqrt()
}

/// What a stand-in knows of a text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Knows {
	/// Its n-th token from the end.
	Token(usize),
	/// All of its tokens, in no order.
	Bag,
	/// Nothing: answers with noise.
	Nothing,
	/// Nothing: always answers the same.
	Constant,
}

/// The vector of a token, which is made once: `number(seed, id, k)` for all k.
fn token(seed: u64, id: u32) -> [f32; DIM] {
	thread_local! {
		static TOKENS: RefCell<HashMap<(u64, u32), [f32; DIM]>> = RefCell::default();
	}
	let fresh = || std::array::from_fn(|k| number(seed, id.into(), k as u64));
	TOKENS.with_borrow_mut(|tokens| *tokens.entry((seed, id)).or_insert_with(fresh))
}

/// Vectors of a stand-in for texts: its knowledge, as fixed random vectors per token, plus noise.
pub(crate) fn answer(texts: &[String], knows: Knows, noise: f32, seed: u64) -> Result<Tensor> {
	let mut data = Vec::with_capacity(texts.len() * DIM);
	for (i, text) in texts.iter().enumerate() {
		let ids = tokenizer().encode(text)?;
		// Noise depends on the text and its place, so that no two answers share it.
		let salt = ids.iter().fold(i as u64, |h, id| h.wrapping_mul(31) + u64::from(*id));
		let signal: [f32; DIM] = match knows {
			Knows::Token(n) => token(seed, ids.iter().rev().nth(n).copied().unwrap_or(0)),
			Knows::Bag => {
				let mut sums = [0.0; DIM];
				for &id in &ids {
					sums.iter_mut().zip(token(seed, id)).for_each(|(sum, x)| *sum += x);
				}
				sums.map(|sum| sum / (ids.len() as f32).sqrt())
			}
			Knows::Nothing => std::array::from_fn(|k| number(seed ^ 77, salt, k as u64)),
			Knows::Constant => token(seed, 5),
		};
		if noise == 0.0 {
			data.extend(signal);
			continue;
		}
		let of_noise = (0..).map(|k| noise * number(seed ^ 99, salt, k));
		data.extend(signal.iter().zip(of_noise).map(|(signal, noise)| signal + noise));
	}
	Ok(Tensor::from_vec(data, (texts.len(), DIM), &Device::Cpu)?)
}

/// All entries of a tensor.
pub(crate) fn entries(tensor: &Tensor) -> Vec<f32> {
	tensor.flatten_all().and_then(|t| t.to_vec1()).expect("an f32 tensor")
}

/// All parameters of a model, as bits.
pub(crate) fn bits(model: &dyn Model) -> Vec<u32> {
	model
		.parameters()
		.iter()
		.flat_map(|p| entries(p.tensor()).into_iter().map(f32::to_bits))
		.collect()
}

/// All parameters of a model, one after the other.
pub(crate) fn values(model: &dyn Model) -> Vec<f64> {
	model.parameters().iter().flat_map(|p| entries(p.tensor())).map(f64::from).collect()
}

/// ‖v‖₂.
pub(crate) fn length(v: &[f64]) -> f64 {
	v.iter().map(|x| x * x).sum::<f64>().sqrt()
}

/// ‖a − b‖₂.
pub(crate) fn distance(a: &[f64], b: &[f64]) -> f64 {
	a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}
