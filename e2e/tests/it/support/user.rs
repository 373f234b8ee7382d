//! A development key that a test holds, without a miner.
//!
//! ```text
//!  User ──┬─ chain: registers, stakes, posts a row, as a person does with polkadot-js
//!         └─ Caller: Spikes and Grads, signed by the key, as a component sends them
//! ```

use std::{future::Future, sync::Arc, time::Duration};

use anyhow::Context;
use bittensor_client::{AccountId, Call, Chain, Edge, Key, SubxtChain, UNIT};
use bittensor_miner::{
	dendrite::{DendriteError, Peer, TonicTransport, Transport, TransportConfig},
	identity::Identity,
	network::peer_of,
};
use bittensor_wire::{GradAnswer, Spike, SpikeAnswer, Vectors, WireError};
use tokio::time::Instant;

/// How long the node may take to answer.
const CONNECT: Duration = Duration::from_secs(30);
/// How long a component may take to answer.
const ANSWER: Duration = Duration::from_secs(10);
/// How often a call is repeated while a component is busy or does not know the caller yet.
const ATTEMPTS: usize = 50;
/// Pause before a call is repeated, if the answer names none.
const PAUSE: Duration = Duration::from_millis(200);

/// A key that sends Spikes and Grads.
pub(crate) struct Caller {
	account: AccountId,
	transport: TonicTransport,
}

impl Caller {
	/// A caller that signs with `identity` for the chain of this genesis hash.
	pub(crate) fn new(identity: &Identity, genesis: [u8; 32]) -> Self {
		let signer = Arc::new(identity.keypair().clone());
		let transport = TonicTransport::new(genesis, signer, TransportConfig::default());
		Self { account: identity.account(), transport }
	}

	/// Sends a Spike of its own; returns it with its answer.
	pub(crate) async fn spike(
		&self,
		to: &Peer,
		ttl: u32,
		texts: &[String],
	) -> anyhow::Result<(Spike, SpikeAnswer)> {
		let spike = Spike::new(self.account, ttl, texts.to_vec())?;
		let answer =
			patiently(|| self.transport.spike(to, &spike, Instant::now() + ANSWER)).await?;
		Ok((spike, answer))
	}

	/// Sends a Spike once, whatever the answer.
	pub(crate) async fn spike_once(
		&self,
		to: &Peer,
		ttl: u32,
		texts: &[String],
	) -> Result<SpikeAnswer, DendriteError> {
		let spike = Spike::new(self.account, ttl, texts.to_vec());
		let spike = spike.map_err(DendriteError::Unsendable)?;
		self.transport.spike(to, &spike, Instant::now() + ANSWER).await
	}

	/// Sends an error for the answer to its Spike.
	pub(crate) async fn grad(
		&self,
		to: &Peer,
		spike: &Spike,
		error: &Vectors,
	) -> anyhow::Result<GradAnswer> {
		let grad = spike.grad(error.clone());
		Ok(patiently(|| self.transport.grad(to, &grad, Instant::now() + ANSWER)).await?)
	}

	/// Sends a Spike, then an error for its answer; returns the answer to the error.
	pub(crate) async fn teach(
		&self,
		to: &Peer,
		ttl: u32,
		texts: &[String],
		error: &Vectors,
	) -> anyhow::Result<GradAnswer> {
		let (spike, _) = self.spike(to, ttl, texts).await?;
		self.grad(to, &spike, error).await
	}
}

/// Repeats a call while the component is busy, or its chain cache does not have the caller yet.
async fn patiently<T, F>(call: impl Fn() -> F) -> Result<T, DendriteError>
where
	F: Future<Output = Result<T, DendriteError>>,
{
	let mut attempt = 1;
	loop {
		let error = match call().await {
			Ok(answer) => return Ok(answer),
			Err(error) => error,
		};
		let pause = match &error {
			DendriteError::Refused(WireError::RateLimited { retry_ms }) => {
				Duration::from_millis(*retry_ms)
			}
			DendriteError::Refused(WireError::Busy | WireError::UnknownCaller) => PAUSE,
			_ => return Err(error),
		};
		if attempt >= ATTEMPTS {
			return Err(error);
		}
		attempt += 1;
		tokio::time::sleep(pause).await;
	}
}

/// A key that also acts on the chain.
pub(crate) struct User {
	chain: SubxtChain,
	account: AccountId,
	/// The same key as a caller of components.
	pub(crate) caller: Caller,
}

impl User {
	/// The development key `uri` (`//Alice`) at the node `url`.
	pub(crate) async fn connect(url: &str, uri: &str) -> anyhow::Result<Self> {
		let identity = Identity::dev(uri)?;
		let key = Key::new(identity.clone());
		let chain = SubxtChain::connect(url, None, CONNECT, Some(key)).await?;
		let caller = Caller::new(&identity, chain.genesis_hash());
		Ok(Self { account: identity.account(), caller, chain })
	}

	/// The chain as this key sees it, and its account.
	pub(crate) fn chain(&self) -> (&dyn Chain, AccountId) {
		(&self.chain, self.account)
	}

	/// Hash of the chain's first block.
	pub(crate) fn genesis(&self) -> [u8; 32] {
		self.chain.genesis_hash()
	}

	/// Registers a component without an endpoint and stakes so many BIT; returns its uid.
	pub(crate) async fn register(&self, stake: u64) -> anyhow::Result<u32> {
		self.chain.submit(Call::Register { endpoint: None, service_key: None }).await?;
		if stake > 0 {
			self.chain.submit(Call::Stake { amount: stake * UNIT }).await?;
		}
		self.uid().await
	}

	/// The uid of its component.
	pub(crate) async fn uid(&self) -> anyhow::Result<u32> {
		self.chain.component_of(self.account, None).await?.context("it is not registered")
	}

	/// Replaces its component's row.
	pub(crate) async fn post_row(&self, row: &[Edge]) -> anyhow::Result<()> {
		self.chain.submit(Call::PostRow { row: row.to_vec() }).await?;
		Ok(())
	}

	/// Where the component `uid` serves, as the chain says.
	pub(crate) async fn peer(&self, uid: u32) -> anyhow::Result<Peer> {
		let components = self.chain.components(None).await?;
		let component = components.iter().find(|component| component.uid == uid);
		component.and_then(peer_of).with_context(|| format!("component {uid} serves nowhere"))
	}
}
