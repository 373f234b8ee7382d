//! What all requests share.

use super::{
	admission::Admission,
	cache::Cache,
	fair::{Caller, Fair, Place},
	AxonConfig, ComponentService, Peers,
};
use crate::dendrite::Dendrite;
use bittensor_wire::{limits::MAX_TTL as TTL, AccountId, Signer, WireError};
use std::sync::Arc;

/// Hops that a message can make beyond us.
const MAX_TTL: usize = TTL as usize;

/// State that all requests share.
pub(crate) struct Core {
	pub(crate) account: AccountId,
	pub(crate) config: AxonConfig,
	pub(crate) admission: Admission,
	pub(crate) peers: Arc<dyn Peers>,
	pub(crate) component: Arc<dyn ComponentService>,
	pub(crate) dendrite: Arc<Dendrite>,
	pub(crate) cache: Cache,
	/// Words that were answered, without their vectors.
	pub(crate) words: Cache,
	/// Work of the component for callers.
	pub(crate) work: Fair,
	/// Onward calls for callers, by ttl less one. A message waits only for messages with a smaller ttl,
	/// so that with places of their own components never wait for each other in a circle.
	pub(crate) onward: [Fair; MAX_TTL],
	/// Signs the answers.
	pub(crate) signer: Arc<dyn Signer>,
}

impl Core {
	/// Waits for a place for the onward calls of a message with this ttl, at `work` units. `None` if the
	/// message makes no hop further.
	pub(crate) async fn onward(
		&self,
		(caller, flow): (Caller, f64),
		ttl: u32,
		work: f64,
	) -> Result<Option<Place>, WireError> {
		let Some(queue) = (ttl as usize).checked_sub(1).and_then(|at| self.onward.get(at)) else {
			return Ok(None);
		};
		Ok(Some(queue.enter(caller, flow, work)?.wait().await?))
	}
}
