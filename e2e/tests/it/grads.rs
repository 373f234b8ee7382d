//! Grads over several hops: real servers and clients on loopback, real components behind them,
//! and a fixed network instead of a chain.
//!
//! ```text
//!   A ──► B ──► C      a Grad of A for B changes B, and what it means for C changes C
//!   D ──► A ◄─► B      one of D for A reaches B, and ends there: A is on its path
//! ```

use std::{
	collections::BTreeMap,
	sync::{Arc, OnceLock, RwLock},
	time::{Duration, Instant},
};

use anyhow::Context;
use bittensor_miner::{
	axon::{Axon, AxonConfig, Peers, Standing, StatsSnapshot},
	compute::{Brain, Compute},
	dendrite::{Dendrite, DendriteConfig, Peer, TonicTransport, TransportConfig},
};
use bittensor_nucleus::{Batch, Component, Config, Corpus, Device, Sampler, Tokenizer};
use bittensor_wire::{AccountId, Keypair, Signer, Spike, Vectors, DIM};

use crate::support::corpus;

const GENESIS: [u8; 32] = [7; 32];
/// Flow of every bid, in units per epoch.
const FLOW: u64 = 1_000_000;
const ANSWER: Duration = Duration::from_secs(10);
/// Hops that a message may make: more than any path here has.
const TTL: u32 = 3;

/// Who is where, who asks whom, and who bids for whom.
#[derive(Default)]
struct Map {
	peers: BTreeMap<AccountId, Peer>,
	/// (bidder, component) pairs.
	bids: Vec<(AccountId, AccountId)>,
}

/// The network as one component sees it.
struct View {
	me: AccountId,
	downstream: Vec<AccountId>,
	map: Arc<RwLock<Map>>,
}

impl View {
	fn read<T>(&self, read: impl FnOnce(&Map) -> T) -> T {
		read(&self.map.read().unwrap_or_else(std::sync::PoisonError::into_inner))
	}
}

impl Peers for View {
	fn standing(&self, account: &AccountId) -> Option<Standing> {
		self.read(|map| {
			let uid = map.peers.get(account)?.uid;
			let flow = if map.bids.contains(&(*account, self.me)) { FLOW } else { 0 };
			Some(Standing { uid, flow, weight: flow as f64 })
		})
	}

	fn total_flow(&self) -> u64 {
		self.read(|map| FLOW * map.bids.iter().filter(|(_, to)| *to == self.me).count() as u64)
	}

	fn downstream(&self) -> Vec<Peer> {
		self.read(|map| self.downstream.iter().filter_map(|a| map.peers.get(a).cloned()).collect())
	}

	fn peer(&self, account: &AccountId) -> Option<Peer> {
		self.read(|map| map.peers.get(account).cloned())
	}
}

/// One component that serves.
struct Served {
	account: AccountId,
	compute: Compute,
	dendrite: Arc<Dendrite>,
	axon: Axon,
}

impl Served {
	fn stats(&self) -> StatsSnapshot {
		self.axon.stats().snapshot()
	}

	async fn digest(&self) -> anyhow::Result<[u8; 32]> {
		Ok(self.compute.parameters().await?.1)
	}
}

/// A text of the corpus for all components of this program.
struct Text {
	tokenizer: Arc<Tokenizer>,
	corpus: Corpus,
	train: Vec<usize>,
}

fn text() -> &'static Text {
	static TEXT: OnceLock<Text> = OnceLock::new();
	TEXT.get_or_init(|| {
		let corpus = Corpus::load(corpus()).expect("the corpus is in the repository");
		let tokenizer = Tokenizer::train(&corpus, Config::default().vocab).expect("it has words");
		let train = corpus.select("kjv").expect("the group is there");
		Text { tokenizer: Arc::new(tokenizer), corpus, train }
	})
}

fn sampler(seed: u64) -> anyhow::Result<Sampler> {
	let (config, text) = (Config::default(), text());
	let (context, horizon) = (config.context, config.horizon);
	Ok(Sampler::new(&text.corpus, &text.train, &text.tokenizer, context, horizon, seed)?)
}

