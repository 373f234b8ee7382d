//! Keeps the component on the chain as its settings say.
//!
//! ```text
//!   snapshot of the chain cache ──► compare ──► as wanted: remember the block
//!                                      │
//!                                   Deviation
//!                          ┌───────────┴──────────────┐
//!            dropped by a reorganisation,      done by a call of somebody
//!            or the endpoint is another              │
//!                          │                         │
//!                repair: as at the start      one line in the log, and `last_error`
//! ```
//!
//! Rows are the [poster](crate::chain::poster)'s. A component whose block is still on the chain was
//! changed by its owner, or gave way: it is not registered or staked again against them.
//!
//! Invariants: each deviation is reported once; a repair that fails is tried again and does not end
//! the miner.

use super::registration::Registration;
use crate::chain::cache::{ChainCache, Snapshot};
use bittensor_client::{bit, ss58, AccountId, ChainError, Endpoint, Head};
use std::time::Duration;
use tokio::time::Instant;

/// Pause between two repairs; each one that does not last doubles it.
const PAUSE: Duration = Duration::from_secs(15);
/// Longest pause.
const MAX_PAUSE: Duration = Duration::from_secs(600);
/// Blocks that the chain cache may be behind a call.
const BEHIND: u32 = 10;
/// Name of this task.
const TASK: &str = "registration";

/// A difference between what the chain says and what the component wants.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Deviation {
	/// It is not registered any more.
	#[error(
		"component {0} is no longer registered: it is paid nothing, and others do not answer it. If \
		 this was not wanted, start the miner again: it registers"
	)]
	Gone(u32),
	/// It was deregistered and waits for the next epoch.
	#[error(
		"component {0} was deregistered by its owner and leaves at the next epoch: it is paid nothing \
		 more. Stop the miner, or start it again after that epoch"
	)]
	Leaving(u32),
	/// Another account is its service key.
	#[error(
		"component {uid} has another service key now, {}: calls and messages of this miner, {}, are \
		 refused. Start the miner with that key, or change it back with emission.set_service_key",
		ss58(.key), ss58(.ours)
	)]
	ServedByAnotherKey {
		/// The component.
		uid: u32,
		/// Its service key.
		key: AccountId,
		/// The account of this miner.
		ours: AccountId,
	},
	/// The chain sends others to another address.
	#[error(
		"the chain says that component {uid} serves at {}, not at {}: does another process use its key?",
		place(.found), place(.wanted)
	)]
	Endpoint {
		/// The component.
		uid: u32,
		/// The endpoint on the chain.
		found: Option<Endpoint>,
		/// Where it serves.
		wanted: Option<Endpoint>,
	},
	/// It belongs to another account.
	#[error("component {uid} has another owner now, {}: its stake and what it is paid are theirs", ss58(.owner))]
	Owner {
		/// The component.
		uid: u32,
		/// Its owner.
		owner: AccountId,
	},
	/// Its stake fell.
	#[error(
		"the stake of component {uid} fell from {} to {} BIT: its owner took it out, or it was slashed. \
		 `bittensor-miner stake` adds to it",
		bit(*.from), bit(*.to)
	)]
	Stake {
		/// The component.
		uid: u32,
		/// Units before.
		from: u64,
		/// Units now.
		to: u64,
	},
}

fn place(endpoint: &Option<Endpoint>) -> String {
	endpoint.as_ref().map_or("no address".into(), ToString::to_string)
}

/// The component as it last was as wanted.
#[derive(Clone, Copy, Debug)]
struct Seen {
	head: Head,
	uid: u32,
	owner: AccountId,
	stake: u64,
}

impl Seen {
	fn of(snapshot: &Snapshot) -> Option<Self> {
		let mine = snapshot.mine()?;
		let (head, uid) = (snapshot.head, mine.uid);
		Some(Self { head, uid, owner: mine.owner, stake: mine.stake })
	}
}

/// What [`Registration::keep`] remembers between two snapshots.
#[derive(Default)]
struct Keeper {
	seen: Option<Seen>,
	/// The deviation reported last.
	reported: Option<Deviation>,
	/// The error of the last repair.
	failure: Option<String>,
	/// When the last repair was, and the pause after it.
	repaired: Option<(Instant, Duration)>,
	/// A block that had all that was wanted.
	from: u32,
}

