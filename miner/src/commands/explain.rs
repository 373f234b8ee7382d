//! `explain`, and `status --uid`: one component, its last payout and why.
//!
//! ```text
//!   chain: component, row, bids ──► facts, and what the payout is made of
//!   status file of its miner ─────► what each input lowers (explain only)
//! ```

use super::{block_at, component, connect};
use crate::{
	chain::{
		cache::Snapshot,
		earnings::{percent, Earnings},
	},
	cli::{parse, ExplainArgs, WhichArgs},
	identity::{self, Identity},
	telemetry::{InputStatus, Status, UpstreamStatus},
};
use anyhow::Context;
use bittensor_client::{bit, hex_hash, ss58, Chain, ComponentInfo, Head, Row};
use comfy_table::{presets, CellAlignment, Table};
use serde_json::{json, Value};

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

	/// The chain at the block.
	pub fn snapshot(&self) -> &Snapshot {
		&self.snapshot
	}

	/// The component.
	pub fn component(&self) -> &ComponentInfo {
		&self.mine
	}

	/// Its last payout; `None` before the first one.
	pub fn earnings(&self) -> Option<&Earnings> {
		self.earnings.as_ref()
	}

	/// The owner of a uid, for people.
	pub fn name(&self, uid: u32) -> String {
		self.snapshot.component(uid).map_or("-".into(), |one| identity::name(&one.owner))
	}

	fn active(&self) -> Option<&Row> {
		self.snapshot.row.as_ref().and_then(|row| row.active.as_ref())
	}

	/// As JSON, with the inputs and upstreams of the miner's status file.
	pub fn json(&self, status: Option<&Status>) -> Value {
		let mut json = component::with_rows(&self.mine, self.snapshot.row.as_ref());
		let head = self.snapshot.head;
		json["block"] = json!({ "number": head.number, "hash": hex_hash(&head.hash) });
		json["payout"] = json!(self.earnings.as_ref().map(Earnings::json));
		json["inputs"] = json!(status.map(|status| &status.inputs));
		json["upstreams"] = json!(status.map(|status| &status.upstreams));
		json
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
			self,
		));
		lines.extend(list(
			"Its row costs it",
			"share",
			earnings.row.iter().map(|given| (given.uid, given.share, given.flow)),
			self,
		));
		lines.join("\n")
	}

	/// Why the stake counts or does not.
	pub fn counts(&self) -> &'static str {
		match (self.mine.source, self.mine.stake) {
			(_, 0) => "",
			(0, _) => ", which does not count: there is no live row",
			_ => ", which counts",
		}
	}

	/// Its row, and how long it lives.
	pub fn row(&self) -> String {
		let pending = self.snapshot.row.as_ref().and_then(|row| row.pending.as_ref());
		let waits = if pending.is_some() { "; a newer one waits for the next epoch" } else { "" };
		let Some(row) = self.active() else {
			return format!("none is active{waits}");
		};
		let life = match self.life(row) {
			None => String::new(),
			Some(left) if left < 0 => format!(", too old by {} epochs", -left),
			Some(left) => format!(", live for {left} more"),
		};
		format!(
			"{} edges, {} kept, {} epochs old{life}{waits}",
			row.edges.len(),
			percent(row.self_share),
			self.age(row),
		)
	}

	/// As [`row`](Self::row), in 28 characters.
	pub fn row_in_short(&self) -> String {
		let pending = self.snapshot.row.as_ref().is_some_and(|row| row.pending.is_some());
		let Some(row) = self.active() else {
			return if pending { "none yet, next epoch" } else { "none" }.into();
		};
		let edges = row.edges.len();
		match self.life(row) {
			None => format!("{edges} edges, {} epochs old", self.age(row)),
			Some(left) if left < 0 => format!("{edges} edges, {} epochs too old", -left),
			Some(left) => format!("{edges} edges, live {left} epochs"),
		}
	}

	/// Epochs since a row was posted.
	fn age(&self, row: &Row) -> u32 {
		self.snapshot.epoch.epoch.saturating_sub(row.posted)
	}

	/// Epochs for which a row is still live; `None` on a chain where rows live without end.
	fn life(&self, row: &Row) -> Option<i64> {
		let lifetime = i64::from(self.row_lifetime);
		(lifetime > 0).then(|| lifetime - i64::from(self.age(row)))
	}
}

