//! The program behind `make run` and `make localnet` leaves no process behind, whatever ends it.

use std::{
	net::TcpStream,
	path::Path,
	time::{Duration, Instant},
};

use bittensor_client::{Chain, SubxtChain};
use bittensor_e2e::{
	binaries,
	process::{Process, Spec},
};

use crate::support::corpus;

/// Ids of the processes that have `needle` in their command line.
fn processes_with(needle: &str) -> Vec<u32> {
	let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
	let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
	ids.filter(|id| *id != std::process::id())
		.filter(|id| {
			let line = std::fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
			String::from_utf8_lossy(&line).contains(needle)
		})
		.collect()
}

fn spec(out: &Path, log: &Path) -> anyhow::Result<Spec> {
	with_arguments(out, log, &[&format!("--corpus={}", corpus().display())])
}

fn with_arguments(out: &Path, log: &Path, arguments: &[&str]) -> anyhow::Result<Spec> {
	let out = format!("--out={}", out.display());
	Ok(Spec {
		name: "localnet".into(),
		program: binaries::find("localnet")?,
		args: arguments.iter().map(|argument| (*argument).to_owned()).chain([out]).collect(),
		env: Vec::new(),
		log: log.into(),
		nice: 0,
	})
}

/// Starts a local network and waits until the node and all six miners run.
async fn start(out: &Path, log: &Path) -> anyhow::Result<Process> {
	let mut process = Process::spawn(&spec(out, log)?)?;
	let registered = |line: &str| line.contains("all registered").then_some(());
	process.wait_for_line("registered miners", Duration::from_secs(120), registered).await?;
	// Each has the folder in its command line.
	let running = processes_with(&out.display().to_string()).len();
	assert_eq!(running, 8, "localnet, one node and six miners");
	Ok(process)
}

async fn none_left(out: &Path, within: Duration) -> bool {
	let started = Instant::now();
	while !processes_with(&out.display().to_string()).is_empty() {
		if started.elapsed() > within {
			return false;
		}
		tokio::time::sleep(Duration::from_millis(100)).await;
	}
	true
}

#[tokio::test]
async fn no_process_is_left_behind() -> anyhow::Result<()> {
	let folder = tempfile::tempdir()?;
	let (out, log) = (folder.path().join("run"), folder.path().join("localnet.log"));

	// A killed program can do nothing: the kernel ends its children.
	let mut localnet = start(&out, &log).await?;
	localnet.kill();
	assert!(none_left(&out, Duration::from_secs(5)).await, "after SIGKILL");

	// A second network would remove the files of this one: it is refused.
	let mut localnet = start(&out, &log).await?;
	let mut second = Process::spawn(&spec(&out, &folder.path().join("second.log"))?)?;
	let ended = second.wait_for_end(Duration::from_secs(10)).await?;
	assert_eq!(ended.code(), Some(1), "{}", second.tail());
	let said = second.tail();
	assert!(said.contains(&format!("(process {})", localnet.id())), "{said}");
	assert!(said.contains("--out DIR"), "{said}");
	assert!(out.join("logs/alice.log").is_file() && out.join("node").is_dir());
	assert_eq!(processes_with(&out.display().to_string()).len(), 8);

	// After a signal (Ctrl-C, `kill`) it stops them in order.
	// Safety: a plain system call on a child that was not waited for yet.
	unsafe {
		libc::kill(localnet.id() as i32, libc::SIGTERM);
	}
	let ended = localnet.wait_for_end(Duration::from_secs(40)).await?;
	assert_eq!(ended.code(), Some(0), "{}", localnet.tail());
	assert!(none_left(&out, Duration::from_secs(1)).await, "after SIGTERM");
	Ok(())
}

