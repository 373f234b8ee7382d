//! Accounts that post rows: what they post, how it is signed, and whether the pool takes it.
//!
//! ```text
//!   uid, round ──row()──► call ──sign──► extrinsic ──author_submitExtrinsic──► pool ──► block
//!                           4 bytes of extension: era 0, nonce, tip 0, no metadata hash
//! ```
//!
//! Extrinsics are written byte by byte as any wallet does, for the runtime that this program is
//! compiled with; so signing takes no metadata and no question to the node.
//!
//! Invariant: the row of an account depends on its uid and the round alone, so that what an account
//! must have posted last can be told without remembering it.

use anyhow::{ensure, Context};
use bittensor_e2e::chain::Chain;
use bittensor_runtime::{Address, Hash, Runtime, RuntimeCall, VERSION};
use codec::{Compact, Encode};
use futures::{stream, StreamExt};
use serde_json::json;
use sp_runtime::traits::{BlakeTwo256, Hash as _};
use subxt_signer::sr25519::Keypair;

use crate::state::{account, post, signers};

/// Requests to the node at a time.
const AT_A_TIME: usize = 32;
/// What the edges of a row may take together, out of 65,536.
const GIVEN: u32 = contribution::SHARE_ONE - contribution::MIN_SELF_SHARE;

/// The edges of the row that `uid` posts in `round`: so many, spread over all of `components` uids,
/// so that they lie in as many pages of registrations as can be.
pub fn row(uid: u32, round: u32, edges: u32, components: u32) -> Vec<(u32, u16)> {
	let others = components.saturating_sub(1);
	let edges = edges.min(others);
	if edges == 0 {
		return Vec::new();
	}
	let stride = others / edges;
	let most = GIVEN / edges;
	(0..edges)
		.map(|edge| {
			let step = 1 + edge * stride + round % stride;
			let share = 1 + (uid.wrapping_mul(31) + round.wrapping_mul(17) + edge) % most;
			((uid + step) % components, share.min(most) as u16)
		})
		.collect()
}

/// A signed extrinsic, as the pool takes it and blocks hold it.
pub fn sign(keypair: &Keypair, nonce: u32, genesis: Hash, call: &RuntimeCall) -> Vec<u8> {
	const IMMORTAL: u8 = 0;
	const NO_METADATA_HASH: u8 = 0;
	const SIGNED_V4: u8 = 0x84;
	const SR25519: u8 = 1;
	let call = call.encode();
	let extension = (IMMORTAL, Compact(nonce), Compact(0u64), NO_METADATA_HASH).encode();
	let implicit = (
		VERSION.spec_version,
		VERSION.transaction_version,
		genesis,
		// Where an immortal extrinsic's life begins.
		genesis,
		None::<Hash>,
	);
	let payload = [call.clone(), extension.clone(), implicit.encode()].concat();
	let signature = match payload.len() > 256 {
		true => keypair.sign(BlakeTwo256::hash(&payload).as_ref()),
		false => keypair.sign(&payload),
	};
	let signer = Address::Id(account(keypair));
	let extrinsic = [(SIGNED_V4, signer, SR25519, signature.0).encode(), extension, call].concat();
	extrinsic.encode()
}

/// What the pool said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
	/// It is in the pool; its hash.
	Accepted(Hash),
	/// The pool had no room or is waiting; to be tried again.
	Later(String),
	/// It will never be valid.
	Refused(String),
}

/// Accounts with their next nonces.
#[derive(Debug)]
pub struct Poster {
	chain: Chain,
	genesis: Hash,
	keys: Vec<Keypair>,
	nonces: Vec<u32>,
	components: u32,
}

impl Poster {
	/// The first `accounts` owners of a chain of `components` components, who signed nothing yet.
	pub async fn new(url: &str, accounts: usize, components: u32) -> anyhow::Result<Self> {
		let chain = Chain::connect(url).await?;
		let genesis = chain.hash(0).await?;
		let genesis: Hash =
			genesis.parse().ok().with_context(|| format!("block 0 has no hash: {genesis}"))?;
		let keys = signers(accounts.min(components as usize))?;
		ensure!(!keys.is_empty(), "there is no account to post from");
		let nonces = vec![0; keys.len()];
		Ok(Self { chain, genesis, keys, nonces, components })
	}

	/// How many accounts there are; account *k* owns uid *k*.
	pub fn accounts(&self) -> usize {
		self.keys.len()
	}

	/// The row that account `index` posts in `round`.
	pub fn row(&self, index: usize, round: u32, edges: u32) -> Vec<(u32, u16)> {
		row(index as u32, round, edges, self.components)
	}

	/// Signs the post of account `index` in `round` with its next nonce, which is not used up yet.
	pub fn signed(&self, index: usize, round: u32, edges: u32) -> anyhow::Result<Vec<u8>> {
		self.signed_ahead(index, round, edges, 0)
	}

