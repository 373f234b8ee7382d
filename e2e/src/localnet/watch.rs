//! Watches a running network: heads, epochs, processes that end.

use std::time::{Duration, Instant};

use bittensor_client::{bit, decimal, Chain, ComponentInfo, Edge, Head, SubxtChain};

use super::{signals::Signals, End, TICK};
use crate::{
	ledger::{Epoch, Ledger},
	miner::InputStatus,
	network::Network,
	report::{ChainReport, ComponentReport},
	table::{render, Line, Screen},
};

/// Longest wait for one answer of the node.
const ANSWER: Duration = Duration::from_secs(20);

/// What was seen of the running network.
pub(super) struct Watch {
	pub(super) started: Instant,
	/// Slot of block 1.
	first_slot: Option<u64>,
	best: Option<(Head, Option<u64>)>,
	finalized: u32,
	/// Largest distance between the best and the last finalised block, since finality started.
	pub(super) finality_lag: u32,
	pub(super) ledger: Ledger,
	seconds_to_first_mint: Option<f64>,
	components: Vec<ComponentInfo>,
	pub(super) deaths: Vec<String>,
}

impl Watch {
	pub(super) async fn new(started: Instant, chain: &SubxtChain) -> anyhow::Result<Self> {
		let ledger = Ledger::new(chain.parameters().await?);
		Ok(Self {
			started,
			first_slot: None,
			best: None,
			finalized: 0,
			finality_lag: 0,
			ledger,
			seconds_to_first_mint: None,
			components: Vec::new(),
			deaths: Vec::new(),
		})
	}

