//! What the tests share: a small network, keys of accounts, and messages.
//!
//! ```text
//!  chain    the development chain, with short slots and epochs
//!  committee  two members of the technical committee, who decide
//!  four     four validators, and what they must agree on after a fault
//!  keys     session keys that a node makes
//!  lab      a node and miners in a temporary folder; waits for their results
//!  user     a development key: registers, stakes, posts a row, sends Spikes and Grads
//!  message  texts of the corpus and errors for them
//!  clock    a clock of the machine that a test sets, for one process
//!  terminal a program in a pseudo terminal, and its screen
//!  wait     reads a chain until it is as it should be
//! ```

mod chain;
mod clock;
mod committee;
mod four;
mod keys;
mod lab;
mod message;
mod terminal;
mod user;
mod wait;

use std::path::PathBuf;

use bittensor_client::Edge;
use bittensor_e2e::{
	miner::{MinerSpec, Profile},
	node::NodeOptions,
};
use tempfile::TempDir;

pub(crate) use chain::quick;
pub(crate) use clock::Clock;
pub(crate) use committee::{
	note_stalled, schedule_upgrade, set_invulnerables, shift_set_id, Committee,
};
pub(crate) use four::{agree, components, four, QUICK};
pub(crate) use keys::new_keys;
pub(crate) use lab::{announced, Lab, SOON};
pub(crate) use message::{error, texts};
pub(crate) use terminal::Terminal;
pub(crate) use user::{Caller, User};
pub(crate) use wait::{until, PATIENCE};

/// The text that `make run` learns from. Tests, and the processes that they start, run in the folder
/// of their crate.
pub(crate) fn corpus() -> PathBuf {
	"../corpus".into()
}

/// A node in `folder` on any free port.
pub(crate) fn node_options(folder: &TempDir) -> NodeOptions {
	NodeOptions {
		base_path: folder.path().join("node"),
		log: folder.path().join("logs/node.log"),
		rpc_port: 0,
		extra: Vec::new(),
	}
}

/// A trainable miner that learns a little and soon posts.
pub(crate) fn trainable(name: &'static str, documents: &str, seed: u64) -> MinerSpec {
	MinerSpec {
		name: name.into(),
		key: None,
		profile: Profile::Trainable,
		kind: None,
		documents: Some(documents.into()),
		seed,
		stake: 100,
		extra: vec!["--warm-up=60".into(), "--held-out=64".into(), "--evaluate-every=3".into()],
	}
}

/// A miner that posts nothing, asks exactly `downstream`, and measures itself each second.
pub(crate) fn silent(
	name: &'static str,
	documents: &str,
	seed: u64,
	downstream: &[&'static str],
) -> anyhow::Result<MinerSpec> {
	let extra = ["--post=none", "--held-out=16", "--evaluate-every=1"].map(String::from).into();
	asks(MinerSpec { extra, ..trainable(name, documents, seed) }, downstream)
}

/// `spec`, which asks exactly `others`.
pub(crate) fn asks(spec: MinerSpec, others: &[&'static str]) -> anyhow::Result<MinerSpec> {
	let others: Vec<String> =
		others.iter().map(|name| address(name)).collect::<anyhow::Result<_>>()?;
	let list = if others.is_empty() { "none".into() } else { others.join(",") };
	Ok(with(spec, format!("--downstream={list}")))
}

/// `spec`, which learns from the Grads of others only.
pub(crate) fn follows(spec: MinerSpec) -> MinerSpec {
	with(spec, "--learn-from=grads")
}

/// `spec` with one more argument of `bittensor-miner run`.
pub(crate) fn with(mut spec: MinerSpec, argument: impl Into<String>) -> MinerSpec {
	spec.extra.push(argument.into());
	spec
}

/// An edge of a row.
pub(crate) fn edge(target: u32, share: u16) -> Edge {
	Edge { target, share }
}

/// Address of a development key, SS58.
pub(crate) fn address(name: &'static str) -> anyhow::Result<String> {
	trainable(name, "*", 0).address()
}
