//! Parameters, and the typed handles by which a model shape holds them.
//!
//! ```text
//!   Builder (random, or from a saved state) ──► Handle ──► fields of Cbow, Joiner, Bag
//!      └──► Parameters: the list that optimizer, checkpoint and digest walk
//! ```
//! A shape asks the [`Builder`] for each of its tensors once, in `load`, and keeps a [`Handle`];
//! nothing looks a parameter up by name afterwards. Invariants: the order of the list is the order
//! of the requests, so equal settings give equal parameters; a handle and its entry in the list
//! share one storage.

use candle_core::{Device, Tensor, Var};
use rand::Rng;
use rand_chacha::{rand_core::SeedableRng, ChaCha8Rng};
use rand_distr::StandardNormal;

use crate::{error::Result, state::State, tensors};

/// Which losses may step a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
	/// The function f (encoder, adaptors, joiner): the own loss and upstreams, by eq. 12.
	Function,
	/// From y to the loss: the own loss only.
	Decoder,
}

/// One parameter tensor.
#[derive(Clone, Debug)]
pub struct Parameter {
	name: String,
	var: Var,
	part: Part,
	table: bool,
}

impl Parameter {
	/// Its name, such as `input.3.adaptor`.
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

	pub(crate) fn var(&self) -> &Var {
		&self.var
	}

	/// A table whose rows are looked up: a gradient may have a few of its rows only.
	pub(crate) fn is_table(&self) -> bool {
		self.table
	}

	/// Weight decay applies to everything but biases and the parameters of the decoder.
	pub(crate) fn decays(&self) -> bool {
		self.part == Part::Function && !self.name.ends_with("bias")
	}
}

/// A parameter as its model shape holds it: the tensor, and its place in a [`Gradient`].
///
/// [`Gradient`]: crate::learning::Gradient
#[derive(Clone, Debug)]
pub struct Handle {
	index: usize,
	var: Var,
}

impl Handle {
	/// The parameter as a variable of candle's graph.
	pub fn tensor(&self) -> &Tensor {
		&self.var
	}

	/// The parameter outside of any graph, for gradients that are written by hand.
	pub fn value(&self) -> Tensor {
		self.var.detach()
	}

	/// Place in the list of parameters and in a gradient.
	pub fn index(&self) -> usize {
		self.index
	}

	/// Changes the entries in place.
	///
	/// # Errors
	/// [`NucleusError::Tensor`](crate::NucleusError::Tensor) if the device refuses.
	pub fn update(&self, f: impl FnOnce(&mut [f32])) -> Result<()> {
		tensors::update(&self.var, f)
	}
}

/// Where the values of a new model's parameters come from.
#[derive(Debug)]
enum Source<'s> {
	Random(Box<ChaCha8Rng>),
	Saved(&'s State),
}

/// Makes parameters one by one: random, or as they were saved.
#[derive(Debug)]
pub struct Builder<'s> {
	source: Source<'s>,
	device: Device,
	list: Vec<Parameter>,
}

impl<'s> Builder<'s> {
	/// Random parameters; equal for equal seeds and requests.
	pub fn random(seed: u64, device: &Device) -> Self {
		Self::new(Source::Random(Box::new(ChaCha8Rng::seed_from_u64(seed))), device)
	}

	/// Parameters of a saved state.
	pub fn saved(state: &'s State, device: &Device) -> Self {
		Self::new(Source::Saved(state), device)
	}

	fn new(source: Source<'s>, device: &Device) -> Self {
		Self { source, device: device.clone(), list: Vec::new() }
	}

	/// A parameter of this shape: normal deviates of this deviation, or the saved values.
	///
	/// # Errors
	/// [`NucleusError::State`](crate::NucleusError::State) if the saved state has no such
	/// parameter or has it in another shape.
	pub fn dense(
		&mut self,
		name: &str,
		shape: &[usize],
		deviation: f64,
		part: Part,
	) -> Result<Handle> {
		let data = match &mut self.source {
			Source::Random(rng) => normal(rng, shape.iter().product(), deviation),
			Source::Saved(state) => state.tensor(&saved_name(name), shape)?.to_vec(),
		};
		let var = Var::from_tensor(&Tensor::from_vec(data, shape, &self.device)?)?;
		let index = self.list.len();
		self.list.push(Parameter { name: name.into(), var: var.clone(), part, table: false });
		Ok(Handle { index, var })
	}

	/// As [`Builder::dense`], with one value for all entries.
	///
	/// # Errors
	/// As [`Builder::dense`].
	pub fn constant(
		&mut self,
		name: &str,
		shape: &[usize],
		value: f32,
		part: Part,
	) -> Result<Handle> {
		let handle = self.dense(name, shape, 0.0, part)?;
		if matches!(self.source, Source::Random(_)) {
			handle.update(|x| x.fill(value))?;
		}
		Ok(handle)
	}

