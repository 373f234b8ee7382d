//! Signatures over the hash of the metadata, which wallets make that show what they sign.
//!
//! Only a build for deployment has the hash, as it takes two builds of the runtime (`make production`).

use crate::{
	chain::{build, preset, sign, sign_with},
	governance::submit,
};
use bittensor_runtime::{
	Runtime, RuntimeCall, UncheckedExtrinsic, SS58_PREFIX, TOKEN_DECIMALS, TOKEN_SYMBOL, UNIT,
	VERSION,
};
use codec::Decode;
use frame_metadata::RuntimeMetadataPrefixed;
use frame_metadata_hash_extension::CheckMetadataHash;
use merkleized_metadata::{generate_metadata_digest, ExtraInfo};
use sp_core::OpaqueMetadata;
use sp_keyring::Sr25519Keyring::{Alice, Bob};
use sp_runtime::transaction_validity::UnknownTransaction;

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
