//! Runtime API of the set of validators: who validates, who wants to, and the status of an account.
//!
//! In polkadot-js apps: Developer > Runtime calls > `ValidatorSetApi`. The results are the views of
//! [`bittensor_emission`].

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

use alloc::vec::Vec;
use bittensor_emission::{CandidateInfo, ValidatorInfo, ValidatorStatus};
use codec::Codec;

sp_api::decl_runtime_apis! {
	/// Read the validators, the candidates, and the status of an account.
	pub trait ValidatorSetApi<AccountId, BlockNumber>
	where
		AccountId: Codec,
		BlockNumber: Codec,
	{
		/// List the validators of the running session.
		fn validators() -> Vec<ValidatorInfo<AccountId>>;

		/// List the candidates, the largest stakes first.
		fn candidates() -> Vec<CandidateInfo<AccountId>>;

		/// Get what an account lacks to validate, and since when or until when.
		fn status(account: AccountId) -> ValidatorStatus<BlockNumber>;
	}
}
