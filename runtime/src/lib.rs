//! The runtime: the rules of the chain, compiled to WebAssembly and run by every node.
//!
//! ```text
//!             inherents             signed extrinsics             on_poll: the rest of
//!          ┌─────────────┐   ┌───────────────────────────────┐   the block, at most 25 %
//!          │ Timestamp   │   │ Balances   Utility   Proxy    │   ┌───────────────────────┐
//!   block ─┤             ├───┤ Emission: register, stake,    ├───┤ Emission: Merge→Begin │─▶
//!          │  └▶ Aura    │   │   post_row, set_edge, …  Sudo │   │      →Sweep→Emit      │
//!          └─────┬───────┘   └───────────────┬───────────────┘   └───────────┬───────────┘
//!                │                           │ fees                          │ minted stake
//!          Slots: slot length       TransactionPayment                   Balances
//!          ValidatorSet: count slots,           │ to the author
//!             end of session ──▶ Session ──▶ Aura, Grandpa: who authors and votes
//! ```
//!
//! | module | content |
//! |---|---|
//! | this file | types, version, and the list of pallets with their indices |
//! | [`configs`] | configuration of the pallets, by subject |
//! | [`weights`] | weights of calls and steps, measured |
//! | [`slots`] | the slot length, set at genesis, and the block limits derived from it |
//! | [`apis`] | runtime APIs, called by nodes and clients |
//! | `metadata` | the metadata file that the tests of the client read |
//! | [`genesis`] | checks of a genesis |
//! | [`genesis_config_presets`] | the chains `development`, `local_testnet` and `testnet` |
//! | [`governance`] | the calls that the technical committee makes as Root |
//!
//! Invariants:
//! - Genesis sets the slot length and the emission. No call changes them: not of Root, other than by writing
//!   to the storage, and not of the technical committee, other than by a new runtime.
//! - A block takes at most a third of its slot ([`slots::BlockWeights`]).
//! - [`TxExtension`] lists only extensions that common wallets know, in their order and with their
//!   names. A wallet cannot sign with an extension that it does not know.

#![cfg_attr(not(feature = "std"), no_std)]
// `frame_support::runtime` generates items without documentation in the crate root. The modules below
// require documentation.
#![allow(missing_docs)]
// `frame_support::runtime` and `impl_runtime_apis` expand deeper than the default limit.
#![recursion_limit = "256"]

extern crate alloc;

/// This runtime compiled to WebAssembly by the build script.
#[cfg(feature = "std")]
mod wasm {
	include!(concat!(env!("OUT_DIR"), "/wasm_binary.rs"));
}
#[cfg(feature = "std")]
pub use wasm::*;

pub mod apis;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarks {
	frame_benchmarking::define_benchmarks!(
		[pallet_emission, Emission]
		[pallet_validator_set, ValidatorSet]
	);
}
#[deny(missing_docs)]
pub mod configs;
#[deny(missing_docs)]
pub mod genesis;
#[deny(missing_docs)]
pub mod genesis_config_presets;
#[deny(missing_docs)]
pub mod governance;
#[cfg(feature = "std")]
#[deny(missing_docs)]
pub mod metadata;
#[cfg(feature = "next-version")]
#[deny(missing_docs)]
pub mod next_version;
#[deny(missing_docs)]
pub mod slots;
#[deny(missing_docs)]
pub mod weights;

use alloc::{borrow::Cow, vec::Vec};
use sp_runtime::{
	generic,
	traits::{BlakeTwo256, IdentifyAccount, Verify},
	MultiAddress, MultiSignature,
};
use sp_version::RuntimeVersion;

/// Types of the node, which stores and forwards extrinsics as opaque bytes.
pub mod opaque {
	use super::{generic, BlakeTwo256};
	pub use sp_runtime::OpaqueExtrinsic as UncheckedExtrinsic;

	/// Header of a block.
	pub type Header = generic::Header<super::BlockNumber, BlakeTwo256>;
	/// Block whose extrinsics are bytes.
	pub type Block = generic::Block<Header, UncheckedExtrinsic>;
	/// Hash of a block.
	pub type Hash = super::Hash;
}

sp_runtime::impl_opaque_keys! {
	/// The keys of one validator.
	pub struct SessionKeys {
		/// Signs blocks (sr25519).
		pub aura: Aura,
		/// Signs votes for finality (ed25519).
		pub grandpa: Grandpa,
	}
}

/// Writes the version of the runtime with this `spec_version`: the attribute takes only a literal.
macro_rules! version {
	($spec_version:tt) => {
		/// Name and version of the runtime. `spec_version` increases with every change of the rules,
		/// `transaction_version` with every change of the encoding of a call or an extension.
		#[sp_version::runtime_version]
		pub const VERSION: RuntimeVersion = RuntimeVersion {
			spec_name: Cow::Borrowed("bittensor"),
			impl_name: Cow::Borrowed("bittensor"),
			authoring_version: 1,
			spec_version: $spec_version,
			impl_version: 1,
			apis: apis::RUNTIME_API_VERSIONS,
			transaction_version: 2,
			system_version: 1,
		};
	};
}

#[cfg(not(feature = "next-version"))]
version!(3);
// What the test of an upgrade upgrades to.
#[cfg(feature = "next-version")]
version!(4);

