//! One node in a folder of its own: the validator `bittensor-node --dev`, or a node of another
//! [`Role`].
//!
//! ```text
//! start ──► "Running JSON-RPC server: addr=127.0.0.1:41234,…" ──► url()
//!   stop ──► start again with the same folder and port: miners reconnect
//! ```
//!
//! Invariant: the database outlives a restart and is removed with its folder, never elsewhere.

use std::{
	path::{Path, PathBuf},
	time::Duration,
};

use bittensor_client::{ChainError, SubxtChain};

use crate::{
	binaries,
	process::{Process, Spec, Stopped},
};

/// How long the node may take to compile its runtime and open its RPC server.
const READY: Duration = Duration::from_secs(90);

/// How long a node that listens may take to answer.
const ANSWERS: Duration = Duration::from_secs(30);

/// How to start a node.
#[derive(Clone, Debug)]
pub struct NodeOptions {
	/// Folder of its database and keys.
	pub base_path: PathBuf,
	/// Its log file.
	pub log: PathBuf,
	/// Port of the RPC server on 127.0.0.1; 0 takes any that is free.
	pub rpc_port: u16,
	/// Further arguments.
	pub extra: Vec<String>,
}

/// The role of a node: its chain, its part in it, and its ports.
#[derive(Clone, Debug)]
pub struct Role {
	/// Short name for messages.
	pub name: String,
	/// Arguments that name the chain, the keys and what is kept of it.
	pub chain: Vec<String>,
	/// Port of the peer-to-peer network on 127.0.0.1; 0 takes any that is free.
	pub p2p_port: u16,
	/// Port of the Prometheus metrics on 127.0.0.1; without, there are none.
	pub prometheus_port: Option<u16>,
	/// How long it may take to open its RPC server.
	pub ready: Duration,
	/// Environment variables that are added to those of this program.
	pub env: Vec<(String, String)>,
}

impl Default for Role {
	/// The one validator of a development chain, which keeps all states.
	fn default() -> Self {
		Self {
			name: "node".into(),
			chain: ["--dev", "--state-pruning=archive", "--blocks-pruning=archive"]
				.map(String::from)
				.into(),
			p2p_port: 0,
			prometheus_port: None,
			ready: READY,
			env: Vec::new(),
		}
	}
}

/// A running node.
#[derive(Debug)]
pub struct Node {
	options: NodeOptions,
	role: Role,
	process: Process,
}

impl Node {
	/// Starts the validator of a development chain and waits until its RPC server listens.
	pub async fn start(options: NodeOptions) -> anyhow::Result<Self> {
		Self::start_as(options, Role::default()).await
	}

	/// Starts a node in this role and waits until its RPC server listens.
	pub async fn start_as(mut options: NodeOptions, role: Role) -> anyhow::Result<Self> {
		let mut process = Process::spawn(&spec_as(&options, &role)?)?;
		options.rpc_port =
			process.wait_for_line("JSON-RPC server", role.ready, rpc_port_of_line).await?;
		Ok(Self { options, role, process })
	}

	/// Short name of its role.
	pub fn name(&self) -> &str {
		&self.role.name
	}

	/// Replaces its further arguments, from the next start on.
	pub fn set_extra(&mut self, extra: Vec<String>) {
		self.options.extra = extra;
	}

	/// Address of its RPC server: `ws://127.0.0.1:PORT`.
	pub fn url(&self) -> String {
		format!("ws://127.0.0.1:{}", self.options.rpc_port)
	}

	/// Port of its RPC server.
	pub fn rpc_port(&self) -> u16 {
		self.options.rpc_port
	}

	/// A connection to it.
	pub async fn connect(&self) -> Result<SubxtChain, ChainError> {
		SubxtChain::connect(&self.url(), None, ANSWERS, None).await
	}

	/// Its process.
	pub fn process(&mut self) -> &mut Process {
		&mut self.process
	}

	/// Its log file.
	pub fn log(&self) -> &Path {
		&self.options.log
	}

	/// Stops it. Its database stays.
	pub async fn stop(&mut self) -> Stopped {
		self.process.stop().await
	}

	/// Stops it and starts it again over the same database on the same port.
	pub async fn restart(&mut self) -> anyhow::Result<()> {
		self.stop().await;
		let before = self.options.rpc_port;
		*self = Self::start_as(self.options.clone(), self.role.clone()).await?;
		anyhow::ensure!(
			self.options.rpc_port == before,
			"the node moved from port {before} to {}: another program took the old one",
			self.options.rpc_port
		);
		Ok(())
	}
}

/// The command of a node: the development preset, one validator, all states kept, and no
/// connection to anything outside this machine.
pub fn spec(options: &NodeOptions) -> Result<Spec, binaries::NotBuilt> {
	spec_as(options, &Role::default())
}

/// The command of a node in this role, without a connection to anything outside this machine.
pub fn spec_as(options: &NodeOptions, role: &Role) -> Result<Spec, binaries::NotBuilt> {
	let mut args = role.chain.clone();
	args.push(match role.prometheus_port {
		Some(port) => format!("--prometheus-port={port}"),
		None => "--no-prometheus".into(),
	});
	args.extend(["--no-telemetry", "--no-mdns"].map(String::from));
	args.push(format!("--listen-addr=/ip4/127.0.0.1/tcp/{}", role.p2p_port));
	args.push(format!("--base-path={}", options.base_path.display()));
	let program = binaries::find(binaries::NODE)?;
	args.push(binaries::runtime_cache()?);
	args.push(format!("--rpc-port={}", options.rpc_port));
	args.extend(options.extra.iter().cloned());
	Ok(Spec {
		name: role.name.clone(),
		program,
		args,
		env: role.env.clone(),
		log: options.log.clone(),
		nice: 0,
	})
}

/// Runs a node that must refuse its arguments, until it ends by itself. Returns whether it
/// succeeded, and its output.
pub async fn run_to_end(
	options: &NodeOptions,
	role: &Role,
	timeout: Duration,
) -> anyhow::Result<(bool, String)> {
	let mut process = Process::spawn(&spec_as(options, role)?)?;
	let ended = process.wait_for_end(timeout).await?;
	Ok((ended.success(), process.output()))
}

/// The IPv4 port in the line that announces the RPC server.
fn rpc_port_of_line(line: &str) -> Option<u16> {
	let (_, after) = line.split_once("Running JSON-RPC server: addr=")?;
	let (_, port) = after.split_once("127.0.0.1:")?;
	let digits = port.find(|c: char| !c.is_ascii_digit()).map_or(port, |end| &port[..end]);
	digits.parse().ok()
}
