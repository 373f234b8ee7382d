//! Inputs as experts: a term of the logits for each input whose vectors of words are known.
//!
//! ```text
//!   logits_w += (β_j ⊙ z_j(x)) · v̂_jw        v̂_jw = s_j · (d_j(w) − mean_w d_j(w))
//! ```
//! Only β_j, m numbers for each input, is learned, on the own loss. s_j brings the term to deviation
//! 1 over the words at β = 1, so that trainable and pretrained components start alike; it is
//! measured at the first training step after each fetch of words, and moves half of the way. A row of
//! zeros is a word that the component does not know: it stays 0.
//!
//! The table of all inputs is one matrix, `[V, n·m]`, so that the term costs one product for all of
//! them. ∂L/∂d_j(w) costs another: it is computed for inputs that are asked for it, and for up to
//! [`PENDING`] steps at a time.
//!
//! Invariants: a missing input adds exactly nothing, and so does one that answers all words alike;
//! refused vectors change nothing.

use candle_core::{Tensor, Var};
use serde::{Deserialize, Serialize};

use crate::{
	config::{Config, DIM},
	error::{NucleusError, Result},
	joiner::Centred,
	parameters::{Builder, Handle, Part},
	state::State,
	tensors,
};

/// β over the parameter that stands for it: β learns this many times faster than other parameters.
const GAIN: f64 = 5.0;
/// Sum of fresh β over all inputs, for three or more.
const START: f64 = 0.75;
/// Largest entry of a vector of a word.
const LARGEST: f32 = 1e4;
/// Vectors that deviate from their mean by less, relative to it, are all the same.
const RELATIVE_FLOOR: f64 = 1e-3;
/// Steps whose errors of words are computed together.
const PENDING: usize = 16;
/// Steps after which an input that is not asked for errors of words is forgotten.
const IDLE: u64 = 1_024;

/// β and vectors of words of all inputs.
#[derive(Debug)]
pub(super) struct Experts {
	gains: Vec<Handle>,
	start: f64,
	vocab: usize,
	experts: Vec<Expert>,
	table: Option<Table>,
	/// ∂ΣL/∂logits `[B, V]` and β ⊙ z · s of the columns `[B, n·m]`, of steps whose errors of
	/// words are not computed yet.
	pending: Vec<(Tensor, Tensor)>,
}

/// One input.
#[derive(Debug, Default)]
struct Expert {
	/// d(w) − mean, `[V, m]` row-major.
	words: Option<Vec<f32>>,
	/// Sum of ∂L/∂d(w), `[V, m]` row-major; empty before the first.
	errors: Vec<f32>,
	notes: Notes,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Notes {
	/// s; 0 before it is measured.
	scale: f32,
	/// The words are new: s is measured at the next step.
	fresh: bool,
	/// Steps since it was last asked for errors; `None` if it is not.
	waits: Option<u64>,
	/// Steps in `errors` and in the pending ones.
	batches: u64,
}

/// Vectors of words of the inputs that have them, side by side.
#[derive(Debug)]
struct Table {
	columns: Vec<usize>,
	/// `[V, n·m]`.
	values: Var,
}

#[derive(Serialize, Deserialize)]
struct Saved {
	inputs: Vec<Notes>,
	/// Rows of each pending step.
	pending: Vec<usize>,
}

impl Experts {
	pub(super) fn load(config: &Config, vocab: usize, builder: &mut Builder) -> Result<Self> {
		let start = START / config.inputs.max(3) as f64 / GAIN;
		let mut gain = |input| {
			let name = format!("input.{input}.gain");
			builder.constant(&name, &[1, DIM], start as f32, Part::Decoder)
		};
		Ok(Self {
			gains: (0..config.inputs).map(&mut gain).collect::<Result<_>>()?,
			start,
			vocab,
			experts: (0..config.inputs).map(|_| Expert::default()).collect(),
			table: None,
			pending: Vec::new(),
		})
	}

