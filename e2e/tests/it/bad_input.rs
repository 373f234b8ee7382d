//! The binaries refuse bad input: each refusal names the error and says what to do.

use std::time::{Duration, Instant};

use bittensor_e2e::{
	miner::{process_spec, run_to_end, Miner, MinerSpec, Place},
	node::{self, Role},
	process::{Process, Stopped},
};
use bittensor_miner::commands::run::prepare::CHECKPOINT;
use tempfile::TempDir;

use crate::support::{corpus, node_options, trainable, with, Lab};

const REFUSAL: Duration = Duration::from_secs(30);

fn place(folder: &TempDir, url: &str) -> Place {
	Place {
		url: url.into(),
		corpus: corpus(),
		folder: folder.path().join("miner"),
		log: folder.path().join("miner.log"),
	}
}

/// Runs a miner that must refuse its arguments, and returns its output.
async fn refusal(spec: &MinerSpec, place: &Place) -> anyhow::Result<String> {
	std::fs::create_dir_all(&place.folder)?;
	let mut process = Process::spawn(&process_spec(spec, place)?)?;
	let status = process.wait_for_end(REFUSAL).await?;
	assert!(!status.success(), "it must fail:\n{}", process.tail());
	assert!(status.code().is_some(), "it must end by itself, not crash: {status}");
	let output = process.output();
	assert!(!output.contains("panicked"), "{output}");
	Ok(output)
}

fn says(output: &str, words: &[&str]) {
	let lower = output.to_lowercase();
	for word in words {
		assert!(lower.contains(&word.to_lowercase()), "`{word}` is missing in:\n{output}");
	}
}

#[tokio::test]
async fn an_unreachable_endpoint_is_named() -> anyhow::Result<()> {
	let folder = tempfile::tempdir()?;
	let port = bittensor_e2e::process::free_port()?;
	let url = format!("ws://127.0.0.1:{port}");
	let spec = with(trainable("Alice", "moby-dick", 1), "--connect-timeout=2");
	says(&refusal(&spec, &place(&folder, &url)).await?, &["no node answers", &url, "--chain"]);

	let (success, _, stderr) =
		run_to_end(&["status", "--chain", &url, "--connect-timeout", "2"], REFUSAL).await?;
	assert!(!success);
	says(&stderr, &["no node answers", &url]);
	Ok(())
}

#[tokio::test]
async fn against_a_running_node() -> anyhow::Result<()> {
	let lab = Lab::start().await?;
	let folder = tempfile::tempdir()?;
	let place = place(&folder, &lab.network.node.url());
	let alice = trainable("Alice", "moby-dick", 1);

	// Another chain.
	let genesis = format!("--genesis=0x{}", "ab".repeat(32));
	says(&refusal(&with(alice.clone(), genesis), &place).await?, &["wrong genesis", "--genesis"]);

	// A port that another program holds.
	let taken = std::net::TcpListener::bind(("127.0.0.1", 0))?;
	let listen = taken.local_addr()?.to_string();
	let spec = with(alice.clone(), format!("--listen={listen}"));
	says(&refusal(&spec, &place).await?, &[&listen, "--listen", "in use"]);

	// A corrupt checkpoint: it is refused, and it is not overwritten.
	let mut miner = Miner::start(alice.clone(), place.clone())?;
	let started = Instant::now();
	while miner.status().is_none_or(|status| status.steps == 0) {
		assert!(started.elapsed() < REFUSAL, "{}", miner.process().tail());
		tokio::time::sleep(Duration::from_millis(100)).await;
	}
	assert_eq!(miner.process().stop().await, Stopped::Cleanly);
	let weights = place.folder.join(CHECKPOINT);
	std::fs::write(&weights, b"not a checkpoint")?;
	says(&refusal(&alice, &place).await?, &["corrupt", &weights.display().to_string()]);
	assert_eq!(std::fs::read(&weights)?, b"not a checkpoint");

	// More stake than there is.
	let fresh = Place { folder: folder.path().join("rich"), ..place.clone() };
	let spec = MinerSpec { stake: 1_000_000_000, ..trainable("Bob", "kjv", 1) };
	says(&refusal(&spec, &fresh).await?, &["stake"]);
	Ok(())
}

#[tokio::test]
async fn a_node_refuses_a_database_that_is_in_use() -> anyhow::Result<()> {
	let lab = Lab::start_dev().await?;
	let (success, output) =
		node::run_to_end(&node_options(&lab.folder), &Role::default(), REFUSAL).await?;
	assert!(!success);
	says(&output, &["Database file is in use"]);
	Ok(())
}
