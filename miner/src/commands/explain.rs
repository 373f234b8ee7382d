//! `explain`, and `status --uid`: one component, its last payout and why.
//!
//! ```text
//!   chain: component, row, bids ──► facts, and what the payout is made of
//!   status file of its miner ─────► what each input lowers (explain only)
//! ```

use super::{block_at, connect, status::short};
use crate::{
	chain::{
		cache::Snapshot,
		earnings::{percent, Earnings},
	},
	cli::ExplainArgs,
	identity::Identity,
};
use anyhow::Context;
use bittensor_client::{bit, decimal, hex_hash, ss58, Chain, ComponentInfo, Head, Row};
use comfy_table::{presets, CellAlignment, Table};
use serde_json::{json, Value};
use std::path::Path;

/// Bids and edges that the text lists.
const LISTED: usize = 12;

/// One component at a block.
pub struct Explanation {
	snapshot: Snapshot,
	mine: ComponentInfo,
	earnings: Option<Earnings>,
	row_lifetime: u32,
}

impl Explanation {
	/// Reads the component `uid` at a block.
	pub async fn read(chain: &dyn Chain, head: Head, uid: u32) -> anyhow::Result<Self> {
		let components = chain.components(Some(head.hash)).await?;
		let found = components.into_iter().find(|component| component.uid == uid);
		let found = found.with_context(|| {
			format!("no component has uid {uid}: `bittensor-miner status` lists them")
		})?;
		let snapshot = Snapshot::read(chain, found.service_key, Some(head)).await?;
		let mine = snapshot.component(uid).cloned().unwrap_or(found);
		let earnings = Earnings::of(&snapshot).filter(|earnings| earnings.uid == uid);
		let row_lifetime = chain.parameters().await?.row_lifetime;
		Ok(Self { snapshot, mine, earnings, row_lifetime })
	}

	fn active(&self) -> Option<&Row> {
		self.snapshot.row.as_ref().and_then(|row| row.active.as_ref())
	}

	/// As JSON; `inputs` are those of the miner's status file.
	pub fn json(&self, inputs: Option<&Value>) -> Value {
		let mine = &self.mine;
		json!({
			"block": {
				"number": self.snapshot.head.number,
				"hash": hex_hash(&self.snapshot.head.hash),
			},
			"uid": mine.uid,
			"owner": ss58(&mine.owner),
			"service_key": ss58(&mine.service_key),
			"endpoint": mine.endpoint,
			"registered": mine.registered,
			"leaving": mine.leaving,
			"stake": decimal(mine.stake),
			"source": decimal(mine.source),
			"active": self.active(),
			"pending": self.snapshot.row.as_ref().and_then(|row| row.pending.as_ref()),
			"payout": self.earnings.as_ref().map(Earnings::json),
			"inputs": inputs,
		})
	}

	/// Facts and the parts of the payout, for people.
	pub fn text(&self) -> String {
		let mine = &self.mine;
		let serves = mine.endpoint.as_ref().map_or("nowhere".into(), ToString::to_string);
		let mut lines = vec![
			format!("component   {}{}", mine.uid, if mine.leaving { ", leaving" } else { "" }),
			format!("owner       {}", ss58(&mine.owner)),
			format!("service key {}", ss58(&mine.service_key)),
			format!("serves at   {serves}"),
			format!("stake       {} BIT{}", bit(mine.stake), self.counts()),
			format!("row         {}", self.row()),
		];
		let Some(earnings) = &self.earnings else {
			let blocks = self.snapshot.epoch.next_payout_in;
			lines.push(format!("payout      none yet, the next one in {blocks} blocks"));
			return lines.join("\n");
		};
		lines.push(String::new());
		lines.push(format!("Epoch {} paid it {} BIT:", earnings.epoch, bit(earnings.paid)));
		let amount =
			|sign: &str, units: u64, why: String| format!("  {sign} {:>12} BIT  {why}", bit(units));
		lines.push(amount(" ", earnings.alone, "for its stake, as if no row had an edge".into()));
		let (bids, edges) = (earnings.bids.len(), earnings.row.len());
		lines.push(amount(
			"+",
			earnings.received,
			format!("over the edges of {bids} other components"),
		));
		lines.push(amount("−", earnings.given, format!("over the {edges} edges of its own row")));
		lines.extend(list(
			"Bids for it",
			"share of their row",
			earnings.bids.iter().map(|bid| (bid.uid, bid.share, bid.flow)),
			&self.snapshot,
		));
		lines.extend(list(
			"Its row costs it",
			"share",
			earnings.row.iter().map(|given| (given.uid, given.share, given.flow)),
			&self.snapshot,
		));
		lines.join("\n")
	}

