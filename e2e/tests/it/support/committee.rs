//! The technical committee: Alice and Bob, two of its three members, decide what it may decide.
//!
//! ```text
//!   propose (Alice) ─► vote (Alice, Bob) ─► ready ─► close (Bob): the call is made
//! ```
//!
//! The calls are those that members make in polkadot-js apps. They are immortal, so that finality, which
//! may stand, does not matter.

use std::sync::Arc;

use anyhow::Context;
use bittensor_client::AccountId;
use subxt::{
	backend::LegacyBackend,
	config::DefaultExtrinsicParamsBuilder,
	dynamic::{storage, transaction, Value},
	ext::scale_encode::EncodeAsFields,
	rpcs::{methods::legacy::LegacyRpcMethods, RpcClient},
	OnlineClient, SubstrateConfig,
};
use subxt_signer::sr25519::{dev, Keypair};

/// The most that a proposal may weigh and be long, as closing names it.
const TIME: u64 = 20_000_000_000;
const PROOF: u64 = 100_000;
const LENGTH: u32 = 1_000;

const PALLET: &str = "TechnicalCommittee";

/// Members with their connection to a node.
pub(crate) struct Committee {
	client: OnlineClient<SubstrateConfig>,
	rpc: LegacyRpcMethods<subxt::config::RpcConfigFor<SubstrateConfig>>,
	members: [Keypair; 2],
}

/// A proposal that enough members are for.
pub(crate) struct Ready {
	hash: [u8; 32],
	index: u32,
}

impl Committee {
	pub(crate) async fn connect(url: &str) -> anyhow::Result<Self> {
		let raw = RpcClient::from_insecure_url(url).await?;
		let rpc = LegacyRpcMethods::new(raw.clone());
		let backend: LegacyBackend<SubstrateConfig> = LegacyBackend::builder().build(raw);
		let client = OnlineClient::from_backend(Arc::new(backend)).await?;
		Ok(Self { client, rpc, members: [dev::alice(), dev::bob()] })
	}

	/// Proposes a call and votes for it.
	pub(crate) async fn agree_on(&self, call: Value) -> anyhow::Result<Ready> {
		let [alice, bob] = &self.members;
		self.submit(alice, "propose", (2_u32, call, LENGTH)).await?;
		let at = self.client.at_block(self.best().await?).await?;
		let hashes = storage::<(), Vec<[u8; 32]>>(PALLET, "Proposals");
		let hashes = at.storage().fetch(hashes, ()).await?.decode()?;
		let hash = *hashes.last().context("no proposal")?;
		let count = storage::<(), u32>(PALLET, "ProposalCount");
		let index = at.storage().fetch(count, ()).await?.decode()? - 1;
		for member in [alice, bob] {
			self.submit(member, "vote", (hash, index, true)).await?;
		}
		Ok(Ready { hash, index })
	}

	/// Closes a proposal, so that its call is made.
	pub(crate) async fn close(&self, proposal: &Ready) -> anyhow::Result<()> {
		let weight = Value::named_composite([
			("ref_time", Value::u128(TIME.into())),
			("proof_size", Value::u128(PROOF.into())),
		]);
		let close = (proposal.hash, proposal.index, weight, LENGTH);
		let said = self.submit(&self.members[1], "close", close).await?;
		anyhow::ensure!(said.contains("Ok"), "the call was not made, or failed: {said}");
		Ok(())
	}

	async fn best(&self) -> anyhow::Result<subxt::utils::H256> {
		self.rpc.chain_get_block_hash(None).await?.context("no best block")
	}

	/// Makes a call and waits for it in a best block. What the event `Executed` says, if there is one.
	async fn submit(
		&self,
		key: &Keypair,
		call: &str,
		arguments: impl EncodeAsFields,
	) -> anyhow::Result<String> {
		let account = key.public_key().to_account_id();
		let nonce = self.rpc.system_account_next_index(&account).await?;
		let params = DefaultExtrinsicParamsBuilder::new().immortal().nonce(nonce).build();
		let at = self.client.at_block(self.best().await?).await?;
		let payload = transaction(PALLET, call, arguments);
		let signed = at.transactions().create_signed(&payload, key, params).await?;
		let mut progress = signed.submit_and_watch().await?;
		loop {
			use subxt::tx::TransactionStatus as Status;
			let status = progress.next().await.context("the node closed the subscription")??;
			let (Status::InBestBlock(block) | Status::InFinalizedBlock(block)) = status else {
				if let Status::Error { message }
				| Status::Invalid { message }
				| Status::Dropped { message } = status
				{
					anyhow::bail!("{call}: {message}");
				}
				continue;
			};
			let events = block.wait_for_success().await?;
			let mut said = String::new();
			for event in events.iter() {
				let event = event?;
				if (event.pallet_name(), event.event_name()) == (PALLET, "Executed") {
					said = format!("{:?}", event.decode_fields_unchecked_as::<Value>()?);
				}
			}
			return Ok(said);
		}
	}
}

/// `validatorSet.setInvulnerables`.
pub(crate) fn set_invulnerables(accounts: &[AccountId]) -> Value {
	let accounts = accounts.iter().map(Value::from_bytes);
	call("ValidatorSet", "set_invulnerables", [("accounts", Value::unnamed_composite(accounts))])
}

/// `governance.asRoot(grandpa.noteStalled)`.
pub(crate) fn note_stalled(delay: u32, last_finalised: u32) -> Value {
	let arguments = [
		("delay", Value::u128(delay.into())),
		("best_finalized_block_number", Value::u128(last_finalised.into())),
	];
	call("Governance", "as_root", [("call", call("Grandpa", "note_stalled", arguments))])
}

fn call<const N: usize>(pallet: &str, name: &str, arguments: [(&str, Value); N]) -> Value {
	Value::unnamed_variant(pallet, [Value::named_variant(name, arguments)])
}