	/// Columns of the table whose inputs are present and have a scale: place, input and z.
	fn present<'z>(&self, z: &'z Centred) -> Vec<(usize, usize, &'z Tensor)> {
		let Some(table) = &self.table else { return Vec::new() };
		let columns = table.columns.iter().enumerate();
		columns
			.filter(|(_, &input)| self.experts[input].notes.scale > 0.0)
			.filter_map(|(place, &input)| Some((place, input, z.downstream.get(input)?.as_ref()?)))
			.collect()
	}

	/// What β ⊙ z of an input is multiplied by.
	fn factor(&self, input: usize, z: &Centred) -> f64 {
		GAIN * f64::from(self.experts[input].notes.scale) * z.strength(input).expert
	}

	/// Of each input and example: the derivative of L(x) by the strength of the input's term, at
	/// strength 1, from g · v̂ as [`Experts::root`] gives it. `None` for inputs without a term.
	pub(super) fn products(&self, z: &Centred, h: &Tensor) -> Result<Vec<Option<Vec<f64>>>> {
		let mut all = vec![None; self.gains.len()];
		for (place, input, present) in self.present(z) {
			let factor = GAIN * f64::from(self.experts[input].notes.scale);
			let h = (h.narrow(1, place * DIM, DIM)? * factor)?;
			let term = present.detach().broadcast_mul(&self.gains[input].value())?;
			let sums = (term * h)?.sum(1)?;
			all[input] = Some(tensors::to_vec(&sums)?.into_iter().map(f64::from).collect());
		}
		Ok(all)
	}

	/// β ⊙ z · s of all columns, `[B, n·m]`, outside of any graph; 0 for inputs that are missing.
	/// `None` if all are.
	fn weighted(&self, z: &Centred) -> Result<Option<Tensor>> {
		let (Some(table), present) = (&self.table, self.present(z)) else { return Ok(None) };
		let Some(&(.., first)) = present.first() else { return Ok(None) };
		let width = table.columns.len() * DIM;
		let mut all = vec![0_f32; first.dim(0)? * width];
		for (place, input, present) in present {
			let scale = self.factor(input, z) as f32;
			tensors::with_slice(present, |z| {
				tensors::with_slice(self.gains[input].tensor(), |gain| {
					for (row, z) in all.chunks_exact_mut(width).zip(z.chunks_exact(DIM)) {
						let row = &mut row[place * DIM..(place + 1) * DIM];
						for ((out, z), gain) in row.iter_mut().zip(z).zip(gain) {
							*out = scale * gain * z;
						}
					}
				})
			})??;
		}
		let rows = all.len() / width;
		Ok(Some(Tensor::from_vec(all, (rows, width), first.device())?))
	}

	/// The term of all inputs, `[B, V]`; `None` if it is 0.
	pub(super) fn logits(&self, z: &Centred) -> Result<Option<Tensor>> {
		let (Some(weighted), Some(table)) = (self.weighted(z)?, &self.table) else {
			return Ok(None);
		};
		Ok(Some(weighted.matmul(&table.values.detach().t()?)?))
	}

	/// The term of one input, `[B, V]`; `None` if it is 0.
	pub(super) fn term(&self, input: usize, z: &Centred) -> Result<Option<Tensor>> {
		let present = self.present(z).into_iter().find(|(_, one, _)| *one == input);
		let (Some((.., present)), Some(words)) = (present, &self.experts[input].words) else {
			return Ok(None);
		};
		let weighted = present.detach().broadcast_mul(&self.gains[input].value())?;
		let weighted = (weighted * self.factor(input, z))?;
		let words = Tensor::from_slice(words, (self.vocab, DIM), present.device())?;
		Ok(Some(weighted.matmul(&words.t()?)?))
	}

