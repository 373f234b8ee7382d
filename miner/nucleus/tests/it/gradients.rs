use bittensor_nucleus::{Batch, Bid, Component, Example, Serve, Tensor, DIM};
use candle_core::{CpuStorage, InplaceOp1, Layout};

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
fn every_parameter_receives_a_gradient() {
	let (component, batch) = trained(3, 1);
	let gradient = component.own_gradient(&batch, &answers(&batch.texts)).expect("a gradient");
	assert_eq!(gradient.parts.len(), component.parameters().len());
	for (parameter, part) in component.parameters().iter().zip(&gradient.parts) {
		let name = parameter.name();
		let part = part.as_ref().unwrap_or_else(|| panic!("{name} has no gradient"));
		let dense = part.to_dense(parameter.tensor().elem_count());
		assert_eq!(dense.len(), parameter.tensor().elem_count(), "{name}");
		assert!(dense.iter().all(|x| x.is_finite()), "{name}");
		assert!(dense.iter().any(|x| *x != 0.0), "the gradient of {name} is 0");
	}
}

/// Adds to one entry of a parameter.
struct Nudge(usize, f32);

impl InplaceOp1 for Nudge {
	fn name(&self) -> &'static str {
		"nudge"
	}

	fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> candle_core::Result<()> {
		if let CpuStorage::F32(data) = storage {
			data[layout.start_offset() + self.0] += self.1;
		}
		Ok(())
	}
}

#[test]
fn parameter_gradients_are_those_of_finite_differences() {
	let (component, batch) = trained(2, 30);
	// Of a single example, so that there is no null slot.
	let batch = Batch { texts: batch.texts[..1].into(), targets: batch.targets[..1].into() };
	let d = answers(&batch.texts);
	let gradient = component.own_gradient(&batch, &d).expect("a gradient");
	let examples = examples(&batch);
	let loss = || {
		let losses = component.losses(&examples, &d).expect("a loss");
		f64::from(losses[0]) / 2.0
	};
	for (parameter, part) in component.parameters().iter().zip(&gradient.parts) {
		let Some(part) = part else {
			assert_eq!(parameter.name(), "slot.null.adaptor");
			continue;
		};
		let dense = part.to_dense(parameter.tensor().elem_count());
		let (index, g) = dense
			.iter()
			.enumerate()
			.max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()))
			.expect("a parameter has entries");
		let step = 1e-2_f32;
		let nudge = |by: f32| parameter.tensor().inplace_op1(&Nudge(index, by)).expect("in place");
		nudge(step);
		let above = loss();
		nudge(-2.0 * step);
		let below = loss();
		nudge(step);
		let measured = (above - below) / (2.0 * f64::from(step));
		let g = f64::from(*g);
		assert!(
			(measured - g).abs() < 0.02 * g.abs() + 2e-4,
			"{}: {g} by backward, {measured} by finite differences",
			parameter.name()
		);
	}
}

#[test]
fn slot_gradients_are_those_of_finite_differences() {
	let (component, batch) = trained(2, 30);
	let examples = examples(&batch);
	let d = answers(&batch.texts);
	let gradients = component.slot_gradients(&batch, &d).expect("gradients");
	for slot in 0..4 {
		let (g, z) = gradients[slot].as_ref().expect("present");
		let raw = entries(d[slot].as_ref().expect("present"));
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
				d[slot] = Some(
					Tensor::from_vec(
						raw,
						(batch.texts.len(), DIM),
						&bittensor_nucleus::Device::Cpu,
					)
					.expect("a tensor"),
				);
				let losses = component.losses(&examples, &d).expect("losses");
				let all = component.slot_gradients(&batch, &d).expect("gradients");
				(losses, all[slot].as_ref().expect("present").1[index])
			};
			let ((above, high), (below, low)) = (moved(0.05), moved(-0.05));
			assert!(high > z[index] && low < z[index]);
			let measured = (above[example] - below[example]) / (high - low);
			assert!(
				(measured - g[index]).abs() < 0.03 * g[index].abs() + 1e-3,
				"slot {slot}, example {example}: {} by backward, {measured} measured",
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
	let bid = Bid { flow: 1.0, share: 0.1 };
	let version = component.version();
	let report =
		component.accumulate_grad([3; 32], bid, version, texts, &d, &error).expect("a grad");
	for slot in 0..4 {
		let errors = entries(report.errors[slot].as_ref().expect("present"));
		let raw = entries(d[slot].as_ref().expect("present"));
		for index in [3, DIM + 17, 5 * DIM + 99] {
			let moved = |by: f32| {
				let mut raw = raw.clone();
				raw[index] += by;
				let mut d = d.clone();
				let device = bittensor_nucleus::Device::Cpu;
				let tensor = Tensor::from_vec(raw, (texts.len(), DIM), &device);
				d[slot] = Some(tensor.expect("a tensor"));
				objective(&component, &d)
			};
			let measured = (moved(0.1) - moved(-0.1)) / 0.2;
			let sent = f64::from(errors[index]);
			assert!(
				(measured - sent).abs() < 0.03 * sent.abs() + 2e-3,
				"slot {slot}: {sent} sent, {measured} measured"
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
