//! Several validators of one chain on this machine, the script by which another node joins, and what
//! tests do to them.
//!
//! ```text
//!   alice ◀──▶ bob
//!     ▲  ╲  ╱   ▲                one specification, made for this network;
//!     │   ╳     │                each node knows the addresses of all others
//!     ▼  ╱  ╲   ▼
//!   dave ◀──▶ charlie ◀──── a fifth node, by the script `join.sh`
//! ```
//!
//! The chain is the preset `testnet` with shorter slots, epochs and sessions, so that a person can watch
//! what takes hours on a public network.
//!
//! | module | content |
//! |---|---|
//! | this file | starts, kills and revives nodes |
//! | [`agreement`] | that all nodes tell the same of a block |
//! | `links` | connections that can be cut |
//! | `ports` | fixed and free ports |
//! | `specification` | the chain's specification |

use std::{
	path::{Path, PathBuf},
	time::{Duration, Instant},
};

use anyhow::Context;
use bittensor_client::{Chain, SubxtChain};

use crate::{
	node::{Node, NodeOptions, Role},
	process::{free_port, Stopped},
};

pub mod agreement;
mod links;
mod ports;
mod specification;

pub use agreement::Agreement;
pub use ports::Ports;
pub use specification::ChainOptions;

/// The validators, by the options with which the node takes their keys.
pub const NAMES: [&str; 4] = ["alice", "bob", "charlie", "dave"];

/// How long four nodes on a busy machine may take to open their RPC servers.
const READY: Duration = Duration::from_secs(180);
/// How long what takes seconds may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(240);
const POLL: Duration = Duration::from_millis(200);

/// A place in the network: a name, ports, and a node key.
#[derive(Debug)]
struct Place {
	name: String,
	ports: Ports,
	peer: String,
}

impl Place {
	/// Its address at a port, its own or that of a relay.
	fn address(&self, port: u16) -> String {
		format!("/ip4/127.0.0.1/tcp/{port}/p2p/{}", self.peer)
	}
}

/// Running validators. Dropping them kills their processes.
#[derive(Debug)]
pub struct Validators {
	/// Those that run.
	pub nodes: Vec<Node>,
	/// Those that were killed.
	dead: Vec<Node>,
	folder: PathBuf,
	specification: PathBuf,
	places: Vec<Place>,
	links: links::Links,
	/// Ports for one more node.
	fifth: Ports,
}

impl Validators {
	/// Starts them in `folder` and waits until each has opened its RPC server. The last ports are for the
	/// node of [`Validators::write_join_script`].
	///
	/// # Errors
	/// If a port is taken, with all that are, or a node does not start.
	pub async fn start(folder: &Path, ports: [Ports; 5]) -> anyhow::Result<Self> {
		Self::start_on(folder, ports, &ChainOptions::default()).await
	}

	/// The same on a chain with these options.
	pub async fn start_on(
		folder: &Path,
		ports: [Ports; 5],
		chain: &ChainOptions,
	) -> anyhow::Result<Self> {
		ports::ensure_free(&ports)?;
		let spec = specification::write(folder, chain).await?;
		Self::start_with(folder, ports, spec, chain.relays).await
	}

	/// The same on the chain of a specification.
	pub async fn start_from(
		folder: &Path,
		ports: [Ports; 5],
		specification: PathBuf,
	) -> anyhow::Result<Self> {
		ports::ensure_free(&ports)?;
		Self::start_with(folder, ports, specification, false).await
	}

	async fn start_with(
		folder: &Path,
		ports: [Ports; 5],
		specification: PathBuf,
		relays: bool,
	) -> anyhow::Result<Self> {
		let [.., fifth] = ports;
		let mut all = Self {
			nodes: Vec::new(),
			dead: Vec::new(),
			folder: folder.into(),
			specification,
			places: Vec::new(),
			links: links::Links::default(),
			fifth,
		};
		for (name, ports) in NAMES.into_iter().zip(ports) {
			all.add_place(name, ports).await?;
		}
		let mut options = Vec::new();
		if relays {
			for from in &all.places {
				for to in all.places.iter().filter(|to| to.name != from.name) {
					all.links.add(&from.name, &to.name, to.ports.p2p).await?;
				}
			}
			// They must not find each other past the relays.
			options.push("--no-private-ip".to_owned());
		}
		for name in NAMES {
			let key = format!("--{name}");
			let options: Vec<&str> =
				options.iter().map(String::as_str).chain([key.as_str()]).collect();
			all.start_one(name, &options).await?;
		}
		Ok(all)
	}