/// A title and a table of uids with shares and flows.
fn list(
	title: &str,
	share: &str,
	rows: impl ExactSizeIterator<Item = (u32, u32, u64)>,
	of: &Explanation,
) -> Option<String> {
	let more = rows.len().saturating_sub(LISTED);
	let mut table = table(["uid", "owner", share, "BIT in the epoch"]);
	for (uid, share, flow) in rows.take(LISTED) {
		table.add_row([uid.to_string(), of.name(uid), percent(share), bit(flow)]);
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

/// What each input lowers, for people.
fn inputs_text(inputs: &[InputStatus]) -> String {
	let header =
		["uid", "owner", "ΔL, nats", "at least", "share", "answers", "bought steps", "for BIT"];
	let mut table = table(header);
	for input in inputs {
		table.add_row([
			input.uid.map_or("-".into(), |uid| uid.to_string()),
			identity::ends(&input.account),
			format!("{:+.4}", input.mean),
			format!("{:+.4}", input.lower),
			percent(input.share),
			input.answers(),
			format!("{:.2}", input.push),
			in_short(&input.paid),
		]);
	}
	match table.is_empty() {
		true => "\nIt has no inputs.".into(),
		false => format!("\nWhat each input lowers its loss by, per target:\n{table}"),
	}
}

/// What each upstream has bought of its steps, for people.
fn upstreams_text(upstreams: &[UpstreamStatus]) -> String {
	let mut table = table(["uid", "owner", "bought steps", "for BIT"]);
	for upstream in upstreams {
		table.add_row([
			upstream.uid.map_or("-".into(), |uid| uid.to_string()),
			identity::ends(&upstream.account),
			format!("{:.2}", upstream.push),
			in_short(&upstream.received),
		]);
	}
	match table.is_empty() {
		true => "\nNobody has bought any of its steps.".into(),
		false => format!("\nWhat others have bought of its steps:\n{table}"),
	}
}

/// Units of a status file in BIT.
fn in_short(units: &str) -> String {
	units.parse().map_or("-".into(), bit)
}

/// The status file that the arguments name.
pub(super) fn read_status(args: &WhichArgs) -> anyhow::Result<Option<Status>> {
	let read =
		|path| Status::read(path).with_context(|| format!("--status-file {}", path.display()));
	args.status_file.as_deref().map(read).transpose()
}

/// The uid of the component that the arguments name: by uid, key, or the status file of its miner.
pub(super) async fn uid_of(
	chain: &dyn Chain,
	args: &WhichArgs,
	status: Option<&Status>,
	head: Head,
) -> anyhow::Result<u32> {
	if let Some(uid) = args.uid {
		return Ok(uid);
	}
	let named = args.key.key_file.is_some() || args.key.dev_key.is_some();
	let account = match status.filter(|_| !named) {
		Some(status) => parse::account(&status.account)
			.map_err(|error| anyhow::anyhow!("the account of the status file: {error}"))?,
		None => Identity::load(&args.key)
			.context("give the component with --uid, its key, or the status file of its miner")?
			.account(),
	};
	let uid = chain.component_of(account, Some(head.hash)).await?;
	uid.with_context(|| format!("{} has no component", ss58(&account)))
}

/// Runs the command and returns its output.
pub async fn run(args: &ExplainArgs, as_json: bool) -> anyhow::Result<String> {
	let status = read_status(&args.which)?;
	let chain = connect(&args.which.chain, None).await?;
	let head = block_at(&*chain, args.at).await?;
	let uid = uid_of(&*chain, &args.which, status.as_ref(), head).await?;
	let explanation = Explanation::read(&*chain, head, uid).await?;
	if as_json {
		return Ok(explanation.json(status.as_ref()).to_string());
	}
	let learning = status.as_ref().map(learning_text).unwrap_or_default();
	Ok(format!("{}{learning}", explanation.text()))
}

/// What the status file of its miner says of its inputs and its upstreams, for people.
pub fn learning_text(status: &Status) -> String {
	format!("\n{}\n{}", inputs_text(&status.inputs), upstreams_text(&status.upstreams))
}
