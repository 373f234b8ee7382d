//! Accounts that post rows: the rows, their signing, the answers of the pool.
//!
//! Invariant: the row of an account depends only on its uid and the round, so its last posted row is known.

use anyhow::{bail, ensure, Context};
use bittensor_client::{Call, ChainError, Hash, Offline, SubxtChain};
use bittensor_emission::Edge;
use bittensor_runtime::{Runtime, UncheckedExtrinsic};
use codec::Decode;
use contribution::{MIN_SELF_SHARE, SHARE_ONE};
use frame_support::{
	dispatch::{DispatchClass, GetDispatchInfo},
	traits::Get,
};
use futures::{stream, StreamExt};
use std::time::Duration;
use subxt_signer::sr25519::Keypair;

use crate::{
	state::{millis, signers},
	ACCOUNTS,
};

/// Requests to the node at a time.
const AT_A_TIME: usize = 32;

/// The edges of the row that `uid` posts in `round`, spread over all of `components` uids, so that they
/// are in as many pages of registrations as possible.
pub(crate) fn row(uid: u32, round: u32, edges: u32, components: u32) -> Vec<Edge> {
	let others = components.saturating_sub(1);
	let edges = edges.min(others);
	if edges == 0 {
		return Vec::new();
	}
	let stride = others / edges;
	let most = (SHARE_ONE - MIN_SELF_SHARE) / edges;
	(0..edges)
		.map(|edge| {
			let step = 1 + edge * stride + round % stride;
			let share = 1 + (uid.wrapping_mul(31) + round.wrapping_mul(17) + edge) % most;
			Edge { target: (uid + step) % components, share: share.min(most) as u16 }
		})
		.collect()
}

/// The pool's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
	/// The extrinsic is in the pool; its hash.
	Accepted(Hash),
	/// The pool is full, or holds back what it dropped a moment ago.
	Later,
	/// The extrinsic will never be valid.
	Refused(String),
}

/// Accounts with their next nonces; account *k* owns uid *k*.
pub(crate) struct Poster {
	chain: SubxtChain,
	offline: Offline,
	keys: Vec<Keypair>,
	nonces: Vec<u64>,
	components: u32,
}

impl Poster {
	/// The first owners of a chain of `components` components, who signed nothing yet.
	pub(crate) async fn new(url: &str, components: u32) -> anyhow::Result<Self> {
		let chain = SubxtChain::connect(url, None, Duration::from_secs(60), None).await?;
		let offline = chain.offline().await?;
		let keys = signers(ACCOUNTS.min(components as usize))?;
		ensure!(!keys.is_empty(), "there is no account to post from");
		let nonces = vec![0; keys.len()];
		Ok(Self { chain, offline, keys, nonces, components })
	}

	/// The number of accounts.
	pub(crate) fn accounts(&self) -> usize {
		self.keys.len()
	}

	/// The row that account `index` posts in `round`.
	pub(crate) fn row(&self, index: usize, round: u32, edges: u32) -> Vec<Edge> {
		row(index as u32, round, edges, self.components)
	}

	/// Signs the post of account `index` in `round`, which follows `ahead` other posts of this account that
	/// are not [`used`](Self::used) yet.
	pub(crate) fn signed(
		&self,
		index: usize,
		round: u32,
		edges: u32,
		ahead: u64,
	) -> anyhow::Result<Vec<u8>> {
		let call = Call::PostRow { row: self.row(index, round, edges) };
		Ok(self.offline.sign(&call, &self.keys[index], self.nonces[index] + ahead)?)
	}

	/// Signs a transfer of account `index` to the next one.
	pub(crate) fn signed_transfer(&self, index: usize) -> anyhow::Result<Vec<u8>> {
		let next = &self.keys[(index + 1) % self.keys.len()];
		let call = Call::Transfer { to: next.public_key().0, amount: 1 };
		Ok(self.offline.sign(&call, &self.keys[index], self.nonces[index])?)
	}

	/// Account `index` has used its nonce.
	pub(crate) fn used(&mut self, index: usize) {
		self.nonces[index] += 1;
	}

	/// Hands extrinsics to the pool; answers come in the order of `extrinsics`.
	pub(crate) async fn submit(&self, extrinsics: Vec<Vec<u8>>) -> anyhow::Result<Vec<Answer>> {
		let answers = stream::iter(&extrinsics)
			.map(|extrinsic| async { judge(self.chain.submit_signed(extrinsic).await) })
			.buffered(AT_A_TIME)
			.collect::<Vec<_>>();
		answers.await.into_iter().collect()
	}

	/// All accounts in turn make `posts` posts, of the rounds from `first` on; the pool must accept all.
	/// Returns the round after the last.
	pub(crate) async fn post_all(
		&mut self,
		posts: usize,
		first: u32,
		edges: u32,
	) -> anyhow::Result<u32> {
		let accounts = self.accounts();
		let signed = (0..posts).map(|post| {
			let ahead = post / accounts;
			self.signed(post % accounts, first + ahead as u32, edges, ahead as u64)
		});
		let signed = signed.collect::<anyhow::Result<_>>()?;
		for (post, answer) in self.submit(signed).await?.into_iter().enumerate() {
			let accepted = matches!(answer, Answer::Accepted(_));
			ensure!(accepted, "post {post} of {posts} was not accepted: {answer:?}");
			self.used(post % accounts);
		}
		Ok(first + posts.div_ceil(accounts) as u32)
	}
}

/// What an error of the pool means; an error of the connection stays one.
fn judge(answer: Result<Hash, ChainError>) -> anyhow::Result<Answer> {
	const LATER: [&str; 3] =
		["couldn't enter the pool", "Immediately Dropped", "temporarily banned"];
	/// 1010 to 1014 are the pool's and the runtime's own words.
	const REFUSED: [&str; 4] = ["Invalid", "Already Imported", "Priority is too low", "1010"];
	let error = match answer {
		Ok(hash) => return Ok(Answer::Accepted(hash)),
		Err(error) => error.to_string(),
	};
	let says = |words: &[&str]| words.iter().any(|words| error.contains(words));
	match (says(&LATER), says(&REFUSED)) {
		(true, _) => Ok(Answer::Later),
		(_, true) => Ok(Answer::Refused(error)),
		_ => bail!("the node did not answer a post: {error}"),
	}
}

/// Declared milliseconds of a signed extrinsic: of its call alone, and in a block, with its extensions and
/// the base weight. Reads the state.
pub(crate) fn declared_ms(extrinsic: &[u8]) -> anyhow::Result<[f64; 2]> {
	let extrinsic = UncheckedExtrinsic::decode(&mut &extrinsic[..]);
	let info = extrinsic.context("a signed post does not decode")?.get_dispatch_info();
	let limits = <Runtime as frame_system::Config>::BlockWeights::get();
	let base = limits.get(DispatchClass::Normal).base_extrinsic;
	Ok([millis(info.call_weight), millis(info.total_weight().saturating_add(base))])
}