fn account_of(name: u8) -> anyhow::Result<(Keypair, AccountId)> {
	let keypair = Keypair::from_seed(&[name; 32])?;
	let account = keypair.account();
	Ok((keypair, account))
}

/// Starts a component for each name that asks `asks`; everybody bids for all that it asks, but
/// for the pairs in `no_bid`.
async fn network(
	asks: &[(u8, &[u8])],
	no_bid: &[(u8, u8)],
) -> anyhow::Result<BTreeMap<u8, Served>> {
	let map = Arc::new(RwLock::new(Map::default()));
	let mut all = BTreeMap::new();
	for (index, &(name, downstream)) in asks.iter().enumerate() {
		let (keypair, account) = account_of(name)?;
		let downstream: Vec<AccountId> = downstream
			.iter()
			.map(|&name| Ok(account_of(name)?.1))
			.collect::<anyhow::Result<_>>()?;

		let config = Config { seed: name.into(), slots: downstream.len(), ..Config::default() };
		let mut component = Component::new(config, text().tokenizer.clone(), None, &Device::Cpu)?;
		warm_up(&mut component, name)?;
		let slots = downstream.iter().copied().map(Some).collect();
		let (compute, _) = Compute::start(Brain::new(component, slots, true, Device::Cpu))?;

		let signer: Arc<dyn Signer> = Arc::new(keypair);
		let transport = TonicTransport::new(GENESIS, signer.clone(), TransportConfig::default());
		let dendrite =
			Arc::new(Dendrite::new(account, Arc::new(transport), DendriteConfig::default()));
		let view = Arc::new(View { me: account, downstream, map: map.clone() });
		let config = AxonConfig { max_ttl: TTL, ..AxonConfig::default() };
		let nucleus = Arc::new(compute.clone());
		let listen = "127.0.0.1:0";
		let axon =
			Axon::start(listen, GENESIS, signer, view, nucleus, dendrite.clone(), config).await?;

		let peer = Peer {
			uid: index as u32,
			account,
			host: "127.0.0.1".into(),
			port: axon.local_addr().port(),
			tls_spki: None,
		};
		map.write().expect("nobody panicked").peers.insert(account, peer);
		all.insert(name, Served { account, compute, dendrite, axon });
	}
	let mut bids = Vec::new();
	for &(from, downstream) in asks {
		for &to in downstream.iter().filter(|&&to| !no_bid.contains(&(from, to))) {
			bids.push((account_of(from)?.1, account_of(to)?.1));
		}
	}
	map.write().expect("nobody panicked").bids = bids;
	Ok(all)
}

/// A few steps alone, with vectors of another component's making in all slots, so that the
/// statistics of every slot are there.
fn warm_up(component: &mut Component, name: u8) -> anyhow::Result<()> {
	let slots = component.config().slots;
	let mut sampler = sampler(name.into())?;
	for step in 0..10 {
		let batch: Batch = sampler.next_batch(32);
		let d = (0..slots)
			.map(|slot| {
				Ok(Some(bittensor_nucleus::Tensor::from_vec(
					noise(32 * DIM, step * 8 + slot as u64),
					(32, DIM),
					&Device::Cpu,
				)?))
			})
			.collect::<anyhow::Result<Vec<_>>>()?;
		component.train_step(&batch, &d)?;
	}
	Ok(())
}

