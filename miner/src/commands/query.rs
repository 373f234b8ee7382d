//! `query TEXT`: queries components of the network for the vector of a text.
//!
//! ```text
//!   text ─► one Spike, signed with the caller's key ─► the queried components ─► their downstream …
//!                                                          │
//!   vectors, components on the way, microseconds per hop ◄─┘
//! ```
//!
//! Components answer registered accounts only; within the free tier no bid is needed.

use super::caller::Caller;
use crate::{chain::cache::Snapshot, cli::QueryArgs, dendrite::Peer, network::peer_of};
use bittensor_client::{hex_hash, ss58, AccountId};
use bittensor_wire::{
	limits::MAX_TEXT_BYTES, message::Hop, proto::HopStatus, Spike, Vectors, WireError,
};
use serde_json::json;
use std::time::Duration;
use tokio::time::Instant;

/// Entries of a vector that the text output shows.
const SHOWN: usize = 6;

/// Why a query has no answer.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum QueryError {
	/// Only white space.
	#[error("the text is empty: give at least one word")]
	Empty,
	/// Too long for a Spike.
	#[error("the text has {bytes} bytes, more than the {limit} that a Spike carries: shorten it, or query it in parts")]
	TooLong {
		/// Its length.
		bytes: usize,
		/// The limit.
		limit: usize,
	},
	/// No letter or digit.
	#[error(
		"the text has no letter and no digit, so no tokenizer knows any part of it: give words"
	)]
	NoWords,
	/// The account is not registered.
	#[error(
		"{account} is not registered, and components answer registered accounts only: register it \
		 (`bittensor-miner run` does, or emission.register in polkadot-js apps), or use the key of \
		 a registered account"
	)]
	NotRegistered {
		/// SS58 address.
		account: String,
	},
	/// No such component.
	#[error("no component has uid {0}: `bittensor-miner status` lists them")]
	NoSuchUid(u32),
	/// It does not serve.
	#[error("component {0} announces no endpoint, so it cannot be queried")]
	NoEndpoint(u32),
	/// Only the caller's own component has this uid.
	#[error("component {0} is your own: the network does not send a message back to its sender")]
	Own(u32),
	/// No component serves.
	#[error("no component announces an endpoint yet: start a miner, or wait for one")]
	NobodyServes,
	/// No component answered.
	#[error("none of {asked} components answered within {timeout_ms} ms: {reasons}")]
	NoAnswer {
		/// How many were queried.
		asked: usize,
		/// Milliseconds until the deadline.
		timeout_ms: u64,
		/// Outcome per component.
		reasons: String,
	},
}

/// Checks a text before it is sent.
pub fn check_text(text: &str) -> Result<(), QueryError> {
	if text.trim().is_empty() {
		return Err(QueryError::Empty);
	}
	if text.len() > MAX_TEXT_BYTES {
		return Err(QueryError::TooLong { bytes: text.len(), limit: MAX_TEXT_BYTES });
	}
	if !text.chars().any(char::is_alphanumeric) {
		return Err(QueryError::NoWords);
	}
	Ok(())
}

/// The components to query: the one named, or those with the highest payout.
pub fn choose(snapshot: &Snapshot, uid: Option<u32>, top: usize) -> Result<Vec<Peer>, QueryError> {
	if let Some(uid) = uid {
		let component = snapshot.component(uid).ok_or(QueryError::NoSuchUid(uid))?;
		if snapshot.me == Some(uid) {
			return Err(QueryError::Own(uid));
		}
		return Ok(vec![peer_of(component).ok_or(QueryError::NoEndpoint(uid))?]);
	}
	let mut others: Vec<_> = snapshot
		.components
		.iter()
		.filter(|component| Some(component.uid) != snapshot.me && !component.leaving)
		.filter_map(|component| Some((component.payout, peer_of(component)?)))
		.collect();
	if others.is_empty() {
		return Err(QueryError::NobodyServes);
	}
	others.sort_by_key(|(payout, peer)| (std::cmp::Reverse(*payout), peer.uid));
	Ok(others.into_iter().take(top.max(1)).map(|(_, peer)| peer).collect())
}

/// The outcome of a query.
struct Answer {
	asked: Vec<Peer>,
	vectors: Vec<Option<Vectors>>,
	versions: Vec<Option<u64>>,
	hops: Vec<Hop>,
	micros: u128,
}

