//! One validator and its miners, which query and train each other ([`crate::cast`] says which).
//!
//! Invariant: miners are stopped before the node, so that their last calls find it.

use std::{
	path::PathBuf,
	time::{Duration, Instant},
};

use bittensor_client::Chain;
use futures::future::join_all;

use crate::{
	miner::{Miner, MinerSpec, Place},
	node::{Node, NodeOptions, Role},
	process::{Process, Stopped, STOP_GRACE},
};

/// How long a network may be without a new block: while it starts, or while half of its validators are
/// away.
const NO_BLOCK: Duration = Duration::from_secs(60);
/// Stake of every component at the start, in BIT: equal, so that later differences are earned.
pub const STAKE: u64 = 1_000;

/// Where a network lives.
#[derive(Clone, Debug)]
pub struct NetworkOptions {
	/// The node.
	pub node: NodeOptions,
	/// Folder of text documents.
	pub corpus: PathBuf,
	/// Folder for the miners' own folders (`miners/NAME`) and the logs (`logs/NAME.log`).
	pub folder: PathBuf,
}

/// A running network. Dropping it kills every process.
#[derive(Debug)]
pub struct Network {
	// Fields drop in order: the miners first.
	/// The miners, in the order in which they were started.
	pub miners: Vec<Miner>,
	/// The validator.
	pub node: Node,
	options: NetworkOptions,
	/// Miners whose end was reported.
	told: Vec<String>,
}

impl Network {
	/// Starts a node in this role, without miners, and waits until it answers.
	pub async fn start_node(options: NetworkOptions, role: Role) -> anyhow::Result<Self> {
		let node = Node::start_as(options.node.clone(), role).await?;
		Ok(Self { miners: Vec::new(), node, options, told: Vec::new() })
	}

	/// Starts a miner; does not wait until it serves.
	pub fn start_miner(&mut self, spec: MinerSpec) -> anyhow::Result<()> {
		let place = self.place(&spec);
		self.miners.push(Miner::start(spec, place)?);
		Ok(())
	}

	/// Where the miner `spec` lives in this network.
	pub fn place(&self, spec: &MinerSpec) -> Place {
		let name = spec.name.to_lowercase();
		Place {
			url: self.node.url(),
			corpus: self.options.corpus.clone(),
			folder: self.options.folder.join("miners").join(&name),
			log: self.options.folder.join("logs").join(format!("{name}.log")),
		}
	}

	/// Names of the miners that are not registered yet; `None` when all are. An error if one of
	/// them, or the node, ended.
	pub fn not_ready(&mut self) -> anyhow::Result<Option<Vec<String>>> {
		if let Some(death) = self.node_death() {
			anyhow::bail!(death);
		}
		if let Some(death) = self.deaths().into_iter().next() {
			anyhow::bail!(death);
		}
		let unregistered = |miner: &&Miner| miner.status().and_then(|status| status.uid).is_none();
		let waiting: Vec<_> = self
			.miners
			.iter()
			.filter(unregistered)
			.map(|miner| miner.spec().name.clone())
			.collect();
		Ok((!waiting.is_empty()).then_some(waiting))
	}

	/// Waits until every miner is registered.
	pub async fn wait_until_ready(&mut self, timeout: Duration) -> anyhow::Result<()> {
		let started = Instant::now();
		while let Some(waiting) = self.not_ready()? {
			if started.elapsed() > timeout {
				let tails = self.miners.iter_mut().filter(|m| waiting.contains(&m.spec().name));
				let tails: Vec<String> = tails.map(|m| m.process().tail()).collect();
				anyhow::bail!(
					"not registered after {} s: {}\n{}",
					timeout.as_secs(),
					waiting.join(", "),
					tails.join("\n--\n")
				);
			}
			tokio::time::sleep(Duration::from_millis(200)).await;
		}
		Ok(())
	}

	/// The miner of this name.
	pub fn miner(&mut self, name: &str) -> Option<&mut Miner> {
		self.miners.iter_mut().find(|miner| miner.spec().name == name)
	}

	/// One message for each miner that ended since the last call.
	pub fn deaths(&mut self) -> Vec<String> {
		let mut deaths = Vec::new();
		for miner in &mut self.miners {
			let name = miner.spec().name.clone();
			if self.told.contains(&name) {
				continue;
			}
			if let Some(status) = miner.process().ended() {
				let process = miner.process();
				let (log, tail) = (process.log().display().to_string(), process.tail());
				deaths.push(format!("miner {name} ended ({status}). Log {log}:\n{tail}"));
				self.told.push(name);
			}
		}
		deaths
	}

	/// A message if the node ended.
	pub fn node_death(&mut self) -> Option<String> {
		let process = self.node.process();
		let status = process.ended()?;
		let (log, tail) = (process.log().display().to_string(), process.tail());
		Some(format!("the node ended ({status}). Log {log}:\n{tail}"))
	}

	/// Stops all miners at once, then the node. Returns a message for each that had to be killed
	/// or ended with an error.
	pub async fn stop(&mut self) -> Vec<String> {
		for miner in &mut self.miners {
			miner.process().interrupt();
		}
		let stopping = self.miners.iter_mut().map(|miner| stop(miner.process()));
		let mut unclean: Vec<String> = join_all(stopping).await.into_iter().flatten().collect();
		unclean.extend(stop(self.node.process()).await);
		unclean
	}

	/// Ends all processes at once.
	pub fn kill(&mut self) {
		for miner in &mut self.miners {
			miner.process().kill();
		}
		self.node.process().kill();
	}
}

/// Stops a process that still runs; a message if it did not end cleanly.
async fn stop(process: &mut Process) -> Option<String> {
	if process.ended().is_some() {
		return None;
	}
	let how = match process.stop().await {
		Stopped::Cleanly => return None,
		Stopped::Failed(status) => format!("ended with an error when stopped ({status})"),
		Stopped::Killed => format!("did not stop within {} s", STOP_GRACE.as_secs()),
	};
	let (name, log, tail) = (process.name(), process.log().display(), process.tail());
	Some(format!("{name} {how}. Log {log}:\n{tail}"))
}

/// Waits until the best block's number is at least `number`.
///
/// # Errors
/// If the node ends, or has no new block for a minute.
pub async fn wait_for_block(node: &mut Node, chain: &dyn Chain, number: u32) -> anyhow::Result<()> {
	let (mut best, mut since) = (0, Instant::now());
	loop {
		let head = chain.head(None).await?.number;
		if head >= number {
			return Ok(());
		}
		if head > best {
			(best, since) = (head, Instant::now());
		}
		if let Some(status) = node.process().ended() {
			anyhow::bail!("the node ended ({status}):\n{}", node.process().tail());
		}
		if since.elapsed() > NO_BLOCK {
			anyhow::bail!(
				"no block after {best} for {} s, and {number} was to come:\n{}",
				NO_BLOCK.as_secs(),
				node.process().tail()
			);
		}
		tokio::time::sleep(Duration::from_millis(100)).await;
	}
}
