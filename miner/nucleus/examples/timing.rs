//! Times of a training step, a Spike and a Grad on this machine, in processor time.
//!
//! `RAYON_NUM_THREADS=1 cargo run -p bittensor-nucleus --profile fast --example timing`

use std::{sync::Arc, time::Instant};

use bittensor_nucleus::{
	kind, kinds, Config, Corpus, Grad, Model, Result, Sampler, Setup, Tensor, Tokenizer,
};

fn main() -> Result<()> {
	let corpus = Corpus::load(std::env::args().nth(1).unwrap_or("corpus".into()))?;
	let mut config = Config::default();
	if std::env::args().any(|argument| argument == "--large") {
		config = Config { vocab: 4_096, batch: 64, ..config };
	}
	let tokenizer = Arc::new(Tokenizer::train(&corpus, config.vocab)?);
	let documents = corpus.select("all")?;
	let mut sampler =
		Sampler::new(&corpus, &documents, &tokenizer, config.context, config.horizon, 1)?;
	let batch = config.batch;
	let setup = Setup::new(config).with_tokenizer(tokenizer.clone());
	let mut component = kinds::component(&setup)?;
	let noise = |seed| kind("noise")?.create(&Setup::new(Config { seed, ..Config::default() }));
	let peers: Vec<Box<dyn Model>> = (0..8).map(noise).collect::<Result<_>>()?;
	let batches: Vec<_> = (0..300).map(|_| sampler.next_batch(batch)).collect();
	let answers: Vec<Vec<Option<Tensor>>> = batches
		.iter()
		.map(|b| peers.iter().map(|p| p.forward(&b.texts, &[]).map(Some)).collect())
		.collect::<Result<_>>()?;

	time("training step, 8 inputs, features alone", 100, |i| {
		component.train_step(&batches[i], &answers[i]).map(|_| ())
	})?;
	let words = component.vocabulary().to_vec();
	let vectors: Vec<Tensor> =
		peers.iter().map(|peer| peer.forward(&words, &[])).collect::<Result<_>>()?;
	time("words of 8 inputs set", 10, |_| {
		vectors.iter().zip(0..).try_for_each(|(v, input)| component.set_words(input, Some(v)))
	})?;
	time("training step, 8 inputs", 100, |i| {
		component.train_step(&batches[i], &answers[i]).map(|_| ())
	})?;
	time("training step, 8 inputs, Grads of words", 96, |i| {
		if i.is_multiple_of(16) {
			(0..8).try_for_each(|input| component.take_word_errors(input).map(|_| ()))?;
		}
		component.train_step(&batches[i], &answers[i]).map(|_| ())
	})?;
	time("training step, alone", 100, |i| component.train_step(&batches[i], &[]).map(|_| ()))?;
	time("spike, no downstream", 300, |i| component.forward(&batches[i].texts, &[]).map(|_| ()))?;
	time("spike, 8 downstream", 300, |i| {
		component.forward(&batches[i].texts, &answers[i]).map(|_| ())
	})?;
	time("reading a batch of texts", 300, |i| {
		batches[i].texts.iter().try_for_each(|t| tokenizer.encode(t).map(|_| ()))
	})?;
	let push = 0.25;
	time("grad, 8 downstream", 100, |i| {
		let Some(Some(error)) = answers[i].first() else { return Ok(()) };
		let version = component.version();
		let (texts, d) = (&batches[i].texts, &answers[i]);
		let grad = Grad { source: [1; 32], push, version, texts, d, error };
		component.accumulate_grad(grad).map(|_| ())
	})?;
	time("a vocabulary of words answered", 30, |_| component.forward(&words, &[]).map(|_| ()))?;
	let error = &vectors[0];
	time("grad of a vocabulary", 30, |_| {
		let (version, texts) = (component.version(), &words);
		let grad = Grad { source: [2; 32], push, version, texts, d: &[], error };
		component.accumulate_grad(grad).map(|_| ())
	})?;
	time("save", 5, |_| {
		let path = std::env::temp_dir().join("timing.safetensors");
		component.save(&path, None, &serde_json::Value::Null)
	})
}

fn time(what: &str, times: usize, mut f: impl FnMut(usize) -> Result<()>) -> Result<()> {
	let (wall, start) = (Instant::now(), processor_seconds());
	for i in 0..times {
		f(i)?;
	}
	let wall = wall.elapsed().as_secs_f64();
	let used = match (processor_seconds(), start) {
		(Some(end), Some(start)) => end - start,
		_ => wall,
	};
	println!(
		"{what:42} {:7.2} ms ({:.2} ms on the clock)",
		used / times as f64 * 1e3,
		wall / times as f64 * 1e3
	);
	Ok(())
}

/// Processor time of this process, where the system tells it (in hundredths of a second).
fn processor_seconds() -> Option<f64> {
	let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
	let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
	let ticks = |i: usize| fields.get(i)?.parse::<f64>().ok();
	Some((ticks(11)? + ticks(12)?) / 100.0)
}
