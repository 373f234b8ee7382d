//! Submitting a call.
//!
//! ```text
//!   nonce (pool) ─► mortal era ─► sign ─► pool ─► in a best block ─► did it succeed?
//!        ▲                                  │
//!        └──── up to 4 times ───────────────┘ not taken
//! ```
//!
//! A call is signed again only if the pool did not take it, so that it has its effect once.

use crate::{
	connect::{Key, SubxtChain},
	Call, ChainError, Hash, Head,
};
use backon::{ExponentialBuilder, Retryable};
use std::time::Duration;
use subxt::{
	config::DefaultExtrinsicParamsBuilder,
	error::{DispatchError, ExtrinsicError, TransactionEventsError},
	tx::{Signer, TransactionStatus},
};

/// A call that is in no block by then is an error.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Blocks for which a signed call stays valid.
const MORTALITY: u64 = 64;
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
		// The era is anchored in a finalised block: no reorganisation invalidates the call.
		let at = link
			.client
			.at_current_block()
			.await
			.map_err(|error| Failure::NotTaken(ChainError::other(error)))?;
		let params = DefaultExtrinsicParamsBuilder::new().mortal(MORTALITY).nonce(nonce).build();
		let signed = at.transactions().create_signed(call, key, params).await;
		let signed = signed.map_err(|error| match error {
			ExtrinsicError::AccountNonceError { .. } => {
				Failure::NotTaken(ChainError::rejected(call, error))
			}
			error => Failure::Final(unfit(call, error)),
		})?;

		// A refusal here means that the call is not in the pool: it can be signed again.
		let mut progress = signed
			.submit_and_watch()
			.await
			.map_err(|error| Failure::NotTaken(ChainError::rejected(call, error)))?;
		let unknown = |reason: String| Failure::Final(ChainError::rejected(call, reason));
		while let Some(status) = progress.next().await {
			let included = match status.map_err(|error| unknown(error.to_string()))? {
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
		Err(unknown("the node closed the subscription; its fate is unknown".into()))
	}
}

/// The runtime does not have the call as this client knows it.
pub(crate) fn unfit(call: &Call, error: ExtrinsicError) -> ChainError {
	let what = format!("call {}.{}", call.name().pallet(), call.name().as_str());
	ChainError::incompatible(what, error)
}

fn dispatch_error(call: &Call, error: &DispatchError) -> ChainError {
	let (name, hint) = match error {
		DispatchError::Module(module) => match module.details() {
			Ok(details) => (
				format!("{}::{}", details.pallet.name(), details.variant.name),
				details.variant.docs.join(" "),
			),
			Err(_) => (module.to_string(), String::new()),
		},
		error => (error.to_string(), String::new()),
	};
	ChainError::Dispatch { call: call.name().as_str(), name, hint }
}
