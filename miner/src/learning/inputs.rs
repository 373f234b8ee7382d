//! Which component is connected to which input.
//!
//! Inputs are sticky: an adaptor and a mean belong to an input, so a component keeps its input as
//! long as it is registered, whether it answers or not (a silent one counts as its mean). An input
//! becomes free when its component leaves the chain; new components take free inputs in uid order.

use crate::{
	chain::cache::{ChainCache, Snapshot},
	compute::{Compute, Inputs},
	config::Downstreams,
	network::Network,
};
use bittensor_client::{ss58, AccountId};
use std::sync::Arc;

/// The components that may take a free input, in the order in which they take them.
pub fn candidates(snapshot: &Snapshot, wanted: &Downstreams) -> Vec<AccountId> {
	let serves = |account: &AccountId| {
		snapshot.component_of(account).is_some_and(|component| {
			Some(component.uid) != snapshot.me && !component.leaving && component.endpoint.is_some()
		})
	};
	match wanted {
		Downstreams::Auto => snapshot
			.components
			.iter()
			.map(|component| component.service_key)
			.filter(serves)
			.collect(),
		Downstreams::Only(accounts) => accounts
			.iter()
			.filter_map(|account| Some(snapshot.component_of(account)?.service_key))
			.filter(serves)
			.collect(),
	}
}

/// Whether a component keeps the input that it has.
pub fn stays(snapshot: &Snapshot, wanted: &Downstreams, account: &AccountId) -> bool {
	let Some(component) = snapshot.component_of(account) else { return false };
	let named = match wanted {
		Downstreams::Auto => true,
		Downstreams::Only(accounts) => {
			accounts.contains(&component.service_key) || accounts.contains(&component.owner)
		}
	};
	named && component.service_key == *account && Some(component.uid) != snapshot.me
}

/// The inputs after this snapshot.
pub fn assign(current: &Inputs, snapshot: &Snapshot, wanted: &Downstreams) -> Inputs {
	let mut inputs: Inputs = current
		.iter()
		.map(|input| input.filter(|account| stays(snapshot, wanted, account)))
		.collect();
	let mut waiting = candidates(snapshot, wanted)
		.into_iter()
		.filter(|account| !current.contains(&Some(*account)));
	// Two accounts of one list may name the same component.
	let mut given: Vec<AccountId> = inputs.iter().flatten().copied().collect();
	for input in inputs.iter_mut().filter(|input| input.is_none()) {
		let Some(account) = waiting.find(|account| !given.contains(account)) else { break };
		given.push(account);
		*input = Some(account);
	}
	inputs
}

/// Keeps the inputs in step with the chain cache.
pub async fn keep(
	mut cache: ChainCache,
	network: Arc<Network>,
	compute: Compute,
	wanted: Downstreams,
) -> anyhow::Result<()> {
	let mut current = network.inputs();
	loop {
		let next = assign(&current, &cache.snapshot(), &wanted);
		if next != current {
			for account in next.iter().flatten().filter(|new| !current.contains(&Some(**new))) {
				tracing::info!("queries {} from now on", ss58(account));
			}
			for account in current.iter().flatten().filter(|old| !next.contains(&Some(**old))) {
				tracing::info!("no longer queries {}", ss58(account));
			}
			match compute.set_inputs(next.clone()).await {
				Ok(()) => {
					network.set_inputs(next.clone());
					current = next;
				}
				Err(error) => tracing::warn!("the inputs were not changed: {error}"),
			}
		}
		cache.changed().await;
	}
}
