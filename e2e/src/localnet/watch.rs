//! Watches a running network: heads, epochs, processes that end.

use std::time::{Duration, Instant};

use bittensor_client::{
	bit, ends, ss58, Chain, ComponentInfo, Edge, EpochStatus, Head, SubxtChain,
};

use super::{signals::Signals, End, TICK};
use crate::{
	curve::Curves,
	economy::{of_epoch, Totals},
	ledger::{Epoch, Ledger},
	miner::InputStatus,
	network::Network,
	report::{ChainReport, ComponentReport},
	screen::Screen,
	table::render,
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
	totals: Totals,
	curves: Curves,
	epoch: Option<EpochStatus>,
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
			totals: Totals::default(),
			curves: Curves::default(),
			epoch: None,
			seconds_to_first_mint: None,
			components: Vec::new(),
			deaths: Vec::new(),
		})
	}

	/// Watches the network until the run ends. It prints the table after each epoch; on a terminal the
	/// table is always there, and as it is now.
	pub(super) async fn until(
		&mut self,
		deadline: Option<Instant>,
		network: &mut Network,
		chain: &SubxtChain,
		screen: &mut Screen,
		signals: &mut Signals,
	) -> anyhow::Result<End> {
		let mut drawn: Option<(u64, usize)> = None;
		loop {
			// The client waits for a node that cannot be reached, and one that ended stays so.
			let new_epochs = tokio::select! {
				new = tokio::time::timeout(ANSWER, self.observe(chain)) => new.ok(),
				_ = network.node.process().wait_for_end(ANSWER) => None,
				() = signals.next() => return Ok(End::Signal),
			};
			self.curves.follow(self.started.elapsed().as_secs(), &network.miners);
			for death in network.deaths() {
				screen.line(&death);
				self.deaths.push(death);
			}
			if let Some(death) = network.node_death() {
				return Ok(End::NodeEnded(death));
			}
			match new_epochs {
				Some(Ok(new)) => {
					let now = (self.started.elapsed().as_secs(), screen.columns());
					let due = if screen.is_terminal() { drawn != Some(now) } else { new > 0 };
					if due {
						drawn = Some(now);
						screen.block(&self.table(network, screen.columns()));
					}
				}
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
		self.totals.follow(self.ledger.epochs());
		self.epoch = Some(chain.epoch_status(Some(best.hash)).await?);
		self.best = Some((best, slot));
		let with_edges = |epoch: &Epoch| epoch.has_edges() && epoch.last.minted > 0;
		if self.seconds_to_first_mint.is_none() && self.ledger.epochs().iter().any(with_edges) {
			self.seconds_to_first_mint = Some(self.started.elapsed().as_secs_f64());
		}
		Ok(new)
	}

	/// The report of each component, also of those that others started.
	pub(super) fn components(&self, network: &mut Network) -> Vec<ComponentReport> {
		let reports = self.components.iter().map(|component| {
			let uid = component.uid;
			let miner = network.miners.iter_mut().find(|miner| miner.owner() == component.owner);
			let status = miner.as_ref().and_then(|miner| miner.status()).unwrap_or_default();
			let (name, kind, model, twin, ended) = match miner {
				Some(miner) => {
					let ended = miner.process().ended().is_some();
					let spec = miner.spec();
					let (model, twin) = (Some(spec.kind().to_owned()), spec.has_twin());
					(spec.name.clone(), spec.profile.name(), model, twin, ended)
				}
				None => (ends(&ss58(&component.owner), 3), "other", None, false, false),
			};
			let epoch = self.ledger.epochs().last();
			let row = epoch.and_then(|epoch| epoch.row(uid));
			let edges = row.map_or(&[][..], |row| &row.edges);
			let number = epoch.map_or(0, |epoch| epoch.last.epoch);
			let live = |posted| self.ledger.parameters().is_live(posted, number);
			ComponentReport {
				uid,
				curve: self.curves.of(&name).to_vec(),
				name,
				kind: kind.into(),
				model,
				ended,
				stake: component.stake,
				economy: self.totals.of(uid),
				self_share: row.map(|row| row.self_share),
				row: edges.to_vec(),
				row_age: row.map(|row| number.saturating_sub(row.posted)),
				row_live: row.is_some_and(|row| live(row.posted)),
				perplexity_start: status.perplexity.start,
				perplexity: status.perplexity.now,
				perplexity_without_inputs: status.perplexity.without_inputs,
				perplexity_unigram: status.perplexity.unigram,
				tokens: status.perplexity.tokens,
				unknown: status.perplexity.unknown,
				twin,
				gain: status.gain,
				spikes_served: status.spikes_served,
				grads_served: status.grads_served,
				batches_sent: batches_sent(&status.inputs),
				answered: answered(&status.inputs, edges),
			}
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

	/// The block at the bottom of the screen: where the chain is, what happens, and the table.
	fn table(&self, network: &mut Network, columns: usize) -> String {
		let components = self.components(network);
		let next = self.epoch.as_ref().map_or(0, |epoch| epoch.next_payout_in);
		let mut lines = vec![
			String::new(),
			format!(
				"{} s · block {} ({} finalised, {} slots missed) · next payout in {next} blocks",
				self.started.elapsed().as_secs(),
				self.best_number(),
				self.finalized,
				self.missed_slots(),
			),
		];
		lines.extend(self.epoch_line());
		lines.push(self.activity(network, &components));
		lines.push(render(&components, columns));
		lines.push(
			"BIT since the start: paid = stake alone + received − given = stake alone + net."
				.into(),
		);
		lines.join("\n")
	}

	/// The last epoch that was paid.
	fn epoch_line(&self) -> Option<String> {
		let last = self.ledger.epochs().last()?;
		let reproduced = if last.reproduced { "reproduced to the unit" } else { "NOT REPRODUCED" };
		Some(format!(
			"epoch {} paid {} BIT in {} sweeps, {reproduced}",
			last.last.epoch,
			bit(last.last.minted),
			last.last.sweeps,
		))
	}

	/// What the components do, for people who see this for the first time.
	fn activity(&self, network: &Network, components: &[ComponentReport]) -> String {
		let Some(last) = self.ledger.epochs().last().filter(|epoch| epoch.has_edges()) else {
			let steps = network.miners.iter().filter_map(|miner| {
				let steps = miner.status()?.steps;
				(steps > 0).then(|| format!("{} {steps}", miner.spec().name))
			});
			let steps: Vec<String> = steps.collect();
			return match steps.is_empty() {
				true => {
					"The miners read their text. Until rows have edges, stake alone is paid.".into()
				}
				false => format!("Learning before the first rows; steps: {}.", steps.join(", ")),
			};
		};
		let moved: u64 = of_epoch(last).iter().map(|economy| economy.given).sum();
		let name = |uid: u32| {
			let found = components.iter().find(|component| component.uid == uid);
			found.map_or_else(|| uid.to_string(), |component| component.name.clone())
		};
		let flows = last.edges().map(|(owner, edge)| {
			let kept = last.row(owner).map_or(0, |row| row.self_share);
			let paid = last.paid_to(owner).minted;
			(contribution::flow(paid, edge.share.into(), kept), owner, edge.target)
		});
		let largest = flows.max().map(|(flow, from, to)| {
			format!(", most of it from {} to {}: {}", name(from), name(to), bit(flow))
		});
		format!("{} BIT of it moved over edges{}.", bit(moved), largest.unwrap_or_default())
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
