//! Ensures at the start that the component is registered, announced and staked as its settings say.

use crate::telemetry::Errors;
use backon::{ExponentialBuilder, Retryable};
use bittensor_client::{
	bit, funds, ss58, AccountId, Call, Chain, ChainError, ComponentInfo, Endpoint,
};
use std::{sync::Arc, time::Duration};

/// First pause after an attempt that failed.
const MIN_PAUSE: Duration = Duration::from_secs(1);
/// Longest pause.
const MAX_PAUSE: Duration = Duration::from_secs(15);
/// Attempts after the first one.
const RETRIES: usize = 20;

/// The registration that a component wants.
#[derive(Clone)]
pub struct Registration {
	/// The chain, with the key that signs.
	pub chain: Arc<dyn Chain>,
	/// The account of this key.
	pub account: AccountId,
	/// The endpoint to announce; `None` if the component does not serve.
	pub endpoint: Option<Endpoint>,
	/// Target stake, in units.
	pub stake: u64,
	/// The chain's minimum stake, in units.
	pub min_stake: u64,
	/// Where what is wrong with it is noted.
	pub errors: Errors,
}

impl Registration {
	/// Ensures the registration, and tries again while the chain cannot be reached. Returns the number
	/// of a block that has it.
	pub async fn ensure(&self) -> Result<u32, ChainError> {
		let pauses = ExponentialBuilder::default()
			.with_min_delay(MIN_PAUSE)
			.with_max_delay(MAX_PAUSE)
			.with_max_times(RETRIES);
		(|| self.attempt())
			.retry(pauses)
			.when(ChainError::is_transient)
			.notify(|error, _| tracing::warn!("not registered yet: {error}"))
			.await
	}

	/// Calls what is missing; returns the number of a block that has it.
	pub(super) async fn attempt(&self) -> Result<u32, ChainError> {
		let uid = match self.chain.component_of(self.account, None).await? {
			Some(uid) => uid,
			None => self.register().await?,
		};
		let components = self.chain.components(None).await?;
		let Some(mine) = components.into_iter().find(|component| component.uid == uid) else {
			return Err(ChainError::Other(format!("component {uid} is not there yet")));
		};
		self.check(&mine)?;
		if mine.endpoint != self.endpoint {
			let endpoint = self.endpoint.clone();
			let head = self.chain.submit(Call::SetEndpoint { endpoint }).await?;
			match &self.endpoint {
				Some(endpoint) => tracing::info!("announced {endpoint} in block {}", head.number),
				None => tracing::info!("withdrew the endpoint in block {}", head.number),
			}
		}
		self.top_up(&mine).await?;
		Ok(self.chain.head(None).await?.number)
	}

	async fn register(&self) -> Result<u32, ChainError> {
		// Only a person can say whether to serve them: anybody can name any key.
		let components = self.chain.components(None).await?;
		for one in components.iter().filter(|one| one.next_service_key == Some(self.account)) {
			tracing::warn!(
				"component {} of {} names this key. To serve it, stop and run \
				 `bittensor-miner accept {1}`. Registering a component of its own now",
				one.uid,
				ss58(&one.owner)
			);
		}
		let call = Call::Register { endpoint: self.endpoint.clone(), service_key: None };
		funds::check(&*self.chain, self.account, &call).await?;
		let head = self.chain.submit(call).await?;
		let uid =
			self.chain.component_of(self.account, Some(head.hash)).await?.ok_or_else(|| {
				ChainError::Other("registered, but the chain does not know the component".into())
			})?;
		tracing::info!("registered as component {uid} in block {}", head.number);
		Ok(uid)
	}

	/// Whether this key may run the component.
	fn check(&self, mine: &ComponentInfo) -> Result<(), ChainError> {
		let refused = |name: &str, hint: String| {
			Err(ChainError::Dispatch { call: "register", name: name.into(), hint })
		};
		if mine.service_key != self.account {
			let hint = format!(
				"Component {} is run by its service key {}: start the miner with that key, or take \
				 over with emission.set_service_key.",
				mine.uid,
				ss58(&mine.service_key)
			);
			return refused("ServedByAnotherKey", hint);
		}
		if mine.leaving {
			let hint = "This component was deregistered and leaves at the next epoch; start again \
			            then.";
			return refused("Leaving", hint.into());
		}
		Ok(())
	}

	async fn top_up(&self, mine: &ComponentInfo) -> Result<(), ChainError> {
		if mine.stake >= self.stake {
			return Ok(());
		}
		if mine.owner != self.account {
			tracing::warn!(
				"--stake is ignored: this is a service key, and only the owner {} moves the stake",
				ss58(&mine.owner)
			);
			return Ok(());
		}
		let amount = (self.stake - mine.stake).max(self.min_stake.saturating_sub(mine.stake));
		let call = Call::Stake { amount };
		funds::check(&*self.chain, self.account, &call).await?;
		let head = self.chain.submit(call).await?;
		tracing::info!("staked {} BIT in block {}", bit(amount), head.number);
		Ok(())
	}
}
