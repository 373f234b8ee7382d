//! Signatures over the hash of the metadata, which wallets make that show what they sign.
//!
//! Only a build for deployment has the hash: it takes two builds of the runtime. `make production` and
//! `make reproduce` run the ignored test on the WebAssembly that they have built.

use crate::{
	chain::{build, preset, sign, sign_with, start_of, time_of},
	governance::submit,
};
use bittensor_runtime::{
	Hash, Runtime, RuntimeCall, UncheckedExtrinsic, SS58_PREFIX, TOKEN_DECIMALS, TOKEN_SYMBOL,
	UNIT, VERSION,
};
use codec::{Decode, Encode};
use frame_metadata::RuntimeMetadataPrefixed;
use frame_metadata_hash_extension::CheckMetadataHash;
use merkleized_metadata::{generate_metadata_digest, ExtraInfo};
use sc_executor::WasmExecutor;
use sp_core::{
	traits::{CallContext, CodeExecutor, RuntimeCode, WrappedRuntimeCode},
	OpaqueMetadata,
};
use sp_io::{SubstrateHostFunctions, TestExternalities};
use sp_keyring::Sr25519Keyring::{Alice, Bob};
use sp_runtime::{
	transaction_validity::{
		InvalidTransaction, TransactionSource, TransactionValidity, UnknownTransaction,
	},
	ApplyExtrinsicResult,
};

/// The hash of this metadata of version 15, as a wallet computes it.
fn hash_of(metadata: &OpaqueMetadata) -> [u8; 32] {
	let metadata = RuntimeMetadataPrefixed::decode(&mut &metadata[..]).expect("metadata");
	let extra_info = ExtraInfo {
		spec_version: VERSION.spec_version,
		spec_name: VERSION.spec_name.to_string(),
		base58_prefix: SS58_PREFIX,
		decimals: TOKEN_DECIMALS as u8,
		token_symbol: TOKEN_SYMBOL.into(),
	};
	generate_metadata_digest(&metadata.1, extra_info).expect("it covers all types").hash()
}

fn native_hash() -> [u8; 32] {
	hash_of(&Runtime::metadata_at_version(15).expect("version 15"))
}

fn transfer() -> RuntimeCall {
	let dest = Bob.to_account_id().into();
	RuntimeCall::Balances(pallet_balances::Call::transfer_keep_alive { dest, value: UNIT })
}

/// A transfer with the next nonce of Alice, signed over this hash.
fn over(hash: [u8; 32], nonce: u32) -> UncheckedExtrinsic {
	let check = CheckMetadataHash::new_with_custom_hash(hash);
	sign_with(Alice, nonce, transfer(), check).expect("the hash is given")
}

#[test]
fn the_build_script_names_the_token_of_the_runtime() {
	let names = format!("enable_metadata_hash(\"{TOKEN_SYMBOL}\", {TOKEN_DECIMALS})");
	assert!(include_str!("../../build.rs").contains(&names), "runtime/build.rs: no {names}");
}

#[test]
fn a_build_without_the_hash_refuses_only_what_is_signed_over_it() {
	preset("development").execute_with(|| {
		let (_, results) = build(1, vec![over(native_hash(), 0), sign(Alice, 0, transfer())]);
		assert_eq!(results, [Err(UnknownTransaction::CannotLookup.into()), Ok(Ok(()))]);
	});
	// The one above is refused for the hash alone: without it, the same call is made.
	preset("development").execute_with(|| assert_eq!(submit(Alice, transfer()).0, Ok(())));
}

/// A runtime as WebAssembly.
struct Wasm {
	executor: WasmExecutor<SubstrateHostFunctions>,
	code: Vec<u8>,
}

impl Wasm {
	/// The answer of a runtime API.
	fn call<R: Decode>(&self, state: &mut TestExternalities, name: &str, input: &[u8]) -> R {
		let code = RuntimeCode {
			code_fetcher: &WrappedRuntimeCode(self.code.as_slice().into()),
			heap_pages: None,
			hash: vec![0],
		};
		let context = CallContext::Onchain { import: false };
		let (answer, _) = self.executor.call(&mut state.ext(), &code, name, input, context);
		R::decode(&mut &answer.expect(name)[..]).expect(name)
	}

	/// What the pool of a node asks, after the first block. The call changes the state, which a node drops.
	fn validate(&self, it: &UncheckedExtrinsic) -> TransactionValidity {
		let mut state = preset("development");
		let genesis: Hash = state.execute_with(|| frame_system::Pallet::<Runtime>::block_hash(0));
		let input = (TransactionSource::External, it, genesis).encode();
		self.call(&mut state, "TaggedTransactionQueue_validate_transaction", &input)
	}
}

#[test]
#[ignore = "takes a runtime with the hash: `make production` and `make reproduce` run it"]
fn a_build_for_deployment_accepts_what_is_signed_over_its_hash_and_no_other() {
	let path = std::env::var("RUNTIME").expect("RUNTIME is the path of a runtime");
	let code = std::fs::read(&path).expect(&path);
	let wasm = Wasm { executor: WasmExecutor::builder().build(), code };
	let mut state = preset("development");

	let metadata: Option<OpaqueMetadata> =
		wasm.call(&mut state, "Metadata_metadata_at_version", &15u32.encode());
	let hash = hash_of(&metadata.expect("version 15"));
	assert_eq!(hash, state.execute_with(native_hash), "{path} is of other sources than this test");
	println!("metadata    0x{}", sp_core::hexdisplay::HexDisplay::from(&hash));
	let mut other = hash;
	other[31] ^= 1;
	let (right, wrong, none) =
		state.execute_with(|| (over(hash, 0), over(other, 0), sign(Alice, 1, transfer())));

	// The pool of a node.
	let bad_proof = InvalidTransaction::BadProof;
	assert_eq!(wasm.validate(&wrong), Err(bad_proof.into()));
	wasm.validate(&right).expect("the hash is right");
	wasm.validate(&none).expect("without the hash");

	// A block.
	let (start, time) = state.execute_with(|| (start_of(1), time_of(1)));
	let mode: u8 = wasm.call(&mut state, "Core_initialize_block", &start.encode());
	assert_eq!(mode, 0, "all extrinsics");
	let mut apply = |it: &UncheckedExtrinsic| -> ApplyExtrinsicResult {
		wasm.call(&mut state, "BlockBuilder_apply_extrinsic", &it.encode())
	};
	assert_eq!(apply(&time), Ok(Ok(())));
	assert_eq!(apply(&wrong), Err(bad_proof.into()));
	assert_eq!(apply(&right), Ok(Ok(())));
	assert_eq!(apply(&none), Ok(Ok(())));
}
