//! Computations under way: one leads, who asks for the same meanwhile gets its result.

use super::cache::{Computation, Key};
use crate::dendrite::lock;
use bittensor_wire::WireError;
use std::{
	collections::{hash_map::Entry, HashMap},
	sync::{Arc, Mutex},
};
use tokio::sync::watch;

/// How a computation ended.
pub(crate) type Outcome = Result<Arc<Computation>, WireError>;

#[derive(Debug, Default)]
pub(crate) struct Inflight {
	running: Mutex<HashMap<Key, watch::Receiver<Option<Outcome>>>>,
}

/// What to do about a computation.
pub(crate) enum Ticket {
	/// Run it.
	Lead(Lead),
	/// Wait for it.
	Follow(Follower),
}

/// The duty to run a computation. Dropped without an outcome, its followers get `Internal`.
pub(crate) struct Lead {
	inflight: Arc<Inflight>,
	key: Key,
	outcome: watch::Sender<Option<Outcome>>,
}

/// Waits for a computation that somebody else runs.
pub(crate) struct Follower(watch::Receiver<Option<Outcome>>);

impl Inflight {
	pub(crate) fn join(self: &Arc<Self>, key: Key) -> Ticket {
		match lock(&self.running).entry(key) {
			Entry::Occupied(running) => Ticket::Follow(Follower(running.get().clone())),
			Entry::Vacant(vacant) => {
				let (sender, receiver) = watch::channel(None);
				vacant.insert(receiver);
				Ticket::Lead(Lead { inflight: self.clone(), key, outcome: sender })
			}
		}
	}
}

impl Lead {
	/// Waits for the outcome like everybody else.
	pub(crate) fn follower(&self) -> Follower {
		Follower(self.outcome.subscribe())
	}

	/// Ends the computation. What is to be cached is in the cache by now, so that nobody who comes
	/// later finds neither.
	pub(crate) fn finish(self, outcome: Outcome) {
		self.outcome.send_replace(Some(outcome));
	}
}

impl Drop for Lead {
	fn drop(&mut self) {
		lock(&self.inflight.running).remove(&self.key);
	}
}

impl Follower {
	pub(crate) async fn outcome(mut self) -> Outcome {
		match self.0.wait_for(Option::is_some).await {
			Ok(outcome) => outcome.clone().unwrap_or(Err(WireError::Internal)),
			Err(_) => Err(WireError::Internal),
		}
	}
}
