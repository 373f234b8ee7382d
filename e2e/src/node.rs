//! One validator: `bittensor-node --dev` in a folder of its own.
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

use crate::{
	binaries,
	process::{Process, Spec, Stopped},
};

/// How long the node may take to compile its runtime and open its RPC server.
const READY: Duration = Duration::from_secs(90);

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

/// A running node.
#[derive(Debug)]
pub struct Node {
	options: NodeOptions,
	process: Process,
}

impl Node {
	/// Starts the node and waits until its RPC server listens.
	pub async fn start(mut options: NodeOptions) -> anyhow::Result<Self> {
		let mut process = Process::spawn(&spec(&options)?)?;
		options.rpc_port =
			process.wait_for_line("JSON-RPC server", READY, rpc_port_of_line).await?;
		Ok(Self { options, process })
	}

	/// Address of its RPC server: `ws://127.0.0.1:PORT`.
	pub fn url(&self) -> String {
		format!("ws://127.0.0.1:{}", self.options.rpc_port)
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
		*self = Self::start(self.options.clone()).await?;
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
	let mut args: Vec<String> = [
		"--dev",
		"--state-pruning=archive",
		"--blocks-pruning=archive",
		"--no-prometheus",
		"--no-telemetry",
		"--no-mdns",
		"--listen-addr=/ip4/127.0.0.1/tcp/0",
	]
	.map(String::from)
	.into();
	args.push(format!("--base-path={}", options.base_path.display()));
	args.push(format!("--rpc-port={}", options.rpc_port));
	args.extend(options.extra.iter().cloned());
	Ok(Spec {
		name: "node".into(),
		program: binaries::find(binaries::NODE)?,
		args,
		env: Vec::new(),
		log: options.log.clone(),
		nice: 0,
	})
}

/// Runs the node with `extra` arguments until it ends by itself, for what it must refuse.
/// Returns whether it succeeded, and its output.
pub async fn run_to_end(
	options: &NodeOptions,
	timeout: Duration,
) -> anyhow::Result<(bool, String)> {
	let mut process = Process::spawn(&spec(options)?)?;
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
