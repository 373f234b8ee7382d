//! The commands of the guide *Run a miner*, as they are printed there, from a new key to a paid
//! component and back.

use std::{
	path::{Path, PathBuf},
	time::{Duration, Instant},
};

use anyhow::Context;
use bittensor_e2e::{
	binaries,
	process::{Process, Spec, Stopped},
};

use crate::support::{corpus, Lab, PATIENCE};

const GUIDE: &str = "../docs/src/guides/miner.md";
/// The chain of the guide; the test has one of its own.
const URL: &str = "ws://127.0.0.1:9944";

/// The lines of the code blocks of a section.
pub(crate) fn commands(guide: &str, section: &str) -> Vec<String> {
	let after = guide.split(&format!("## {section}\n")).nth(1).unwrap_or_default();
	let section = after.split("\n## ").next().unwrap_or_default();
	// Every second part lies between fences.
	let blocks = section.split("```").skip(1).step_by(2);
	let lines = blocks.flat_map(|block| block.lines().skip(1));
	lines.filter(|line| !line.is_empty()).map(String::from).collect()
}

/// A folder in which the commands of a reader run.
#[derive(Clone)]
pub(crate) struct Shell {
	folder: PathBuf,
	url: String,
	/// The `export` lines so far.
	exports: String,
}

impl Shell {
	/// A shell in this folder, for which `url` is the chain of the guide.
	pub(crate) fn new(folder: &Path, url: String) -> Self {
		Self { folder: folder.into(), url, exports: String::new() }
	}

	fn script(&self, command: &str) -> anyhow::Result<String> {
		let miner = binaries::find(binaries::MINER)?;
		let bin = miner.parent().context("a folder")?.display();
		let folder = self.folder.display();
		Ok(format!("cd '{folder}'\nexport PATH='{bin}':$PATH\n{}exec {command}", self.exports))
	}

	/// Runs a command to its end; an error if it fails.
	pub(crate) async fn run(&mut self, command: &str) -> anyhow::Result<String> {
		if command.starts_with("export ") {
			self.exports += &format!("{}\n", command.replace(URL, &self.url));
			return Ok(String::new());
		}
		let mut bash = tokio::process::Command::new("bash");
		let output = bash.arg("-c").arg(self.script(command)?).kill_on_drop(true).output();
		let output = tokio::time::timeout(PATIENCE, output).await??;
		let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
		let stderr = text(&output.stderr);
		anyhow::ensure!(output.status.success(), "{command}: {stderr}");
		anyhow::ensure!(stderr.is_empty(), "{command} warns: {stderr}");
		Ok(text(&output.stdout))
	}

	/// Starts a command that goes on.
	pub(crate) fn start(&self, command: &str) -> anyhow::Result<Process> {
		Ok(Process::spawn(&Spec {
			name: "command".into(),
			program: "bash".into(),
			args: vec!["-c".into(), self.script(command)?],
			env: Vec::new(),
			log: self.folder.join("command.log"),
			// A miner learns in the time that the nodes leave.
			nice: if command.contains("bittensor-miner ") { 10 } else { 0 },
		})?)
	}

	/// Repeats a command until its output contains `part`.
	async fn until(&mut self, command: &str, part: &str) -> anyhow::Result<String> {
		let started = Instant::now();
		loop {
			let said = self.run(command).await?;
			if said.contains(part) {
				return Ok(said);
			}
			anyhow::ensure!(started.elapsed() < PATIENCE, "no `{part}` in {command}:\n{said}");
			tokio::time::sleep(Duration::from_secs(1)).await;
		}
	}
}

/// The address that `keys` printed.
pub(crate) fn address(said: &str) -> anyhow::Result<String> {
	let line = said.lines().find_map(|line| line.strip_prefix("address "));
	Ok(line.context("an address")?.trim().into())
}

