//! A chain in memory: genesis from a preset, blocks with signed extrinsics.

use bittensor_runtime::{
	opaque, AccountId, Balance, Block, BlockNumber, Executive, Hash, Header, Nonce, Runtime,
	RuntimeCall, RuntimeEvent, SignedPayload, System, TxExtension, UncheckedExtrinsic,
};
use codec::Encode;
use frame_metadata_hash_extension::CheckMetadataHash;
use frame_support::traits::Get;
use sc_chain_spec::json_merge;
use serde_json::Value;
use sp_consensus_aura::{Slot, AURA_ENGINE_ID};
use sp_genesis_builder::{
	runtime_decl_for_genesis_builder::GenesisBuilderV1 as GenesisBuilder, PresetId,
};
use sp_io::TestExternalities;
use sp_keyring::Sr25519Keyring;
use sp_runtime::{
	generic::Era, traits::Header as _, transaction_validity::TransactionValidityError,
	ApplyExtrinsicResult, Digest, DigestItem,
};

/// The full genesis of a preset: the default genesis with the values of the preset, as in a node.
pub(crate) fn genesis_json(preset: Option<&str>) -> Value {
	let read = |id: &Option<PresetId>| -> Value {
		let json = <Runtime as GenesisBuilder<Block>>::get_preset(id).expect("the preset is known");
		serde_json::from_slice(&json).expect("a preset is JSON")
	};
	let mut genesis = read(&None);
	if let Some(preset) = preset {
		json_merge(&mut genesis, read(&Some(preset.into())));
	}
	genesis
}

/// The state after this genesis, or its error.
pub(crate) fn state_of(genesis: &Value) -> Result<TestExternalities, String> {
	let mut state = TestExternalities::default();
	let json = serde_json::to_vec(genesis).expect("JSON is serialised");
	state.execute_with(|| <Runtime as GenesisBuilder<Block>>::build_state(json))?;
	Ok(state)
}

/// The state of a preset at genesis.
pub(crate) fn preset(name: &str) -> TestExternalities {
	state_of(&genesis_json(Some(name))).expect("the preset builds its state")
}

/// The genesis hash, which every signature covers.
fn genesis_hash() -> Hash {
	System::block_hash(0)
}

/// A call signed by `who`, with the extensions that a wallet adds.
pub(crate) fn sign(who: Sr25519Keyring, nonce: Nonce, call: RuntimeCall) -> UncheckedExtrinsic {
	sign_with(who, nonce, call, CheckMetadataHash::new(false)).expect("nothing is missing to sign")
}

/// As [`sign`], by a wallet that puts this hash of the metadata under the signature, or none.
pub(crate) fn sign_with(
	who: Sr25519Keyring,
	nonce: Nonce,
	call: RuntimeCall,
	hash: CheckMetadataHash<Runtime>,
) -> Result<UncheckedExtrinsic, TransactionValidityError> {
	sign_all(who, nonce, call, 0, hash)
}

/// As [`sign`], with a tip in units.
pub(crate) fn sign_with_tip(
	who: Sr25519Keyring,
	nonce: Nonce,
	call: RuntimeCall,
	tip: Balance,
) -> UncheckedExtrinsic {
	let signed = sign_all(who, nonce, call, tip, CheckMetadataHash::new(false));
	signed.expect("nothing is missing to sign")
}

fn sign_all(
	who: Sr25519Keyring,
	nonce: Nonce,
	call: RuntimeCall,
	tip: Balance,
	hash: CheckMetadataHash<Runtime>,
) -> Result<UncheckedExtrinsic, TransactionValidityError> {
	let extension: TxExtension = (
		frame_system::CheckNonZeroSender::new(),
		frame_system::CheckSpecVersion::new(),
		frame_system::CheckTxVersion::new(),
		frame_system::CheckGenesis::new(),
		frame_system::CheckEra::from(Era::Immortal),
		frame_system::CheckNonce::from(nonce),
		frame_system::CheckWeight::new(),
		pallet_transaction_payment::ChargeTransactionPayment::from(tip),
		hash,
		frame_system::WeightReclaim::new(),
	);
	let payload = SignedPayload::new(call, extension)?;
	let signature = payload.using_encoded(|bytes| who.sign(bytes));
	let (call, extension, _) = payload.deconstruct();
	let account = AccountId::from(who.to_raw_public());
	Ok(UncheckedExtrinsic::new_signed(call, account.into(), signature.into(), extension))
}

/// Authors block `number` on the current state: inherents, then these extrinsics. Returns the result of
/// each extrinsic, and the events of the block.
pub(crate) fn author(
	number: BlockNumber,
	extrinsics: Vec<UncheckedExtrinsic>,
) -> (Vec<ApplyExtrinsicResult>, Vec<RuntimeEvent>) {
	let (header, results) = build(number, extrinsics);
	succeed(&header);
	(results, System::events().into_iter().map(|record| record.event).collect())
}

/// The time that block `number` states, as an extrinsic.
pub(crate) fn time_of(number: BlockNumber) -> UncheckedExtrinsic {
	let call = pallet_timestamp::Call::set { now: milliseconds(number) };
	UncheckedExtrinsic::new_bare(RuntimeCall::Timestamp(call))
}

fn milliseconds(number: BlockNumber) -> u64 {
	1_800_000_000_000 + u64::from(number) * bittensor_runtime::slots::Length::get()
}

/// The header with which block `number` starts.
pub(crate) fn start_of(number: BlockNumber) -> Header {
	let slot = Slot::from(milliseconds(number) / bittensor_runtime::slots::Length::get());
	let parent = if number == 1 { genesis_hash() } else { parent_hash() };
	let digest = Digest { logs: vec![DigestItem::PreRuntime(AURA_ENGINE_ID, slot.encode())] };
	Header::new(number, Default::default(), Default::default(), parent, digest)
}

/// Executes block `number` as its author does. Returns its header, and the result of each extrinsic.
pub(crate) fn build(
	number: BlockNumber,
	extrinsics: Vec<UncheckedExtrinsic>,
) -> (Header, Vec<ApplyExtrinsicResult>) {
	Executive::initialize_block(&start_of(number));
	Executive::apply_extrinsic(time_of(number)).expect("the time is valid").expect("it is set");
	let results = extrinsics.into_iter().map(Executive::apply_extrinsic).collect();
	(Executive::finalize_block(), results)
}

/// The next block follows the one with this header.
pub(crate) fn succeed(header: &opaque::Header) {
	frame_support::storage::unhashed::put(PARENT, &header.hash());
}

/// Key under which the test stores the hash of the last block, until the next block stores it.
const PARENT: &[u8] = b":test:parent";

fn parent_hash() -> Hash {
	frame_support::storage::unhashed::get(PARENT).expect("block 1 was authored first")
}

/// The weight of the last block divided by the maximum weight of a block.
pub(crate) fn fullness() -> f64 {
	let used = frame_system::BlockWeight::<Runtime>::get().total().ref_time();
	let most = <Runtime as frame_system::Config>::BlockWeights::get().max_block.ref_time();
	used as f64 / most as f64
}
