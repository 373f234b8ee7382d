//! Which component sits in which slot.
//!
//! Slots are sticky: an adaptor and a mean belong to a slot, so a component keeps its slot as long
//! as it is registered, whether it answers or not (a silent one counts as its mean). A slot becomes
//! free when its component leaves the chain; newcomers take free slots in the order of their uids.

use crate::{chain::cache::Snapshot, config::Downstream};
use bittensor_client::AccountId;

/// The accounts (service keys) in the slots, by position.
pub type Slots = Vec<Option<AccountId>>;

/// Who may sit in a slot now, in the order in which free slots are given away.
pub fn candidates(snapshot: &Snapshot, wanted: &Downstream) -> Vec<AccountId> {
	let serves = |account: &AccountId| {
		snapshot.component_of(account).is_some_and(|component| {
			Some(component.uid) != snapshot.me && !component.leaving && component.endpoint.is_some()
		})
	};
	match wanted {
		Downstream::Auto => snapshot
			.components
			.iter()
			.map(|component| component.service_key)
			.filter(serves)
			.collect(),
		Downstream::Only(accounts) => accounts
			.iter()
			.filter_map(|account| Some(snapshot.component_of(account)?.service_key))
			.filter(serves)
			.collect(),
	}
}

/// Whether a component keeps the slot that it has.
pub fn stays(snapshot: &Snapshot, wanted: &Downstream, account: &AccountId) -> bool {
	let Some(component) = snapshot.component_of(account) else { return false };
	let named = match wanted {
		Downstream::Auto => true,
		Downstream::Only(accounts) => {
			accounts.contains(&component.service_key) || accounts.contains(&component.owner)
		}
	};
	named && component.service_key == *account && Some(component.uid) != snapshot.me
}

/// The slots after this snapshot.
pub fn assign(current: &Slots, snapshot: &Snapshot, wanted: &Downstream) -> Slots {
	let mut slots: Slots = current
		.iter()
		.map(|slot| slot.filter(|account| stays(snapshot, wanted, account)))
		.collect();
	let mut waiting = candidates(snapshot, wanted)
		.into_iter()
		.filter(|account| !current.contains(&Some(*account)));
	// Two accounts of one list may name the same component.
	let mut given: Vec<AccountId> = slots.iter().flatten().copied().collect();
	for slot in slots.iter_mut().filter(|slot| slot.is_none()) {
		let Some(account) = waiting.find(|account| !given.contains(account)) else { break };
		given.push(account);
		*slot = Some(account);
	}
	slots
}