	/// A scalar whose gradient with respect to z and β is that of ΣL, from g = ∂ΣL/∂logits; beside it
	/// g · v̂ of all columns, `[B, n·m]`, which is most of the work.
	pub(super) fn root(&self, z: &Centred, g: &Tensor) -> Result<Option<(Tensor, Tensor)>> {
		let (Some(table), present) = (&self.table, self.present(z)) else { return Ok(None) };
		if present.is_empty() {
			return Ok(None);
		}
		let all = g.matmul(&table.values.detach())?;
		let mut root: Option<Tensor> = None;
		for (place, input, present) in present {
			let h = (all.narrow(1, place * DIM, DIM)? * self.factor(input, z))?;
			let term = (present.broadcast_mul(self.gains[input].tensor())? * h)?.sum_all()?;
			root = Some(match root {
				Some(root) => (root + term)?,
				None => term,
			});
		}
		Ok(root.map(|root| (root, all)))
	}

	/// Measures s of inputs whose words are new.
	pub(super) fn observe(&mut self, z: &Centred) -> Result<()> {
		for (z, expert) in z.downstream.iter().zip(&mut self.experts) {
			let (Some(z), Some(words)) = (z, &expert.words) else { continue };
			if !expert.notes.fresh {
				continue;
			}
			let words = Tensor::from_vec(words.clone(), (self.vocab, DIM), z.device())?;
			let products = z.detach().matmul(&words.t()?)?;
			let spread = tensors::with_slice(&products, |all| deviation(all, self.vocab))?;
			expert.notes.fresh = false;
			expert.notes.scale = match (1.0 / spread, expert.notes.scale) {
				(new, _) if !new.is_finite() => 0.0,
				(new, old) if old > 0.0 => (old * new).sqrt(),
				(new, _) => new,
			};
		}
		Ok(())
	}

	/// Keeps what errors of words are computed from, if an input is asked for them.
	pub(super) fn keep_errors(&mut self, z: &Centred, g: &Tensor) -> Result<()> {
		let mut asked = false;
		let present: Vec<usize> = self.present(z).into_iter().map(|(_, input, _)| input).collect();
		for (input, expert) in self.experts.iter_mut().enumerate() {
			let Some(steps) = &mut expert.notes.waits else { continue };
			*steps += 1;
			if *steps > IDLE {
				expert.notes.waits = None;
				expert.notes.batches = 0;
				expert.errors.clear();
			} else if present.contains(&input) {
				expert.notes.batches += 1;
				asked = true;
			}
		}
		if let (true, Some(weighted)) = (asked, self.weighted(z)?) {
			self.pending.push((g.detach(), weighted));
			if self.pending.len() >= PENDING {
				self.fold()?;
			}
		}
		Ok(())
	}

	/// Computes the errors of words of the pending steps.
	fn fold(&mut self) -> Result<()> {
		let pending = std::mem::take(&mut self.pending);
		let Some(table) = self.table.as_ref().filter(|_| !pending.is_empty()) else {
			return Ok(());
		};
		let g: Vec<&Tensor> = pending.iter().map(|(g, _)| g).collect();
		let weighted: Vec<&Tensor> = pending.iter().map(|(_, weighted)| weighted).collect();
		let (g, weighted) = (Tensor::cat(&g, 0)?.t()?, Tensor::cat(&weighted, 0)?);
		for (place, &input) in table.columns.iter().enumerate() {
			let expert = &mut self.experts[input];
			let (Some(words), Some(_)) = (&expert.words, expert.notes.waits) else { continue };
			let all = g.matmul(&weighted.narrow(1, place * DIM, DIM)?.contiguous()?)?;
			expert.errors.resize(self.vocab * DIM, 0.0);
			tensors::with_slice(&all, |all| {
				let rows = expert.errors.chunks_exact_mut(DIM).zip(all.chunks_exact(DIM));
				for ((sum, x), word) in rows.zip(words.chunks_exact(DIM)) {
					if word.iter().any(|x| *x != 0.0) {
						sum.iter_mut().zip(x).for_each(|(sum, x)| *sum += x);
					}
				}
			})?;
		}
		Ok(())
	}