#[tokio::test]
async fn from_nothing_to_a_paid_miner_and_back() -> anyhow::Result<()> {
	let guide = std::fs::read_to_string(GUIDE)?;
	let (start, leave) =
		(commands(&guide, "From nothing to a paid miner"), commands(&guide, "Leave"));
	assert!((4..=8).contains(&start.len()), "{start:#?}");
	assert!(!leave.is_empty());

	let lab = Lab::start().await?;
	let folder = tempfile::tempdir()?;
	std::os::unix::fs::symlink(std::path::absolute(corpus())?, folder.path().join("corpus"))?;
	let url = lab.network.node.url();
	let mut shell = Shell::new(folder.path(), url);
	let mut account = None;
	let mut miner = None;
	for command in &start {
		let command = command.replace("ADDRESS", account.as_deref().unwrap_or("ADDRESS"));
		if command.contains("miner run ") {
			miner = Some(shell.start(&command)?);
			continue;
		}
		let said = match command.contains("miner status") {
			// The reader looks again until the miner is paid.
			true => paid(&mut shell, miner.as_mut().context("it runs")?, &command).await?,
			false => shell.run(&command).await?,
		};
		if command.contains("keys new") {
			account = Some(address(&said)?);
		}
	}
	let account = account.context("the guide makes a key")?;
	let shown = shell.run("bittensor-miner keys show --key-file miner.key").await?;
	assert_eq!(address(&shown)?, account);
	let mut miner = miner.context("the guide starts a miner")?;
	assert_eq!(miner.stop().await, Stopped::Cleanly, "{}", miner.tail());

	for command in &leave {
		if command.contains("withdraw") {
			let balance = "bittensor-miner balance --key-file miner.key";
			let said = shell.until(balance, "run `withdraw`").await?;
			assert!(said.contains("component  none"), "{said}");
		}
		shell.run(command).await?;
	}
	let said = shell.run(&format!("bittensor-miner balance {account} --json")).await?;
	let said: serde_json::Value = serde_json::from_str(&said)?;
	let free: u64 = said["free"].as_str().context("a balance")?.parse()?;
	// It has more than it was sent: it was paid.
	assert!(free > 200_000_000_000, "{said}");
	assert_eq!(said["unbonding"], serde_json::json!([]));
	Ok(())
}

/// Repeats `status` until component 0 was paid; returns the table.
async fn paid(shell: &mut Shell, miner: &mut Process, status: &str) -> anyhow::Result<String> {
	let started = Instant::now();
	loop {
		let json: serde_json::Value =
			serde_json::from_str(&shell.run(&format!("{status} --json")).await?)?;
		let payout = json["components"][0]["payout"].as_str().unwrap_or("0");
		if payout != "0" {
			return shell.run(status).await;
		}
		let waited = started.elapsed();
		anyhow::ensure!(miner.ended().is_none() && waited < PATIENCE, "{}", miner.tail());
		tokio::time::sleep(Duration::from_secs(1)).await;
	}
}

#[tokio::test]
async fn what_is_missing_is_said_at_once() -> anyhow::Result<()> {
	let lab = Lab::start().await?;
	let folder = tempfile::tempdir()?;
	std::os::unix::fs::symlink(std::path::absolute(corpus())?, folder.path().join("corpus"))?;
	let url = lab.network.node.url();
	let exports = format!("export BITTENSOR_CHAIN={url}\n");
	let mut shell = Shell { folder: folder.path().into(), url, exports };
	let account = address(&shell.run("bittensor-miner keys new miner.key").await?)?;
	let run = "bittensor-miner run --key-file miner.key --base-path miner --kind noise";

	// Without BIT: the deposit, with figures, long before the first retry would be over.
	let mut miner = shell.start(run)?;
	let ended = miner.wait_for_end(Duration::from_secs(15)).await?;
	let said = miner.output();
	assert!(
		!ended.success() && said.contains("needs a deposit of 1.0000 BIT and about 0."),
		"{said}"
	);
	assert!(said.contains(&format!("the account {account} has 0.0000 BIT")), "{said}");
	assert!(said.contains(&format!("bittensor-miner transfer {account}")), "{said}");

	// A key that an owner names serves when its owner says so, and it needs a little BIT for that.
	let owner = lab.user("//Bob").await?;
	let service_key =
		Some(bittensor_miner::cli::parse::account(&account).map_err(anyhow::Error::msg)?);
	let register = bittensor_client::Call::Register { endpoint: None, service_key };
	owner.chain().0.submit(register).await?;
	let owner = bittensor_client::ss58(&owner.chain().1);
	let accept = format!("bittensor-miner accept {owner} --key-file miner.key");
	let error = shell.run(&accept).await.expect_err("it has nothing").to_string();
	assert!(error.contains("`accept_service_key` needs about 0."), "{error}");
	let mut miner = shell.start(run)?;
	let ended = miner.wait_for_end(Duration::from_secs(15)).await?;
	let said = miner.output();
	assert!(!ended.success() && said.contains(&format!("accept {owner}")), "{said}");
	let send = format!("bittensor-miner transfer {account} 0.5 --dev-key //Charlie");
	shell.run(&send).await?;
	let said = shell.run(&accept).await?;
	assert!(said.contains("this key now serves the component of"), "{said}");

	// An address that cannot be right.
	let started = Instant::now();
	let error =
		shell.run("bittensor-miner balance --key-file miner.key --chain localhost:9944").await;
	let error = error.expect_err("no scheme").to_string();
	assert!(error.contains("ws://HOST:PORT"), "{error}");
	assert!(started.elapsed() < Duration::from_secs(5));
	Ok(())
}
