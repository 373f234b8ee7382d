//! The state of a chain whose components are those of a [`Case`], made by the runtime's own calls.
//!
//! ```text
//!   preset `development` ─patch─► genesis ─register, stake, post_row for each uid─► top storage
//!            slot length, epoch length, least stake 1 unit            block number still 0
//! ```
//!
//! All rows are pending, and the first epoch of a node on this state merges them: that is the most that
//! a `Merge` can meet. The owner of uid *k* is the key `//bench/k` for the first [`ACCOUNTS`] uids, so
//! that they can post; other owners have no key.
//!
//! Invariants: calls are dispatched as in a block, and only the balances that pay for them are written
//! from outside; a call that fails ends the build.

use std::collections::BTreeMap;

use anyhow::{anyhow, ensure, Context};
use bench_graphs::Case;
use bittensor_emission::Edge;
use bittensor_runtime::{
	genesis, genesis_config_presets, AccountId, Balance, Balances, Runtime, RuntimeCall,
	RuntimeOrigin, System, EXISTENTIAL_DEPOSIT, UNIT,
};
use frame_support::{
	dispatch::DispatchClass,
	traits::{fungible::Mutate, Get},
	weights::{constants::WEIGHT_REF_TIME_PER_MILLIS, Weight},
};
use pallet_emission::types::PostedRow;
use sc_chain_spec::json_merge;
use serde::{Deserialize, Serialize};
use serde_json::{json, Value};
use sp_core::storage::Storage;
use sp_runtime::traits::{BlakeTwo256, Dispatchable, Hash as _};
use sp_state_machine::BasicExternalities;
use subxt_signer::{sr25519::Keypair, DeriveJunction, SecretUri};

use crate::ACCOUNTS;

/// Units for fees of an owner who signs, beside stake and deposit.
const PURSE: Balance = 1_000 * UNIT;

/// The keys `//bench/0`, `//bench/1`, ….
pub(crate) fn signers(count: usize) -> anyhow::Result<Vec<Keypair>> {
	let uri: SecretUri = "//bench".parse().map_err(|error| anyhow!("//bench: {error}"))?;
	let root = Keypair::from_uri(&uri).map_err(|error| anyhow!("//bench: {error}"))?;
	Ok((0..count as u64).map(|index| root.derive([DeriveJunction::soft(index)])).collect())
}

/// The account of a key.
pub(crate) fn account(keypair: &Keypair) -> AccountId {
	AccountId::from(keypair.public_key().0)
}

/// A weight's time, in milliseconds.
pub(crate) fn millis(weight: Weight) -> f64 {
	weight.ref_time() as f64 / WEIGHT_REF_TIME_PER_MILLIS as f64
}

/// The storage of a chain at block 0.
#[derive(Clone, Debug)]
pub(crate) struct State(Storage);

impl State {
	/// Builds the state of `case`, with slots of so many milliseconds and epochs of so many blocks.
	pub(crate) fn build(case: &Case, slot_ms: u64, epoch_length: u32) -> anyhow::Result<Self> {
		Self::build_on("development", case, slot_ms, epoch_length)
	}

	/// The same with the validators of another preset.
	pub(crate) fn build_on(
		preset: &str,
		case: &Case,
		slot_ms: u64,
		epoch_length: u32,
	) -> anyhow::Result<Self> {
		let genesis = serde_json::to_vec(&genesis_json(preset, slot_ms, epoch_length)?)?;
		let mut state = BasicExternalities::default();
		state.execute_with(|| {
			genesis::build_state(genesis)
				.map_err(|error| anyhow!("the genesis is refused: {error}"))?;
			fill(case)
		})?;
		Ok(Self(state.into_storages()))
	}

	/// The keys and values of the main trie.
	pub(crate) fn top(&self) -> &BTreeMap<Vec<u8>, Vec<u8>> {
		&self.0.top
	}

	/// Runs `read` on the state; its writes are dropped.
	pub(crate) fn read<R>(&self, read: impl FnOnce() -> R) -> R {
		BasicExternalities::new(self.0.clone()).execute_with(read)
	}

