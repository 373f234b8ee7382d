//! One validator, and a node that imports its blocks, both over a given state.
//!
//! ```text
//!   full.json ─► a first start ─► database with block 0 ──copy──► database
//!                                      │                              │
//!   slim.json ─────────────► validator (Alice) ──── blocks ────► importer
//!                               │ Prometheus, RPC       Prometheus, RPC │
//!                               └─── authoring time      import time ───┘
//! ```
//!
//! The importer is there because a validator's own blocks never pass its import queue: what it costs
//! everybody else to take a block over is seen there only. It is up before the validator makes the
//! first block, so it follows from the start. Both run with the default settings of execution, of
//! the caches and of the pool, and keep the states of 256 blocks as an ordinary node does.
//!
//! Invariant: no process outlives the [`Lab`]; ports and folders are its own.

use std::{
	path::{Path, PathBuf},
	time::{Duration, Instant},
};

use anyhow::{bail, Context};
use bittensor_e2e::{
	chain::Chain,
	node::{Node, NodeOptions, Role},
	process::{free_port, Stopped},
};
use serde_json::json;

use crate::{measure::process, spec::Files};

/// How long a node may take to start; making the first block of a large state is the longest part.
const READY: Duration = Duration::from_secs(300);

/// A node with nothing to store writes less in a second.
const QUIET_BYTES: u64 = 64 * 1024;

/// A running node and how to ask it.
#[derive(Debug)]
pub struct Peer {
	/// The node.
	pub node: Node,
	/// Its RPC server.
	pub chain: Chain,
	/// Port of its metrics.
	pub metrics: u16,
}

impl Peer {
	async fn start(options: NodeOptions, mut role: Role) -> anyhow::Result<Self> {
		let metrics = free_port()?;
		role.prometheus_port = Some(metrics);
		let mut node = Node::start_as(options, role).await?;
		let chain = Chain::connect(&node.url()).await?;
		process::reset_peak(node.process().id())?;
		Ok(Self { node, chain, metrics })
	}

	/// Its process id.
	pub fn id(&mut self) -> u32 {
		self.node.process().id()
	}

	/// An error if it does not run any more.
	pub fn check(&mut self) -> anyhow::Result<()> {
		let process = self.node.process();
		if let Some(status) = process.ended() {
			bail!("{} ended ({status}):\n{}", process.name(), process.tail());
		}
		Ok(())
	}

	async fn stop(&mut self) -> anyhow::Result<()> {
		match self.node.stop().await {
			Stopped::Cleanly => Ok(()),
			ended => {
				bail!("a node did not stop cleanly ({ended:?}):\n{}", self.node.process().tail())
			}
		}
	}
}

/// The running nodes.
#[derive(Debug)]
pub struct Lab {
	/// Makes the blocks.
	pub validator: Peer,
	/// Imports them, if wanted.
	pub importer: Option<Peer>,
	/// Last, as nodes must have ended before.
	_databases: Databases,
}

impl Lab {
	/// Starts the nodes in `folder`, which is emptied before. Returns as soon as the validator's
	/// RPC server listens; it authors from then on.
	pub async fn start(files: &Files, folder: &Path, importer: bool) -> anyhow::Result<Self> {
		if folder.exists() {
			std::fs::remove_dir_all(folder)
				.with_context(|| format!("could not empty {}", folder.display()))?;
		}
		let databases = Databases(folder.into());
		make_database(files, folder).await?;
		let importer = match importer {
			true => {
				copy_database(files, folder)?;
				Some(start_importer(files, folder).await?)
			}
			false => None,
		};
		let mut chain = chain_arguments(&files.slim, 1);
		chain.extend(["--alice", "--force-authoring"].map(String::from));
		if let Some((peer, address)) = &importer {
			peer.chain.best().await.context("the importer does not answer")?;
			chain.push(format!("--reserved-nodes={address}"));
		}
		let role = Role { name: "validator".into(), chain, ready: READY, ..Role::default() };
		let validator = Peer::start(options(folder, "validator"), role).await?;
		Ok(Self { validator, importer: importer.map(|(peer, _)| peer), _databases: databases })
	}

	/// The node whose view counts: the importer, whom a block has reached when it is done.
	pub fn observer(&mut self) -> &mut Peer {
		self.importer.as_mut().unwrap_or(&mut self.validator)
	}