/// Seeded numbers in -1 to 1.
fn noise(count: usize, seed: u64) -> Vec<f32> {
	let mut state = seed.wrapping_mul(2).wrapping_add(1);
	let mut next = || {
		state =
			state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
		(state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
	};
	(0..count).map(|_| next()).collect()
}

/// `from` asks `to` about some texts and sends it an error for the answer.
async fn spike_and_grad(from: &Served, to: &Served, port: &Peer) -> anyhow::Result<bool> {
	let texts = sampler(99)?.next_batch(16).texts;
	let rows = texts.len();
	let spike = Spike::new(from.account, TTL, texts)?;
	let deadline = tokio::time::Instant::now() + ANSWER;
	let answer = from.dendrite.spike(std::slice::from_ref(port), &spike, deadline).await;
	anyhow::ensure!(answer.slots[0].is_some(), "no answer: {:?}", answer.hops);
	assert_eq!(port.account, to.account);
	let error = Vectors::new(rows, noise(rows * DIM, 5))?;
	let grad = spike.grad(error);
	let deadline = tokio::time::Instant::now() + ANSWER;
	Ok(from.dendrite.grad(port, &grad, deadline).await?.accepted())
}

fn peer_of(served: &Served) -> Peer {
	Peer {
		uid: 0,
		account: served.account,
		host: "127.0.0.1".into(),
		port: served.axon.local_addr().port(),
		tls_spki: None,
	}
}

/// Waits until `done`; Grads are acknowledged at once and computed after.
async fn eventually(what: &str, done: impl Fn() -> bool) -> anyhow::Result<()> {
	let started = Instant::now();
	while !done() {
		anyhow::ensure!(started.elapsed() < ANSWER, "no {what} within {ANSWER:?}");
		tokio::time::sleep(Duration::from_millis(20)).await;
	}
	Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_grad_travels_two_hops_and_changes_the_last_component() -> anyhow::Result<()> {
	let network = network(&[(b'C', b""), (b'B', b"C"), (b'A', b"B")], &[]).await?;
	let of = |name: u8| network.get(&name).context("started");
	let (a, b, c) = (of(b'A')?, of(b'B')?, of(b'C')?);
	let before = (a.digest().await?, b.digest().await?, c.digest().await?);

	assert!(spike_and_grad(a, b, &peer_of(b)).await?);
	eventually("Grad at C", || c.stats().grads_served == 1).await?;
	assert_eq!(b.stats().grads_served, 1);
	// The error waits for the next step; nobody but B and C has one.
	assert!(!a.compute.upstream_step().await?);
	assert!(b.compute.upstream_step().await?);
	assert!(c.compute.upstream_step().await?);
	assert_eq!(a.digest().await?, before.0);
	assert_ne!(b.digest().await?, before.1);
	assert_ne!(c.digest().await?, before.2);
	Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_bid_a_grad_goes_no_further_and_changes_nothing() -> anyhow::Result<()> {
	// B bids nothing for C: what A sends changes B, and C not at all.
	let asks: &[(u8, &[u8])] = &[(b'C', b""), (b'B', b"C"), (b'A', b"B")];
	let network = network(asks, &[(b'B', b'C')]).await?;
	let of = |name: u8| network.get(&name).context("started");
	let (a, b, c) = (of(b'A')?, of(b'B')?, of(b'C')?);
	let before = c.digest().await?;
	assert!(spike_and_grad(a, b, &peer_of(b)).await?);
	eventually("Grad at B", || b.stats().grads_served == 1).await?;
	eventually("refusal at C", || c.stats().grads_dropped == 1).await?;
	assert!(!c.compute.upstream_step().await?);
	assert_eq!(c.digest().await?, before);
	Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_grad_ends_in_a_cycle() -> anyhow::Result<()> {
	let network = network(&[(b'A', b"B"), (b'B', b"A"), (b'D', b"A")], &[]).await?;
	let of = |name: u8| network.get(&name).context("started");
	let (a, b, d) = (of(b'A')?, of(b'B')?, of(b'D')?);
	assert!(spike_and_grad(d, a, &peer_of(a)).await?);
	eventually("Grad at B", || b.stats().grads_served == 1).await?;
	// Were it still under way, it would come round within milliseconds.
	tokio::time::sleep(Duration::from_millis(500)).await;
	let served = [a, b, d].map(|component| component.stats().grads_served);
	assert_eq!(served, [1, 1, 0]);
	Ok(())
}
