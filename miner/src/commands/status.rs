//! `status`: all components in one table, or one of them; with `--watch`, at each new block.

use super::{block_at, component, connect, explain::Explanation, next_head};
use crate::{chain::earnings::percent, cli::StatusArgs, identity, output};
use bittensor_client::{
	bit, decimal, hex_hash, Bid, Chain, ComponentInfo, EpochStatus, Head, RowInfo,
};
use comfy_table::{presets, CellAlignment, Table};
use contribution::flow;
use serde_json::json;
use std::{collections::BTreeMap, io::IsTerminal};

/// Clears a terminal.
const CLEAR: &str = "\x1b[H\x1b[2J";

/// The network at a block.
#[derive(Clone, Debug)]
pub struct Overview {
	/// The block.
	pub head: Head,
	/// The epoch.
	pub epoch: EpochStatus,
	/// All components, by uid.
	pub components: Vec<ComponentInfo>,
	/// Their rows, by uid.
	pub rows: BTreeMap<u32, RowInfo>,
	/// The strongest active bid for each that has one, by its uid.
	pub strongest: BTreeMap<u32, Bid>,
}

impl Overview {
	/// Reads the chain at a block.
	pub async fn read(chain: &dyn Chain, head: Head) -> anyhow::Result<Self> {
		let at = Some(head.hash);
		let epoch = chain.epoch_status(at).await?;
		let components = chain.components(at).await?;
		let rows: BTreeMap<u32, RowInfo> =
			chain.rows(at).await?.into_iter().map(|row| (row.uid, row)).collect();
		// While a solve is in progress, the rows are those of the next payout.
		let paid_rows: BTreeMap<u32, RowInfo> = match chain.paid_at(head.hash).await? {
			Some(hash) if hash == head.hash => rows.clone(),
			Some(hash) => {
				chain.rows(Some(hash)).await?.into_iter().map(|row| (row.uid, row)).collect()
			}
			None => BTreeMap::new(),
		};
		let mut strongest: BTreeMap<u32, Bid> = BTreeMap::new();
		for component in &components {
			let row = paid_rows.get(&component.uid).and_then(|row| row.active.as_ref());
			let Some(row) = row else { continue };
			for edge in &row.edges {
				let share = u32::from(edge.share);
				let bid = Bid {
					uid: component.uid,
					share,
					flow: flow(component.payout, share, row.self_share),
				};
				let best = strongest.entry(edge.target).or_insert(bid);
				if (bid.flow, bid.share) > (best.flow, best.share) {
					*best = bid;
				}
			}
		}
		Ok(Self { head, epoch, components, rows, strongest })
	}

	/// ΔL_ii of the active row out of 65,536, if there is one.
	pub fn self_share(&self, uid: u32) -> Option<u32> {
		Some(self.rows.get(&uid)?.active.as_ref()?.self_share)
	}

	/// As JSON.
	pub fn json(&self) -> serde_json::Value {
		let components = self.components.iter().map(|one| {
			let mut json = component::with_rows(one, self.rows.get(&one.uid));
			json["strongest_bid"] = json!(self.strongest.get(&one.uid));
			json
		});
		json!({
			"block": { "number": self.head.number, "hash": hex_hash(&self.head.hash) },
			"epoch": self.epoch.epoch,
			"phase": self.epoch.phase,
			"next_payout_in": self.epoch.next_payout_in,
			"registered": self.epoch.registered,
			"minted_total": decimal(self.epoch.minted_total),
			"total_stake": decimal(self.epoch.total_stake),
			"last_payout": self.epoch.last.as_ref().map(|last| json!({
				"epoch": last.epoch,
				"minted": decimal(last.minted),
				"components": last.components,
				"sweeps": last.sweeps,
				"residual": decimal(last.residual),
				"paid_at": last.paid_at,
				"started_at": last.started_at,
				"parent": hex_hash(&last.parent),
			})),
			"components": components.collect::<Vec<_>>(),
		})
	}

	/// As a table for people.
	pub fn table(&self) -> String {
		let mut table = Table::new();
		table.load_preset(presets::UTF8_HORIZONTAL_ONLY).set_header([
			"uid",
			"owner",
			"endpoint",
			"stake BIT",
			"last payout BIT",
			"self-share",
			"strongest bid",
		]);
		for component in &self.components {
			let endpoint = match &component.endpoint {
				_ if component.leaving => "leaving".into(),
				Some(endpoint) => endpoint.to_string(),
				None => "-".into(),
			};
			table.add_row([
				component.uid.to_string(),
				identity::name(&component.owner),
				endpoint,
				bit(component.stake),
				bit(component.payout),
				self.self_share(component.uid).map_or("-".into(), percent),
				self.strongest.get(&component.uid).map_or("-".into(), |bid| {
					format!("{} from {} ({} BIT)", percent(bid.share), bid.uid, bit(bid.flow))
				}),
			]);
		}
		for column in [0, 3, 4, 5] {
			if let Some(column) = table.column_mut(column) {
				column.set_cell_alignment(CellAlignment::Right);
			}
		}
		let last = self.epoch.last.as_ref().map_or("nothing paid yet".into(), |last| {
			format!("epoch {} paid {} BIT in block {}", last.epoch, bit(last.minted), last.paid_at)
		});
		format!(
			"block {}, epoch {}, next payout in {} blocks; {last}; {} components, {} BIT at stake\n{table}",
			self.head.number,
			self.epoch.epoch,
			self.epoch.next_payout_in,
			self.epoch.registered,
			bit(self.epoch.total_stake),
		)
	}
}

/// Runs the command: prints the table, or one component, once or until the reader is gone.
pub async fn run(args: &StatusArgs, as_json: bool) -> anyhow::Result<()> {
	let chain = connect(&args.chain, None).await?;
	if !args.watch {
		let head = block_at(&*chain, args.at).await?;
		return Ok(output::line(&print(&*chain, head, args.uid, as_json).await?)?);
	}
	let clear = if std::io::stdout().is_terminal() && !as_json { CLEAR } else { "" };
	let mut shown = None;
	loop {
		let head = next_head(&*chain, shown).await?;
		let text = print(&*chain, head, args.uid, as_json).await?;
		if !output::goes_on(&format!("{clear}{text}"))? {
			return Ok(());
		}
		shown = Some(head);
	}
}

async fn print(
	chain: &dyn Chain,
	head: Head,
	uid: Option<u32>,
	as_json: bool,
) -> anyhow::Result<String> {
	if let Some(uid) = uid {
		let one = Explanation::read(chain, head, uid).await?;
		return Ok(if as_json { one.json(None).to_string() } else { one.text() });
	}
	let overview = Overview::read(chain, head).await?;
	Ok(if as_json { overview.json().to_string() } else { overview.table() })
}
