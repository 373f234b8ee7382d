//! One component as JSON, the same in every command.

use bittensor_client::{decimal, ss58, ComponentInfo, RowInfo};
use serde_json::{json, Value};

/// What the chain has of a component besides its rows.
pub(super) fn json(component: &ComponentInfo) -> Value {
	json!({
		"uid": component.uid,
		"owner": ss58(&component.owner),
		"service_key": ss58(&component.service_key),
		"endpoint": component.endpoint,
		"registered": component.registered,
		"leaving": component.leaving,
		"stake": decimal(component.stake),
		"source": decimal(component.source),
		"payout": decimal(component.payout),
	})
}

/// As [`json()`], with its rows.
pub(super) fn with_rows(component: &ComponentInfo, rows: Option<&RowInfo>) -> Value {
	let mut json = json(component);
	json["active"] = json!(rows.and_then(|rows| rows.active.as_ref()));
	json["pending"] = json!(rows.and_then(|rows| rows.pending.as_ref()));
	json
}
