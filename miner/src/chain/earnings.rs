//! Why a component was paid what it was paid.
//!
//! ```text
//!   paid  =  alone  +  received  −  given
//!
//!   received   the flows of the bids for it
//!   given      the flows of its own edges
//!   alone      the rest: what its stake would have been paid if nobody had an edge
//! ```
//!
//! Of the mass that comes to a component, from its stake and over the edges to it, the self-share stays
//! as its payout and each edge takes its share; so the flows account for the payout, but for rounding.

use super::cache::Snapshot;
use bittensor_client::{bit, Bid, SHARE_ONE};
use serde_json::{json, Value};

/// Bids and edges that a line names.
const NAMED: usize = 3;

/// An edge of the component's own row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Given {
	/// The component that it goes to.
	pub uid: u32,
	/// Its share, out of 65,536.
	pub share: u32,
	/// Units that went over it in the last payout.
	pub flow: u64,
}

/// The last payout of our component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Earnings {
	/// Our uid.
	pub uid: u32,
	/// The epoch that was paid.
	pub epoch: u32,
	/// Units paid.
	pub paid: u64,
	/// Units that our stake alone would have been paid.
	pub alone: u64,
	/// Units that came over edges.
	pub received: u64,
	/// Units that went over our edges.
	pub given: u64,
	/// Who bids for us, the largest flow first.
	pub bids: Vec<Bid>,
	/// What our row gives, the largest flow first.
	pub row: Vec<Given>,
}

impl Earnings {
	/// Of the component of the snapshot's account; `None` if it has none, or nothing was paid yet.
	pub fn of(snapshot: &Snapshot) -> Option<Self> {
		let mine = snapshot.mine()?;
		let epoch = snapshot.epoch.last.as_ref()?.epoch;
		let mut bids = snapshot.bids.clone();
		bids.sort_by_key(|bid| std::cmp::Reverse((bid.flow, bid.share)));
		let mut row: Vec<Given> = snapshot
			.paid_row
			.iter()
			.flat_map(|row| &row.edges)
			.map(|edge| {
				let (uid, share) = (edge.target, u32::from(edge.share));
				Given { uid, share, flow: snapshot.flow_to(uid) }
			})
			.collect();
		row.sort_by_key(|given| std::cmp::Reverse((given.flow, given.share)));
		let received = bids.iter().fold(0_u64, |sum, bid| sum.saturating_add(bid.flow));
		let given = row.iter().fold(0_u64, |sum, given| sum.saturating_add(given.flow));
		let paid = mine.payout;
		let alone = paid.saturating_add(given).saturating_sub(received);
		Some(Self { uid: mine.uid, epoch, paid, alone, received, given, bids, row })
	}

	/// As JSON.
	pub fn json(&self) -> Value {
		let amount = bittensor_client::decimal;
		json!({
			"epoch": self.epoch,
			"paid": amount(self.paid),
			"stake_alone": amount(self.alone),
			"received": amount(self.received),
			"given": amount(self.given),
			"bids": self.bids,
			"row": self.row.iter().map(|given| json!({
				"target": given.uid, "share": given.share, "flow": amount(given.flow),
			})).collect::<Vec<_>>(),
		})
	}
}

/// The payout in a line: `0.6421 BIT in epoch 11: stake alone 1.6600, + 2.1512 from 4 (0.7100), 1 …`.
impl std::fmt::Display for Earnings {
	fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		let Self { epoch, paid, alone, received, given, .. } = self;
		write!(f, "{} BIT in epoch {epoch}: stake alone {}", bit(*paid), bit(*alone))?;
		let bids = self.bids.iter().map(|bid| (bid.uid, bid.flow));
		let row = self.row.iter().map(|given| (given.uid, given.flow));
		if *received > 0 {
			write!(f, ", + {} from {}", bit(*received), named(bids))?;
		}
		if *given > 0 {
			write!(f, ", − {} given to {}", bit(*given), named(row))?;
		}
		Ok(())
	}
}

/// Uids with their flows, the first few.
fn named(flows: impl ExactSizeIterator<Item = (u32, u64)>) -> String {
	let more = flows.len().saturating_sub(NAMED);
	let first: Vec<String> =
		flows.take(NAMED).map(|(uid, flow)| format!("{uid} ({})", bit(flow))).collect();
	let more = if more > 0 { format!(" and {more} more") } else { String::new() };
	format!("{}{more}", first.join(", "))
}

/// Edges for people: `4 12.3 %, 1 5.0 %; 82.7 % kept`.
pub fn row_text(edges: impl IntoIterator<Item = (u32, u32)>) -> String {
	let mut edges: Vec<(u32, u32)> = edges.into_iter().collect();
	edges.sort_by_key(|(uid, share)| (std::cmp::Reverse(*share), *uid));
	let given: u32 = edges.iter().map(|(_, share)| share).sum();
	let mut parts: Vec<String> =
		edges.iter().map(|(uid, share)| format!("{} to {uid}", percent(*share))).collect();
	parts.push(format!("{} kept", percent(SHARE_ONE.saturating_sub(given))));
	parts.join(", ")
}

/// A share out of 65,536 as percent.
pub fn percent(share: u32) -> String {
	format!("{:.1} %", f64::from(share) * 100.0 / f64::from(SHARE_ONE))
}
