//! Starts the network in an empty folder, until all miners are registered.

use std::{
	fs::{File, TryLockError},
	future::Future,
	io::{Read, Write},
	path::{Path, PathBuf},
	pin::pin,
	time::{Duration, Instant},
};

use anyhow::Context;

use bittensor_client::SubxtChain;

use super::{
	metrics::{self, Metrics},
	TICK,
};
use crate::{
	miner::MinerSpec,
	network::{self, Network, NetworkOptions},
	node::Role,
	process::free_port,
	screen::Screen,
};

/// The port that polkadot-js apps looks at first.
const APPS_PORT: u16 = 9944;

/// Another network runs in the folder.
#[derive(Debug, thiserror::Error)]
#[error(
	"{folder} belongs to a local network that runs (process {process}): stop it with Ctrl-C, or give \
	 this one a folder of its own with --out DIR"
)]
struct InUse {
	folder: String,
	process: String,
}

/// Creates the folder of the run and locks it until the file is dropped.
fn lock_folder(out: &Path) -> anyhow::Result<File> {
	let place = || out.display().to_string();
	std::fs::create_dir_all(out).with_context(|| format!("cannot create {}", place()))?;
	let path = out.join("lock");
	// Not truncated: the file may have the process of another network.
	let file = File::options().read(true).write(true).create(true).truncate(false).open(&path);
	let mut file = file.with_context(|| format!("cannot write {}", path.display()))?;
	match file.try_lock() {
		Ok(()) => (),
		Err(TryLockError::WouldBlock) => {
			let mut process = String::new();
			// Its number is not needed to refuse.
			let _ = file.read_to_string(&mut process);
			return Err(InUse { folder: place(), process: process.trim().into() }.into());
		}
		Err(TryLockError::Error(error)) => {
			return Err(error).with_context(|| format!("cannot lock {}", path.display()));
		}
	}
	file.set_len(0)?;
	writeln!(file, "{}", std::process::id())?;
	Ok(file)
}

/// Creates the folder of the run, locks it, and removes what an earlier run left in it.
pub(super) fn prepare_folder(out: &Path) -> anyhow::Result<(PathBuf, File)> {
	let out = std::path::absolute(out)?;
	let lock = lock_folder(&out)?;
	for old in ["node", "miners", "validators", "logs"] {
		match std::fs::remove_dir_all(out.join(old)) {
			Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
			_ => (),
		}
	}
	std::fs::create_dir_all(out.join("logs"))?;
	for old in ["report.json", metrics::FILE] {
		match std::fs::remove_file(out.join(old)) {
			Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
			_ => (),
		}
	}
	Ok((out, lock))
}

/// Port 9944 if it is free, so that polkadot-js apps finds the node by itself; else any.
pub(super) fn apps_port() -> u16 {
	free_or_any(APPS_PORT).unwrap_or(0)
}

/// This port if it is free, else any.
pub(super) fn free_or_any(port: u16) -> std::io::Result<u16> {
	match std::net::TcpListener::bind(("127.0.0.1", port)) {
		Ok(_) => Ok(port),
		Err(_) => free_port(),
	}
}

/// Starts the node, then the miners, and waits until all are registered.
pub(super) async fn start(
	screen: &mut Screen,
	options: NetworkOptions,
	miners: Vec<MinerSpec>,
) -> anyhow::Result<(Network, SubxtChain)> {
	screen.line("Starting the validator; waiting for its RPC server …");
	let mut metrics = Metrics::default();
	let (out, role) = (options.folder.clone(), metrics.node(Role::default())?);
	let mut network = counting(screen, Network::start_node(options, role)).await?;
	let url = network.node.url();
	let chain = network.node.connect().await?;
	screen.line(&format!("Node at {url}. To look inside, open"));
	screen.line(&format!("  https://polkadot.js.org/apps/?rpc={url}"));
	screen.line("Waiting for the first block …");
	counting(screen, network::wait_for_block(&mut network.node, &chain, 1)).await?;
	let count = miners.len();
	screen.line(&format!("Starting {count} miners; waiting until each serves and is registered …"));
	for spec in miners {
		network.start_miner(metrics.miner(spec)?)?;
	}
	metrics.write(&out)?;
	let (mut shown, started) = (None, Instant::now());
	while let Some(waiting) = network.not_ready()? {
		// In a log file a line for each change is enough.
		let seconds = if screen.is_terminal() { started.elapsed().as_secs() } else { 0 };
		let now = Some((waiting.len(), seconds));
		if now != shown {
			let time = if screen.is_terminal() { format!("{seconds} s: ") } else { String::new() };
			screen.block(&format!("  {time}waiting for {}", waiting.join(", ")));
			shown = now;
		}
		tokio::time::sleep(TICK).await;
	}
	screen.block("  all registered");
	screen.line("They learn, query each other and post rows; every ten blocks the chain pays.");
	screen.line("Ctrl-C stops everything.");
	Ok((network, chain))
}

/// Waits, and on a terminal shows for how long.
async fn counting<T>(screen: &mut Screen, future: impl Future<Output = T>) -> T {
	let mut future = pin!(future);
	for seconds in 1_u64.. {
		match tokio::time::timeout(Duration::from_secs(1), &mut future).await {
			Ok(value) => return value,
			Err(_) if screen.is_terminal() => screen.block(&format!("  {seconds} s")),
			Err(_) => (),
		}
	}
	future.await
}
