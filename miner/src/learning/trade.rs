//! Tokens that went over edges in this run: what bids cost, and what was received for those of others.

use crate::chain::cache::Snapshot;
use bittensor_client::AccountId;
use std::collections::BTreeMap;

/// Sums of flows, in units, by account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trade {
	/// The epoch that was added last; none before the first look.
	epoch: Option<Option<u32>>,
	paid: BTreeMap<AccountId, u64>,
	received: BTreeMap<AccountId, u64>,
}

impl Trade {
	/// Adds the flows of the last payout, if it is new. A payout before the first look is none of this
	/// run.
	pub fn follow(&mut self, snapshot: &Snapshot) {
		let epoch = snapshot.epoch.last.as_ref().map(|last| last.epoch);
		let account_of = |uid: u32| snapshot.component(uid).map(|one| one.service_key);
		let edges = snapshot.paid_row.iter().flat_map(|row| &row.edges);
		let paid = edges
			.filter_map(|edge| Some((account_of(edge.target)?, snapshot.flow_to(edge.target))));
		let bids = snapshot.bids.iter();
		let received = bids.filter_map(|bid| Some((account_of(bid.uid)?, bid.flow)));
		self.add(epoch, paid, received);
	}

	fn add(
		&mut self,
		epoch: Option<u32>,
		paid: impl Iterator<Item = (AccountId, u64)>,
		received: impl Iterator<Item = (AccountId, u64)>,
	) {
		if self.epoch.replace(epoch).is_none_or(|last| last == epoch) {
			return;
		}
		let sum = |all: &mut BTreeMap<AccountId, u64>, account, flow| {
			let sum: &mut u64 = all.entry(account).or_default();
			*sum = sum.saturating_add(flow);
		};
		paid.for_each(|(account, flow)| sum(&mut self.paid, account, flow));
		received.for_each(|(account, flow)| sum(&mut self.received, account, flow));
	}

	/// Units that we gave to an account.
	pub fn paid_to(&self, account: &AccountId) -> u64 {
		self.paid.get(account).copied().unwrap_or_default()
	}

	/// Units that an account gave to us.
	pub fn received_from(&self, account: &AccountId) -> u64 {
		self.received.get(account).copied().unwrap_or_default()
	}
}

#[cfg(test)]
mod tests {
	use super::Trade;
	use std::iter::{empty, once};

	#[test]
	fn each_payout_of_this_run_counts_once() {
		let (one, two) = ([1; 32], [2; 32]);
		let mut trade = Trade::default();
		let mut look = |epoch, paid: u64, received: u64| {
			trade.add(epoch, once((one, paid)), once((two, received)));
			(trade.paid_to(&one), trade.received_from(&two), trade.paid_to(&two))
		};
		assert_eq!(look(Some(7), 100, 100), (0, 0, 0), "paid before the start");
		assert_eq!(look(Some(7), 100, 100), (0, 0, 0));
		assert_eq!(look(Some(8), 10, 3), (10, 3, 0));
		assert_eq!(look(Some(8), 10, 3), (10, 3, 0));
		assert_eq!(look(Some(9), 5, 0), (15, 3, 0));
		// The first payout of a chain is one of this run.
		let mut trade = Trade::default();
		trade.add(None, empty(), empty());
		trade.add(Some(1), once((one, 4)), empty());
		assert_eq!(trade.paid_to(&one), 4);
	}
}