	/// As [`Builder::dense`], for a table `[V, m]` of f whose rows are looked up.
	///
	/// # Errors
	/// As [`Builder::dense`].
	pub fn table(&mut self, name: &str, shape: &[usize], deviation: f64) -> Result<Handle> {
		let handle = self.dense(name, shape, deviation, Part::Function)?;
		self.list[handle.index].table = true;
		Ok(handle)
	}

	/// All parameters made so far.
	pub fn finish(self) -> Parameters {
		Parameters { list: self.list }
	}
}

/// All parameters of a model, in a fixed order.
#[derive(Clone, Debug)]
pub struct Parameters {
	list: Vec<Parameter>,
}

impl Parameters {
	/// The parameters, in order.
	pub fn list(&self) -> &[Parameter] {
		&self.list
	}

	pub(crate) fn save(&self, state: &mut State) -> Result<()> {
		for parameter in &self.list {
			let data = tensors::to_vec(&parameter.var)?;
			state.put_tensor(saved_name(&parameter.name), parameter.var.dims(), data);
		}
		Ok(())
	}
}

impl Parameters {
	/// Whether a state holds all of them.
	pub(crate) fn check(&self, state: &State) -> Result<()> {
		let saved = |p: &Parameter| state.tensor(&saved_name(&p.name), p.var.dims()).map(drop);
		self.list.iter().try_for_each(saved)
	}

	/// Takes over the values of a state.
	pub(crate) fn load(&self, state: &State) -> Result<()> {
		for parameter in &self.list {
			let saved = state.tensor(&saved_name(&parameter.name), parameter.var.dims())?;
			tensors::update(&parameter.var, |values| values.copy_from_slice(saved))?;
		}
		Ok(())
	}
}

/// A copy of the values of all parameters, in order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Snapshot(pub(crate) Vec<Vec<f32>>);

impl Snapshot {
	/// The values of now.
	pub(crate) fn of(parameters: &Parameters) -> Result<Self> {
		let values = parameters.list.iter().map(|p| tensors::to_vec(&p.var));
		values.collect::<Result<_>>().map(Self)
	}

	/// Gives the parameters these values.
	pub(crate) fn write(&self, parameters: &Parameters) -> Result<()> {
		for (parameter, values) in parameters.list.iter().zip(&self.0) {
			tensors::update(&parameter.var, |now| now.copy_from_slice(values))?;
		}
		Ok(())
	}

	/// The parameters get these values, and this copy gets theirs.
	pub(crate) fn exchange(&mut self, parameters: &Parameters) -> Result<()> {
		for (parameter, values) in parameters.list.iter().zip(&mut self.0) {
			tensors::update(&parameter.var, |now| now.swap_with_slice(values))?;
		}
		Ok(())
	}

	/// One parameter has a new value, which is copied.
	pub(crate) fn replace(&mut self, parameters: &Parameters, index: usize) -> Result<()> {
		if let (Some(new), Some(old)) = (parameters.list.get(index), self.0.get_mut(index)) {
			*old = tensors::to_vec(&new.var)?;
		}
		Ok(())
	}

	/// Adds the values to a state, as `NAME.PARAMETER`.
	pub(crate) fn save(&self, name: &str, parameters: &Parameters, state: &mut State) {
		for (parameter, values) in parameters.list.iter().zip(&self.0) {
			let name = format!("{name}.{}", parameter.name);
			state.put_tensor(name, parameter.var.dims(), values.clone());
		}
	}

	/// Takes over what [`Snapshot::save`] wrote; `None` if it wrote nothing.
	pub(crate) fn load(name: &str, parameters: &Parameters, state: &State) -> Result<Option<Self>> {
		let saved = |parameter: &Parameter| format!("{name}.{}", parameter.name);
		if !parameters.list.first().is_some_and(|first| state.has_tensor(&saved(first))) {
			return Ok(None);
		}
		let read = |p: &Parameter| Ok(state.tensor(&saved(p), p.var.dims())?.to_vec());
		Ok(Some(Self(parameters.list.iter().map(read).collect::<Result<_>>()?)))
	}
}

fn saved_name(name: &str) -> String {
	format!("parameter.{name}")
}

/// Normal deviates from a seeded generator (candle's own generator has no seed on a CPU).
pub(crate) fn normal(rng: &mut ChaCha8Rng, count: usize, deviation: f64) -> Vec<f32> {
	let deviate = |_| (rng.sample::<f64, _>(StandardNormal) * deviation) as f32;
	(0..count).map(deviate).collect()
}
