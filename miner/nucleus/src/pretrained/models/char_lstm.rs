//! textgenrnn (Woolf 2017): a language model of characters, two LSTMs of 128 with attention.
//!
//! ```text
//!   last 40 characters, padded in front ─► e_t [100] ─► LSTM ─► h_t [128] ─► LSTM ─► g_t [128]
//!   [ Σ_t softmax_t(⟨w, (e, h, g)_t⟩) (e, h, g)_t | h_40 | g_40 ]                 612 numbers
//! ```
//! The weights were saved from CuDNN's LSTM: its kernels have the shape of Keras's, but the order of
//! their transposes, and two biases for each gate. Gates: input, forget, cell, output.

use std::collections::HashMap;

use crate::{
	error::Result,
	pretrained::{
		formats::{
			bytes::{damaged, other},
			hdf5::Hdf5,
			Read,
		},
		layers::{add, softmax, Dense},
		package::{ModelFile, TextModel},
	},
};

/// Characters that are read.
const WINDOW: usize = 40;
/// Characters that are known, and the one for padding and all others.
const CHARACTERS: usize = 465;
const UNKNOWN: usize = 0;
const EMBEDDING: usize = 100;
const UNITS: usize = 128;
const GATES: usize = 4 * UNITS;
/// Numbers of a character with its states.
const STATE: usize = EMBEDDING + 2 * UNITS;
/// Texts that are computed together.
const TOGETHER: usize = 64;

#[derive(Debug)]
struct CharLstm {
	ids: HashMap<char, usize>,
	/// `[CHARACTERS, EMBEDDING]`.
	embeddings: Vec<f32>,
	/// What a character adds to the gates of the first LSTM, bias included: `[CHARACTERS, GATES]`.
	first_input: Vec<f32>,
	first: Dense,
	second_input: Dense,
	second: Dense,
	attention: Vec<f32>,
}

/// From the weights (HDF5) and the characters (JSON).
pub(crate) fn load(files: &[ModelFile]) -> Result<Box<dyn TextModel>> {
	let [weights, characters] = files else { unreachable!("the package names two files") };
	let ids = characters.parse(read_characters)?;
	let file = weights.parse(Hdf5::parse)?;
	let get = |path: &str, shape: &[usize]| weights.parse(|_| file.floats(path, shape));
	// Kernels for the input and for the state, and the sum of both biases.
	let lstm = |name: &str, inputs: usize| -> Result<[Vec<f32>; 3]> {
		let path = |part: &str| format!("{name}/{name}/{part}:0");
		let input = keras_kernel(&get(&path("kernel"), &[inputs, GATES])?, inputs);
		let state = keras_recurrent(&get(&path("recurrent_kernel"), &[UNITS, GATES])?);
		let mut bias = get(&path("bias"), &[2 * GATES])?;
		let second = bias.split_off(GATES);
		add(&mut bias, &second);
		Ok([input, state, bias])
	};
	let embeddings = get("embedding/embedding/embeddings:0", &[CHARACTERS, EMBEDDING])?;
	let [input, first, bias] = lstm("rnn_1", EMBEDDING)?;
	let first_input = Dense::new(input, EMBEDDING, bias)?.apply(embeddings.clone())?;
	let [input, second, bias] = lstm("rnn_2", UNITS)?;
	Ok(Box::new(CharLstm {
		ids,
		embeddings,
		first_input,
		first: Dense::new(first, UNITS, Vec::new())?,
		second_input: Dense::new(input, UNITS, bias)?,
		second: Dense::new(second, UNITS, Vec::new())?,
		attention: get("attention/attention/attention_W:0", &[STATE, 1])?,
	}))
}

/// Ids of the characters; longer keys, such as `<s>`, stand for no character of a text.
fn read_characters(bytes: &[u8]) -> Read<HashMap<char, usize>> {
	let all: HashMap<String, usize> =
		serde_json::from_slice(bytes).map_err(|e| damaged(e.to_string()))?;
	if all.len() + 1 != CHARACTERS || all.values().any(|id| *id >= CHARACTERS) {
		return Err(other(format!("{} characters, not {}", all.len(), CHARACTERS - 1)));
	}
	let single = |(text, id): (String, usize)| {
		let mut characters = text.chars();
		characters.next().filter(|_| characters.as_str().is_empty()).map(|c| (c, id))
	};
	Ok(all.into_iter().filter_map(single).collect())
}

/// `[inputs, GATES]`: each gate of CuDNN's kernel holds its transpose, row by row.
fn keras_kernel(kernel: &[f32], inputs: usize) -> Vec<f32> {
	let mut converted = vec![0.0; kernel.len()];
	for gate in 0..4 {
		for input in 0..inputs {
			for unit in 0..UNITS {
				let flat = input + inputs * unit;
				let from = (flat / UNITS) * GATES + gate * UNITS + flat % UNITS;
				converted[input * GATES + gate * UNITS + unit] = kernel[from];
			}
		}
	}
	converted
}

/// `[UNITS, GATES]`: each gate is transposed.
fn keras_recurrent(kernel: &[f32]) -> Vec<f32> {
	let mut converted = vec![0.0; kernel.len()];
	for gate in 0..4 {
		for input in 0..UNITS {
			for unit in 0..UNITS {
				converted[input * GATES + gate * UNITS + unit] =
					kernel[unit * GATES + gate * UNITS + input];
			}
		}
	}
	converted
}

