//! Submitting a call.
//!
//! ```text
//!   nonce (pool) ─► mortal era ─► sign ─► pool ─► in a best block ─► did it succeed?
//!        ▲                                  │
//!        └──── up to 4 times ───────────────┘ not taken
//! ```
//!
//! A call is signed again only if the pool did not take it, so that it has its effect once. After a
//! lost connection nobody knows whether it did.

use crate::{
	connect::{block_number, At, Key, SubxtChain},
	funds, rpc_params, Call, ChainError, Hash, Head,
};
use backon::{ExponentialBuilder, Retryable};
use serde::Deserialize;
use std::time::Duration;
use subxt::{
	config::DefaultExtrinsicParamsBuilder,
	error::{
		BackendError, DispatchError, ExtrinsicError, RpcError, TransactionEventsError,
		TransactionProgressError,
	},
	tx::{Signer, TransactionStatus},
};

/// A call that is in no block by then is an error.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Blocks for which a signed call stays valid.
const MORTALITY: u64 = 64;
/// Blocks that finality may be behind before eras are anchored in the best block instead.
const FINALITY_LAG: u32 = MORTALITY as u32 / 8;
/// How often a call that the pool did not take is signed again.
const RETRIES: usize = 3;

/// Whether a call may have had an effect although submitting it failed.
enum Failure {
	/// No: it is not in the pool.
	NotTaken(ChainError),
	/// It was refused for good, or may be in a block.
	Final(ChainError),
}

impl SubxtChain {
	pub(crate) async fn submit_call(&self, call: &Call) -> Result<Head, ChainError> {
		let Some(key) = &self.key else {
			return Err(ChainError::rejected(call, "no key was given to sign with"));
		};
		let _one = self.submitting.lock().await;
		let pauses = ExponentialBuilder::new()
			.with_min_delay(Duration::from_millis(500))
			.with_max_times(RETRIES);
		let submitted = (|| self.submit_once(call, key))
			.retry(pauses)
			.when(|failure| matches!(failure, Failure::NotTaken(_)))
			.notify(|failure, _| {
				if let Failure::NotTaken(error) = failure {
					tracing::debug!("`{}` is signed again: {error}", call.name().as_str());
				}
			});
		match tokio::time::timeout(TIMEOUT, submitted).await {
			Ok(Ok(head)) => Ok(head),
			Ok(Err(Failure::NotTaken(error) | Failure::Final(error))) => Err(error),
			Err(_) => Err(ChainError::NotIncluded {
				call: call.name().as_str(),
				seconds: TIMEOUT.as_secs(),
			}),
		}
	}

	/// Hands a signed extrinsic, as [`Offline`](crate::Offline) gives it, to the pool of the node.
	/// Returns its hash and does not wait until it is in a block.
	///
	/// # Errors
	/// [`ChainError::Unreachable`] if no node answers; [`ChainError::Other`] if the pool refused it,
	/// with its reason.
	pub async fn submit_signed(&self, extrinsic: &[u8]) -> Result<Hash, ChainError> {
		let link = &self.link;
		let hash = link.timed(async {
			let hash = link.rpc.author_submit_extrinsic(extrinsic).await;
			hash.map_err(|error| link.rpc_error(error))
		});
		Ok(hash.await?.0)
	}

	async fn submit_once(&self, call: &Call, key: &Key) -> Result<Head, Failure> {
		let link = &self.link;
		let nonce = link
			.rpc
			.system_account_next_index(&key.account_id())
			.await
			.map_err(|error| Failure::NotTaken(link.rpc_error(error)))?;
		let at = self.anchor().await.map_err(Failure::NotTaken)?;
		let params = DefaultExtrinsicParamsBuilder::new().mortal(MORTALITY).nonce(nonce).build();
		let signed = at.transactions().create_signed(call, key, params).await;
		let signed = signed.map_err(|error| match error {
			ExtrinsicError::AccountNonceError { .. } => {
				Failure::NotTaken(ChainError::rejected(call, error))
			}
			error => Failure::Final(unfit(call, error)),
		})?;

		// A refusal here means that the call is not in the pool: it can be signed again.
		let mut progress = match signed.submit_and_watch().await {
			Ok(progress) => progress,
			Err(ExtrinsicError::ErrorSubmittingTransaction(error)) if !is_answer(&error) => {
				return Err(Failure::Final(self.lost(call, &error)))
			}
			// Without funds for the fee it would be refused each time.
			Err(error) => match funds::check(self, key.account_id().0, call).await {
				Err(unfunded @ ChainError::Unfunded { .. }) => {
					return Err(Failure::Final(unfunded))
				}
				_ => return Err(Failure::NotTaken(ChainError::rejected(call, error))),
			},
		};
		let unknown = |reason: String| Failure::Final(ChainError::rejected(call, reason));
		while let Some(status) = progress.next().await {
			let status = status.map_err(|error| match error {
				TransactionProgressError::CannotGetNextProgressUpdate(error) => {
					Failure::Final(self.lost(call, &error))
				}
				error => unknown(error.to_string()),
			})?;
			let included = match status {
				TransactionStatus::InBestBlock(block)
				| TransactionStatus::InFinalizedBlock(block) => block,
				TransactionStatus::Error { message }
				| TransactionStatus::Invalid { message }
				| TransactionStatus::Dropped { message } => return Err(unknown(message)),
				_ => continue,
			};
			let hash = included.block_hash();
			return match included.wait_for_success().await {
				Ok(_) => link.head_of(hash).await.map_err(Failure::Final),
				Err(TransactionEventsError::ExtrinsicFailed(error)) => {
					Err(Failure::Final(dispatch_error(call, &error)))
				}
				Err(error) => Err(unknown(error.to_string())),
			};
		}
		Err(Failure::Final(self.lost(call, "the node closed the subscription")))
	}

