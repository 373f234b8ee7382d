//! The paths of messages: diamonds are served, cycles are cut.
//!
//! ```text
//!            ┌──► Bob ─────┬──► Dave         Eve asks Alice, three hops deep:
//!  Eve ► Alice             │                 Dave answers Bob and Charlie,
//!    ▲   ▲   └──► Charlie ─┘                 Alice is not asked again. Each bids for those
//!    │   └── Bob asks Alice too: a cycle     that it asks: only a bid buys onward calls.
//! ```

use std::{collections::BTreeSet, time::Duration};

use anyhow::Context;
use bittensor_e2e::miner::{run_to_end, MinerSpec};

use crate::support::{edge, silent, with, Lab};

/// The share of an edge: an eighth.
const SHARE: u16 = 8_192;

#[tokio::test]
async fn a_spike_is_cut_in_a_cycle_and_served_on_both_paths_of_a_diamond() -> anyhow::Result<()> {
	let mut lab = Lab::start().await?;
	let slowly = |spec: MinerSpec| with(spec, "--max-steps-per-second=5");
	lab.start_miners(vec![
		slowly(silent("Alice", "moby-dick", 1, &["Bob", "Charlie"])?),
		slowly(silent("Bob", "kjv", 2, &["Alice", "Dave"])?),
		slowly(silent("Charlie", "addresses-early", 3, &["Dave"])?),
		slowly(silent("Dave", "addresses-modern", 4, &[])?),
	])
	.await?;
	let eve = lab.user("//Eve").await?;
	let eve_uid = eve.register(100).await?;
	// Each queries its components as soon as it has seen their endpoints on the chain.
	lab.until("answers at all inputs", Duration::from_secs(60), |lab| {
		let answered = [("Alice", 2), ("Bob", 2), ("Charlie", 1)].into_iter().all(|(name, n)| {
			lab.status(name).inputs.iter().filter(|input| input.answered > 0).count() == n
		});
		answered.then_some(())
	})
	.await?;

	let names = ["Alice", "Bob", "Charlie", "Dave", "Eve"];
	let [a, b, c, d] = [lab.uid("Alice")?, lab.uid("Bob")?, lab.uid("Charlie")?, lab.uid("Dave")?];
	let rows = [
		(a, vec![edge(b, SHARE), edge(c, SHARE)]),
		(b, vec![edge(a, SHARE), edge(d, SHARE)]),
		(c, vec![edge(d, SHARE)]),
		(eve_uid, vec![edge(a, SHARE)]),
	];
	for (name, (_, row)) in ["//Alice", "//Bob", "//Charlie", "//Eve"].into_iter().zip(&rows) {
		lab.user(name).await?.post_row(row).await?;
	}
	lab.active(&rows).await?;
	let uids = [a, b, c, d, eve_uid].map(u64::from);
	let name_of = |uid: &serde_json::Value| {
		let place = uids.iter().position(|known| Some(*known) == uid.as_u64());
		place.map_or("?", |place| names[place])
	};
	let (url, alice) = (lab.network.node.url(), uids[0].to_string());
	let text = "the whale rose out of the sea and all the people";
	let arguments = [
		"query",
		text,
		"--json",
		"--chain",
		&url,
		"--dev-key",
		"//Eve",
		"--uid",
		&alice,
		"--ttl",
		"3",
		"--timeout-ms",
		"10000",
	];
	let (success, stdout, stderr) = run_to_end(&arguments, Duration::from_secs(30)).await?;
	assert!(success, "{stderr}");
	let answer: serde_json::Value = serde_json::from_str(&stdout)?;

	let vector = answer["components"][0]["vector"].as_array().context("no vector")?;
	assert_eq!(vector.len(), 128);
	assert!(vector.iter().any(|value| value.as_f64() != Some(0.0)), "{vector:?}");
	let hops: BTreeSet<(&str, &str, &str)> = answer["hops"]
		.as_array()
		.context("no hops")?
		.iter()
		.map(|hop| {
			let status = hop["status"].as_str().unwrap_or("?");
			(name_of(&hop["caller_uid"]), name_of(&hop["uid"]), status)
		})
		.collect();
	let expected = BTreeSet::from([
		("Eve", "Alice", "ok"),
		("Alice", "Bob", "ok"),
		("Alice", "Charlie", "ok"),
		("Bob", "Alice", "cut"),
		("Bob", "Dave", "ok"),
		("Charlie", "Dave", "ok"),
	]);
	assert_eq!(hops, expected);
	Ok(())
}
