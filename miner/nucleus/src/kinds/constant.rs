//! `constant`: the same vector for every text. A control: it is worth exactly nothing.

use candle_core::{Device, Tensor};
use rand_chacha::{rand_core::SeedableRng, ChaCha8Rng};

use crate::{
	config::DIM,
	error::{NucleusError, Result},
	kinds::Kind,
	model::Model,
	parameters::normal,
	state::State,
	tensors,
};

pub(super) const KIND: Kind = Kind {
	name: "constant",
	about: "answers every text with the same vector and has nothing to learn",
	learns: false,
	package: None,
	create: |setup| Ok(Box::new(Constant { seed: setup.config.seed })),
	restore: |_, saved| Ok(Box::new(Constant { seed: saved.open("")?.get("seed")? })),
};

/// Normal deviates that depend on the seed only.
#[derive(Debug)]
struct Constant {
	seed: u64,
}

impl Model for Constant {
	fn kind(&self) -> &'static str {
		KIND.name
	}

	fn forward(&self, texts: &[String], _d: &[Option<Tensor>]) -> Result<Tensor> {
		if texts.is_empty() {
			return Err(NucleusError::EmptyBatch);
		}
		let vector = normal(&mut ChaCha8Rng::seed_from_u64(self.seed), DIM, 1.0);
		tensors::from_rows(vector.repeat(texts.len()), &Device::Cpu)
	}

	fn state(&self) -> Result<State> {
		let mut state = State::default();
		state.put("seed", &self.seed)?;
		Ok(state)
	}
}
