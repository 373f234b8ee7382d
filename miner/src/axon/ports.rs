//! Interfaces between the axon and the rest of the miner: the component, and what the chain says
//! about peers.

use crate::dendrite::Peer;
use async_trait::async_trait;
use bittensor_wire::{proto::GradReason, AccountId, Vectors};
use std::sync::Arc;

/// The answer of one downstream component to a Spike, or its absence.
#[derive(Clone, Debug, PartialEq)]
pub struct DownstreamAnswer {
	/// Service key of the component that was asked.
	pub account: AccountId,
	/// d_j(x), one row per text; `None` if the component was late, failed, or cut the message.
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
pub struct UpstreamGrad {
	/// Service key of the sender.
	pub source: AccountId,
	/// s_u: the part of a step that its bid buys.
	pub push: f64,
	/// Version of the parameters that answered the Spike.
	pub version: u64,
	/// x of the Spike.
	pub texts: Arc<[String]>,
	/// The answers from which the Spike was computed.
	pub downstream: Vec<DownstreamAnswer>,
	/// ∂L/∂y, one row per text.
	pub error: Vectors,
}

/// What became of an error signal.
#[derive(Clone, Debug, PartialEq)]
pub struct GradOutcome {
	/// Whether the component learns from it, and why not.
	pub reason: GradReason,
	/// ∂L/∂d_j by account, one row per text, for each downstream answer that was present; empty
	/// unless accepted.
	pub errors: Vec<(AccountId, Vectors)>,
}

/// Why the component computed nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ComputeError {
	/// The queue is full.
	#[error("the queue of the compute thread is full")]
	Busy,
	/// The compute thread has stopped.
	#[error("the compute thread has stopped")]
	Stopped,
	/// The computation failed.
	#[error("the computation failed: {0}")]
	Failed(String),
}

/// The component's function and its learning, as the network uses them.
///
/// Arguments are already checked: 1 to 256 texts, none empty; vectors finite, 128 wide, with one row
/// per text. Downstream answers are identified by account, so that an input that changed hands
/// between Spike and Grad cannot be mistaken for its predecessor.
#[async_trait]
pub trait ComponentService: Send + Sync + 'static {
	/// Computes y for the texts from the answers of the downstream components.
	async fn spike(
		&self,
		texts: Arc<[String]>,
		downstream: Vec<DownstreamAnswer>,
	) -> Result<Output, ComputeError>;

	/// Accumulates the error signal into the upstream's gradient, and says what became of it.
	async fn grad(&self, grad: UpstreamGrad) -> Result<GradOutcome, ComputeError>;
}

/// The position of a registered component towards us.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Standing {
	/// Index on chain.
	pub uid: u32,
	/// Epoch of its registration.
	pub registered: u32,
	/// Flow of its active bid for us, in units per epoch (eq. 12); 0 without a bid. Buys service.
	pub flow: u64,
	/// s_u: the part that its Grads have of our step while it sends them, by its flow among all
	/// flows, or by shares under `--bid-weight share`; 0 without an active bid.
	pub push: f64,
}

/// What the chain cache says about peers. Answers at once, from memory.
pub trait Peers: Send + Sync + 'static {
	/// Whether Grads have an effect here at all.
	fn learns(&self) -> bool {
		true
	}

	/// The component with this service key; `None` if no such component is registered.
	fn standing(&self, account: &AccountId) -> Option<Standing>;

	/// Sum of the flows of all active bids for us, in units per epoch.
	fn total_flow(&self) -> u64;

	/// The components connected to our inputs now, in the order of the inputs.
	fn downstream(&self) -> Vec<Peer>;

	/// Where the component with this service key serves; `None` if it is not registered or announces
	/// no endpoint.
	fn peer(&self, account: &AccountId) -> Option<Peer>;
}
