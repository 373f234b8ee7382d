//! What a node tells Prometheus and its log about the emission, against what the chain says.

use std::{
	collections::HashMap,
	io::{Read, Write},
	net::TcpStream,
	time::{Duration, Instant},
};

use anyhow::Context;
use bittensor_client::{bit, Chain, EpochStatus, SubxtChain, UNIT};
use bittensor_e2e::{
	network::wait_for_block,
	node::{Node, Role},
	process::free_port,
};

use crate::support::{node_options, User, SOON};

/// The metrics at this port without labels, by name.
fn scrape(port: u16) -> anyhow::Result<HashMap<String, f64>> {
	let mut stream = TcpStream::connect(("127.0.0.1", port))?;
	stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
	let mut text = String::new();
	stream.read_to_string(&mut text)?;
	let metrics = text.lines().filter_map(|line| {
		let (name, value) = line.rsplit_once(' ')?;
		let name = name.split('{').next().unwrap_or_default();
		Some((name.strip_prefix("bittensor_")?.to_owned(), value.parse().ok()?))
	});
	Ok(metrics.collect())
}

/// The metrics and the status of the chain at one block.
async fn at_one_block(
	port: u16,
	chain: &SubxtChain,
) -> anyhow::Result<(HashMap<String, f64>, EpochStatus, u32)> {
	let started = Instant::now();
	loop {
		let (before, status) = (chain.head(None).await?, chain.epoch_status(None).await?);
		// The node reads the chain when it announces the block.
		tokio::time::sleep(Duration::from_millis(200)).await;
		let metrics = scrape(port)?;
		if chain.head(None).await?.hash == before.hash {
			return Ok((metrics, status, before.number));
		}
		anyhow::ensure!(started.elapsed() < SOON, "the chain is faster than this test");
	}
}

#[tokio::test]
async fn metrics_and_log_say_what_the_chain_says() -> anyhow::Result<()> {
	let folder = tempfile::tempdir()?;
	let port = free_port()?;
	let role = Role { prometheus_port: Some(port), ..Role::default() };
	let mut node = Node::start_as(node_options(&folder), role).await?;
	let chain = node.connect().await?;
	let bob = User::connect(&node.url(), "//Bob").await?;
	bob.register(100).await?;
	bob.post_row(&[]).await?;

	// The validator misses slots: its process stands still.
	wait_for_block(&mut node, &chain, 3).await?;
	let id = node.process().id().try_into()?;
	// Safety: plain system calls on the process of this test, which runs until its end.
	unsafe { libc::kill(id, libc::SIGSTOP) };
	tokio::time::sleep(Duration::from_millis(3_500)).await;
	// Safety: as above.
	unsafe { libc::kill(id, libc::SIGCONT) };

	let paid = |line: &str| {
		let (_, after) = line.split_once("paid 10.0000 BIT in block ")?;
		after.split(':').next()?.parse::<u32>().ok().map(|block| (block, line.to_owned()))
	};
	let (block, line) = node.process().wait_for_line("payout", SOON, paid).await?;
	let (metrics, status, best) = at_one_block(port, &chain).await?;
	let last = status.last.as_ref().context("it was paid")?;
	assert_eq!((last.paid_at, last.minted), (block, 10 * UNIT), "{line}");
	let epoch = format!("Epoch {} paid", last.epoch);
	assert!(line.contains(&epoch), "{line}");
	assert!(line.contains(&format!("minted in all {} BIT", bit(status.minted_total))), "{line}");
	assert!(line.contains("components 1, stake 110.0000 BIT"), "{line}");
	assert_eq!(node.process().output().matches(&epoch).count(), 1, "one line for an epoch");

	let in_bit = |units: u64| units as f64 / UNIT as f64;
	let expected = [
		("emission_epoch", f64::from(status.epoch)),
		("emission_phase", f64::from(status.phase as u8)),
		("emission_sweep", f64::from(status.sweep)),
		("emission_cursor", f64::from(status.cursor)),
		("emission_blocks_to_payout", f64::from(status.next_payout_in)),
		("emission_last_payout_block", f64::from(last.paid_at)),
		("emission_residual_ratio", last.residual as f64 / 2_f64.powi(61)),
		("emission_minted_bit", in_bit(status.minted_total)),
		("emission_stake_bit", in_bit(status.total_stake)),
		("emission_deposit_bit", in_bit(status.deposit)),
		("emission_components", 1.0),
		("validators", 1.0),
	];
	for (name, value) in expected {
		let found = metrics.get(name).with_context(|| format!("no {name} in {metrics:?}"))?;
		assert!((found - value).abs() <= value * 1e-12, "{name}: {found}, not {value}");
	}

	// Slots that no block has.
	let (first, now) = (chain.head(Some(1)).await?, chain.head(Some(best)).await?);
	let first = chain.slot(first.hash).await?.context("a slot")?;
	let now = chain.slot(now.hash).await?.context("a slot")?;
	let missed = now - first - u64::from(best - 1);
	assert!(missed >= 2, "{missed}");
	assert_eq!(metrics.get("missed_slots_total"), Some(&(missed as f64)));
	Ok(())
}
