//! The state of a chain whose components are those of a [`Case`], made by the runtime's own calls.
//!
//! ```text
//!   preset `development` ─patch─► genesis ─register, stake, post_row for each uid─► top storage
//!            slot length, epoch length, least stake 1 unit            block number still 0
//! ```
//!
//! All rows wait in `PendingRows` then, and the first epoch of a node on this state merges them:
//! so the most that a `Merge` can meet is there without a transaction. The owner of uid *k* is the
//! key `//bench/k` for the first [`Settings::signers`] uids, so that they can post later on, and
//! an account that nobody has a key for beyond.
//!
//! Invariants: the calls are dispatched as a block would, none is written into storage from
//! outside, except the balances that they are paid from; a call that fails ends the build.

use std::collections::BTreeMap;

use anyhow::{anyhow, ensure, Context};
use bench_graphs::Case;
use bittensor_runtime::{
	genesis_config_presets, AccountId, Balance, Balances, Runtime, RuntimeCall,
	RuntimeGenesisConfig, RuntimeOrigin, System, EXISTENTIAL_DEPOSIT, UNIT,
};
use frame_support::{
	genesis_builder_helper::{build_state, get_preset},
	traits::fungible::Mutate,
};
use pallet_emission::types::{Edge, PostedRow};
use sc_chain_spec::json_merge;
use serde_json::{json, Value};
use sp_core::storage::Storage;
use sp_runtime::traits::{BlakeTwo256, Dispatchable, Hash as _};
use sp_state_machine::BasicExternalities;
use subxt_signer::{sr25519::Keypair, DeriveJunction, SecretUri};

/// What an owner who signs later on holds beside stake and deposit, in units: for fees.
const PURSE: Balance = 1_000 * UNIT;

/// What the chain is to be.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
	/// Length of a slot, in milliseconds.
	pub slot_duration: u64,
	/// Blocks from one epoch's begin to the next.
	pub epoch_length: u32,
	/// How many owners, from uid 0 on, are keys that can be signed with.
	pub signers: usize,
}

/// The keys `//bench/0`, `//bench/1`, ….
pub fn signers(count: usize) -> anyhow::Result<Vec<Keypair>> {
	let uri: SecretUri = "//bench".parse().map_err(|error| anyhow!("//bench: {error}"))?;
	let root = Keypair::from_uri(&uri).map_err(|error| anyhow!("//bench: {error}"))?;
	Ok((0..count as u64).map(|index| root.derive([DeriveJunction::soft(index)])).collect())
}

/// The account of a key.
pub fn account(keypair: &Keypair) -> AccountId {
	AccountId::from(keypair.public_key().0)
}

/// The owner of a uid that never signs.
fn unsigned_owner(uid: usize) -> AccountId {
	AccountId::from(BlakeTwo256::hash_of(&(b"bench/chain", uid as u64)).0)
}

/// The storage of a chain at block 0.
#[derive(Clone, Debug)]
pub struct State {
	storage: Storage,
}

impl State {
	/// Builds the state of `case`.
	pub fn build(case: &Case, settings: &Settings) -> anyhow::Result<Self> {
		let genesis = serde_json::to_vec(&genesis(settings)?)?;
		let signers = signers(settings.signers.min(case.components()))?;
		let mut state = BasicExternalities::default();
		state.execute_with(|| {
			build_state::<RuntimeGenesisConfig>(genesis)
				.map_err(|error| anyhow!("the genesis is refused: {error}"))?;
			fill(case, &signers)
		})?;
		Ok(Self { storage: state.into_storages() })
	}

	/// The keys and values of the main trie.
	pub fn top(&self) -> &BTreeMap<Vec<u8>, Vec<u8>> {
		&self.storage.top
	}

	/// Runs `read` on the state; what it writes is dropped.
	pub fn read<R>(&self, read: impl FnOnce() -> R) -> R {
		BasicExternalities::new(self.storage.clone()).execute_with(read)
	}
}

/// The genesis of the development preset with another slot and epoch length, and with the least
/// stake of one unit, so that a case keeps its stakes as they are.
fn genesis(settings: &Settings) -> anyhow::Result<Value> {
	let default = get_preset::<RuntimeGenesisConfig>(&None, |_| None)
		.context("the runtime has no default genesis")?;
	let mut genesis: Value = serde_json::from_slice(&default)?;
	let preset = genesis_config_presets::patch("development")
		.context("the runtime has no preset `development`: adapt bench-chain to its new name")?;
	json_merge(&mut genesis, preset);
	json_merge(
		&mut genesis,
		json!({
			"slots": { "slotDuration": settings.slot_duration },
			"emission": {
				"parameters": { "epochLength": settings.epoch_length, "minStake": 1 },
			},
		}),
	);
	Ok(genesis)
}

/// Registers, stakes and posts for every component.
fn fill(case: &Case, signers: &[Keypair]) -> anyhow::Result<()> {
	let deposit = pallet_emission::EmissionParameters::<Runtime>::get().registration_deposit;
	let mut owners = Vec::with_capacity(case.components());
	for (uid, &stake) in case.stakes.iter().enumerate() {
		let (owner, purse) = match signers.get(uid) {
			Some(keypair) => (account(keypair), PURSE),
			None => (unsigned_owner(uid), 2 * EXISTENTIAL_DEPOSIT),
		};
		let balance = stake
			.checked_add(deposit)
			.and_then(|sum| sum.checked_add(purse))
			.with_context(|| format!("the stake of component {uid} does not fit a balance"))?;
		Balances::mint_into(&owner, balance).map_err(|error| {
			anyhow!("no {balance} units for the owner of component {uid}: {error:?}")
		})?;
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
		let row = post(targets.iter().copied().map(u32::from).zip(shares.iter().copied()))?;
		dispatch(owner, row).with_context(|| format!("component {uid} does not post"))?;
	}
	// At block 0 the runtime stores no events; should that change, the node must not inherit them.
	System::reset_events();
	ensure!(System::block_number() == 0, "a call moved the block number");
	Ok(())
}

/// The call that posts this row.
pub fn post(
	edges: impl Iterator<Item = (u32, u16)>,
) -> anyhow::Result<pallet_emission::Call<Runtime>> {
	let edges = edges.map(|(target, share)| Edge { target, share });
	let row = PostedRow::try_from(edges.collect::<Vec<_>>())
		.map_err(|edges| anyhow!("a row of {} edges does not fit a call", edges.len()))?;
	Ok(pallet_emission::Call::post_row { row })
}

fn dispatch(owner: &AccountId, call: pallet_emission::Call<Runtime>) -> anyhow::Result<()> {
	RuntimeCall::Emission(call)
		.dispatch(RuntimeOrigin::signed(owner.clone()))
		.map(|_| ())
		.map_err(|error| anyhow!("{:?}", error.error))
}