impl Answer {
	fn json(&self, snapshot: &Snapshot, genesis: &[u8; 32]) -> serde_json::Value {
		let components: Vec<serde_json::Value> = self
			.asked
			.iter()
			.zip(&self.vectors)
			.zip(&self.versions)
			.map(|((peer, vectors), version)| {
				json!({
					"uid": peer.uid,
					"account": ss58(&peer.account),
					"version": version,
					"vector": vectors.as_ref().and_then(|vectors| vectors.row(0)),
				})
			})
			.collect();
		let hops: Vec<serde_json::Value> = self
			.hops
			.iter()
			.map(|hop| {
				json!({
					"uid": hop.uid,
					"account": ss58(&hop.account),
					"caller": ss58(&hop.caller),
					"caller_uid": snapshot.component_of(&hop.caller).map(|caller| caller.uid),
					"micros": hop.micros,
					"status": status_name(hop.status),
				})
			})
			.collect();
		json!({
			"genesis": hex_hash(genesis),
			"block": snapshot.head.number,
			"micros": u64::try_from(self.micros).unwrap_or(u64::MAX),
			"components": components,
			"hops": hops,
		})
	}

	fn text(&self, snapshot: &Snapshot) -> String {
		let mut lines = Vec::new();
		for (peer, vectors) in self.asked.iter().zip(&self.vectors) {
			let Some(row) = vectors.as_ref().and_then(|vectors| vectors.row(0)) else { continue };
			let entries: Vec<String> =
				row.iter().take(SHOWN).map(|value| format!("{value:+.4}")).collect();
			let norm = row.iter().map(|value| value * value).sum::<f32>().sqrt();
			lines.push(format!(
				"component {}: [{}, … {} in all], length {norm:.3}",
				peer.uid,
				entries.join(", "),
				row.len()
			));
		}
		lines.push(format!("calls ({:.1} ms in all):", self.micros as f64 / 1e3));
		for hop in &self.hops {
			lines.push(format!(
				"  {} → {}  {:>8.1} ms  {}",
				name(snapshot, &hop.caller),
				hop.uid,
				hop.micros as f64 / 1e3,
				status_name(hop.status)
			));
		}
		lines.join("\n")
	}
}

/// The uid of an account, or `you`.
fn name(snapshot: &Snapshot, account: &AccountId) -> String {
	match snapshot.component_of(account) {
		Some(component) if Some(component.uid) == snapshot.me => "you".into(),
		Some(component) => component.uid.to_string(),
		None => ss58(account),
	}
}

/// The outcome of a call, in a word.
pub fn status_name(status: HopStatus) -> &'static str {
	match status {
		HopStatus::Ok => "ok",
		HopStatus::Cut => "cut",
		HopStatus::Late => "late",
		HopStatus::Unreachable => "unreachable",
		HopStatus::Refused => "refused",
		HopStatus::Invalid => "invalid",
		HopStatus::Suspended => "suspended",
		HopStatus::Unspecified => "unknown",
	}
}

/// Runs the command and returns its output.
pub async fn run(args: &QueryArgs, as_json: bool) -> anyhow::Result<String> {
	check_text(&args.text)?;
	let Caller { account, snapshot, genesis, dendrite } =
		Caller::connect(&args.chain, &args.key).await?;
	let asked = choose(&snapshot, args.uid, args.top)?;
	let spike = Spike::new(account, args.ttl - 1, vec![args.text.clone()])
		.map_err(|error: WireError| anyhow::anyhow!("the text cannot be sent: {error}"))?;
	let start = Instant::now();
	let deadline = start + Duration::from_millis(args.timeout_ms);
	let fan_out = dendrite.spike(&asked, &spike, deadline).await;
	let answer = Answer {
		asked,
		vectors: fan_out.vectors,
		versions: fan_out.versions,
		hops: fan_out.hops,
		micros: start.elapsed().as_micros(),
	};
	if answer.vectors.iter().all(Option::is_none) {
		let reasons: Vec<String> = answer
			.hops
			.iter()
			.map(|hop| format!("{} {}", hop.uid, status_name(hop.status)))
			.collect();
		return Err(QueryError::NoAnswer {
			asked: answer.asked.len(),
			timeout_ms: args.timeout_ms,
			reasons: reasons.join(", "),
		}
		.into());
	}
	Ok(if as_json { answer.json(&snapshot, &genesis).to_string() } else { answer.text(&snapshot) })
}
