//! That all nodes tell the same of a block.
//!
//! ```text
//!   best block now, finalised by all ──► each node: hash, issuance, stakes, rows, validators ──► equal?
//!                                        one node: every epoch so far, replayed              ──► equal?
//! ```
//!
//! The hash of a block covers its state, but not whether a node has that state: so each node's runtime is
//! asked.

use std::time::Instant;

use anyhow::Context;
use bittensor_client::{
	rpc_params, Chain, ComponentInfo, Hash, RowInfo, SubxtChain, ValidatorInfo,
};

use super::{Validators, PATIENCE, POLL};
use crate::ledger::Ledger;

/// Where the state has the sum of all balances: `Balances.TotalIssuance`.
const TOTAL_ISSUANCE: &str = "0xc2261276cc9d1f8598ea4b6a74b15c2f57c875e4cff74148e4628f264b974c80";

/// What all nodes tell of a block.
#[derive(Clone, Debug, PartialEq)]
pub struct Agreement {
	/// Number of the block.
	pub number: u32,
	/// Its hash.
	pub hash: Hash,
	/// The sum of all balances, in units.
	pub issuance: u64,
	/// Components with their stakes.
	pub components: Vec<ComponentInfo>,
	/// Rows.
	pub rows: Vec<RowInfo>,
	/// The validators of the session.
	pub validators: Vec<ValidatorInfo>,
	/// Epochs paid so far.
	pub epochs: usize,
}

impl Validators {
	/// Waits until all running nodes have finalised what is the best block of the first one now, and
	/// compares what they tell of it. All epochs up to it must have been paid, in order, what the
	/// `contribution` crate gives.
	///
	/// # Errors
	/// If a node does not finalise that block, or tells anything else.
	pub async fn agree(&mut self) -> anyhow::Result<Agreement> {
		let names: Vec<String> = self.nodes.iter().map(|node| node.name().to_owned()).collect();
		let first = names.first().context("no node runs")?;
		let number = self.best(first).await?;
		let mut agreed: Option<Agreement> = None;
		for name in &names {
			self.finalised(name, number).await?;
			let told = read(&self.connect(name).await?, number).await?;
			let agreed = agreed.get_or_insert_with(|| told.clone());
			anyhow::ensure!(
				*agreed == told,
				"{first} and {name} differ at block {number}: {agreed:?} and {told:?}"
			);
		}
		let mut agreed = agreed.context("no node runs")?;
		agreed.epochs = self.replay(first, agreed.hash).await?;
		Ok(agreed)
	}

	/// The number of epochs that were paid up to a block. All are replayed.
	async fn replay(&mut self, name: &str, at: Hash) -> anyhow::Result<usize> {
		let chain = self.connect(name).await?;
		let mut ledger = Ledger::new(chain.parameters().await?);
		ledger.follow(&chain, at).await?;
		let mut before = None;
		for epoch in ledger.epochs() {
			let number = epoch.last.epoch;
			anyhow::ensure!(epoch.reproduced, "epoch {number} was paid wrongly: {epoch:?}");
			anyhow::ensure!(
				before.is_none_or(|before| before + 1 == number),
				"epoch {number} came after {before:?}"
			);
			before = Some(number);
		}
		Ok(ledger.epochs().len())
	}
}

impl Agreement {
	/// Waits until one more node has finalised the block, and compares what it tells of it.
	///
	/// # Errors
	/// If it does not finalise that block, or tells anything else.
	pub async fn holds_for(&self, name: &str, chain: &SubxtChain) -> anyhow::Result<()> {
		let started = Instant::now();
		while chain.finalized().await?.number < self.number {
			anyhow::ensure!(
				started.elapsed() < PATIENCE,
				"{name} has not finalised block {}",
				self.number
			);
			tokio::time::sleep(POLL).await;
		}
		// Epochs are read of one node.
		let told = Self { epochs: self.epochs, ..read(chain, self.number).await? };
		anyhow::ensure!(*self == told, "{name} differs from the others: {self:?} and {told:?}");
		Ok(())
	}
}

/// The sum of all balances at a block, in units.
pub async fn issuance(chain: &SubxtChain, at: Hash) -> anyhow::Result<u64> {
	let at = bittensor_client::hex_hash(&at);
	let stored: String = chain.request("state_getStorage", rpc_params![TOTAL_ISSUANCE, at]).await?;
	let digits = stored.strip_prefix("0x").unwrap_or(&stored);
	// Little-endian.
	Ok(u64::from_str_radix(digits, 16).with_context(|| stored.clone())?.swap_bytes())
}

async fn read(chain: &SubxtChain, number: u32) -> anyhow::Result<Agreement> {
	let hash = chain.head(Some(number)).await?.hash;
	Ok(Agreement {
		number,
		hash,
		issuance: issuance(chain, hash).await?,
		components: chain.components(Some(hash)).await?,
		rows: chain.rows(Some(hash)).await?,
		validators: chain.validators(Some(hash)).await?,
		epochs: 0,
	})
}
