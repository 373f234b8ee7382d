//! The emission and the validators in numbers, for Prometheus, and one line in the log for each epoch.
//!
//! ```text
//!   new best block ──▶ runtime API at that block ──▶ gauges at :9615/metrics
//!                                              └──▶ "Epoch 12 paid 10.0000 BIT …", once it is paid
//! ```
//!
//! Amounts are in BIT. The gauges are those of the best block; while the node catches up with the chain,
//! those of the block with which it started. Missed slots are counted on the best chain from the start of
//! the node, each once.

use crate::parts::FullClient;
use bittensor_emission::{EpochStatus, Phase, UNIT};
use bittensor_runtime::{
	opaque::{Block, Hash},
	AccountId, BlockNumber,
};
use futures::StreamExt;
use pallet_emission_runtime_api::EmissionApi;
use sc_client_api::BlockchainEvents;
use sc_consensus_aura::find_pre_digest;
use sp_api::ProvideRuntimeApi;
use sp_blockchain::HeaderBackend;
use sp_consensus_aura::{
	sr25519::{AuthorityId, AuthoritySignature},
	AuraApi, Slot,
};
use std::sync::Arc;
use substrate_prometheus_endpoint::{
	register, Counter, Gauge, PrometheusError, Registry, F64, U64,
};

type Status = EpochStatus<BlockNumber, Hash>;

/// A total that the residual of a solve never exceeds: its mass is in `[2^61, 2^62)`.
const LEAST_MASS: f64 = (1_u64 << 61) as f64;

/// The gauges.
struct Gauges {
	epoch: Gauge<U64>,
	phase: Gauge<U64>,
	sweep: Gauge<U64>,
	cursor: Gauge<U64>,
	blocks_to_payout: Gauge<U64>,
	last_payout_block: Gauge<U64>,
	residual: Gauge<F64>,
	minted: Gauge<F64>,
	stake: Gauge<F64>,
	deposit: Gauge<F64>,
	components: Gauge<U64>,
	validators: Gauge<U64>,
	missed_slots: Counter<U64>,
}

impl Gauges {
	fn new(registry: &Registry) -> Result<Self, PrometheusError> {
		let whole = |name: &str, help: &str| {
			register(Gauge::<U64>::new(format!("bittensor_{name}"), help)?, registry)
		};
		let real = |name: &str, help: &str| {
			register(Gauge::<F64>::new(format!("bittensor_{name}"), help)?, registry)
		};
		Ok(Self {
			epoch: whole("emission_epoch", "Number of the running epoch")?,
			phase: whole(
				"emission_phase",
				"Phase of the emission: 0 idle, 1 merge, 2 begin, 3 sweep, 4 emit",
			)?,
			sweep: whole("emission_sweep", "Completed sweeps of the solve in progress")?,
			cursor: whole(
				"emission_cursor",
				"Next uid of the sweep, or page of the payout, or components removed by the merge",
			)?,
			blocks_to_payout: whole("emission_blocks_to_payout", "Blocks until the next payout")?,
			last_payout_block: whole("emission_last_payout_block", "Block of the last payout")?,
			residual: real(
				"emission_residual_ratio",
				"Part of the emission, at most, that the last solve did not place",
			)?,
			minted: real("emission_minted_bit", "BIT minted since genesis")?,
			stake: real("emission_stake_bit", "BIT staked by all components")?,
			deposit: real("emission_deposit_bit", "BIT that a registration puts on hold now")?,
			components: whole("emission_components", "Registered components")?,
			validators: whole("validators", "Validators that author blocks in this session")?,
			missed_slots: register(
				Counter::<U64>::new(
					"bittensor_missed_slots_total",
					"Slots without a block on the best chain since this node started",
				)?,
				registry,
			)?,
		})
	}

	fn set(&self, status: &Status, validators: usize) {
		self.epoch.set(status.epoch.into());
		self.phase.set(match status.phase {
			Phase::Idle => 0,
			Phase::Merge => 1,
			Phase::Begin => 2,
			Phase::Sweep => 3,
			Phase::Emit => 4,
		});
		self.sweep.set(status.sweep.into());
		self.cursor.set(status.cursor.into());
		self.blocks_to_payout.set(status.next_payout_in.into());
		self.minted.set(bit(status.minted_total));
		self.stake.set(bit(status.total_stake));
		self.deposit.set(bit(status.deposit));
		self.components.set(status.registered.into());
		self.validators.set(validators as u64);
		if let Some(last) = &status.last {
			self.last_payout_block.set(last.paid_at.into());
			self.residual.set(residual(last.residual));
		}
	}
}

/// Units in BIT. Exact enough for people: a double has 15 digits.
fn bit(units: u64) -> f64 {
	units as f64 / UNIT as f64
}

fn residual(mass: u64) -> f64 {
	mass as f64 / LEAST_MASS
}

/// What is remembered from block to block.
#[derive(Default)]
struct Memory {
	/// The last epoch that was paid, if there was one, at the block seen before.
	paid: Option<Option<u32>>,
	/// The highest block whose slot was counted.
	counted: BlockNumber,
	/// Slots missed since the last line.
	missed: u64,
}