#[tokio::test]
async fn ctrl_c_while_it_starts_is_no_failure() -> anyhow::Result<()> {
	let folder = tempfile::tempdir()?;
	let (out, log) = (folder.path().join("run"), folder.path().join("localnet.log"));
	for (text, name) in [("Starting the validator", "a start"), ("Starting 6 miners", "a node")] {
		let mut localnet = Process::spawn(&spec(&out, &log)?)?;
		let starts = |line: &str| line.contains(text).then_some(());
		localnet.wait_for_line(name, Duration::from_secs(60), starts).await?;
		localnet.interrupt();
		let ended = localnet.wait_for_end(Duration::from_secs(20)).await?;
		assert_eq!(ended.code(), Some(0), "make would print an error:\n{}", localnet.tail());
		let said = localnet.output();
		assert!(!said.contains('✗') && said.contains("Stopped while starting"), "{said}");
		assert!(none_left(&out, Duration::from_secs(1)).await);
	}
	Ok(())
}

#[tokio::test]
async fn four_validators_run_at_fixed_ports_and_a_second_network_is_told_which_are_taken(
) -> anyhow::Result<()> {
	let folder = tempfile::tempdir()?;
	let start = |name: &str| -> anyhow::Result<Process> {
		let (out, log) = (folder.path().join(name), folder.path().join(format!("{name}.log")));
		Ok(Process::spawn(&with_arguments(&out, &log, &["--validators", "--seconds=30"])?)?)
	};
	let mut localnet = start("first")?;
	let all = |line: &str| line.contains("Ctrl-C stops all four").then_some(());
	localnet.wait_for_line("four validators", Duration::from_secs(180), all).await?;
	let said = localnet.output();
	let mut genesis = Vec::new();
	for (name, [rpc, metrics]) in [
		("alice", [9944, 9615]),
		("bob", [9945, 9616]),
		("charlie", [9946, 9617]),
		("dave", [9947, 9618]),
	] {
		let url = format!("ws://127.0.0.1:{rpc}");
		let shown = format!("  {name:<8} {url}   metrics http://127.0.0.1:{metrics}/metrics\n");
		assert!(said.contains(&shown), "{shown} is not in\n{said}");
		let chain = SubxtChain::connect(&url, None, Duration::from_secs(30), None).await?;
		assert_eq!(chain.validators(None).await?.len(), 4, "{name}");
		genesis.push(chain.genesis_hash());
		TcpStream::connect(("127.0.0.1", metrics))?;
	}
	genesis.dedup();
	assert_eq!(genesis.len(), 1, "they are one network");
	let script = folder.path().join("first/join.sh");
	assert!(said.contains(&format!("\n  bash '{}'\n", script.display())), "{said}");
	let script = std::fs::read_to_string(script)?;
	for option in ["--rpc-port 9948 ", "/tcp/30337 ", "--prometheus-port 9619 ", "/tcp/30333/p2p/"]
	{
		assert!(script.contains(option), "{option} is not in\n{script}");
	}

	// A second network, in a folder of its own, would need the same ports.
	let mut second = start("second")?;
	let ended = second.wait_for_end(Duration::from_secs(10)).await?;
	let said = second.output();
	assert_eq!(ended.code(), Some(1), "{said}");
	for part in [
		"9944 (RPC of alice)",
		"30336 (network of dave)",
		"9617 (metrics of charlie)",
		"Stop the programs that use them",
		"'sport = :9944'",
	] {
		assert!(said.contains(part), "{part} is not in\n{said}");
	}
	assert!(!said.contains("fifth"), "its ports are free:\n{said}");
	assert!(!folder.path().join("second/network.json").exists());

	// The first one was not harmed, and ends when its time is up.
	let ended = localnet.wait_for_end(Duration::from_secs(120)).await?;
	let said = localnet.output();
	assert_eq!(ended.code(), Some(0), "{said}");
	let last = said.lines().rev().find_map(|line| line.strip_prefix("block "));
	let finalised = last.and_then(|line| line.split(" · ").nth(1)?.split(' ').next()?.parse().ok());
	assert!(finalised.is_some_and(|number: u32| number > 0), "{said}");
	assert!(none_left(folder.path(), Duration::from_secs(1)).await, "after its time");
	Ok(())
}
