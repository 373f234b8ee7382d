//! From the start to tokens that were minted through an edge, and the same numbers from outside.

use std::{collections::BTreeMap, path::Path, time::Duration};

use anyhow::Context;
use bittensor_client::{hex_hash, ss58, Chain};
use bittensor_e2e::{binaries, miner::run_to_end};

use crate::support::{edge, silent, Lab, SOON};

/// The share of an edge: a quarter.
const SHARE: u16 = 16_384;
const COMMAND: Duration = Duration::from_secs(30);

#[tokio::test]
async fn first_mint_follows_the_schedule_and_can_be_checked_by_anyone() -> anyhow::Result<()> {
	let mut lab = Lab::start_dev().await?;
	lab.start_miners(vec![
		silent("Alice", "moby-dick", 1, &["Bob"])?,
		silent("Bob", "addresses-early", 2, &["Alice"])?,
	])
	.await?;
	// Rows of the test: whether and when a measured row has edges is up to learning.
	let uids = [lab.uid("Alice")?, lab.uid("Bob")?];
	let rows = [(uids[0], vec![edge(uids[1], SHARE)]), (uids[1], vec![edge(uids[0], SHARE / 2)])];
	let (alice, bob) = (lab.user("//Alice").await?, lab.user("//Bob").await?);
	tokio::try_join!(alice.post_row(&rows[0].1), bob.post_row(&rows[1].1))?;
	let first = lab.active(&rows).await?;
	let epoch = &lab.ledger.epochs()[first];
	assert!(uids.iter().all(|&uid| epoch.paid_to(uid).through_edges > 0), "{:?}", epoch.paid);
	// One more, so that sums are of several epochs.
	lab.until("another epoch", SOON, |lab| (lab.ledger.epochs().len() > first + 1).then_some(()))
		.await?;

	// Every epoch paid what the schedule gives, as the solve of its stakes and rows says.
	let best = lab.chain.head(None).await?.hash;
	let minted_total = lab.chain.epoch_status(Some(best)).await?.minted_total;
	lab.ledger.follow(&lab.chain, best).await?;
	let epochs = lab.ledger.epochs();
	for epoch in epochs {
		assert_eq!(epoch.last.minted, epoch.scheduled, "epoch {}", epoch.last.epoch);
		assert!(epoch.reproduced, "epoch {}", epoch.last.epoch);
		let paid: u64 = epoch.paid.iter().map(|paid| paid.minted).sum();
		assert_eq!(paid, epoch.last.minted, "epoch {}", epoch.last.epoch);
	}
	assert_eq!(epochs.iter().map(|epoch| epoch.last.minted).sum::<u64>(), minted_total);
	let numbers: Vec<u32> = epochs.iter().map(|epoch| epoch.last.epoch).collect();
	assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1), "{numbers:?}");

	// Minted tokens are stake.
	for component in lab.chain.components(Some(best)).await? {
		let minted: u64 = epochs.iter().map(|epoch| epoch.paid_to(component.uid).minted).sum();
		assert_eq!(component.stake, 100_000_000_000 + minted, "component {}", component.uid);
	}

	// The example of the contribution crate solves the files of `export` to the same payouts.
	let out = lab.folder.path().join("export");
	let url = lab.network.node.url();
	let (at, out_argument) = (hex_hash(&best), out.display().to_string());
	let arguments = ["export", "--json", "--chain", &url, "--at", &at, "--out", &out_argument];
	let (success, stdout, stderr) = run_to_end(&arguments, COMMAND).await?;
	assert!(success, "{stderr}");
	let export: serde_json::Value = serde_json::from_str(&stdout)?;
	let sigma = export["sigma"].as_str().context("export gives sigma as a string")?;
	assert_eq!(sigma, epochs.last().context("paid")?.last.minted.to_string());
	assert!(export["edges"].as_u64() > Some(0), "{export}");
	let solved = solve(&out, sigma).await?;
	assert_eq!(solved, pairs(&std::fs::read_to_string(out.join("payouts.csv"))?, "payout")?);

	// So does the command that it prints, which also compares.
	let check = export["solve"].as_str().context("export prints a command")?;
	let (agrees, said) = bash(check).await?;
	assert!(agrees && said.contains("payouts agree"), "{check}: {said}");
	let payouts = out.join("payouts.csv");
	let text = std::fs::read_to_string(&payouts)?;
	let wrong = text.trim_end().rsplit_once(',').context("a payout")?.0.to_owned() + ",1\n";
	std::fs::write(&payouts, wrong)?;
	let (agrees, said) = bash(check).await?;
	assert!(!agrees && !said.contains("payouts agree"), "{check}: {said}");

	// The table of the network names both.
	let (success, stdout, stderr) =
		run_to_end(&["status", "--json", "--chain", &url], COMMAND).await?;
	assert!(success, "{stderr}");
	let status: serde_json::Value = serde_json::from_str(&stdout)?;
	let owners: Vec<&str> = status["components"]
		.as_array()
		.context("status lists components")?
		.iter()
		.filter_map(|component| component["owner"].as_str())
		.collect();
	for miner in &lab.network.miners {
		assert!(owners.contains(&ss58(&miner.owner()).as_str()), "{status}");
	}
	Ok(())
}

/// Runs a command line; whether it succeeded, and its standard error.
async fn bash(line: &str) -> anyhow::Result<(bool, String)> {
	let output = tokio::process::Command::new("bash").args(["-c", line]).output().await?;
	Ok((output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned()))
}

/// Runs the `solve` example on exported files; payout by uid.
async fn solve(folder: &Path, sigma: &str) -> anyhow::Result<BTreeMap<u32, u64>> {
	let example = binaries::find("solve").context("an example: build it with --example solve")?;
	let output = tokio::process::Command::new(example)
		.arg("--stakes")
		.arg(folder.join("stakes.csv"))
		.arg("--edges")
		.arg(folder.join("edges.csv"))
		.args(["--sigma", sigma])
		.output()
		.await?;
	assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
	pairs(&String::from_utf8(output.stdout)?, "payout")
}

/// The columns `uid` and `column` of a CSV table with a header.
fn pairs(table: &str, column: &str) -> anyhow::Result<BTreeMap<u32, u64>> {
	let mut lines = table.lines().map(|line| line.split(',').map(str::trim).collect::<Vec<_>>());
	let header = lines.next().context("an empty table")?;
	let place = |name| {
		let place = header.iter().position(|title| *title == name);
		place.with_context(|| format!("no column {name} in {header:?}"))
	};
	let (uid, value) = (place("uid")?, place(column)?);
	let number = |line: &[&str], place: usize| -> anyhow::Result<u64> {
		Ok(line.get(place).context("a short line")?.parse()?)
	};
	lines.map(|line| Ok((number(&line, uid)? as u32, number(&line, value)?))).collect()
}