impl Memory {
	/// Slots between a block and its parent, once for each number. Genesis has no slot.
	fn missed(&mut self, number: BlockNumber, slot: Slot, parent: Slot) -> u64 {
		if number <= self.counted || parent == 0u64 {
			return 0;
		}
		self.counted = number;
		let missed = u64::from(slot).saturating_sub(u64::from(parent)).saturating_sub(1);
		self.missed = self.missed.saturating_add(missed);
		missed
	}

	/// The line for an epoch that was paid since the last look.
	fn line(&mut self, status: &Status, validators: usize) -> Option<String> {
		let paid = status.last.as_ref().map(|last| last.epoch);
		// What was paid before the start is no news.
		if self.paid.replace(paid).is_none_or(|before| before == paid) {
			return None;
		}
		let last = status.last.as_ref()?;
		let missed = std::mem::take(&mut self.missed);
		Some(format!(
			"💰 Epoch {} paid {:.4} BIT in block {}: sweeps {}, not placed at most {:.1e}; components {}, stake \
			 {:.4} BIT, minted in all {:.4} BIT; validators {validators}, missed slots {missed}",
			last.epoch,
			bit(last.minted),
			last.paid_at,
			last.sweeps,
			residual(last.residual),
			status.registered,
			bit(status.total_stake),
			bit(status.minted_total),
		))
	}
}

/// Reads the chain at each new best block, for as long as the node runs.
pub(crate) async fn watch(client: Arc<FullClient>, registry: Option<Registry>) {
	let gauges = registry.and_then(|registry| {
		let gauges = Gauges::new(&registry);
		gauges.map_err(|error| log::warn!("No metrics of the emission: {error}")).ok()
	});
	let mut memory = Memory::default();
	let mut blocks = client.import_notification_stream();
	look(&client, client.info().best_hash, &gauges, &mut memory);
	while let Some(block) = blocks.next().await {
		if block.is_new_best {
			look(&client, block.hash, &gauges, &mut memory);
		}
	}
}

fn look(client: &FullClient, at: Hash, gauges: &Option<Gauges>, memory: &mut Memory) {
	// A state may be pruned already when a node catches up; the next block has newer numbers.
	let api = client.runtime_api();
	let status: Result<Status, _> = EmissionApi::<Block, AccountId, _, _>::epoch_status(&*api, at);
	let validators: Result<Vec<AuthorityId>, _> = api.authorities(at);
	let (Ok(status), Ok(validators)) = (status, validators) else { return };
	let missed =
		slots(client, at).map_or(0, |(number, slot, parent)| memory.missed(number, slot, parent));
	if let Some(gauges) = gauges {
		gauges.set(&status, validators.len());
		gauges.missed_slots.inc_by(missed);
	}
	if let Some(line) = memory.line(&status, validators.len()) {
		log::info!("{line}");
	}
}

/// The number and the slot of a block, and the slot of its parent.
fn slots(client: &FullClient, at: Hash) -> Option<(BlockNumber, Slot, Slot)> {
	let header = client.header(at).ok()??;
	let parent = client.header(header.parent_hash).ok()??;
	let slot = |header| find_pre_digest::<Block, AuthoritySignature>(header).ok();
	Some((header.number, slot(&header)?, slot(&parent)?))
}

#[cfg(test)]
mod tests {
	use super::*;
	use bittensor_emission::LastPayout;

	fn status(paid: u32) -> Status {
		EpochStatus {
			epoch: paid + 1,
			phase: Phase::Idle,
			sweep: 0,
			cursor: 0,
			components: 7,
			registered: 6,
			started: 10 * paid,
			next_payout_in: 4,
			minted_total: 10 * u64::from(paid) * UNIT,
			total_stake: 600 * UNIT,
			deposit: UNIT,
			last: (paid > 0).then(|| LastPayout {
				epoch: paid,
				minted: 10 * UNIT,
				components: 7,
				sweeps: 17,
				residual: 1 << 51,
				paid_at: 10 * paid + 1,
				parent: Hash::default(),
				started_at: 10 * paid,
			}),
		}
	}

	#[test]
	fn each_epoch_has_one_line_and_each_missed_slot_counts_once() {
		let mut memory = Memory::default();
		assert_eq!(memory.line(&status(3), 4), None);
		assert_eq!(memory.missed(31, 100.into(), 99.into()), 0);
		assert_eq!(memory.missed(32, 104.into(), 100.into()), 3);
		// Another branch: the block has been counted.
		assert_eq!(memory.missed(32, 103.into(), 100.into()), 0);
		assert_eq!(memory.missed(33, 106.into(), 104.into()), 1);
		let line = memory.line(&status(4), 4).expect("epoch 4 was paid");
		for part in [
			"Epoch 4 paid 10.0000 BIT in block 41",
			"sweeps 17",
			"at most 9.8e-4",
			"components 6, stake 600.0000 BIT",
			"minted in all 40.0000 BIT",
			"validators 4",
			"missed slots 4",
		] {
			assert!(line.contains(part), "{part} is not in {line}");
		}
		assert_eq!(memory.line(&status(4), 4), None);
		assert!(memory.line(&status(5), 4).is_some_and(|line| line.ends_with("missed slots 0")));
		// The first payout of the chain.
		let mut memory = Memory::default();
		assert_eq!(memory.line(&status(0), 1), None);
		assert!(memory.line(&status(1), 1).is_some_and(|line| line.contains("Epoch 1 paid")));
		// The first block after genesis has no parent with a slot.
		assert_eq!(Memory::default().missed(1, 7.into(), 0.into()), 0);
	}
}