	/// Why the stake counts or does not.
	fn counts(&self) -> &'static str {
		match (self.mine.source, self.mine.stake) {
			(_, 0) => "",
			(0, _) => ", which does not count: there is no live row",
			_ => ", which counts",
		}
	}

	fn row(&self) -> String {
		let pending = self.snapshot.row.as_ref().and_then(|row| row.pending.as_ref());
		let waits = if pending.is_some() { "; a newer one waits for the next epoch" } else { "" };
		let Some(row) = self.active() else {
			return format!("none is active{waits}");
		};
		let age = self.snapshot.epoch.epoch.saturating_sub(row.posted);
		let life = match self.row_lifetime {
			0 => String::new(),
			lifetime if age > lifetime => format!(", too old by {} epochs", age - lifetime),
			lifetime => format!(", live for {} more", lifetime - age),
		};
		format!(
			"{} edges, {} kept, {age} epochs old{life}{waits}",
			row.edges.len(),
			percent(row.self_share)
		)
	}
}

/// A title and a table of uids with shares and flows.
fn list(
	title: &str,
	share: &str,
	rows: impl ExactSizeIterator<Item = (u32, u32, u64)>,
	snapshot: &Snapshot,
) -> Option<String> {
	let more = rows.len().saturating_sub(LISTED);
	let mut table = table(["uid", "owner", share, "BIT in the epoch"]);
	for (uid, share, flow) in rows.take(LISTED) {
		let owner = snapshot.component(uid).map_or("-".into(), |one| short(&ss58(&one.owner)));
		table.add_row([uid.to_string(), owner, percent(share), bit(flow)]);
	}
	if table.is_empty() {
		return None;
	}
	let more = if more > 0 { format!("\n and {more} more") } else { String::new() };
	Some(format!("\n{title}:\n{table}{more}"))
}

fn table<const N: usize>(header: [&str; N]) -> Table {
	let mut table = Table::new();
	table.load_preset(presets::UTF8_HORIZONTAL_ONLY).set_header(header);
	for (index, column) in table.column_iter_mut().enumerate() {
		if index != 1 {
			column.set_cell_alignment(CellAlignment::Right);
		}
	}
	table
}

/// The inputs in a miner's status file.
fn read_inputs(path: &Path) -> anyhow::Result<Value> {
	let place = || format!("--status-file {}", path.display());
	let bytes = std::fs::read(path).with_context(place)?;
	let status: Value = serde_json::from_slice(&bytes).with_context(place)?;
	Ok(status["inputs"].clone())
}

/// What each input lowers, for people.
fn inputs_text(inputs: &Value) -> String {
	let mut table = table(["uid", "owner", "ΔL, nats", "at least", "share", "answers"]);
	for input in inputs.as_array().into_iter().flatten() {
		let number = |name: &str| input[name].as_f64().unwrap_or_default();
		let (answered, missing) = (number("answered"), number("missing"));
		let answers = match answered + missing {
			0.0 => "-".into(),
			asked => format!("{:.0} %", 100.0 * answered / asked),
		};
		table.add_row([
			input["uid"].as_u64().map_or("-".into(), |uid| uid.to_string()),
			short(input["account"].as_str().unwrap_or_default()),
			format!("{:+.4}", number("mean")),
			format!("{:+.4}", number("lower")),
			percent(number("share") as u32),
			answers,
		]);
	}
	match table.is_empty() {
		true => "\nIt has no inputs.".into(),
		false => format!("\nWhat each input lowers its loss by, per example:\n{table}"),
	}
}

/// Runs the command and returns its output.
pub async fn run(args: &ExplainArgs, as_json: bool) -> anyhow::Result<String> {
	let inputs = args.status_file.as_deref().map(read_inputs).transpose()?;
	let chain = connect(&args.chain, None).await?;
	let head = block_at(&*chain, args.at).await?;
	let uid = match args.uid {
		Some(uid) => uid,
		None => {
			let account = Identity::load(&args.key)
				.context("give the component with --uid, or its key")?
				.account();
			let uid = chain.component_of(account, Some(head.hash)).await?;
			uid.with_context(|| format!("{} has no component", ss58(&account)))?
		}
	};
	let explanation = Explanation::read(&*chain, head, uid).await?;
	if as_json {
		return Ok(explanation.json(inputs.as_ref()).to_string());
	}
	let inputs = inputs.as_ref().map(|inputs| format!("\n{}", inputs_text(inputs)));
	Ok(format!("{}{}", explanation.text(), inputs.unwrap_or_default()))
}
