//! Watches the clock of this machine.
//!
//! ```text
//!   slot of the best block ─────────────────┐
//!   slots of headers that others sign, ─────┼──▶ newest slot > clock's slot + 1 ? ──▶ one warning
//!   and that are refused as from the future ┘                                  └──▶ one line when right
//! ```
//!
//! Aura authors a block in no slot before that of the best block, and refuses headers more than one slot
//! ahead of the clock. So a node whose clock goes back stops, and each of its other lines looks normal.

use crate::parts::FullClient;
use async_trait::async_trait;
use bittensor_runtime::opaque::{Block, Header};
use sc_consensus::{BlockImportParams, Verifier};
use sc_consensus_aura::{
	find_pre_digest,
	standalone::{check_header_slot_and_seal, fetch_authorities},
};
use sp_blockchain::HeaderBackend;
use sp_consensus_aura::{
	sr25519::{AuthorityId, AuthorityPair, AuthoritySignature},
	Slot, SlotDuration,
};
use std::{
	sync::{
		atomic::{AtomicU64, Ordering},
		Arc,
	},
	time::Duration,
};

/// Aura accepts headers of the next slot, for clocks that differ a little.
const TOLERANCE: u64 = 1;

/// The clock, and what others say about it.
pub(crate) struct Clock {
	slot: SlotDuration,
	/// Slot of the newest header that was refused as from the future; 0 without one.
	refused: AtomicU64,
}

impl Clock {
	/// The clock of a chain with slots of this length.
	pub(crate) fn new(slot: SlotDuration) -> Self {
		Self { slot, refused: AtomicU64::new(0) }
	}

	/// Time since the Unix epoch.
	fn now(&self) -> Duration {
		sp_timestamp::InherentDataProvider::from_system_time().timestamp().as_duration()
	}

	fn slot_at(&self, now: Duration) -> Slot {
		Slot::from_timestamp((now.as_millis() as u64).into(), self.slot)
	}

	/// Watches the clock for as long as the node runs, and logs each change.
	pub(crate) async fn watch(self: Arc<Self>, client: Arc<FullClient>, authors: bool) {
		let mut watch = Watch::default();
		loop {
			tokio::time::sleep(self.slot.as_duration()).await;
			let info = client.info();
			let Some(head) = client.header(info.best_hash).ok().flatten().and_then(slot_of) else {
				continue;
			};
			let now = self.now();
			let sight = Sight {
				head,
				refused: self.refused.load(Ordering::Relaxed).into(),
				clock: self.slot_at(now),
			};
			match watch.look(&sight) {
				Some(Change::Behind(newest)) => {
					let time = Duration::from_millis(u64::from(newest) * self.slot.as_millis());
					let seconds = time.saturating_sub(now).as_secs_f64();
					let (least, of, then) = if newest == head {
						let of = format!("the best block, {}", info.best_number);
						("", of, "the node then goes on without a restart")
					} else {
						// The first block that was refused may not be the newest one, and sync does not
						// ask for it again.
						(
							"at least ",
							"a block of another validator".into(),
							"then restart the node",
						)
					};
					let stops = if authors { "authors no block and " } else { "" };
					log::warn!(
						"The clock of this machine is {least}{seconds:.1} s behind {of}. Until it passes that time, this \
						 node {stops}refuses newer blocks of others. If the clock is wrong, set it (for example \
						 `timedatectl set-ntp true`); {then}. If it is right, it was ahead \
						 before: wait."
					);
				}
				Some(Change::Right) => {
					log::info!("The clock of this machine is no longer behind: the node goes on.");
				}
				None => (),
			}
		}
	}
}

/// The slot in which a header was authored.
fn slot_of(header: Header) -> Option<Slot> {
	find_pre_digest::<Block, AuthoritySignature>(&header).ok()
}

/// What the clock is compared with at one moment.
struct Sight {
	/// Slot of the best block.
	head: Slot,
	/// Slot of the newest header that was refused as from the future; 0 without one.
	refused: Slot,
	/// Slot of the clock.
	clock: Slot,
}