/// States of an LSTM for a batch, `[B, UNITS]` each.
struct States {
	hidden: Vec<f32>,
	cell: Vec<f32>,
}

impl States {
	fn zero(batch: usize) -> Self {
		Self { hidden: vec![0.0; batch * UNITS], cell: vec![0.0; batch * UNITS] }
	}

	/// One step, from what the input adds to the gates, `[B, GATES]`.
	fn step(&mut self, mut gates: Vec<f32>, recurrent: &Dense) -> Result<()> {
		add(&mut gates, &recurrent.apply(self.hidden.clone())?);
		let states = self.cell.chunks_exact_mut(UNITS).zip(self.hidden.chunks_exact_mut(UNITS));
		for ((cells, hiddens), gates) in states.zip(gates.chunks_exact(GATES)) {
			for (unit, (cell, hidden)) in cells.iter_mut().zip(hiddens).enumerate() {
				let gate = |n: usize| gates[n * UNITS + unit];
				*cell = sigmoid(gate(1)) * *cell + sigmoid(gate(0)) * gate(2).tanh();
				*hidden = sigmoid(gate(3)) * cell.tanh();
			}
		}
		Ok(())
	}
}

fn sigmoid(x: f32) -> f32 {
	1.0 / (1.0 + (-x).exp())
}

impl CharLstm {
	/// The last characters of a text, with padding before a shorter one.
	fn ids(&self, text: &str) -> [usize; WINDOW] {
		let mut ids = [UNKNOWN; WINDOW];
		for (id, character) in ids.iter_mut().rev().zip(text.chars().rev()) {
			*id = self.ids.get(&character).copied().unwrap_or(UNKNOWN);
		}
		ids
	}

	fn batch(&self, texts: &[&str]) -> Result<Vec<f32>> {
		let texts: Vec<_> = texts.iter().map(|text| self.ids(text)).collect();
		let (mut first, mut second) = (States::zero(texts.len()), States::zero(texts.len()));
		// Of each text the embedding and states at each place.
		let mut states = vec![0.0; texts.len() * WINDOW * STATE];
		for place in 0..WINDOW {
			let gates =
				texts.iter().flat_map(|ids| &self.first_input[ids[place] * GATES..][..GATES]);
			first.step(gates.copied().collect(), &self.first)?;
			second.step(self.second_input.apply(first.hidden.clone())?, &self.second)?;
			for (n, ids) in texts.iter().enumerate() {
				let state = &mut states[(n * WINDOW + place) * STATE..][..STATE];
				let (embedding, rest) = state.split_at_mut(EMBEDDING);
				embedding.copy_from_slice(&self.embeddings[ids[place] * EMBEDDING..][..EMBEDDING]);
				rest[..UNITS].copy_from_slice(&first.hidden[n * UNITS..][..UNITS]);
				rest[UNITS..].copy_from_slice(&second.hidden[n * UNITS..][..UNITS]);
			}
		}
		let mut vectors = Vec::with_capacity(texts.len() * (STATE + 2 * UNITS));
		for states in states.chunks_exact(WINDOW * STATE) {
			let product =
				|state: &[f32]| state.iter().zip(&self.attention).map(|(x, w)| x * w).sum();
			let mut weights: Vec<f32> = states.chunks_exact(STATE).map(product).collect();
			softmax(&mut weights, WINDOW);
			let mut mean = [0.0; STATE];
			for (weight, state) in weights.iter().zip(states.chunks_exact(STATE)) {
				mean.iter_mut().zip(state).for_each(|(sum, x)| *sum += weight * x);
			}
			vectors.extend(mean);
			vectors.extend(&states[states.len() - 2 * UNITS..]);
		}
		Ok(vectors)
	}
}

impl TextModel for CharLstm {
	fn width(&self) -> usize {
		STATE + 2 * UNITS
	}

	fn vectors(&self, texts: &[&str]) -> Result<Vec<f32>> {
		let mut vectors = Vec::with_capacity(texts.len() * self.width());
		for batch in texts.chunks(TOGETHER) {
			vectors.extend(self.batch(batch)?);
		}
		Ok(vectors)
	}
}

#[cfg(test)]
mod tests {
	use super::{keras_kernel, keras_recurrent, GATES, UNITS};

	#[test]
	fn kernels_are_converted_gate_by_gate() {
		// NumPy: K.T.reshape(K.shape, order="F"), that is new[i, u] = K.ravel()[i + inputs · u].
		let inputs = 3;
		let kernel: Vec<f32> = (0..inputs * GATES).map(|n| n as f32).collect();
		let converted = keras_kernel(&kernel, inputs);
		let flat = |gate: usize, n: usize| kernel[n / UNITS * GATES + gate * UNITS + n % UNITS];
		assert_eq!(converted[GATES + 2 * UNITS + 5], flat(2, 1 + 3 * 5));
		assert_eq!(converted[2 * GATES + 127], flat(0, 2 + 3 * 127));
		let recurrent: Vec<f32> = (0..UNITS * GATES).map(|n| n as f32).collect();
		assert_eq!(
			keras_recurrent(&recurrent)[7 * GATES + UNITS + 9],
			recurrent[9 * GATES + UNITS + 7]
		);
	}
}
