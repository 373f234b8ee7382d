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
//! Import cost can only be measured on a second node, because a validator's own blocks never pass its import
//! queue. The importer is up before the first block. Both run with the default settings of execution, caches
//! and pool, and keep the states of 256 blocks.
//!
//! Invariant: no process outlives the [`Lab`]; ports and folders are its own.

use std::{
	path::{Path, PathBuf},
	time::{Duration, Instant},
};

use anyhow::{bail, ensure, Context};
use bittensor_client::SubxtChain;
use bittensor_e2e::{
	node::{Node, NodeOptions, Role},
	process::{free_port, Stopped},
};
use subxt::rpcs::rpc_params;

use crate::{
	measure::{account, reset_peak, written},
	spec::Files,
};

/// How long a node may take to start; making the first block of a large state is the longest part.
const READY: Duration = Duration::from_secs(300);

/// A node with nothing to store writes less in a second.
const QUIET_BYTES: u64 = 64 * 1024;

/// A running node and its servers.
pub(crate) struct Host {
	pub(crate) node: Node,
	pub(crate) chain: SubxtChain,
	/// Port of its metrics.
	pub(crate) metrics: u16,
}

impl Host {
	async fn start(options: NodeOptions, mut role: Role) -> anyhow::Result<Self> {
		let metrics = free_port()?;
		role.prometheus_port = Some(metrics);
		let mut node = Node::start_as(options, role).await?;
		let chain = SubxtChain::connect(&node.url(), None, READY, None).await?;
		reset_peak(node.process().id())?;
		Ok(Self { node, chain, metrics })
	}

	/// Its process id.
	pub(crate) fn id(&mut self) -> u32 {
		self.node.process().id()
	}
}

/// The running nodes.
pub(crate) struct Lab {
	/// Makes the blocks.
	pub(crate) validator: Host,
	/// Imports them, if wanted.
	pub(crate) importer: Option<Host>,
	/// Last, because the nodes must have ended before.
	_databases: Databases,
}

impl Lab {
	/// Starts the nodes in `folder`, which is emptied before. Returns as soon as the validator's RPC server
	/// listens; it makes blocks from then on.
	pub(crate) async fn start(
		files: &Files,
		folder: &Path,
		importer: bool,
	) -> anyhow::Result<Self> {
		if folder.exists() {
			std::fs::remove_dir_all(folder)
				.with_context(|| format!("could not empty {}", folder.display()))?;
		}
		let databases = Databases(folder.into());
		make_database(files, folder).await?;
		let mut chain = chain_arguments(&files.slim, 1);
		chain.extend(["--alice", "--force-authoring"].map(String::from));
		let importer = match importer {
			true => {
				let (host, address) = start_importer(files, folder).await?;
				chain.push(format!("--reserved-nodes={address}"));
				Some(host)
			}
			false => None,
		};
		let role = Role { name: "validator".into(), chain, ready: READY, ..Role::default() };
		let validator = Host::start(options(folder, "validator"), role).await?;
		Ok(Self { validator, importer, _databases: databases })
	}

	/// The node that blocks are read from: the importer, which a block reaches last.
	pub(crate) fn observer(&mut self) -> &mut Host {
		self.importer.as_mut().unwrap_or(&mut self.validator)
	}

	/// The validator's log.
	pub(crate) fn log(&mut self) -> String {
		self.validator.node.process().output()
	}

	fn nodes(&mut self) -> impl Iterator<Item = &mut Node> {
		std::iter::once(&mut self.validator).chain(&mut self.importer).map(|host| &mut host.node)
	}

	/// An error if a node does not run any more.
	pub(crate) fn check(&mut self) -> anyhow::Result<()> {
		for process in self.nodes().map(Node::process) {
			if let Some(status) = process.ended() {
				bail!("{} ended ({status}):\n{}", process.name(), process.tail());
			}
		}
		Ok(())
	}

	/// Stops all nodes; an error if one fails to stop cleanly.
	pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
		for node in self.nodes() {
			stop(node).await?;
		}
		Ok(())
	}
}

async fn stop(node: &mut Node) -> anyhow::Result<()> {
	let ended = node.stop().await;
	let process = node.process();
	ensure!(
		ended == Stopped::Cleanly,
		"{} did not stop cleanly ({ended:?}):\n{}",
		process.name(),
		process.tail()
	);
	Ok(())
}

/// The databases in a folder; removed with this value. The logs beside them stay.
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

/// Writes block 0 into the validator's database, and nothing else; and its hash into the slim
/// specification.
async fn make_database(files: &Files, folder: &Path) -> anyhow::Result<()> {
	let chain = chain_arguments(&files.full, 1);
	let role = Role { name: "first start".into(), chain, ready: READY, ..Role::default() };
	let mut options = options(folder, "validator");
	options.log = folder.join("first-start.log");
	let mut node = Node::start_as(options, role).await?;
	let chain = SubxtChain::connect(&node.url(), None, READY, None).await?;
	let genesis: String = chain.request("chain_getBlockHash", rpc_params![0]).await?;
	files.state_genesis(&genesis)?;
	written_out(node.process().id()).await?;
	stop(&mut node).await
}

/// Waits until a process writes next to nothing. A database writes in the background; a node that is
/// stopped earlier may lose block 0.
async fn written_out(id: u32) -> anyhow::Result<()> {
	let wrote = || anyhow::Ok(written(id)? + account(id, "io", "wchar")?);
	let started = Instant::now();
	let mut before = wrote()?;
	loop {
		tokio::time::sleep(Duration::from_secs(1)).await;
		let now = wrote()?;
		// Log lines, and the bytes by which its threads wake each other, are few.
		if now - before < QUIET_BYTES {
			return Ok(());
		}
		ensure!(started.elapsed() < READY, "the first start still writes after {READY:?}");
		before = now;
	}
}

/// Starts the importer on a copy of the validator's database; it has no other node to connect to yet.
/// Returns also its address.
async fn start_importer(files: &Files, folder: &Path) -> anyhow::Result<(Host, String)> {
	let database = |name: &str| folder.join(name).join("chains").join(&files.id).join("paritydb");
	let (from, to) = (database("validator"), database("importer"));
	copy_folder(&from, &to)
		.with_context(|| format!("could not copy {} to {}", from.display(), to.display()))?;
	let p2p_port = free_port()?;
	let chain = chain_arguments(&files.slim, 2);
	let name = "importer".into();
	let role = Role { name, chain, p2p_port, ready: READY, ..Role::default() };
	let host = Host::start(options(folder, "importer"), role).await?;
	let id: String = host.chain.request("system_localPeerId", rpc_params![]).await?;
	Ok((host, format!("/ip4/127.0.0.1/tcp/{p2p_port}/p2p/{id}")))
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