impl Registration {
	/// Ensures that the chain has the component as its settings say, snapshot by snapshot; the block
	/// `from` has it. Never returns.
	pub async fn keep(self, mut cache: ChainCache, from: u32) -> anyhow::Result<()> {
		let seen = Seen::of(&cache.snapshot());
		let mut keeper = Keeper { seen, from, ..Keeper::default() };
		loop {
			let snapshot = cache.changed().await;
			self.look(&mut keeper, &snapshot).await;
		}
	}

	/// What the chain says that the component does not want; the gravest first.
	fn compare(&self, snapshot: &Snapshot, seen: &Seen) -> Option<Deviation> {
		let uid = seen.uid;
		let same_owner = snapshot.component(uid).filter(|component| component.owner == seen.owner);
		let Some(mine) = snapshot.mine().or(same_owner) else {
			return Some(Deviation::Gone(uid));
		};
		let uid = mine.uid;
		if mine.leaving {
			return Some(Deviation::Leaving(uid));
		}
		if mine.service_key != self.account {
			let (key, ours) = (mine.service_key, self.account);
			return Some(Deviation::ServedByAnotherKey { uid, key, ours });
		}
		if mine.endpoint != self.endpoint {
			let (found, wanted) = (mine.endpoint.clone(), self.endpoint.clone());
			return Some(Deviation::Endpoint { uid, found, wanted });
		}
		if mine.owner != seen.owner {
			return Some(Deviation::Owner { uid, owner: mine.owner });
		}
		let (from, to) = (seen.stake, mine.stake);
		(to < from).then_some(Deviation::Stake { uid, from, to })
	}

	async fn look(&self, keeper: &mut Keeper, snapshot: &Snapshot) {
		let number = snapshot.head.number;
		if number < keeper.from && keeper.from - number < BEHIND {
			return;
		}
		let Some(seen) = keeper.seen else {
			keeper.seen = Seen::of(snapshot);
			return;
		};
		let Some(deviation) = self.compare(snapshot, &seen) else {
			keeper.seen = Seen::of(snapshot);
			if keeper.reported.take().is_some() || keeper.failure.take().is_some() {
				tracing::info!("component {} is on the chain as its settings say", seen.uid);
				self.errors.clear(TASK);
			}
			return;
		};
		// A component that asked to leave is not brought back.
		let left = matches!(keeper.reported, Some(Deviation::Leaving(_)));
		let dropped = !left && !self.is_on_chain(seen.head).await;
		let endpoint = matches!(deviation, Deviation::Endpoint { .. });
		if dropped || endpoint {
			let why = match dropped {
				true => {
					format!("block {} is no longer on the chain ({deviation})", seen.head.number)
				}
				false => deviation.to_string(),
			};
			return self.repair(keeper, &why).await;
		}
		if keeper.reported.as_ref() == Some(&deviation) {
			return;
		}
		tracing::warn!("{deviation}");
		match deviation {
			// These are facts, not failures: what follows is compared with them.
			Deviation::Owner { .. } | Deviation::Stake { .. } => keeper.seen = Seen::of(snapshot),
			_ => {
				self.errors.note(TASK, &deviation);
				keeper.reported = Some(deviation);
			}
		}
	}

	/// Registers, announces and stakes again, unless the last repair was just now.
	async fn repair(&self, keeper: &mut Keeper, why: &str) {
		let pause = match keeper.repaired {
			Some((last, pause)) if last.elapsed() < pause => return,
			Some((last, pause)) if last.elapsed() < 2 * MAX_PAUSE => (2 * pause).min(MAX_PAUSE),
			_ => PAUSE,
		};
		keeper.repaired = Some((Instant::now(), pause));
		if keeper.failure.is_none() {
			tracing::warn!("{why}: repairing it");
		}
		match self.attempt().await {
			Ok(block) => {
				keeper.failure = None;
				keeper.reported = None;
				keeper.from = block;
				// Its stake is less than before if what it was paid was dropped.
				keeper.seen = keeper.seen.map(|seen| Seen { stake: 0, ..seen });
				self.errors.clear(TASK);
			}
			Err(error) => {
				let error = error.to_string();
				if keeper.failure.as_ref() != Some(&error) {
					tracing::warn!("not repaired: {error}");
				}
				self.errors.note(TASK, &error);
				keeper.failure = Some(error);
			}
		}
	}

	/// Whether a block is on the best chain; so is one about which the node gives no answer.
	async fn is_on_chain(&self, head: Head) -> bool {
		match self.chain.head(Some(head.number)).await {
			Ok(found) => found.hash == head.hash,
			Err(ChainError::NoBlock { .. }) => false,
			Err(_) => true,
		}
	}
}