	/// An error if a node does not run any more.
	pub fn check(&mut self) -> anyhow::Result<()> {
		self.validator.check()?;
		self.importer.as_mut().map_or(Ok(()), Peer::check)
	}

	/// Stops all nodes; an error if one does not end as it should.
	pub async fn stop(mut self) -> anyhow::Result<()> {
		self.validator.stop().await?;
		match &mut self.importer {
			Some(importer) => importer.stop().await,
			None => Ok(()),
		}
	}
}

/// The nodes' databases in a folder; gone with this value. The logs beside them stay.
#[derive(Debug)]
struct Databases(PathBuf);

impl Drop for Databases {
	fn drop(&mut self) {
		for name in ["validator", "importer"] {
			std::fs::remove_dir_all(self.0.join(name)).ok();
		}
	}
}

fn options(folder: &Path, name: &str) -> NodeOptions {
	NodeOptions {
		base_path: folder.join(name),
		log: folder.join(format!("{name}.log")),
		rpc_port: 0,
		extra: Vec::new(),
	}
}

/// `key` is the node's network identity: any number, but each its own.
fn chain_arguments(spec: &Path, key: u8) -> Vec<String> {
	vec![
		format!("--chain={}", spec.display()),
		format!("--node-key={key:064x}"),
		"--state-pruning=256".into(),
	]
}

/// Writes block 0 into the validator's database, and nothing else.
async fn make_database(files: &Files, folder: &Path) -> anyhow::Result<()> {
	let role = Role {
		name: "first start".into(),
		chain: chain_arguments(&files.full, 1),
		ready: READY,
		..Role::default()
	};
	let mut options = options(folder, "validator");
	options.log = folder.join("first-start.log");
	let mut node = Node::start_as(options, role).await?;
	written_out(node.process().id()).await?;
	match node.stop().await {
		Stopped::Cleanly => Ok(()),
		ended => bail!("the first start ended badly ({ended:?}):\n{}", node.process().tail()),
	}
}

/// Waits until the process `id` writes next to nothing. A database writes what it was given a little
/// later, in the background; of a node that is stopped before that, block 0 may be lost.
async fn written_out(id: u32) -> anyhow::Result<()> {
	let started = Instant::now();
	let mut before = process::written(id)?;
	loop {
		tokio::time::sleep(Duration::from_secs(1)).await;
		let now = process::written(id)?;
		let wrote = now.since(before);
		// What it still writes are log lines, and words by which its threads wake each other.
		if wrote.stored.max(wrote.passed) < QUIET_BYTES {
			return Ok(());
		}
		anyhow::ensure!(
			started.elapsed() < READY,
			"the first start still writes its database after {READY:?}"
		);
		before = now;
	}
}

/// Gives the importer the validator's database as it is.
fn copy_database(files: &Files, folder: &Path) -> anyhow::Result<()> {
	let database = |name: &str| folder.join(name).join("chains").join(&files.id).join("paritydb");
	let (from, to) = (database("validator"), database("importer"));
	copy_folder(&from, &to)
		.with_context(|| format!("could not copy {} to {}", from.display(), to.display()))
}

fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
	std::fs::create_dir_all(to)?;
	for entry in std::fs::read_dir(from)? {
		let entry = entry?;
		let target = to.join(entry.file_name());
		match entry.file_type()?.is_dir() {
			true => copy_folder(&entry.path(), &target)?,
			false => std::fs::copy(entry.path(), target).map(|_| ())?,
		}
	}
	Ok(())
}

/// Starts the importer; it has nobody to talk to yet. Returns also where it is reached.
async fn start_importer(files: &Files, folder: &Path) -> anyhow::Result<(Peer, String)> {
	let p2p_port = free_port()?;
	let role = Role {
		name: "importer".into(),
		chain: chain_arguments(&files.slim, 2),
		p2p_port,
		ready: READY,
		..Role::default()
	};
	let peer = Peer::start(options(folder, "importer"), role).await?;
	let id: String = peer.chain.call("system_localPeerId", &[]).await?;
	let genesis: String = peer.chain.call("chain_getBlockHash", &[json!(0)]).await?;
	anyhow::ensure!(genesis.len() == 66, "the importer has no block 0");
	Ok((peer, format!("/ip4/127.0.0.1/tcp/{p2p_port}/p2p/{id}")))
}