	/// Watches the network and prints a table after each epoch, until the run ends.
	pub(super) async fn until(
		&mut self,
		deadline: Option<Instant>,
		network: &mut Network,
		chain: &SubxtChain,
		screen: &mut Screen,
		signals: &mut Signals,
	) -> anyhow::Result<End> {
		loop {
			// The client waits for a node that cannot be reached, and one that ended stays so.
			let new_epochs = tokio::select! {
				new = tokio::time::timeout(ANSWER, self.observe(chain)) => new.ok(),
				_ = network.node.process().wait_for_end(ANSWER) => None,
				() = signals.next() => return Ok(End::Signal),
			};
			for death in network.deaths() {
				screen.line(&death);
				self.deaths.push(death);
			}
			if let Some(death) = network.node_death() {
				return Ok(End::NodeEnded(death));
			}
			match new_epochs {
				Some(Ok(0)) => (),
				Some(Ok(_)) => screen.block(&self.table(network)),
				Some(Err(error)) => return Err(error),
				None => anyhow::bail!("the node gave no answer for {} s", ANSWER.as_secs()),
			}
			if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
				return Ok(End::TimeIsUp);
			}
			tokio::select! {
				() = tokio::time::sleep(TICK) => (),
				() = signals.next() => return Ok(End::Signal),
			}
		}
	}

	/// Reads heads, components and new epochs; returns how many epochs are new.
	pub(super) async fn observe(&mut self, chain: &SubxtChain) -> anyhow::Result<usize> {
		let best = chain.head(None).await?;
		let slot = chain.slot(best.hash).await?;
		self.finalized = chain.finalized().await?.number;
		// Finality starts with the first voting round, not with block 1.
		if self.finalized > 0 {
			let lag = best.number.saturating_sub(self.finalized);
			self.finality_lag = self.finality_lag.max(lag);
		}
		if self.first_slot.is_none() && best.number > 0 {
			self.first_slot = chain.slot(chain.head(Some(1)).await?.hash).await?;
		}
		self.components = chain.components(Some(best.hash)).await?;
		let new = self.ledger.follow(chain, best.hash).await?;
		self.best = Some((best, slot));
		let with_edges = |epoch: &Epoch| epoch.has_edges() && epoch.last.minted > 0;
		if self.seconds_to_first_mint.is_none() && self.ledger.epochs().iter().any(with_edges) {
			self.seconds_to_first_mint = Some(self.started.elapsed().as_secs_f64());
		}
		Ok(new)
	}

	/// The report of each component that one of the miners owns.
	pub(super) fn components(&self, network: &Network) -> Vec<ComponentReport> {
		let reports = self.components.iter().filter_map(|component| {
			let uid = component.uid;
			let miner = network.miners.iter().find(|miner| miner.owner() == component.owner)?;
			let status = miner.status().unwrap_or_default();
			let epochs = self.ledger.epochs();
			let paid = epochs.iter().map(|epoch| epoch.paid_to(uid));
			let (minted, through) = paid.fold((0u64, 0u64), |(minted, through), paid| {
				(minted + paid.minted, through + paid.through_edges)
			});
			let row = epochs.last().and_then(|epoch| epoch.row(uid));
			let edges = row.map_or(&[][..], |row| &row.edges);
			Some(ComponentReport {
				uid,
				kind: miner.spec().profile.name().into(),
				stake: decimal(component.stake),
				minted: decimal(minted),
				minted_through_edges: decimal(through),
				self_share: row.map(|row| row.self_share),
				row: row.map(|row| row.edges.clone()).unwrap_or_default(),
				perplexity_start: status.perplexity.start,
				perplexity: status.perplexity.now,
				perplexity_without_inputs: status.perplexity.without_inputs,
				perplexity_unigram: status.perplexity.unigram,
				gain: status.gain,
				spikes_served: status.spikes_served,
				grads_served: status.grads_served,
				batches_sent: batches_sent(&status.inputs),
				answered: answered(&status.inputs, edges),
			})
		});
		reports.collect()
	}

	/// The chain's side of the report.
	pub(super) fn chain_report(&self) -> ChainReport {
		let epochs = self.ledger.epochs();
		let blocks = self.best_number();
		ChainReport {
			blocks,
			finalized: self.finalized,
			missed_slots: self.missed_slots(),
			epochs: epochs.len() as u32,
			minted: epochs.iter().map(|epoch| epoch.last.minted).sum::<u64>().to_string(),
			scheduled: epochs.iter().map(|epoch| epoch.scheduled).sum::<u64>().to_string(),
			residual: epochs.last().map_or(0, |epoch| epoch.last.residual).to_string(),
			seconds_to_first_mint: self.seconds_to_first_mint,
		}
	}

	fn best_number(&self) -> u32 {
		self.best.map_or(0, |(head, _)| head.number)
	}

	/// The number of slots from block 1 to the best block that have no block.
	fn missed_slots(&self) -> u64 {
		let (Some(first), Some((best, Some(last)))) = (self.first_slot, self.best) else {
			return 0;
		};
		(last - first).saturating_sub(u64::from(best.number.saturating_sub(1)))
	}

	fn table(&self, network: &Network) -> String {
		let Some(epoch) = self.ledger.epochs().last() else { return String::new() };
		let lines: Vec<Line> = self
			.components(network)
			.into_iter()
			.map(|component| {
				let paid = epoch.paid_to(component.uid);
				Line { component, minted: paid.minted, through_edges: paid.through_edges }
			})
			.collect();
		let best = self.best_number();
		format!(
			"\n{:.0} s · block {best}, {} finalised, {} slots missed · epoch {} paid {} BIT in {} \
			 sweeps{}\n{}",
			self.started.elapsed().as_secs_f64(),
			self.finalized,
			self.missed_slots(),
			epoch.last.epoch,
			bit(epoch.last.minted),
			epoch.last.sweeps,
			if epoch.reproduced { ", reproduced to the unit" } else { ", NOT REPRODUCED" },
			render(&lines),
		)
	}
}

/// Batches sent: as many as any of the asked components got.
fn batches_sent(inputs: &[InputStatus]) -> u64 {
	inputs.iter().map(|input| input.answered + input.missing).max().unwrap_or_default()
}

/// Part of the Spikes that the targets of these edges answered; all that are asked, without edges.
fn answered(inputs: &[InputStatus], edges: &[Edge]) -> Option<f64> {
	let counts = |input: &&InputStatus| {
		edges.is_empty() || edges.iter().any(|edge| Some(edge.target) == input.uid)
	};
	let (answered, missing) = inputs
		.iter()
		.filter(counts)
		.fold((0, 0), |(a, m), input| (a + input.answered, m + input.missing));
	let asked = answered + missing;
	(asked > 0).then(|| answered as f64 / asked as f64)
}
