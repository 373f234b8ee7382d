//! Gradients of inputs, errors sent on, and the loss, against finite differences and first principles.

use bittensor_nucleus::{
	tokenizer::UNKNOWN_ID, Batch, Component, Example, Grad, Model, Tensor, DIM,
};

use crate::support::{answer, component, config, entries, sampler, Knows};

fn answers(texts: &[String]) -> Vec<Option<Tensor>> {
	let knowledge = [Knows::Token(0), Knows::Bag, Knows::Nothing, Knows::Token(1)];
	knowledge
		.into_iter()
		.zip(0..)
		.map(|(knows, seed)| Some(answer(texts, knows, 0.1, seed).expect("vectors")))
		.collect()
}

/// The texts of a batch with the tokens to predict.
fn examples(batch: &Batch) -> Vec<Example> {
	let both = batch.texts.iter().zip(&batch.targets);
	both.map(|(text, target)| Example { text: text.clone(), target: target.clone() }).collect()
}

/// A component after some steps, and its next batch.
fn trained(horizon: usize, steps: usize) -> (Component, Batch) {
	let mut settings = config(5);
	settings.horizon = horizon;
	let mut component = component(settings.clone());
	let mut sampler = sampler(&settings);
	for _ in 0..steps {
		let batch = sampler.next_batch(32);
		component.train_step(&batch, &answers(&batch.texts)).expect("a step");
	}
	(component, sampler.next_batch(8))
}

#[test]
fn input_gradients_are_those_of_finite_differences() {
	let (component, batch) = trained(2, 30);
	let examples = examples(&batch);
	let d = answers(&batch.texts);
	let gradients = component.input_gradients(&batch, &d).expect("gradients");
	for input in 0..4 {
		let (g, z) = gradients[input].as_ref().expect("present");
		let raw = entries(d[input].as_ref().expect("present"));
		for example in 0..batch.texts.len() {
			let own = &g[example * DIM..(example + 1) * DIM];
			let (k, _) = own
				.iter()
				.enumerate()
				.max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()))
				.expect("a vector has entries");
			let index = example * DIM + k;
			let moved = |by: f32| {
				let mut raw = raw.clone();
				raw[index] += by;
				let mut d = d.clone();
				d[input] = Some(
					Tensor::from_vec(
						raw,
						(batch.texts.len(), DIM),
						&bittensor_nucleus::Device::Cpu,
					)
					.expect("a tensor"),
				);
				let losses = component.losses(&examples, &d).expect("losses");
				let all = component.input_gradients(&batch, &d).expect("gradients");
				(losses, all[input].as_ref().expect("present").1[index])
			};
			let ((above, high), (below, low)) = (moved(0.05), moved(-0.05));
			assert!(high > z[index] && low < z[index]);
			let measured = (above[example] - below[example]) / (high - low);
			assert!(
				(measured - g[index]).abs() < 0.03 * g[index].abs() + 1e-3,
				"input {input}, example {example}: {} by backward, {measured} measured",
				g[index]
			);
			// Rows do not touch each other: g_x is the gradient of example x alone.
			for other in (0..batch.texts.len()).filter(|other| *other != example) {
				assert_eq!(above[other], below[other], "example {other} moved with {example}");
			}
		}
	}
}

#[test]
fn errors_sent_on_are_those_of_finite_differences() {
	let (mut component, batch) = trained(1, 30);
	let texts = &batch.texts;
	let d = answers(texts);
	let error = answer(texts, Knows::Nothing, 0.0, 8).expect("an error signal");
	let objective = |component: &Component, d: &[Option<Tensor>]| -> f64 {
		let y = component.forward(texts, d).expect("vectors");
		entries(&y).iter().zip(entries(&error)).map(|(y, e)| f64::from(y * e)).sum()
	};
	let push = 0.25;
	let version = component.version();
	let grad = Grad { source: [3; 32], push, version, texts, d: &d, error: &error };
	let report = component.accumulate_grad(grad).expect("a grad");
	for input in 0..4 {
		let errors = entries(report.errors[input].as_ref().expect("present"));
		let raw = entries(d[input].as_ref().expect("present"));
		for index in [3, DIM + 17, 5 * DIM + 99] {
			let moved = |by: f32| {
				let mut raw = raw.clone();
				raw[index] += by;
				let mut d = d.clone();
				let device = bittensor_nucleus::Device::Cpu;
				let tensor = Tensor::from_vec(raw, (texts.len(), DIM), &device);
				d[input] = Some(tensor.expect("a tensor"));
				objective(&component, &d)
			};
			let measured = (moved(0.1) - moved(-0.1)) / 0.2;
			let sent = f64::from(errors[index]);
			assert!(
				(measured - sent).abs() < 0.03 * sent.abs() + 2e-3,
				"input {input}: {sent} sent, {measured} measured"
			);
		}
	}
}

/// Property of one space: who has the vectors of passages and words, and b, has the probabilities.
#[test]
fn answers_and_bias_give_the_loss() {
	let (component, batch) = trained(3, 40);
	let d = answers(&batch.texts);
	let losses = component.example_losses(&examples(&batch), &d).expect("losses");
	let y = component.forward(&batch.texts, &d).expect("vectors");
	let words = component.forward(component.vocabulary(), &[]).expect("vectors of words");
	let bias = component.parameters().iter().find(|p| p.name() == "decoder.bias").expect("b");
	let logits = words
		.t()
		.and_then(|words| y.matmul(&words))
		.and_then(|logits| logits.broadcast_add(bias.tensor()))
		.expect("logits");
	let logits = entries(&logits);
	for (i, loss) in losses.iter().enumerate() {
		let row = &logits[i * 512..(i + 1) * 512];
		let sum: f64 = row.iter().map(|x| f64::from(*x).exp()).sum();
		let known = batch.targets[i].iter().filter(|id| **id != UNKNOWN_ID);
		let nll: Vec<f64> = known.map(|&id| sum.ln() - f64::from(row[id as usize])).collect();
		let expected: f64 = nll.iter().sum();
		assert_eq!(nll.len(), loss.tokens as usize);
		assert!(
			(f64::from(loss.plain) - expected).abs() < 1e-4 * expected.max(1.0),
			"{loss:?}, not {expected}"
		);
		assert!(loss.weight <= loss.tokens as f32 && loss.loss <= loss.plain * 1.0001);
	}
}
