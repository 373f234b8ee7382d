//! `noise`: random answers that have nothing to do with the text. A control: nobody should pay it.

use std::sync::atomic::{AtomicU64, Ordering};

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
	name: "noise",
	about: "answers every text with random vectors and has nothing to learn",
	learns: false,
	package: None,
	create: |setup| Ok(Box::new(Noise::new(setup.config.seed, 0))),
	restore: |_, saved| {
		let state = saved.open("")?;
		Ok(Box::new(Noise::new(state.get("seed")?, state.get("answers")?)))
	},
};

/// Normal deviates: the n-th answer depends on the seed and n only.
#[derive(Debug)]
struct Noise {
	seed: u64,
	answers: AtomicU64,
}

impl Noise {
	fn new(seed: u64, answers: u64) -> Self {
		Self { seed, answers: AtomicU64::new(answers) }
	}
}

impl Model for Noise {
	fn kind(&self) -> &'static str {
		KIND.name
	}

	fn forward(&self, texts: &[String], _d: &[Option<Tensor>]) -> Result<Tensor> {
		if texts.is_empty() {
			return Err(NucleusError::EmptyBatch);
		}
		let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
		rng.set_stream(self.answers.fetch_add(1, Ordering::Relaxed));
		tensors::from_rows(normal(&mut rng, texts.len() * DIM, 1.0), &Device::Cpu)
	}

	fn state(&self) -> Result<State> {
		let mut state = State::default();
		state.put("seed", &self.seed)?;
		state.put("answers", &self.answers.load(Ordering::Relaxed))?;
		Ok(state)
	}
}
