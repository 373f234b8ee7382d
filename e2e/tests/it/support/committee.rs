//! The technical committee: Alice and Bob, two of its three members, decide what it may decide. Eve
//! brings the code of an upgrade.
//!
//! ```text
//!   propose (Alice) ─► vote (Alice, Bob) ─► ready ─► close (Bob): the call is made
//! ```
//!
//! The calls are those that members make in polkadot-js apps. They are immortal, so that finality, which
//! may stand, does not matter.

use std::sync::Arc;

use anyhow::Context;
use bittensor_client::{AccountId, Hash};
use subxt::{
	backend::LegacyBackend,
	client::OnlineClientAtBlock,
	config::DefaultExtrinsicParamsBuilder,
	dynamic::{storage, transaction, Value},
	ext::{scale_decode::DecodeAsType, scale_encode::EncodeAsFields},
	rpcs::{methods::legacy::LegacyRpcMethods, RpcClient},
	transactions::DynamicPayload,
	utils::H256,
	OnlineClient, SubstrateConfig,
};
use subxt_signer::sr25519::{dev, Keypair};

/// The most that a proposal may weigh and be long, as closing names it.
const TIME: u64 = 20_000_000_000;
const PROOF: u64 = 1_000_000;
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
		let at = self.at(None).await?;
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

	/// Applies an authorised upgrade, as anybody can; the hash of its block.
	pub(crate) async fn apply_upgrade(&self, code: &[u8]) -> anyhow::Result<Hash> {
		let call = transaction("System", "apply_authorized_upgrade", (code,));
		let (block, _) = self.sign(&dev::eve(), call).await?;
		Ok(block)
	}

	/// The client at a block; `None` is the best block.
	async fn at(&self, hash: Option<Hash>) -> anyhow::Result<OnlineClientAtBlock<SubstrateConfig>> {
		let hash = match hash {
			Some(hash) => H256(hash),
			None => self.best().await?,
		};
		Ok(self.client.at_block(hash).await?)
	}

	/// `PALLET.EVENT` of each event of a block.
	pub(crate) async fn events(&self, hash: Hash) -> anyhow::Result<Vec<String>> {
		let mut names = Vec::new();
		for event in self.at(Some(hash)).await?.events().fetch().await?.iter() {
			let event = event?;
			names.push(format!("{}.{}", event.pallet_name(), event.event_name()));
		}
		Ok(names)
	}

	/// The value of a storage item without keys, at a block.
	pub(crate) async fn stored<V: DecodeAsType>(
		&self,
		hash: Hash,
		pallet: &str,
		item: &str,
	) -> anyhow::Result<Option<V>> {
		let at = self.at(Some(hash)).await?;
		let value = at.storage().try_fetch(storage::<(), V>(pallet, item), ()).await?;
		Ok(value.map(|value| value.decode()).transpose()?)
	}

	async fn best(&self) -> anyhow::Result<H256> {
		self.rpc.chain_get_block_hash(None).await?.context("no best block")
	}

	/// Makes a call of the committee. What the event `Executed` says, if there is one.
	async fn submit(
		&self,
		key: &Keypair,
		call: &str,
		arguments: impl EncodeAsFields,
	) -> anyhow::Result<String> {
		let (_, said) = self.sign(key, transaction(PALLET, call, arguments)).await?;
		Ok(said)
	}

	/// Makes a call and waits for it in a best block. Its hash, and what the event `Executed` says, if there
	/// is one.
	async fn sign(
		&self,
		key: &Keypair,
		payload: DynamicPayload<impl EncodeAsFields>,
	) -> anyhow::Result<(Hash, String)> {
		let account = key.public_key().to_account_id();
		let nonce = self.rpc.system_account_next_index(&account).await?;
		let params = DefaultExtrinsicParamsBuilder::new().immortal().nonce(nonce).build();
		let at = self.at(None).await?;
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
					anyhow::bail!("{}: {message}", payload.call_name());
				}
				continue;
			};
			let hash = block.block_hash().0;
			let events = block.wait_for_success().await?;
			let mut said = String::new();
			for event in events.iter() {
				let event = event?;
				if (event.pallet_name(), event.event_name()) == (PALLET, "Executed") {
					said = format!("{:?}", event.decode_fields_unchecked_as::<Value>()?);
				}
			}
			return Ok((hash, said));
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
	as_root(call("Grandpa", "note_stalled", arguments))
}

/// `governance.asRoot(governance.shiftSetId)`.
pub(crate) fn shift_set_id(by: i64) -> Value {
	as_root(call("Governance", "shift_set_id", [("by", Value::i128(by.into()))]))
}

/// `scheduler.schedule` of `governance.asRoot(system.authorizeUpgrade)`, for a block.
pub(crate) fn schedule_upgrade(block: u32, code_hash: [u8; 32]) -> Value {
	let code_hash = [("code_hash", Value::from_bytes(code_hash))];
	let arguments = [
		("when", Value::u128(block.into())),
		("maybe_periodic", Value::unnamed_variant("None", [])),
		("priority", Value::u128(0)),
		("call", as_root(call("System", "authorize_upgrade", code_hash))),
	];
	call("Scheduler", "schedule", arguments)
}

fn as_root(made: Value) -> Value {
	call("Governance", "as_root", [("call", made)])
}

fn call<const N: usize>(pallet: &str, name: &str, arguments: [(&str, Value); N]) -> Value {
	Value::unnamed_variant(pallet, [Value::named_variant(name, arguments)])
}
