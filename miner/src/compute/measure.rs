//! Reports of the compute thread, by account.

use super::inputs::Inputs;
use bittensor_nucleus::{Attribution, InputScore, StepReport};
use bittensor_wire::{AccountId, Vectors};
use std::collections::BTreeMap;

/// A training step.
#[derive(Debug)]
pub struct Step {
	/// Its report.
	pub report: StepReport,
	/// ∂L/∂d_j by account, one row per text.
	pub errors: Vec<(AccountId, Vectors)>,
	/// Version of the parameters after it.
	pub version: u64,
}

/// The scores, and the row that follows from them.
#[derive(Clone, Debug)]
pub struct Measure {
	/// The accounts at the inputs.
	pub inputs: Inputs,
	/// The scores, by input.
	pub attribution: Attribution,
	/// The row: (account, share out of 65,536); the rest is our own.
	pub shares: Vec<(AccountId, u16)>,
	/// Training steps made.
	pub steps: u64,
	/// What upstreams have bought: the sum of s_u over our steps, by account.
	pub sold: Vec<(AccountId, f64)>,
}

impl Measure {
	/// Share of an account in the row.
	pub fn share(&self, account: &AccountId) -> u16 {
		self.shares.iter().find(|(other, _)| other == account).map_or(0, |(_, share)| *share)
	}

	/// Scores by account.
	pub fn scores(&self) -> BTreeMap<AccountId, InputScore> {
		self.inputs
			.iter()
			.zip(&self.attribution.inputs)
			.filter_map(|(input, score)| Some(((*input)?, (*score)?)))
			.collect()
	}
}