	fn lost(&self, call: &Call, reason: impl ToString) -> ChainError {
		let (url, reason) = (self.link.url.clone(), reason.to_string());
		ChainError::Lost { call: call.name().as_str(), url, reason }
	}
}

/// Fees and eras.
impl SubxtChain {
	/// The block in which the era of a call is anchored.
	async fn anchor(&self) -> Result<At, ChainError> {
		let link = &self.link;
		let finalized = link.client.at_current_block().await.map_err(ChainError::other)?;
		let best = link.at(None).await?;
		let behind =
			is_behind(block_number(best.block_number()), block_number(finalized.block_number()));
		Ok(if behind { best } else { finalized })
	}

	/// The fee that the runtime asks for a call of this key now.
	pub(crate) async fn fee_of(&self, call: &Call) -> Result<u64, ChainError> {
		/// The part of the answer that is read.
		#[derive(Deserialize)]
		#[serde(rename_all = "camelCase")]
		struct Info {
			partial_fee: String,
		}
		let Some(key) = &self.key else {
			return Err(ChainError::rejected(call, "no key was given to sign with"));
		};
		let at = self.link.at(None).await?;
		let params = DefaultExtrinsicParamsBuilder::new().mortal(MORTALITY).nonce(0).build();
		let signed = at.transactions().create_signed(call, key, params).await;
		let signed = signed.map_err(|error| unfit(call, error))?;
		let extrinsic = format!("0x{}", hex::encode(signed.encoded()));
		let info: Info = self.request("payment_queryInfo", rpc_params![extrinsic]).await?;
		info.partial_fee.parse().map_err(|error| {
			ChainError::incompatible("the fee of payment_queryInfo", format!("{error}"))
		})
	}
}

/// Whether finality is so far behind that an era anchored there could end too soon. An era in a
/// finalised block is better otherwise: no reorganisation invalidates the call.
fn is_behind(best: u32, finalized: u32) -> bool {
	best.saturating_sub(finalized) > FINALITY_LAG
}

/// Whether the node said it; the transport did otherwise.
fn is_answer(error: &BackendError) -> bool {
	matches!(error, BackendError::Rpc(RpcError::ClientError(subxt::rpcs::Error::User(_))))
}

/// The runtime does not have the call as this client knows it.
pub(crate) fn unfit(call: &Call, error: ExtrinsicError) -> ChainError {
	let what = format!("call {}.{}", call.name().pallet(), call.name().as_str());
	ChainError::incompatible(what, error)
}

fn dispatch_error(call: &Call, error: &DispatchError) -> ChainError {
	let (name, hint) = match error {
		DispatchError::Module(module) => match module.details() {
			Ok(details) => {
				let name = format!("{}::{}", details.pallet.name(), details.variant.name);
				let hint = match foreign_hint(&name) {
					Some(hint) => hint.into(),
					None => details.variant.docs.join(" "),
				};
				(name, hint)
			}
			Err(_) => (module.to_string(), String::new()),
		},
		error => (error.to_string(), String::new()),
	};
	ChainError::Dispatch { call: call.name().as_str(), name, hint }
}

/// What to do about an error of the SDK, whose documentation says only what is wrong.
fn foreign_hint(name: &str) -> Option<&'static str> {
	Some(match name {
		"Session::InvalidProof" => {
			"The proof is not of these keys for this account. `bittensor-node validator register` makes \
			 both, as does `author_rotateKeysWithOwner` of the validator's node with the account that signs"
		}
		"Session::DuplicatedKey" => {
			"Another account has one of these session keys. `bittensor-node validator register --rotate` \
			 makes new ones"
		}
		_ => return None,
	})
}

#[cfg(test)]
mod tests {
	use super::{is_behind, FINALITY_LAG, MORTALITY};

	#[test]
	fn eras_are_anchored_in_the_best_block_when_finality_lags() {
		assert!(!is_behind(0, 0));
		assert!(!is_behind(100, 97));
		assert!(!is_behind(100, 100 - FINALITY_LAG));
		assert!(is_behind(100, 99 - FINALITY_LAG));
		// Finality that never started.
		assert!(is_behind(1_000, 0));
		// A finalised block that the best chain has not reached yet.
		assert!(!is_behind(99, 100));
		// Most of an era is left when the call is signed.
		assert!(u64::from(FINALITY_LAG) * 2 < MORTALITY);
	}
}