	/// Starts one more node, which knows all others. `options` say what it is: `--validator`, `--dave`.
	pub async fn start_more(&mut self, name: &str, options: &[&str]) -> anyhow::Result<()> {
		let ports = Ports { p2p: free_port()?, rpc: free_port()?, prometheus: free_port()? };
		self.add_place(name, ports).await?;
		self.start_one(name, options).await
	}

	async fn add_place(&mut self, name: &str, ports: Ports) -> anyhow::Result<()> {
		let peer = specification::node_key(&self.node_key(name)).await?;
		self.places.push(Place { name: name.into(), ports, peer });
		Ok(())
	}

	async fn start_one(&mut self, name: &str, options: &[&str]) -> anyhow::Result<()> {
		let place = self.places.iter().find(|place| place.name == name).context("no place")?;
		let others = self.places.iter().filter(|other| other.name != name);
		let mut chain = vec![
			format!("--chain={}", self.specification.display()),
			format!("--node-key-file={}", self.node_key(name).display()),
		];
		chain.extend(others.map(|other| {
			let port = self.links.port(name, &other.name).unwrap_or(other.ports.p2p);
			format!("--bootnodes={}", other.address(port))
		}));
		let ports = place.ports;
		let role = Role {
			name: name.into(),
			chain,
			p2p_port: ports.p2p,
			prometheus_port: Some(ports.prometheus),
			ready: READY,
			..Role::default()
		};
		let options = NodeOptions {
			base_path: self.base_path(name),
			log: self.folder.join("logs").join(format!("{name}.log")),
			rpc_port: ports.rpc,
			extra: options.iter().map(|option| (*option).to_owned()).collect(),
		};
		let node = Node::start_as(options, role).await?;
		anyhow::ensure!(
			node.rpc_port() == ports.rpc,
			"the port {} is taken: stop the program that uses it",
			ports.rpc
		);
		self.nodes.push(node);
		Ok(())
	}

	/// Cuts the network between these nodes and the others, of a chain with relays.
	pub fn cut(&self, apart: &[&str]) {
		self.links.cut(apart);
	}

	/// Joins what was cut.
	pub fn join(&self) {
		self.links.cut(&[]);
	}

	/// Ends a node at once, as `kill -9` does. Its database stays.
	///
	/// # Errors
	/// If no node of this name runs.
	pub fn kill(&mut self, name: &str) -> anyhow::Result<()> {
		let place = self.nodes.iter().position(|node| node.name() == name);
		let mut node = self.nodes.remove(place.with_context(|| format!("{name} does not run"))?);
		node.process().kill();
		self.dead.push(node);
		Ok(())
	}

	/// Starts a killed node again as what it was.
	pub async fn revive(&mut self, name: &str) -> anyhow::Result<()> {
		self.revive_as(name, None).await
	}

	/// Starts a killed node again, with other options.
	pub async fn revive_with(&mut self, name: &str, options: &[&str]) -> anyhow::Result<()> {
		self.revive_as(name, Some(options)).await
	}

	async fn revive_as(&mut self, name: &str, options: Option<&[&str]>) -> anyhow::Result<()> {
		let place = self.dead.iter().position(|node| node.name() == name);
		let mut node = self.dead.remove(place.with_context(|| format!("{name} was not killed"))?);
		if let Some(options) = options {
			node.set_extra(options.iter().map(|option| (*option).to_owned()).collect());
		}
		node.restart().await?;
		self.nodes.push(node);
		Ok(())
	}

