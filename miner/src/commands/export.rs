//! `export`: the inputs and outputs of the last payout, so that anyone can check it.
//!
//! ```text
//!   parent of Begin ── stakes ──────────┐
//!                                       ├─► stakes.csv   uid,stake    (S of equation 4)
//!   paying block ──── active rows ──────┤   edges.csv    uid,target,share
//!                     payouts ──────────┴─► payouts.csv  uid,payout
//! ```
//!
//! Active rows and payouts are read from the block that ended the payout. Stakes are read from the
//! parent of the block of Begin, as the solve did. A stake counts if its row was live in that epoch.

use super::{block_at, connect};
use crate::cli::ExportArgs;
use anyhow::Context;
use bittensor_client::{decimal, hex_hash, Chain, Head, LastPayout};
use serde_json::json;
use std::{collections::BTreeMap, path::Path};

/// The inputs and outputs of one payout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
	/// The payout.
	pub payout: LastPayout,
	/// The block whose state was read.
	pub paid_at: Head,
	/// (uid, units that count in S), by uid.
	pub stakes: Vec<(u32, u64)>,
	/// (uid, target, share out of 65,536), by uid.
	pub edges: Vec<(u32, u32, u16)>,
	/// (uid, units), by uid.
	pub payouts: Vec<(u32, u64)>,
}

impl Export {
	/// The last payout as of `head`.
	pub async fn read(chain: &dyn Chain, head: Head) -> anyhow::Result<Self> {
		let status = chain.epoch_status(Some(head.hash)).await?;
		let payout = status.last.with_context(|| {
			format!(
				"nothing had been paid at block {}: wait for the first payout, in about {} blocks",
				head.number, status.next_payout_in
			)
		})?;
		let paid_at = chain.head(Some(payout.paid_at)).await?;
		let parameters = chain.parameters().await?;
		let before = chain.components(Some(payout.parent)).await?;
		let after = chain.components(Some(paid_at.hash)).await?;
		let rows = chain.rows(Some(paid_at.hash)).await?;

		let active: BTreeMap<u32, _> = rows
			.into_iter()
			.filter_map(|row| Some((row.uid, row.active?)))
			.filter(|(uid, _)| *uid < payout.components)
			.collect();
		let stake_at_begin: BTreeMap<u32, u64> =
			before.iter().map(|component| (component.uid, component.stake)).collect();
		let registered = after.iter().map(|component| component.uid);
		let uids: Vec<u32> = registered.filter(|uid| *uid < payout.components).collect();
		let stakes = uids
			.iter()
			.map(|uid| {
				let counts =
					active.get(uid).is_some_and(|row| parameters.is_live(row.posted, payout.epoch));
				let stake = stake_at_begin.get(uid).copied().unwrap_or(0);
				(*uid, if counts { stake } else { 0 })
			})
			.collect();
		let edges = active
			.iter()
			.flat_map(|(uid, row)| row.edges.iter().map(|edge| (*uid, edge.target, edge.share)))
			.collect();
		let payouts = after
			.iter()
			.filter(|component| component.uid < payout.components)
			.map(|component| (component.uid, component.payout))
			.collect();
		Ok(Self { payout, paid_at, stakes, edges, payouts })
	}

	/// Writes stakes.csv, edges.csv and payouts.csv.
	pub fn write(&self, folder: &Path) -> anyhow::Result<()> {
		let place = || folder.display().to_string();
		std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", place()))?;
		let write = |name: &str, header: &[&str], records: Vec<Vec<String>>| {
			let path = folder.join(name);
			let mut writer = csv::Writer::from_path(&path)
				.with_context(|| format!("cannot write {}", path.display()))?;
			writer.write_record(header)?;
			for record in records {
				writer.write_record(record)?;
			}
			writer.flush().with_context(|| format!("cannot write {}", path.display()))
		};
		let pair = |(uid, amount): &(u32, u64)| vec![uid.to_string(), decimal(*amount)];
		write("stakes.csv", &["uid", "stake"], self.stakes.iter().map(pair).collect())?;
		write(
			"edges.csv",
			&["uid", "target", "share"],
			self.edges
				.iter()
				.map(|(uid, to, share)| vec![uid.to_string(), to.to_string(), share.to_string()])
				.collect(),
		)?;
		write("payouts.csv", &["uid", "payout"], self.payouts.iter().map(pair).collect())
	}

	/// The command that solves the same inputs, and fails if a payout differs.
	pub fn solve_line(&self, folder: &Path) -> String {
		let file = |name: &str| quoted(&folder.join(name).display().to_string());
		format!(
			"{} --stakes {} --edges {} --payouts {} --sigma {}",
			solver(),
			file("stakes.csv"),
			file("edges.csv"),
			file("payouts.csv"),
			self.payout.minted
		)
	}
}

/// The program that solves: the one built beside this one, or else the source.
fn solver() -> String {
	let built = std::env::current_exe().ok().and_then(|exe| {
		let path = exe.parent()?.join("examples/solve");
		path.is_file().then_some(path)
	});
	match built {
		Some(path) => quoted(&path.display().to_string()),
		None => "cargo run -p bittensor-contribution --example solve --".into(),
	}
}

/// A word for a shell.
fn quoted(word: &str) -> String {
	let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:@%".contains(c);
	match !word.is_empty() && word.chars().all(plain) {
		true => word.into(),
		false => format!("'{}'", word.replace('\'', r"'\''")),
	}
}

/// Runs the command and returns its output.
pub async fn run(args: &ExportArgs, as_json: bool) -> anyhow::Result<String> {
	let chain = connect(&args.chain, None).await?;
	let head = block_at(&*chain, args.at).await?;
	let export = Export::read(&*chain, head).await?;
	export.write(&args.out)?;
	let line = export.solve_line(&args.out);
	let payout = &export.payout;
	if as_json {
		return Ok(json!({
			"epoch": payout.epoch,
			"sigma": decimal(payout.minted),
			"paid_at": { "number": export.paid_at.number, "hash": hex_hash(&export.paid_at.hash) },
			"parent": hex_hash(&payout.parent),
			"components": export.payouts.len(),
			"edges": export.edges.len(),
			"out": args.out.display().to_string(),
			"solve": line,
		})
		.to_string());
	}
	Ok(format!(
		"epoch {}: sigma {} units, {} components, {} edges, paid in block {} ({})\n\
		 wrote stakes.csv, edges.csv and payouts.csv to {}\n\
		 to check the payouts, which fails if one differs:\n  {line}",
		payout.epoch,
		payout.minted,
		export.payouts.len(),
		export.edges.len(),
		export.paid_at.number,
		hex_hash(&export.paid_at.hash),
		args.out.display(),
	))
}
