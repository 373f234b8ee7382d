//! The parameters of a component by name.
//!
//! Two parts: the **function** f (encoder, adaptors, joiner), which upstreams may train, and the
//! **decoder**, which serves the own loss only.

use candle_core::{Device, Tensor, Var};
use rand::Rng;
use rand_chacha::{rand_core::SeedableRng, ChaCha8Rng};

use crate::{
	config::{Config, DIM},
	error::Result,
};

/// Which part of a component a parameter belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
	/// f: what others use, and what eq. 12 steps.
	Function,
	/// From y to the loss: the own loss alone steps it.
	Decoder,
}

/// One parameter tensor.
#[derive(Clone, Debug)]
pub struct Parameter {
	pub(crate) name: String,
	pub(crate) var: Var,
	pub(crate) part: Part,
	/// A table whose rows are looked up: its gradient has some rows only.
	pub(crate) table: bool,
}

impl Parameter {
	/// Its name, such as `slot.3.adaptor`.
	pub fn name(&self) -> &str {
		&self.name
	}

	/// The part it belongs to.
	pub fn part(&self) -> Part {
		self.part
	}

	/// Its value.
	pub fn tensor(&self) -> &Tensor {
		&self.var
	}
}

/// Name of the adaptor of the own encoder (slot 0 of §5).
pub(crate) const OWN: &str = "slot.own.adaptor";
/// Name of the adaptor of the null slot.
pub(crate) const NULL: &str = "slot.null.adaptor";

/// Name of the adaptor of a downstream slot.
pub(crate) fn adaptor_name(slot: usize) -> String {
	format!("slot.{slot}.adaptor")
}

/// Deviation of a fresh adaptor's entries. Not zero: a zero adaptor has no gradient into its slot
/// and so no score; the slot would never start.
pub(crate) fn adaptor_deviation() -> f64 {
	0.2 / (DIM as f64).sqrt()
}

/// Deviation of the entries of the encoder's fresh tables.
const TABLE_DEVIATION: f64 = 0.1;

/// Deviation of the entries of e(x) of a fresh encoder: two rows, and a mean of many.
pub(crate) fn encoder_deviation() -> f64 {
	TABLE_DEVIATION * 2.0_f64.sqrt()
}

/// All parameters, in a fixed order.
#[derive(Clone, Debug)]
pub(crate) struct Parameters {
	pub(crate) list: Vec<Parameter>,
}

impl Parameters {
	/// Fresh parameters; equal for equal settings.
	pub(crate) fn new(config: &Config, vocab: usize, device: &Device) -> Result<Self> {
		let mut rng = ChaCha8Rng::seed_from_u64(config.seed);
		let mut list = Vec::new();
		let mut add = |name: String, shape: &[usize], deviation: f64, part, table| -> Result<()> {
			let data = normal(&mut rng, shape.iter().product(), deviation);
			let var = Var::from_tensor(&Tensor::from_vec(data, shape, device)?)?;
			list.push(Parameter { name, var, part, table });
			Ok(())
		};
		let (m, hidden) = (DIM, config.hidden);
		let root = 1.0 / (m as f64).sqrt();
		for table in ["words", "last", "previous"] {
			add(format!("encoder.{table}"), &[vocab, m], TABLE_DEVIATION, Part::Function, true)?;
		}
		add(OWN.into(), &[m, m], root, Part::Function, false)?;
		for slot in 0..config.slots {
			add(adaptor_name(slot), &[m, m], adaptor_deviation(), Part::Function, false)?;
		}
		add(NULL.into(), &[m, m], adaptor_deviation(), Part::Function, false)?;
		add("joiner.bias".into(), &[1, m], 0.0, Part::Function, false)?;
		add("joiner.hidden".into(), &[m, hidden], root, Part::Function, false)?;
		add("joiner.hidden_bias".into(), &[1, hidden], 0.0, Part::Function, false)?;
		let narrow = 0.5 / (hidden as f64).sqrt();
		add("joiner.output".into(), &[hidden, m], narrow, Part::Function, false)?;
		let heads = [m, config.horizon * m];
		add("decoder.heads".into(), &heads, root, Part::Decoder, false)?;
		add("decoder.words".into(), &[m, vocab], 0.02, Part::Decoder, false)?;
		add("decoder.bias".into(), &[1, vocab], 0.0, Part::Decoder, false)?;
		Ok(Self { list })
	}

	/// Index of a parameter.
	pub(crate) fn index(&self, name: &str) -> Option<usize> {
		self.list.iter().position(|p| p.name == name)
	}

	/// The tensor of a parameter, sharing its storage.
	pub(crate) fn tensor(&self, name: &str) -> Result<Tensor> {
		match self.index(name) {
			Some(i) => Ok(self.list[i].var.as_tensor().clone()),
			None => Err(candle_core::Error::Msg(format!("no parameter `{name}`")).into()),
		}
	}
}

/// Normal deviates from a seeded generator (candle's own generator has no seed on a CPU).
pub(crate) fn normal(rng: &mut ChaCha8Rng, count: usize, deviation: f64) -> Vec<f32> {
	let mut out = Vec::with_capacity(count + 1);
	while out.len() < count {
		// Box and Muller; 1 − u is never 0.
		let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt() * deviation;
		let (sin, cos) = (std::f64::consts::TAU * rng.random::<f64>()).sin_cos();
		out.push((radius * cos) as f32);
		out.push((radius * sin) as f32);
	}
	out.truncate(count);
	out
}
