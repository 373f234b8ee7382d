//! What the axon needs from the rest of the miner: something that computes, and a view of the chain.

use crate::dendrite::Peer;
use async_trait::async_trait;
use bittensor_wire::{AccountId, Vectors};
use std::sync::Arc;

/// The answer of one downstream component to a Spike, or that there is none.
#[derive(Clone, Debug, PartialEq)]
pub struct Downstream {
	/// Service key of the component that was asked.
	pub account: AccountId,
	/// d_j(x), one row per text; `None` when it was late, failed, or cut the message.
	pub vectors: Option<Vectors>,
}

/// y = f(x, d_1(x), …, d_n(x)).
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
	/// One row per text.
	pub vectors: Vectors,
	/// Counts the changes of the component's parameters.
	pub version: u64,
}

/// An error signal that a paying upstream sent for an earlier Spike (eq. 3, 12).
#[derive(Clone, Debug)]
pub struct Upstream {
	/// Service key of the sender.
	pub source: AccountId,
	/// Weight of its bid: the flow in units per epoch, or the share under `--bid-weight share`.
	pub weight: f64,
	/// Version of the parameters that answered the Spike.
	pub version: u64,
	/// x of the Spike.
	pub texts: Arc<[String]>,
	/// The answers from which the Spike was computed.
	pub downstream: Vec<Downstream>,
	/// ∂L/∂y, one row per text.
	pub error: Vectors,
}

/// Why the nucleus computed nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NucleusError {
	/// Its queue is full.
	#[error("the queue of the compute thread is full")]
	Busy,
	/// It stopped.
	#[error("the compute thread has stopped")]
	Stopped,
	/// The computation failed.
	#[error("the computation failed: {0}")]
	Failed(String),
}

/// The component's function and its learning, as seen from the network.
///
/// What it is given is checked: 1 to 256 texts, none empty; vectors finite, 128 wide, with one row
/// per text. Downstream answers are named by account, so that a slot that changed hands between Spike
/// and Grad cannot be mistaken for its predecessor.
#[async_trait]
pub trait Nucleus: Send + Sync + 'static {
	/// Computes y for the texts from the answers of the downstream components.
	async fn spike(
		&self,
		texts: Arc<[String]>,
		downstream: Vec<Downstream>,
	) -> Result<Output, NucleusError>;

	/// Accumulates the error signal into the upstream's gradient, and returns ∂L/∂d_j, one row per
	/// text, for each downstream answer that was there.
	async fn grad(&self, upstream: Upstream) -> Result<Vec<(AccountId, Vectors)>, NucleusError>;
}

/// What a registered component is to us.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Standing {
	/// Index on chain.
	pub uid: u32,
	/// Flow of its charged bid for us, in units per epoch (eq. 12); 0 without a bid. Quotas follow it.
	pub flow: u64,
	/// Weight of its Grads in our step: the flow, or the bid's share under `--bid-weight share`; 0
	/// without a charged bid.
	pub weight: f64,
}

/// The miner's mirror of the chain, which answers at once from memory.
pub trait Peers: Send + Sync + 'static {
	/// The component with this service key; `None` if no such component is registered.
	fn standing(&self, account: &AccountId) -> Option<Standing>;

	/// Sum of the flows of all charged bids for us, in units per epoch.
	fn total_flow(&self) -> u64;

	/// The components in our slots now, in the order of the slots.
	fn downstream(&self) -> Vec<Peer>;

	/// Where the component with this service key serves; `None` if it is not registered or announces
	/// no endpoint.
	fn peer(&self, account: &AccountId) -> Option<Peer>;
}