	/// A running node.
	///
	/// # Errors
	/// If there is none of this name.
	pub fn node(&mut self, name: &str) -> anyhow::Result<&mut Node> {
		let node = self.nodes.iter_mut().find(|node| node.name() == name);
		node.with_context(|| format!("{name} does not run"))
	}

	/// A connection to a running node.
	pub async fn connect(&mut self, name: &str) -> anyhow::Result<SubxtChain> {
		Ok(self.node(name)?.connect().await?)
	}

	/// Number of a node's best block.
	pub async fn best(&mut self, name: &str) -> anyhow::Result<u32> {
		Ok(self.connect(name).await?.head(None).await?.number)
	}

	/// Waits until a node has finalised block `number`; how long that took.
	///
	/// # Errors
	/// After some minutes, with what it has instead and the end of its log.
	pub async fn finalised(&mut self, name: &str, number: u32) -> anyhow::Result<Duration> {
		let started = Instant::now();
		let chain = self.connect(name).await?;
		loop {
			let head = chain.finalized().await?.number;
			if head >= number {
				return Ok(started.elapsed());
			}
			let best = chain.head(None).await?.number;
			anyhow::ensure!(
				started.elapsed() < PATIENCE && self.death().is_none(),
				"{name} has finalised {head} of {number} blocks, and its best block is {best}:\n{}",
				self.node(name)?.process().tail()
			);
			tokio::time::sleep(POLL).await;
		}
	}

	/// Folder of a node's database and keys.
	pub fn base_path(&self, name: &str) -> PathBuf {
		self.folder.join("validators").join(name)
	}

	/// The file with a node's key of the network.
	fn node_key(&self, name: &str) -> PathBuf {
		self.folder.join("keys").join(name)
	}

	/// The raw specification of the chain.
	pub fn specification(&self) -> &Path {
		&self.specification
	}

	/// Names and process ids of the running nodes.
	pub fn processes(&mut self) -> Vec<(String, u32)> {
		let one = |node: &mut Node| (node.name().to_owned(), node.process().id());
		self.nodes.iter_mut().map(one).collect()
	}

	/// The ports of the fifth node.
	pub fn fifth(&self) -> Ports {
		self.fifth
	}

	/// Writes the script that joins a fifth node, which can become a validator; its path. More options of
	/// the node can be given to it.
	pub fn write_join_script(&self) -> anyhow::Result<PathBuf> {
		let Ports { p2p, rpc, prometheus } = self.fifth;
		let boot = self.places.first().context("no validator")?;
		let options = [
			format!("--chain '{}'", self.specification.display()),
			format!("--base-path '{}'", self.base_path("fifth").display()),
			"--validator".into(),
			format!("--listen-addr /ip4/127.0.0.1/tcp/{p2p}"),
			format!("--rpc-port {rpc}"),
			format!("--prometheus-port {prometheus}"),
			"--no-mdns".into(),
			format!("--bootnodes {}", boot.address(boot.ports.p2p)),
			"\"$@\"".into(),
		];
		let node = crate::binaries::find(crate::binaries::NODE)?;
		let script = format!(
			"# Joins the network of this folder with a fifth node.\nexec '{}' \\\n\t{}\n",
			node.display(),
			options.join(" \\\n\t")
		);
		let path = self.folder.join("join.sh");
		std::fs::write(&path, script)?;
		Ok(path)
	}

	/// The first one that ended by itself: a message with the end of its log.
	pub fn death(&mut self) -> Option<String> {
		self.nodes.iter_mut().find_map(|node| {
			let process = node.process();
			let status = process.ended()?;
			Some(format!("{} ended ({status}):\n{}", process.name(), process.tail()))
		})
	}

	/// Stops all. Returns a message for each that did not end cleanly.
	pub async fn stop(&mut self) -> Vec<String> {
		for node in &mut self.nodes {
			node.process().interrupt();
		}
		let mut unclean = Vec::new();
		for node in &mut self.nodes {
			if node.stop().await != Stopped::Cleanly {
				let process = node.process();
				unclean.push(format!(
					"{} did not stop cleanly:\n{}",
					process.name(),
					process.tail()
				));
			}
		}
		unclean
	}
}
