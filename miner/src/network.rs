//! What the serving side knows of the chain: who may call, what each bids, whom to ask onward.
//!
//! Answers come from the mirror in memory, at once; nothing here waits for the chain.

use crate::{
	axon::{Peers, Standing},
	chain::cache::ChainCache,
	cli::BidWeight,
	dendrite::Peer,
	learning::slots::Slots,
};
use bittensor_client::{AccountId, ComponentInfo, SHARE_ONE};
use std::sync::{PoisonError, RwLock};

/// The mirror and the slots, as the axon wants them.
pub struct Network {
	view: ChainCache,
	weight: BidWeight,
	learns: bool,
	slots: RwLock<Slots>,
}

impl Network {
	/// `learns`: Grads enter the step. If not, every bid weighs nothing and Grads are turned away.
	pub fn new(view: ChainCache, weight: BidWeight, learns: bool) -> Self {
		Self { view, weight, learns, slots: RwLock::new(Vec::new()) }
	}

	/// Replaces the slots.
	pub fn set_slots(&self, slots: Slots) {
		*self.slots.write().unwrap_or_else(PoisonError::into_inner) = slots;
	}

	/// The slots.
	pub fn slots(&self) -> Slots {
		self.slots.read().unwrap_or_else(PoisonError::into_inner).clone()
	}

	/// The mirror.
	pub fn view(&self) -> &ChainCache {
		&self.view
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
		let snapshot = self.view.snapshot();
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
		Some(Standing { uid: component.uid, flow, weight })
	}

	fn total_flow(&self) -> u64 {
		self.view.snapshot().bids.iter().fold(0_u64, |total, bid| total.saturating_add(bid.flow))
	}

	fn downstream(&self) -> Vec<Peer> {
		let snapshot = self.view.snapshot();
		self.slots()
			.iter()
			.flatten()
			.filter_map(|account| peer_of(snapshot.served_by(account)?))
			.collect()
	}

	fn peer(&self, account: &AccountId) -> Option<Peer> {
		peer_of(self.view.snapshot().served_by(account)?)
	}
}