	pub(super) fn take_errors(&mut self, input: usize) -> Result<Option<Tensor>> {
		self.fold()?;
		let device = self.gains[input].tensor().device();
		let expert = &mut self.experts[input];
		expert.notes.waits = Some(0);
		let batches = std::mem::take(&mut expert.notes.batches);
		let mut errors = std::mem::take(&mut expert.errors);
		if batches == 0 || errors.is_empty() {
			return Ok(None);
		}
		errors.iter_mut().for_each(|x| *x /= batches as f32);
		if errors.iter().any(|x| !x.is_finite()) {
			return Ok(None);
		}
		Ok(Some(tensors::from_rows(errors, device)?))
	}

	pub(super) fn set_words(&mut self, input: usize, words: Option<&Tensor>) -> Result<()> {
		let words = match words {
			None => None,
			Some(words) => {
				let mut words = tensors::rows(words, self.vocab, "vectors of words")?;
				if words.iter().any(|x| x.abs() > LARGEST) {
					let what = format!("vectors of words of input {input}");
					return Err(NucleusError::TooLarge { what, limit: LARGEST });
				}
				centre(&mut words);
				Some(words)
			}
		};
		let had = self.experts[input].words.is_some();
		if had != words.is_some() {
			// The columns of the table change.
			self.fold()?;
		}
		let expert = &mut self.experts[input];
		match words {
			Some(words) => {
				expert.notes.fresh = true;
				expert.words = Some(words);
			}
			None => *expert = Expert::default(),
		}
		match had && self.experts[input].words.is_some() {
			true => self.replace(input),
			false => self.rebuild(),
		}
	}

	/// Starts an input again.
	pub(super) fn connect(&mut self, input: usize) -> Result<Vec<usize>> {
		self.set_words(input, None)?;
		let gain = &self.gains[input];
		gain.update(|gain| gain.fill(self.start as f32))?;
		Ok(vec![gain.index()])
	}

	/// Writes the words of an input over those in the table.
	fn replace(&mut self, input: usize) -> Result<()> {
		let (Some(table), Some(words)) = (&self.table, &self.experts[input].words) else {
			return Ok(());
		};
		let Some(place) = table.columns.iter().position(|column| *column == input) else {
			return Ok(());
		};
		let width = table.columns.len() * DIM;
		tensors::update(&table.values, |all| {
			for (row, word) in all.chunks_exact_mut(width).zip(words.chunks_exact(DIM)) {
				row[place * DIM..(place + 1) * DIM].copy_from_slice(word);
			}
		})
	}

	fn rebuild(&mut self) -> Result<()> {
		let has = |input: &usize| self.experts[*input].words.is_some();
		let columns: Vec<usize> = (0..self.experts.len()).filter(has).collect();
		self.table = None;
		let Some(gain) = self.gains.first().filter(|_| !columns.is_empty()) else { return Ok(()) };
		let shape = (self.vocab, columns.len() * DIM);
		let values = Var::zeros(shape, candle_core::DType::F32, gain.tensor().device())?;
		self.table = Some(Table { columns: columns.clone(), values });
		columns.into_iter().try_for_each(|input| self.replace(input))
	}

	pub(super) fn save(&self, state: &mut State) -> Result<()> {
		for (input, expert) in self.experts.iter().enumerate() {
			if let Some(words) = &expert.words {
				state.put_tensor(words_of(input), &[self.vocab, DIM], words.clone());
			}
			if !expert.errors.is_empty() {
				state.put_tensor(errors_of(input), &[self.vocab, DIM], expert.errors.clone());
			}
		}
		let mut rows = Vec::with_capacity(self.pending.len());
		for (n, (g, weighted)) in self.pending.iter().enumerate() {
			rows.push(g.dim(0)?);
			for (name, tensor) in pending_of(n).into_iter().zip([g, weighted]) {
				state.put_tensor(name, tensor.dims(), tensors::to_vec(tensor)?);
			}
		}
		let inputs = self.experts.iter().map(|expert| expert.notes.clone()).collect();
		state.put("experts", &Saved { inputs, pending: rows })
	}

