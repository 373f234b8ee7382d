//! What stakes and rows brought a component, and what they cost it.
//!
//! ```text
//!   paid  =  alone  +  received  −  given
//!
//!   alone     σ · S_i / Σ S: what its stake is paid when nobody has an edge
//!   received  Σ_j payout_j · w_ji / d_j: the flows of the edges to it
//!   given     payout_i · Σ_k w_ik / d_i: the flows of its own edges
//! ```
//!
//! The sum is exact but for rounding: of the mass that comes to i, its stake's and that of the edges to
//! it, the share d_i stays as its payout, and w_ik goes on to k. Mass that goes round a cycle counts
//! each time, in both directions.

use bittensor_client::decimal;
use contribution::flow;
use serde::{Serialize, Serializer};

use crate::ledger::Epoch;

/// Amounts of one component in units, over some epochs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Economy {
	/// What it was paid.
	#[serde(rename = "minted", serialize_with = "as_decimal")]
	pub paid: u64,
	/// Part of `paid` that came over edges, see the [ledger](crate::ledger).
	#[serde(rename = "minted_through_edges", serialize_with = "as_decimal")]
	pub through_edges: u64,
	/// What its stake alone would have been paid.
	#[serde(rename = "stake_alone", serialize_with = "as_decimal")]
	pub alone: u64,
	/// What others attributed to it, and what they passed on to it.
	#[serde(serialize_with = "as_decimal")]
	pub received: u64,
	/// What it attributed to others, of its own and of what it received.
	#[serde(serialize_with = "as_decimal")]
	pub given: u64,
}

pub(crate) fn as_decimal<S: Serializer>(units: &u64, serializer: S) -> Result<S::Ok, S::Error> {
	serializer.serialize_str(&decimal(*units))
}

impl Economy {
	/// Received less given, in units.
	pub fn net(&self) -> i128 {
		i128::from(self.received) - i128::from(self.given)
	}

	fn add(&mut self, more: &Self) {
		self.paid = self.paid.saturating_add(more.paid);
		self.through_edges = self.through_edges.saturating_add(more.through_edges);
		self.alone = self.alone.saturating_add(more.alone);
		self.received = self.received.saturating_add(more.received);
		self.given = self.given.saturating_add(more.given);
	}
}

/// The economy of each uid in one epoch.
pub fn of_epoch(epoch: &Epoch) -> Vec<Economy> {
	let stakes = &epoch.inputs.stakes;
	let total: u128 = stakes.iter().map(|stake| u128::from(*stake)).sum();
	let mut all: Vec<Economy> = (0..stakes.len())
		.map(|uid| {
			let paid = epoch.paid_to(uid as u32);
			let alone = u128::from(epoch.last.minted) * u128::from(stakes[uid]);
			let alone = alone.checked_div(total).unwrap_or(0) as u64;
			let (paid, through_edges) = (paid.minted, paid.through_edges);
			Economy { paid, through_edges, alone, ..Economy::default() }
		})
		.collect();
	for (uid, row) in epoch.inputs.rows.iter().enumerate() {
		for edge in row.iter().flat_map(|row| &row.edges) {
			let self_share = row.as_ref().map_or(0, |row| row.self_share);
			let amount = flow(all[uid].paid, edge.share.into(), self_share);
			all[uid].given = all[uid].given.saturating_add(amount);
			if let Some(target) = all.get_mut(edge.target as usize) {
				target.received = target.received.saturating_add(amount);
			}
		}
	}
	all
}

/// Sums of the epochs of a ledger, by uid; each epoch is added once.
#[derive(Clone, Debug, Default)]
pub struct Totals {
	epochs: usize,
	sums: Vec<Economy>,
}

impl Totals {
	/// Adds the epochs that are not in the sums yet.
	pub fn follow(&mut self, epochs: &[Epoch]) {
		for epoch in epochs.iter().skip(self.epochs) {
			let more = of_epoch(epoch);
			if self.sums.len() < more.len() {
				self.sums.resize(more.len(), Economy::default());
			}
			self.sums.iter_mut().zip(&more).for_each(|(sum, more)| sum.add(more));
		}
		self.epochs = epochs.len();
	}

	/// The sums of one uid.
	pub fn of(&self, uid: u32) -> Economy {
		self.sums.get(uid as usize).copied().unwrap_or_default()
	}
}
