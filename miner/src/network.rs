//! The chain as the axon sees it: callers, their bids, and the downstream components.
//!
//! Answers come from the chain cache at once; nothing here waits for the chain.

use crate::{
	axon::{Peers, Standing},
	chain::cache::ChainCache,
	compute::Inputs,
	dendrite::Peer,
};
use bittensor_client::{AccountId, ComponentInfo, SHARE_ONE};
use bittensor_nucleus::BidWeight;
use parking_lot::RwLock;

/// The chain cache and the inputs.
pub struct Network {
	cache: ChainCache,
	weight: BidWeight,
	learns: bool,
	inputs: RwLock<Inputs>,
}

impl Network {
	/// `learns`: Grads enter the step. If not, every bid has weight 0 and Grads are turned away.
	pub fn new(cache: ChainCache, weight: BidWeight, learns: bool) -> Self {
		Self { cache, weight, learns, inputs: RwLock::new(Vec::new()) }
	}

	/// Replaces the inputs.
	pub fn set_inputs(&self, inputs: Inputs) {
		*self.inputs.write() = inputs;
	}

	/// The accounts at the inputs.
	pub fn inputs(&self) -> Inputs {
		self.inputs.read().clone()
	}

	/// The chain cache.
	pub fn cache(&self) -> &ChainCache {
		&self.cache
	}
}

/// Where a component serves, if it says so.
pub fn peer_of(component: &ComponentInfo) -> Option<Peer> {
	let endpoint = component.endpoint.as_ref()?;
	Some(Peer {
		uid: component.uid,
		account: component.service_key,
		host: endpoint.host.to_string(),
		port: endpoint.port,
		tls_spki: endpoint.tls_spki,
	})
}

impl Peers for Network {
	fn standing(&self, account: &AccountId) -> Option<Standing> {
		let snapshot = self.cache.snapshot();
		let component = snapshot.served_by(account)?;
		let bid = snapshot.bid_of(account);
		let flow = bid.map_or(0, |bid| bid.flow);
		let weight = match (self.learns, self.weight) {
			(false, _) => 0.0,
			(true, BidWeight::Flow) => flow as f64,
			(true, BidWeight::Share) => {
				bid.map_or(0.0, |bid| f64::from(bid.share) / f64::from(SHARE_ONE))
			}
		};
		Some(Standing { uid: component.uid, registered: component.registered, flow, weight })
	}

	fn total_flow(&self) -> u64 {
		self.cache.snapshot().bids.iter().fold(0_u64, |total, bid| total.saturating_add(bid.flow))
	}

	fn downstream(&self) -> Vec<Peer> {
		let snapshot = self.cache.snapshot();
		self.inputs()
			.iter()
			.flatten()
			.filter_map(|account| peer_of(snapshot.served_by(account)?))
			.collect()
	}

	fn peer(&self, account: &AccountId) -> Option<Peer> {
		peer_of(self.cache.snapshot().served_by(account)?)
	}
}