	pub(super) fn load_state(&mut self, state: &State) -> Result<()> {
		let saved: Saved = state.get("experts")?;
		if saved.inputs.len() != self.experts.len() {
			return Err(NucleusError::State("number of experts".into()));
		}
		let shape = [self.vocab, DIM];
		let read = |name: String| match state.has_tensor(&name) {
			true => Ok::<_, NucleusError>(Some(state.tensor(&name, &shape)?.to_vec())),
			false => Ok(None),
		};
		for (input, notes) in saved.inputs.into_iter().enumerate() {
			let errors = read(errors_of(input))?.unwrap_or_default();
			self.experts[input] = Expert { words: read(words_of(input))?, errors, notes };
		}
		self.rebuild()?;
		self.pending.clear();
		let width = self.table.as_ref().map_or(0, |table| table.columns.len() * DIM);
		let Some(gain) = self.gains.first() else { return Ok(()) };
		for (n, rows) in saved.pending.into_iter().enumerate() {
			let [g, weighted] = pending_of(n);
			let tensor = |name: &str, shape: [usize; 2]| -> Result<Tensor> {
				let data = state.tensor(name, &shape)?.to_vec();
				Ok(Tensor::from_vec(data, &shape[..], gain.tensor().device())?)
			};
			self.pending.push((tensor(&g, [rows, self.vocab])?, tensor(&weighted, [rows, width])?));
		}
		Ok(())
	}
}

/// Subtracts the mean of the words that are known. Words that hardly differ become 0.
fn centre(words: &mut [f32]) {
	let known = |row: &[f32]| row.iter().any(|x| *x != 0.0);
	let (mut mean, mut count) = ([0_f64; DIM], 0_u32);
	for row in words.chunks_exact(DIM).filter(|row| known(row)) {
		mean.iter_mut().zip(row).for_each(|(sum, x)| *sum += f64::from(*x));
		count += 1;
	}
	mean.iter_mut().for_each(|sum| *sum /= f64::from(count.max(1)));
	let mut squares = 0.0;
	for row in words.chunks_exact_mut(DIM).filter(|row| known(row)) {
		for (x, mean) in row.iter_mut().zip(&mean) {
			let centred = f64::from(*x) - mean;
			squares += centred * centred;
			*x = centred as f32;
		}
	}
	let squares_of_mean: f64 = mean.iter().map(|x| x * x).sum();
	let spread = (squares / f64::from(count.max(1))).sqrt();
	if spread <= RELATIVE_FLOOR * squares_of_mean.sqrt() || spread < 1e-9 {
		words.fill(0.0);
	}
}

/// Root of the mean variance of the rows that are not 0.
fn deviation(all: &[f32], width: usize) -> f32 {
	let (mut sum, mut rows) = (0.0_f64, 0_u32);
	for row in all.chunks_exact(width.max(1)) {
		let mean = row.iter().map(|x| f64::from(*x)).sum::<f64>() / width as f64;
		let variance =
			row.iter().map(|x| (f64::from(*x) - mean).powi(2)).sum::<f64>() / width as f64;
		if variance > 0.0 {
			sum += variance;
			rows += 1;
		}
	}
	(sum / f64::from(rows.max(1))).sqrt() as f32
}

fn words_of(input: usize) -> String {
	format!("experts.{input}.words")
}

fn errors_of(input: usize) -> String {
	format!("experts.{input}.errors")
}

fn pending_of(n: usize) -> [String; 2] {
	[format!("experts.pending.{n}.logits"), format!("experts.pending.{n}.inputs")]
}
