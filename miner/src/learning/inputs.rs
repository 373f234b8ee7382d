//! Which component is connected to which input.
//!
//! ```text
//!   chain cache ─► candidates ─┐
//!   scores, experience ────────┼─► choice.rs: changes ─► model: connect ─► network: who is queried
//!   inputs now ────────────────┘
//! ```
//! Reviewed when the chain changes, and every ten seconds.

use super::choice::{Change, Choice, Facts};
use crate::{
	axon::Peers,
	chain::cache::{ChainCache, Snapshot},
	compute::{Compute, Inputs, Measure},
	config::Downstreams,
	dendrite::Dendrite,
	network::Network,
};
use bittensor_client::{ss58, AccountId};
use metrics::counter;
use std::{sync::Arc, time::Duration};
use tokio::time::{interval, Instant, MissedTickBehavior};

/// Time between two reviews.
const REVIEW_EVERY: Duration = Duration::from_secs(10);

/// The components that may be connected to an input.
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

/// The changes of the inputs at this snapshot.
pub fn review(
	choice: &mut Choice,
	now: Instant,
	current: &Inputs,
	snapshot: &Snapshot,
	wanted: &Downstreams,
	facts: impl Fn(&AccountId) -> Facts,
) -> Vec<Change> {
	let stays = |account: &AccountId| stays(snapshot, wanted, account);
	choice.review(now, current, &candidates(snapshot, wanted), stays, facts)
}

/// What is known about a connected component.
fn facts(account: &AccountId, measure: &Measure, dendrite: &Dendrite, now: Instant) -> Facts {
	let known = dendrite.experience().of(account);
	let score = measure.scores().get(account).copied().unwrap_or_default();
	Facts {
		samples: score.samples,
		// Above the noise floor, once there are enough batches.
		lower: if score.proven { score.bid } else { score.lower },
		millis: known.millis,
		silent: known.silent(now),
		unpaid: known.unpaid,
	}
}

/// Keeps the inputs in step with the chain cache and with what their components are worth.
pub async fn keep(
	mut cache: ChainCache,
	network: Arc<Network>,
	compute: Compute,
	dendrite: Arc<Dendrite>,
	wanted: Downstreams,
) -> anyhow::Result<()> {
	let mut current = network.inputs();
	let mut choice = Choice::new(dendrite.account(), current.len(), Instant::now());
	let mut ticks = interval(REVIEW_EVERY);
	ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
	loop {
		tokio::select! {
			_ = ticks.tick() => {}
			_ = cache.changed() => {}
		}
		let measure = match compute.measure().await {
			Ok(measure) => measure,
			Err(error) => {
				tracing::warn!("the inputs were not reviewed: {error}");
				continue;
			}
		};
		let now = Instant::now();
		let snapshot = cache.snapshot();
		// A component without an endpoint is not called: that is silence too.
		for account in current.iter().flatten() {
			if network.peer(account).is_none() {
				dendrite.experience().missed(account, false, now);
			}
		}
		let facts = |account: &AccountId| facts(account, &measure, &dendrite, now);
		let changes = review(&mut choice, now, &current, &snapshot, &wanted, facts);
		if changes.is_empty() {
			continue;
		}
		let mut next = current.clone();
		for change in &changes {
			next[change.input] = change.account;
		}
		let _turn = compute.turn().await;
		match compute.set_inputs(next.clone()).await {
			Ok(()) => {
				note(&current, &changes, &dendrite);
				network.set_inputs(next.clone());
				current = next;
			}
			Err(error) => tracing::warn!("the inputs were not changed: {error}"),
		}
	}
}

/// Logs and counts the changes. A component that is connected starts with a clean record.
fn note(before: &Inputs, changes: &[Change], dendrite: &Dendrite) {
	for Change { input, account, cause } in changes {
		counter!("bittensor_miner_input_changes_total", "cause" => cause.name()).increment(1);
		if let Some(old) = before.get(*input).copied().flatten() {
			tracing::info!("no longer queries {}: {}", ss58(&old), cause.name());
		}
		if let Some(new) = account {
			dendrite.experience().forget(new);
			tracing::info!("queries {} from now on", ss58(new));
		}
	}
}
