//! A small network in a temporary folder, and waiting for what it should do.

use std::{
	path::PathBuf,
	time::{Duration, Instant},
};

use anyhow::Context;
use bittensor_e2e::{
	chain::Chain,
	ledger::Ledger,
	miner::{Kind, MinerSpec, Status},
	network::{Network, NetworkOptions},
	node::NodeOptions,
};
use tempfile::TempDir;

/// The text that `make run` learns from.
pub(crate) fn corpus() -> PathBuf {
	PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../corpus"))
}

/// A network with a chain that is being read. The folder goes last.
pub(crate) struct Lab {
	pub(crate) network: Network,
	pub(crate) chain: Chain,
	pub(crate) ledger: Ledger,
	pub(crate) folder: TempDir,
}

impl Lab {
	/// A node that makes blocks, without miners.
	pub(crate) async fn start() -> anyhow::Result<Self> {
		let folder = tempfile::tempdir()?;
		let network = Network::start_node(NetworkOptions {
			node: node_options(&folder),
			corpus: corpus(),
			folder: folder.path().into(),
		})
		.await?;
		let chain = Chain::connect(&network.node.url()).await?;
		let ledger = Ledger::new(chain.parameters().await?);
		Ok(Self { network, chain, ledger, folder })
	}

	/// Starts the miners and waits until all are registered.
	pub(crate) async fn start_miners(&mut self, specs: Vec<MinerSpec>) -> anyhow::Result<()> {
		for spec in specs {
			self.network.start_miner(spec)?;
		}
		self.network.wait_until_ready(Duration::from_secs(60)).await
	}

	/// Follows the ledger until `done` gives a value; fails when a process ends or time is up.
	pub(crate) async fn until<T>(
		&mut self,
		what: &str,
		timeout: Duration,
		mut done: impl FnMut(&mut Self) -> Option<T>,
	) -> anyhow::Result<T> {
		let started = Instant::now();
		loop {
			let best = self.chain.best().await?;
			self.ledger.follow(&self.chain, &best.hash).await?;
			if let Some(value) = done(self) {
				return Ok(value);
			}
			let deaths = self.network.deaths().into_iter().chain(self.network.node_death());
			if let Some(death) = deaths.into_iter().next() {
				anyhow::bail!("waiting for {what}: {death}");
			}
			if started.elapsed() > timeout {
				let tails: Vec<String> = self
					.network
					.miners
					.iter_mut()
					.map(|miner| {
						let status = miner.status();
						let tail = miner.process().tail();
						format!("-- {}: {status:?}\n{tail}", miner.spec().name)
					})
					.collect();
				anyhow::bail!(
					"no {what} within {} s, {} epochs paid\n{}",
					timeout.as_secs(),
					self.ledger.epochs().len(),
					tails.join("\n")
				);
			}
			tokio::time::sleep(Duration::from_millis(200)).await;
		}
	}

	/// The status of a miner, as it is now.
	pub(crate) fn status(&mut self, name: &str) -> Status {
		self.network.miner(name).and_then(|miner| miner.status()).unwrap_or_default()
	}

	/// The uid of a miner that is registered.
	pub(crate) fn uid(&mut self, name: &str) -> anyhow::Result<u32> {
		self.status(name).uid.with_context(|| format!("{name} is not registered"))
	}
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
		name,
		kind: Kind::Trainable,
		documents: Some(documents.into()),
		seed,
		stake: 100,
		extra: vec!["--warm-up=60".into(), "--held-out=64".into(), "--evaluate-every=3".into()],
	}
}

/// `spec` with one more argument of `bittensor-miner run`.
pub(crate) fn with(mut spec: MinerSpec, argument: impl Into<String>) -> MinerSpec {
	spec.extra.push(argument.into());
	spec
}

/// Address of a development key, SS58.
pub(crate) fn address(name: &'static str) -> anyhow::Result<String> {
	trainable(name, "*", 0).address()
}
