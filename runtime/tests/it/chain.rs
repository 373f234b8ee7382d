//! A chain in memory: genesis from a preset, blocks with signed extrinsics.

use bittensor_runtime::{
	opaque, AccountId, Block, BlockNumber, Executive, Hash, Header, Nonce, Runtime, RuntimeCall,
	RuntimeEvent, SignedPayload, System, TxExtension, UncheckedExtrinsic,
};
use codec::Encode;
use frame_support::traits::Get;
use sc_chain_spec::json_merge;
use serde_json::Value;
use sp_consensus_aura::{Slot, AURA_ENGINE_ID};
use sp_genesis_builder::{
	runtime_decl_for_genesis_builder::GenesisBuilderV1 as GenesisBuilder, PresetId,
};
use sp_io::TestExternalities;
use sp_keyring::Sr25519Keyring;
use sp_runtime::{generic::Era, traits::Header as _, ApplyExtrinsicResult, Digest, DigestItem};

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
	let extension: TxExtension = (
		frame_system::CheckNonZeroSender::new(),
		frame_system::CheckSpecVersion::new(),
		frame_system::CheckTxVersion::new(),
		frame_system::CheckGenesis::new(),
		frame_system::CheckEra::from(Era::Immortal),
		frame_system::CheckNonce::from(nonce),
		frame_system::CheckWeight::new(),
		pallet_transaction_payment::ChargeTransactionPayment::from(0),
		frame_metadata_hash_extension::CheckMetadataHash::new(false),
		frame_system::WeightReclaim::new(),
	);
	let payload = SignedPayload::new(call, extension).expect("nothing is missing to sign");
	let signature = payload.using_encoded(|bytes| who.sign(bytes));
	let (call, extension, _) = payload.deconstruct();
	UncheckedExtrinsic::new_signed(
		call,
		AccountId::from(who.to_raw_public()).into(),
		signature.into(),
		extension,
	)
}

/// Authors block `number` on the current state: inherents, then these extrinsics. Returns the result of
/// each extrinsic, and the events of the block.
pub(crate) fn author(
	number: BlockNumber,
	extrinsics: Vec<UncheckedExtrinsic>,
) -> (Vec<ApplyExtrinsicResult>, Vec<RuntimeEvent>) {
	let slot_duration = bittensor_runtime::slots::Length::get();
	let now = 1_800_000_000_000 + u64::from(number) * slot_duration;
	let slot = Slot::from(now / slot_duration);
	let parent = if number == 1 { genesis_hash() } else { parent_hash() };
	let header = Header::new(
		number,
		Default::default(),
		Default::default(),
		parent,
		Digest { logs: vec![DigestItem::PreRuntime(AURA_ENGINE_ID, slot.encode())] },
	);
	Executive::initialize_block(&header);
	let time = RuntimeCall::Timestamp(pallet_timestamp::Call::set { now });
	Executive::apply_extrinsic(UncheckedExtrinsic::new_bare(time))
		.expect("the time is valid")
		.expect("the time is set");
	let results = extrinsics.into_iter().map(Executive::apply_extrinsic).collect();
	let header: opaque::Header = Executive::finalize_block();
	frame_support::storage::unhashed::put(PARENT, &header.hash());
	(results, System::events().into_iter().map(|record| record.event).collect())
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
