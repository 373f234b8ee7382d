//! A small network in a temporary folder, and waiting for its results.

use std::time::{Duration, Instant};

use anyhow::Context;
use bittensor_client::{AccountId, Chain, Edge, SubxtChain};
use bittensor_e2e::{
	ledger::Ledger,
	miner::{Miner, MinerSpec, MinerStatus},
	network::{Network, NetworkOptions},
	node::Role,
	process::Stopped,
};
use tempfile::TempDir;

use super::{corpus, node_options, quick, User};

/// How long a row may take from its post until it is active and paid: two epochs of up to ten seconds, on
/// a machine that is busy.
const ACTIVE: Duration = Duration::from_secs(60);
/// How long a miner may take to do something that it does often.
pub(crate) const SOON: Duration = Duration::from_secs(60);
/// Seconds in which a miner measures itself and writes its status several times.
const SEVERAL: u64 = 4;

/// A network and its chain. The folder is removed last.
pub(crate) struct Lab {
	pub(crate) network: Network,
	pub(crate) chain: SubxtChain,
	pub(crate) ledger: Ledger,
	pub(crate) folder: TempDir,
}

impl Lab {
	/// A node that makes blocks, without miners, on a chain with short slots and epochs.
	pub(crate) async fn start() -> anyhow::Result<Self> {
		let folder = tempfile::tempdir()?;
		let role = quick(folder.path())?;
		Self::start_as(folder, role).await
	}

	/// As [`Lab::start`], on the chain of `bittensor-node --dev`.
	pub(crate) async fn start_dev() -> anyhow::Result<Self> {
		Self::start_as(tempfile::tempdir()?, Role::default()).await
	}

	async fn start_as(folder: TempDir, role: Role) -> anyhow::Result<Self> {
		let options = NetworkOptions {
			node: node_options(&folder),
			corpus: corpus(),
			folder: folder.path().into(),
		};
		let network = Network::start_node(options, role).await?;
		let chain = network.node.connect().await?;
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
			let best = self.chain.head(None).await?;
			self.ledger.follow(&self.chain, best.hash).await?;
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
	pub(crate) fn status(&mut self, name: &str) -> MinerStatus {
		self.network.miner(name).and_then(|miner| miner.status()).unwrap_or_default()
	}

	/// The uid of a miner that is registered.
	pub(crate) fn uid(&mut self, name: &str) -> anyhow::Result<u32> {
		self.status(name).uid.with_context(|| format!("{name} is not registered"))
	}

	/// The key `uri`, held by the test.
	pub(crate) async fn user(&self, uri: &str) -> anyhow::Result<User> {
		User::connect(&self.network.node.url(), uri).await
	}

	/// Waits until all of `rows`, each with the uid of its owner, are active, and until every miner
	/// knows that they are. Returns the place of the epoch in the ledger.
	pub(crate) async fn active(&mut self, rows: &[(u32, Vec<Edge>)]) -> anyhow::Result<usize> {
		let paid_at = self
			.until("active rows", ACTIVE, |lab| {
				let epoch = lab.ledger.epochs().last()?;
				let active = |(uid, edges): &(u32, Vec<Edge>)| {
					epoch.row(*uid).is_some_and(|row| row.edges == *edges)
				};
				rows.iter().all(active).then_some(epoch.last.paid_at)
			})
			.await?;
		let place = self.ledger.epochs().len() - 1;
		self.until("miners that know the active rows", SOON, |lab| {
			let knows = |miner: &Miner| miner.status().is_some_and(|now| now.block >= paid_at);
			lab.network.miners.iter().all(knows).then_some(())
		})
		.await?;
		Ok(place)
	}

	/// The uids of all `owners`, once all are registered.
	pub(crate) async fn uids(&self, owners: &[AccountId]) -> anyhow::Result<Vec<u32>> {
		let started = Instant::now();
		loop {
			let components = self.chain.components(None).await?;
			let uid = |owner: &AccountId| {
				components.iter().find(|one| one.owner == *owner).map(|one| one.uid)
			};
			let uids: Vec<u32> = owners.iter().filter_map(uid).collect();
			if uids.len() == owners.len() {
				return Ok(uids);
			}
			let (registered, all) = (uids.len(), owners.len());
			anyhow::ensure!(started.elapsed() < SOON, "{registered} of {all} are registered");
			tokio::time::sleep(Duration::from_millis(200)).await;
		}
	}

	/// Stops the miner of this name and starts it again with other options: it resumes. Waits until
	/// the chain says where it serves now.
	pub(crate) async fn restart_miner(&mut self, spec: MinerSpec) -> anyhow::Result<()> {
		let miner = self.network.miner(&spec.name).context("it was never started")?;
		let place = miner.place().clone();
		let stopped = miner.process().stop().await;
		anyhow::ensure!(stopped == Stopped::Cleanly, "{stopped:?}:\n{}", miner.process().tail());
		*miner = Miner::start(spec, place)?;
		announced(&self.chain, miner).await?;
		Ok(())
	}

	/// The digest of a miner's parameters.
	pub(crate) async fn digest(&mut self, name: &str) -> anyhow::Result<String> {
		self.until("digest", SOON, |lab| lab.status(name).parameters).await
	}

	/// The status of each of these miners after it has measured itself several times more.
	pub(crate) async fn later<const N: usize>(
		&mut self,
		names: [&str; N],
	) -> anyhow::Result<[MinerStatus; N]> {
		let from = names.map(|name| self.status(name).uptime);
		self.until("news of the miners", SOON, |lab| {
			let now = names.map(|name| lab.status(name));
			let later = now.iter().zip(&from).all(|(now, from)| now.uptime >= from + SEVERAL);
			later.then_some(now)
		})
		.await
	}
}

/// Waits until the chain says where a miner serves; its uid.
pub(crate) async fn announced(chain: &dyn Chain, miner: &mut Miner) -> anyhow::Result<u32> {
	let started = Instant::now();
	loop {
		let status = miner.status().unwrap_or_default();
		if let Some(uid) = status.uid {
			let components = chain.components(None).await?;
			let component = components.into_iter().find(|component| component.uid == uid);
			let endpoint = component.and_then(|component| component.endpoint);
			if endpoint.is_some_and(|endpoint| endpoint.to_string() == status.endpoint) {
				return Ok(uid);
			}
		}
		anyhow::ensure!(started.elapsed() < SOON, "not announced:\n{}", miner.process().tail());
		tokio::time::sleep(Duration::from_millis(200)).await;
	}
}
