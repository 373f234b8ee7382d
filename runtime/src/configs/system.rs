//! Blocks, accounts and extrinsics: System, and the slot length.

use crate::{
	slots, AccountId, Balance, Block, BlockNumber, Hash, Migrations, Nonce, PalletInfo, Runtime,
	RuntimeCall, RuntimeEvent, RuntimeOrigin, RuntimeTask, SS58_PREFIX, VERSION,
};
use frame_support::{
	derive_impl, dispatch::DispatchClass, parameter_types, traits::ConstU16,
	weights::constants::ParityDbWeight,
};
use frame_system::limits::BlockLength;
use sp_runtime::Perbill;
use sp_version::RuntimeVersion;

/// Maximum size of all extrinsics of a block, in bytes.
const MAX_BLOCK_LENGTH: u32 = 5 * 1024 * 1024;

parameter_types! {
	/// Number of recent block hashes in the state. It bounds the lifetime of a mortal extrinsic:
	/// 40 minutes with slots of 1 s, four hours with slots of 6 s.
	pub const BlockHashCount: BlockNumber = 2_400;
	/// Name and version of the runtime.
	pub const Version: RuntimeVersion = VERSION;
	/// Limits on the size of a block: normal extrinsics may use three quarters.
	pub RuntimeBlockLength: BlockLength = BlockLength::builder()
		.max_length(MAX_BLOCK_LENGTH)
		.modify_max_length_for_class(DispatchClass::Normal, |max| {
			*max = Perbill::from_percent(75) * *max;
		})
		.build();
}

#[derive_impl(frame_system::config_preludes::SolochainDefaultConfig)]
impl frame_system::Config for Runtime {
	type AccountData = pallet_balances::AccountData<Balance>;
	type AccountId = AccountId;
	type BaseCallFilter = super::governance::CallFilter;
	type Block = Block;
	type BlockHashCount = BlockHashCount;
	type BlockLength = RuntimeBlockLength;
	type BlockWeights = slots::BlockWeights;
	type DbWeight = ParityDbWeight;
	type ExtensionsWeightInfo = frame_system::SubstrateExtensionsWeight<Runtime>;
	type Hash = Hash;
	type MultiBlockMigrator = Migrations;
	type Nonce = Nonce;
	type SS58Prefix = ConstU16<SS58_PREFIX>;
	type SystemWeightInfo = frame_system::weights::SubstrateWeight<Runtime>;
	type Version = Version;
}

impl slots::Config for Runtime {}
