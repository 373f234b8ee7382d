//! The chain as the axon sees it: callers, their bids, and the downstream components.
//!
//! Answers come from the chain cache at once; nothing here waits for the chain.

use crate::{
	axon::{Peers, Standing},
	chain::cache::{ChainCache, Snapshot},
	compute::Inputs,
	dendrite::Peer,
};
use bittensor_client::{AccountId, Bid, ComponentInfo, SHARE_ONE};
use bittensor_nucleus::{BidWeight, Market};
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

	/// The weight of a bid in equation 12.
	fn weight(&self, bid: Bid) -> f64 {
		match self.weight {
			BidWeight::Flow => bid.flow as f64,
			BidWeight::Share => f64::from(bid.share) / f64::from(SHARE_ONE),
		}
	}

	/// What bids for us have to exceed, by the active rows and the last payouts. The floor is the
	/// mean payout of a component, at least one unit; by shares, our own self-share is enough.
	fn market(&self, snapshot: &Snapshot) -> Market {
		let total = snapshot.bids.iter().map(|bid| self.weight(*bid)).sum();
		match self.weight {
			BidWeight::Flow => {
				let minted = snapshot.epoch.last.as_ref().map_or(0, |last| last.minted);
				let floor = (minted as f64 / f64::from(snapshot.epoch.registered.max(1))).max(1.0);
				let own = snapshot.mine().map_or(0, |mine| mine.payout);
				Market { total, own: own as f64, floor }
			}
			BidWeight::Share => {
				let own = snapshot.self_share().unwrap_or(SHARE_ONE);
				Market { total, own: f64::from(own) / f64::from(SHARE_ONE), floor: 0.0 }
			}
		}
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
	fn learns(&self) -> bool {
		self.learns
	}

	fn standing(&self, account: &AccountId) -> Option<Standing> {
		let snapshot = self.cache.snapshot();
		let component = snapshot.served_by(account)?;
		let bid = snapshot.bid_of(account);
		let flow = bid.map_or(0, |bid| bid.flow);
		let push = match (self.learns, bid) {
			(true, Some(bid)) => self.market(&snapshot).push(self.weight(bid)),
			_ => 0.0,
		};
		Some(Standing { uid: component.uid, registered: component.registered, flow, push })
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
