//! Gradients of inputs, errors sent on, and the loss, against finite differences and first principles.

use bittensor_nucleus::{Batch, Component, Example, Grad, Model, Tensor, DIM};

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

#[test]
fn the_loss_is_the_negative_log_likelihood() {
	let (component, batch) = trained(3, 40);
	let d = answers(&batch.texts);
	let examples: Vec<_> = batch
		.texts
		.iter()
		.zip(&batch.targets)
		.map(|(text, target)| bittensor_nucleus::Example {
			text: text.clone(),
			target: target.clone(),
		})
		.collect();
	let losses = component.losses(&examples, &d).expect("losses");
	let y = component.forward(&batch.texts, &d).expect("vectors");
	let parameter = |name: &str| {
		component.parameters().iter().find(|p| p.name() == name).expect("a parameter").tensor()
	};
	let logits = y
		.matmul(parameter("decoder.heads"))
		.and_then(|q| q.reshape((batch.texts.len() * 3, DIM)))
		.and_then(|q| q.matmul(parameter("decoder.words")))
		.and_then(|logits| logits.broadcast_add(parameter("decoder.bias")))
		.expect("logits");
	let logits = entries(&logits);
	for (i, loss) in losses.iter().enumerate() {
		let mut expected = 0.0;
		for (t, &target) in batch.targets[i].iter().enumerate() {
			let row = &logits[(i * 3 + t) * 512..(i * 3 + t + 1) * 512];
			let sum: f64 = row.iter().map(|x| f64::from(*x).exp()).sum();
			expected += sum.ln() - f64::from(row[target as usize]);
		}
		assert!((f64::from(*loss) - expected).abs() < 1e-5 * expected, "{loss}, not {expected}");
	}
}
