//! The miner's part of a checkpoint.

use super::{inputs::Inputs, Losses};
use bittensor_nucleus::{Perplexity, SamplerState};
use serde::{Deserialize, Serialize};

/// What a checkpoint holds beside the model.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Notes {
	/// Accounts at the inputs, hex.
	pub inputs: Vec<Option<String>>,
	/// Position of the sampler.
	pub sampler: SamplerState,
	/// Held-out perplexity with the network at the first measurement.
	pub perplexity_start: Option<f64>,
	/// Validation perplexity of the parameters, if they are the best so far.
	pub validation: Option<Perplexity>,
	/// Losses of the reported examples under the parameters, if they are the best so far.
	pub reported: Option<Losses>,
	/// Names of the train documents: the sampler's position is valid for these only.
	pub documents: Vec<String>,
}

impl Notes {
	/// The accounts at the inputs.
	pub fn accounts(&self) -> Inputs {
		let account = |hex: &String| hex::decode(hex).ok()?.try_into().ok();
		self.inputs.iter().map(|input| input.as_ref().and_then(account)).collect()
	}

	/// These notes with the accounts at the inputs.
	pub(super) fn with_accounts(self, inputs: &Inputs) -> Self {
		let inputs = inputs.iter().map(|input| input.map(hex::encode)).collect();
		Self { inputs, ..self }
	}
}