/// Units per BIT, the token: nine decimals.
pub const UNIT: Balance = bittensor_emission::UNIT;
/// Units per thousandth of a BIT.
pub const MILLI: Balance = UNIT / 1_000;
/// Minimum balance of an account, in units. An account below it is removed.
pub const EXISTENTIAL_DEPOSIT: Balance = MILLI;
/// SS58 address prefix: the generic Substrate prefix.
pub const SS58_PREFIX: u16 = 42;
/// Symbol of the token in user interfaces.
pub const TOKEN_SYMBOL: &str = "BIT";
/// Decimals of the token: 10^9 units are 1 BIT.
pub const TOKEN_DECIMALS: u32 = 9;

/// Signature of an extrinsic: sr25519, ed25519 or ECDSA.
pub type Signature = MultiSignature;
/// Account: the public key of the signer, or its hash.
pub type AccountId = <<Signature as Verify>::Signer as IdentifyAccount>::AccountId;
/// An amount of tokens in units (10^-9 BIT).
pub type Balance = u64;
/// Number of extrinsics that an account has signed.
pub type Nonce = u32;
/// Hash of a block, of an extrinsic or of stored data: BLAKE2b-256.
pub type Hash = sp_core::H256;
/// Number of a block.
pub type BlockNumber = u32;
/// The form in which an extrinsic names an account.
pub type Address = MultiAddress<AccountId, ()>;
/// Header of a block.
pub type Header = generic::Header<BlockNumber, BlakeTwo256>;
/// Block whose extrinsics are decoded.
pub type Block = generic::Block<Header, UncheckedExtrinsic>;
/// Extrinsic before verification.
pub type UncheckedExtrinsic =
	generic::UncheckedExtrinsic<Address, RuntimeCall, Signature, TxExtension>;
/// The signed data: the call with its extensions.
pub type SignedPayload = generic::SignedPayload<RuntimeCall, TxExtension>;

/// The checks and charges of every signed extrinsic, in this order.
pub type TxExtension = (
	frame_system::CheckNonZeroSender<Runtime>,
	frame_system::CheckSpecVersion<Runtime>,
	frame_system::CheckTxVersion<Runtime>,
	frame_system::CheckGenesis<Runtime>,
	frame_system::CheckEra<Runtime>,
	frame_system::CheckNonce<Runtime>,
	frame_system::CheckWeight<Runtime>,
	pallet_transaction_payment::ChargeTransactionPayment<Runtime>,
	frame_metadata_hash_extension::CheckMetadataHash<Runtime>,
	frame_system::WeightReclaim<Runtime>,
);

/// Applies blocks: dispatches inherents, extrinsics and hooks to the pallets.
pub type Executive = frame_executive::Executive<
	Runtime,
	Block,
	frame_system::ChainContext<Runtime>,
	Runtime,
	AllPalletsWithSystem,
>;

// An index is part of every encoded call, so it never changes. The gaps leave room for more pallets of
// the same subject. Pallets run and build their genesis in the order of their indices:
// - Timestamp before Aura, because it passes the time to Aura.
// - Authorship before ValidatorSet, which may replace the set that names the author of the block.
// - Balances before Session, whose genesis takes references to accounts; ValidatorSet before Session,
//   which asks it for the first set; both before Emission, whose unbonding must outlast their reports.
//
// The list is in the crate root, because the path of the generated types is part of the metadata:
// Python clients look for `*::RuntimeCall` and `*::RuntimeEvent` with one segment before the name.
#[frame_support::runtime]
mod runtime {
	#[runtime::runtime]
	#[runtime::derive(
		RuntimeCall,
		RuntimeEvent,
		RuntimeError,
		RuntimeOrigin,
		RuntimeFreezeReason,
		RuntimeHoldReason,
		RuntimeSlashReason,
		RuntimeLockId,
		RuntimeTask,
		RuntimeViewFunction
	)]
	pub struct Runtime;

	#[runtime::pallet_index(0)]
	pub type System = frame_system;

	#[runtime::pallet_index(1)]
	pub type Slots = crate::slots;

	#[runtime::pallet_index(2)]
	pub type Timestamp = pallet_timestamp;

	#[runtime::pallet_index(3)]
	pub type Aura = pallet_aura;

	#[runtime::pallet_index(4)]
	pub type Grandpa = pallet_grandpa;

	#[runtime::pallet_index(5)]
	pub type Authorship = pallet_authorship;

	#[runtime::pallet_index(10)]
	pub type Balances = pallet_balances;

	#[runtime::pallet_index(11)]
	pub type TransactionPayment = pallet_transaction_payment;

	#[runtime::pallet_index(12)]
	pub type ValidatorSet = pallet_validator_set;

	#[runtime::pallet_index(13)]
	pub type Session = pallet_session;

	#[runtime::pallet_index(15)]
	pub type Offences = pallet_offences;

	#[runtime::pallet_index(20)]
	pub type Utility = pallet_utility;

	#[runtime::pallet_index(21)]
	pub type Proxy = pallet_proxy;

	#[runtime::pallet_index(22)]
	pub type Sudo = pallet_sudo;

	#[runtime::pallet_index(30)]
	pub type Emission = pallet_emission;

	#[runtime::pallet_index(40)]
	pub type TechnicalCommittee = pallet_collective;

	#[runtime::pallet_index(41)]
	pub type Governance = crate::governance;

	#[runtime::pallet_index(42)]
	pub type Scheduler = pallet_scheduler;

	#[runtime::pallet_index(43)]
	pub type Preimage = pallet_preimage;

	#[runtime::pallet_index(44)]
	pub type TxPause = pallet_tx_pause;

	#[runtime::pallet_index(45)]
	pub type Migrations = pallet_migrations;
}