	/// The same, for a post that follows `ahead` others of this account.
	pub fn signed_ahead(
		&self,
		index: usize,
		round: u32,
		edges: u32,
		ahead: u32,
	) -> anyhow::Result<Vec<u8>> {
		let key = self.keys.get(index).with_context(|| format!("there is no account {index}"))?;
		let call = call(self.row(index, round, edges))?;
		Ok(sign(key, self.nonces[index] + ahead, self.genesis, &call))
	}

	/// Account `index` has used its nonce.
	pub fn used(&mut self, index: usize) {
		self.nonces[index] += 1;
	}

	/// Hands extrinsics to the pool; answers come in the order of `extrinsics`.
	pub async fn submit(&self, extrinsics: Vec<Vec<u8>>) -> anyhow::Result<Vec<Answer>> {
		let answers = stream::iter(extrinsics)
			.map(|extrinsic| submit(&self.chain, extrinsic))
			.buffered(AT_A_TIME)
			.collect::<Vec<_>>()
			.await;
		answers.into_iter().collect()
	}

	/// Every account posts the rows of rounds `first` to `first + posts / accounts`, `posts` in all;
	/// all must be taken.
	pub async fn post_all(&mut self, posts: usize, first: u32, edges: u32) -> anyhow::Result<()> {
		let accounts = self.accounts();
		let signed: anyhow::Result<Vec<Vec<u8>>> = (0..posts)
			.map(|post| {
				let (index, ahead) = (post % accounts, (post / accounts) as u32);
				self.signed_ahead(index, first + ahead, edges, ahead)
			})
			.collect();
		for (post, answer) in self.submit(signed?).await?.into_iter().enumerate() {
			ensure!(
				matches!(answer, Answer::Accepted(_)),
				"post {post} of {posts} was not taken: {answer:?}"
			);
			self.used(post % accounts);
		}
		Ok(())
	}
}

/// The call that posts these edges.
pub fn call(edges: Vec<(u32, u16)>) -> anyhow::Result<RuntimeCall> {
	Ok(RuntimeCall::Emission(post(edges.into_iter())?))
}

/// The hash by which an extrinsic is known.
pub fn hash(extrinsic: &[u8]) -> Hash {
	BlakeTwo256::hash(extrinsic)
}

async fn submit(chain: &Chain, extrinsic: Vec<u8>) -> anyhow::Result<Answer> {
	let hex = format!("0x{}", hex::encode(&extrinsic));
	match chain.call::<String>("author_submitExtrinsic", &[json!(hex)]).await {
		Ok(_) => Ok(Answer::Accepted(hash(&extrinsic))),
		Err(error) => judge(format!("{error:#}")),
	}
}

/// What an error of the pool means; an error of the connection stays one.
fn judge(error: String) -> anyhow::Result<Answer> {
	/// The pool is full, or holds back what it dropped a moment ago.
	const LATER: [&str; 3] =
		["couldn't enter the pool", "Immediately Dropped", "temporarily banned"];
	/// 1010 to 1014 are the pool's and the runtime's own words.
	const REFUSED: [&str; 4] = ["Invalid", "Already Imported", "Priority is too low", "1010"];
	if LATER.iter().any(|&words| error.contains(words)) {
		return Ok(Answer::Later(error));
	}
	if REFUSED.iter().any(|&words| error.contains(words)) {
		return Ok(Answer::Refused(error));
	}
	Err(anyhow::anyhow!("the node did not answer a post: {error}"))
}

/// The declared weight of posting so many edges, in milliseconds: of the call alone.
pub fn declared_ms(edges: u32, components: u32) -> anyhow::Result<f64> {
	use frame_support::dispatch::GetDispatchInfo;
	let info = call(row(0, 0, edges, components))?.get_dispatch_info();
	Ok(crate::blocks::millis(info.call_weight))
}

/// What a signed extrinsic of this call takes of a block in all, in milliseconds: with its
/// extensions and the base weight.
pub fn declared_in_block_ms(edges: u32, components: u32) -> anyhow::Result<f64> {
	use frame_support::{
		dispatch::{DispatchClass, GetDispatchInfo},
		traits::Get,
	};
	let extrinsic = sign_unchecked(edges, components)?;
	let limits = <Runtime as frame_system::Config>::BlockWeights::get();
	let base = limits.get(DispatchClass::Normal).base_extrinsic;
	Ok(crate::blocks::millis(extrinsic.get_dispatch_info().total_weight().saturating_add(base)))
}

/// An extrinsic of the shape of a signed post, to ask the runtime about.
fn sign_unchecked(
	edges: u32,
	components: u32,
) -> anyhow::Result<bittensor_runtime::UncheckedExtrinsic> {
	let keys = signers(1)?;
	let key = keys.first().context("there is no key")?;
	let bytes = sign(key, 0, Hash::default(), &call(row(0, 0, edges, components))?);
	codec::Decode::decode(&mut &bytes[..]).context("a signed post does not decode")
}