	/// What a block may hold, by the constants of the runtime.
	pub(crate) fn limits(&self) -> Limits {
		self.read(|| {
			let weights = <Runtime as frame_system::Config>::BlockWeights::get();
			let normal = weights.get(DispatchClass::Normal).max_total.unwrap_or(weights.max_block);
			Limits {
				normal_ms: millis(normal),
				service_ms: millis(<Runtime as pallet_emission::Config>::MaxServiceWeight::get()),
			}
		})
	}
}

/// What a block may hold, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Limits {
	/// Normal extrinsics.
	pub(crate) normal_ms: f64,
	/// The emission's hook.
	pub(crate) service_ms: f64,
}

/// The genesis of a preset with another slot and epoch length, and with a least stake and
/// a first deposit of one unit, so that a case keeps its stakes and all uids can be paid for.
fn genesis_json(preset: &str, slot_ms: u64, epoch_length: u32) -> anyhow::Result<Value> {
	let default = genesis::get_preset(&None).context("the runtime has no default genesis")?;
	let mut genesis: Value = serde_json::from_slice(&default)?;
	let preset = genesis_config_presets::patch(preset)
		.with_context(|| format!("the runtime has no preset `{preset}`: use its new name"))?;
	json_merge(&mut genesis, preset);
	let parameters = json!({
		"epochLength": epoch_length,
		"unbondingBlocks": epoch_length.saturating_mul(2),
		"minStake": 1,
		"registrationDeposit": 1,
	});
	let patch = json!({
		"slots": { "slotDuration": slot_ms },
		"emission": { "parameters": parameters },
		// Stake unbonds for as long as an offence can be reported: two sessions.
		"validatorSet": { "sessionLength": epoch_length, "reportSessions": 1 },
	});
	json_merge(&mut genesis, patch);
	Ok(genesis)
}

/// Registers, stakes and posts for every component.
fn fill(case: &Case) -> anyhow::Result<()> {
	let parameters = pallet_emission::EmissionParameters::<Runtime>::get();
	let most = <Runtime as pallet_emission::Config>::MaxComponents::get();
	let signers = signers(ACCOUNTS.min(case.components()))?;
	let mut owners = Vec::with_capacity(case.components());
	for (uid, &stake) in case.stakes.iter().enumerate() {
		let (owner, purse) = match signers.get(uid) {
			Some(keypair) => (account(keypair), PURSE),
			None => {
				let hash = BlakeTwo256::hash_of(&(b"bench/chain", uid as u64));
				(AccountId::from(hash.0), 2 * EXISTENTIAL_DEPOSIT)
			}
		};
		let deposit = parameters.deposit(uid as u32, most);
		let balance = deposit.checked_add(purse).and_then(|more| stake.checked_add(more));
		balance
			.and_then(|balance| Balances::mint_into(&owner, balance).ok())
			.with_context(|| format!("no balance can hold the stake of component {uid}"))?;
		let register = pallet_emission::Call::register { endpoint: None, service_key: None };
		dispatch(&owner, register).with_context(|| {
			format!("component {uid} does not register; longer slots admit more components")
		})?;
		if stake > 0 {
			dispatch(&owner, pallet_emission::Call::stake { amount: stake })
				.with_context(|| format!("component {uid} does not stake {stake} units"))?;
		}
		owners.push(owner);
	}
	for (uid, owner) in owners.iter().enumerate() {
		let (targets, shares) = case.row(uid);
		let edge = |(&target, &share)| Edge { target: u32::from(target), share };
		let edges: Vec<Edge> = targets.iter().zip(shares).map(edge).collect();
		let row = PostedRow::try_from(edges)
			.map_err(|edges| anyhow!("component {uid} has {} edges", edges.len()))?;
		dispatch(owner, pallet_emission::Call::post_row { row })
			.with_context(|| format!("component {uid} does not post"))?;
	}
	// At block 0 the runtime stores no events; the node must not inherit any.
	System::reset_events();
	ensure!(System::block_number() == 0, "a call moved the block number");
	Ok(())
}

fn dispatch(owner: &AccountId, call: pallet_emission::Call<Runtime>) -> anyhow::Result<()> {
	RuntimeCall::Emission(call)
		.dispatch(RuntimeOrigin::signed(owner.clone()))
		.map(|_| ())
		.map_err(|error| anyhow!("{:?}", error.error))
}
