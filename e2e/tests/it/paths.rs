//! The paths of messages: diamonds are served, cycles are cut.
//!
//! ```text
//!            ┌──► Bob ─────┬──► Dave         Eve asks Alice, three hops deep:
//!  Eve ► Alice             │                 Dave answers Bob and Charlie,
//!    ▲   ▲   └──► Charlie ─┘                 Alice is not asked again.
//!    │   └── Bob asks Alice too: a cycle
//! ```

use std::{collections::BTreeSet, time::Duration};

use anyhow::Context;
use bittensor_e2e::miner::{run_to_end, MinerSpec, Profile};

use crate::support::{asks, trainable, Lab};

#[tokio::test]
async fn a_spike_is_cut_in_a_cycle_and_served_on_both_paths_of_a_diamond() -> anyhow::Result<()> {
	let mut lab = Lab::start().await?;
	lab.start_miners(vec![
		asks(trainable("Alice", "moby-dick", 1), &["Bob", "Charlie"])?,
		asks(trainable("Bob", "kjv", 2), &["Alice", "Dave"])?,
		asks(trainable("Charlie", "addresses-early", 3), &["Dave"])?,
		asks(trainable("Dave", "addresses-modern", 4), &[])?,
		MinerSpec { profile: Profile::Noise, ..trainable("Eve", "moby-dick", 5) },
	])
	.await?;
	// Each queries its components as soon as it has seen their endpoints on the chain.
	lab.until("answers at all inputs", Duration::from_secs(60), |lab| {
		let answered = [("Alice", 2), ("Bob", 2), ("Charlie", 1)].into_iter().all(|(name, n)| {
			lab.status(name).inputs.iter().filter(|input| input.answered > 0).count() == n
		});
		answered.then_some(())
	})
	.await?;

	let names = ["Alice", "Bob", "Charlie", "Dave", "Eve"];
	let mut uids = Vec::new();
	for name in names {
		uids.push(u64::from(lab.uid(name)?));
	}
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