/// A change that is worth a line.
#[derive(Debug, PartialEq, Eq)]
enum Change {
	/// The clock is behind this slot.
	Behind(Slot),
	/// It is not behind any more.
	Right,
}

/// Whether the clock was behind at the last look.
#[derive(Default)]
struct Watch {
	behind: bool,
}

impl Watch {
	fn look(&mut self, sight: &Sight) -> Option<Change> {
		let newest = sight.head.max(sight.refused);
		if !self.behind && newest > sight.clock + TOLERANCE {
			self.behind = true;
			return Some(Change::Behind(newest));
		}
		// Refused headers show a wrong clock until a newer one is accepted: they stop coming when the
		// others close the connection.
		if self.behind && sight.refused == 0u64 && newest <= sight.clock {
			self.behind = false;
			return Some(Change::Right);
		}
		None
	}
}

/// A verifier of headers that tells the clock which ones it refused as from the future.
pub(crate) struct Watched<V> {
	/// The verifier.
	pub(crate) verifier: V,
	/// The chain, for its authorities.
	pub(crate) client: Arc<FullClient>,
	/// The clock.
	pub(crate) clock: Arc<Clock>,
}

#[async_trait]
impl<V: Verifier<Block>> Verifier<Block> for Watched<V> {
	async fn verify(
		&self,
		block: BlockImportParams<Block>,
	) -> Result<BlockImportParams<Block>, String> {
		let header = block.header.clone();
		let verified = self.verifier.verify(block).await;
		let Some(slot) = slot_of(header.clone()) else { return verified };
		let refused: Slot = self.clock.refused.load(Ordering::Relaxed).into();
		if verified.is_ok() && slot > refused {
			self.clock.refused.store(0, Ordering::Relaxed);
		}
		let future = slot > self.clock.slot_at(self.clock.now()) + TOLERANCE;
		if verified.is_err() && future && slot > refused && self.is_sealed(header, slot) {
			self.clock.refused.store(slot.into(), Ordering::Relaxed);
		}
		verified
	}
}

impl<V> Watched<V> {
	/// Whether the author of the slot has signed the header. Anybody can send one with any slot.
	fn is_sealed(&self, header: Header, slot: Slot) -> bool {
		let authorities: Result<Vec<AuthorityId>, _> =
			fetch_authorities(&*self.client, header.parent_hash);
		authorities.is_ok_and(|authorities| {
			check_header_slot_and_seal::<Block, AuthorityPair>(slot, header, &authorities).is_ok()
		})
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn look(watch: &mut Watch, head: u64, refused: u64, clock: u64) -> Option<Change> {
		let [head, refused, clock] = [head, refused, clock].map(Slot::from);
		watch.look(&Sight { head, refused, clock })
	}

	#[test]
	fn a_clock_that_goes_back_is_reported_once_and_again_when_it_is_right() {
		let mut watch = Watch::default();
		assert_eq!(look(&mut watch, 100, 0, 100), None);
		// The next slot is within the tolerance of Aura.
		assert_eq!(look(&mut watch, 101, 0, 100), None);
		assert_eq!(look(&mut watch, 102, 0, 100), Some(Change::Behind(102.into())));
		assert_eq!(look(&mut watch, 102, 0, 101), None);
		assert_eq!(look(&mut watch, 102, 0, 40), None);
		assert_eq!(look(&mut watch, 102, 0, 102), Some(Change::Right));
		assert_eq!(look(&mut watch, 103, 0, 103), None);
		assert_eq!(look(&mut watch, 103, 0, 90), Some(Change::Behind(103.into())));
	}

	#[test]
	fn refused_headers_count_until_one_is_accepted() {
		let mut watch = Watch::default();
		assert_eq!(look(&mut watch, 50, 130, 70), Some(Change::Behind(130.into())));
		// The clock has reached the slot of the refused header, which says nothing about later ones.
		assert_eq!(look(&mut watch, 131, 130, 131), None);
		assert_eq!(look(&mut watch, 190, 0, 190), Some(Change::Right));
	}
}
