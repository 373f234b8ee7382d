//! Several validators of one chain on this machine, and the line with which another node joins.
//!
//! ```text
//!   alice ◀──── bob, charlie, dave          one specification, made for this network
//!     ▲ boot node
//!     └──────── a fifth node, by the printed line
//! ```
//!
//! The chain is the preset `testnet` with shorter slots, epochs and sessions, so that a person can watch
//! what takes hours on a public network.

use std::{
	path::{Path, PathBuf},
	time::Duration,
};

use anyhow::Context;
use serde_json::{json, Value};

use crate::{
	binaries,
	node::{Node, NodeOptions, Role},
	process::{free_port, Stopped},
};

/// The validators, by the options with which the node takes their keys.
pub const NAMES: [&str; 4] = ["alice", "bob", "charlie", "dave"];

/// How long a node that listens may take to say its name.
const STARTED: Duration = Duration::from_secs(10);

/// What differs from the preset, by place in the plain specification.
const SHORTER: [(&str, u32); 3] = [
	("/slots/slotDuration", 3_000),
	("/emission/parameters/epochLength", 20),
	("/validatorSet/sessionLength", 20),
];

/// The ports of one node on 127.0.0.1.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
	/// Of the peer-to-peer network.
	pub p2p: u16,
	/// Of the RPC server.
	pub rpc: u16,
	/// Of the metrics.
	pub prometheus: u16,
}

impl Ports {
	/// The usual ports of the SDK, and those above them: for each validator, and for a fifth node.
	pub fn fixed() -> [Self; 5] {
		[0, 1, 2, 3, 4].map(|place| Self {
			p2p: 30_333 + place,
			rpc: 9_944 + place,
			prometheus: 9_615 + place,
		})
	}

	/// Ports that are free now.
	pub fn free() -> std::io::Result<[Self; 5]> {
		let one = || -> std::io::Result<Self> {
			Ok(Self { p2p: free_port()?, rpc: free_port()?, prometheus: free_port()? })
		};
		Ok([one()?, one()?, one()?, one()?, one()?])
	}
}

/// Running validators. Dropping them kills their processes.
#[derive(Debug)]
pub struct Validators {
	/// In the order of [`NAMES`].
	pub nodes: Vec<Node>,
	folder: PathBuf,
	ports: [Ports; 5],
	/// Address of the first one for the others.
	boot: String,
}

impl Validators {
	/// Starts them in `folder` and waits until each has opened its RPC server.
	pub async fn start(folder: &Path, ports: [Ports; 5]) -> anyhow::Result<Self> {
		write_specification(folder).await?;
		let mut all = Self { nodes: Vec::new(), folder: folder.into(), ports, boot: String::new() };
		for (name, ports) in NAMES.iter().zip(ports) {
			all.start_one(name, ports).await?;
		}
		Ok(all)
	}

	async fn start_one(&mut self, name: &str, ports: Ports) -> anyhow::Result<()> {
		let options = NodeOptions {
			base_path: self.folder.join("validators").join(name),
			log: self.folder.join("logs").join(format!("{name}.log")),
			rpc_port: ports.rpc,
			extra: Vec::new(),
		};
		let mut chain = vec![self.chain_option(), format!("--{name}")];
		if !self.boot.is_empty() {
			chain.push(format!("--bootnodes={}", self.boot));
		}
		let role = Role {
			name: name.into(),
			chain,
			p2p_port: ports.p2p,
			prometheus_port: Some(ports.prometheus),
			..Role::default()
		};
		let mut node = Node::start_as(options, role).await?;
		anyhow::ensure!(
			node.rpc_port() == ports.rpc,
			"the port {} is taken: stop the program that uses it",
			ports.rpc
		);
		if self.boot.is_empty() {
			let identity = |line: &str| Some(line.split_once("identity is: ")?.1.trim().to_owned());
			let process = node.process();
			let peer = process.wait_for_line("peer id", STARTED, identity).await?;
			self.boot = format!("/ip4/127.0.0.1/tcp/{}/p2p/{peer}", ports.p2p);
		}
		self.nodes.push(node);
		Ok(())
	}

	fn chain_option(&self) -> String {
		format!("--chain={}", specification(&self.folder).display())
	}

	/// The command that joins a fifth node, which can become a validator.
	pub fn join_command(&self) -> anyhow::Result<String> {
		let Ports { p2p, rpc, prometheus } = self.ports[NAMES.len()];
		Ok(format!(
			"'{}' --chain '{}' --base-path '{}' --validator --listen-addr /ip4/127.0.0.1/tcp/{p2p} --rpc-port \
			 {rpc} --prometheus-port {prometheus} --no-mdns --bootnodes {}",
			binaries::find(binaries::NODE)?.display(),
			specification(&self.folder).display(),
			self.folder.join("validators/fifth").display(),
			self.boot
		))
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

/// The raw specification of the network in `folder`.
fn specification(folder: &Path) -> PathBuf {
	folder.join("network.json")
}

async fn write_specification(folder: &Path) -> anyhow::Result<()> {
	std::fs::create_dir_all(folder)?;
	let plain = export(&["--chain=testnet"]).await?;
	let mut plain: Value = serde_json::from_str(&plain)?;
	plain["name"] = json!("Bittensor Local Network");
	plain["id"] = json!("bittensor_localnet");
	for (place, value) in SHORTER {
		let place = format!("/genesis/runtimeGenesis/patch{place}");
		*plain.pointer_mut(&place).with_context(|| format!("no {place} in testnet"))? =
			json!(value);
	}
	let path = folder.join("network-plain.json");
	std::fs::write(&path, serde_json::to_string_pretty(&plain)?)?;
	let raw = export(&["--raw", &format!("--chain={}", path.display())]).await?;
	Ok(std::fs::write(specification(folder), raw)?)
}

/// What `export-chain-spec` prints.
async fn export(options: &[&str]) -> anyhow::Result<String> {
	let mut command = tokio::process::Command::new(binaries::find(binaries::NODE)?);
	let output = command.arg("export-chain-spec").args(options).output().await?;
	let stderr = String::from_utf8_lossy(&output.stderr);
	anyhow::ensure!(output.status.success(), "export-chain-spec {options:?}: {stderr}");
	Ok(String::from_utf8(output.stdout)?)
}
