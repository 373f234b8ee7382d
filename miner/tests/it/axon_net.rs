//! Small networks for the tests of axon and dendrite: real servers on loopback, real signatures, and
//! components that are linear functions.

use async_trait::async_trait;
use bittensor_miner::{
	axon::{
		Axon, AxonConfig, ComponentService, ComputeError, DownstreamAnswer, GradOutcome, Output,
		Peers, Standing, UpstreamGrad,
	},
	dendrite::{BreakerConfig, Dendrite, DendriteConfig, Peer, TonicTransport, TransportConfig},
	telemetry::recorder::Reading,
};
use bittensor_wire::{proto::GradReason, AccountId, Keypair, Signer, Spike, Vectors, DIM};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use parking_lot::Mutex;
use std::{
	collections::HashMap,
	sync::{
		atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst},
		Arc,
	},
	time::Duration,
};
use tokio::time::Instant;

pub(crate) const GENESIS: [u8; 32] = [42; 32];

pub(crate) fn key(number: u8) -> Keypair {
	Keypair::from_seed(&[number; 32]).expect("32 bytes are a seed")
}

pub(crate) fn account(number: u8) -> AccountId {
	key(number).account()
}

pub(crate) fn texts(texts: &[&str]) -> Vec<String> {
	texts.iter().map(|text| text.to_string()).collect()
}

pub(crate) fn within(seconds: f64) -> Instant {
	Instant::now() + Duration::from_secs_f64(seconds)
}

/// e(x): 128 numbers in [-0.5, 0.5] that depend on the text alone.
fn encode(text: &str) -> impl Iterator<Item = f32> {
	let hash = bittensor_wire::blake2_256(text.as_bytes());
	(0..DIM).map(move |at| f32::from(hash[at % 32] ^ (at / 32) as u8) / 255.0 - 0.5)
}

/// Changes the vector of a text, by the number of the call.
pub(crate) type Twist = fn(usize, &str, &mut [f32]);

/// y = own · e(x) + gain · Σ_j d_j(x).
pub(crate) struct Linear {
	own: f32,
	gain: f32,
	/// How long each Spike takes.
	pub(crate) delay: Mutex<Duration>,
	/// Makes its answers bad.
	pub(crate) twist: Mutex<Option<Twist>>,
	/// Version of its parameters.
	pub(crate) version: AtomicU64,
	/// What becomes of Grads.
	pub(crate) reason: Mutex<GradReason>,
	pub(crate) spikes: AtomicUsize,
	pub(crate) grads: Mutex<Vec<UpstreamGrad>>,
}

impl Linear {
	pub(crate) fn output(&self, texts: &[String], downstream: &[Option<Vectors>]) -> Vectors {
		let mut values: Vec<f32> =
			texts.iter().flat_map(|text| encode(text).map(|value| self.own * value)).collect();
		for vectors in downstream.iter().flatten() {
			for (value, below) in values.iter_mut().zip(vectors.values()) {
				*value += self.gain * below;
			}
		}
		Vectors::new(texts.len(), values).expect("finite")
	}

	pub(crate) fn spikes(&self) -> usize {
		self.spikes.load(SeqCst)
	}

	pub(crate) fn grads(&self) -> Vec<UpstreamGrad> {
		self.grads.lock().clone()
	}
}

#[async_trait]
impl ComponentService for Linear {
	async fn spike(
		&self,
		texts: Arc<[String]>,
		downstream: Vec<DownstreamAnswer>,
	) -> Result<Output, ComputeError> {
		let call = self.spikes.fetch_add(1, SeqCst);
		let delay = *self.delay.lock();
		tokio::time::sleep(delay).await;
		let inputs: Vec<_> = downstream.into_iter().map(|answer| answer.vectors).collect();
		let mut vectors = self.output(&texts, &inputs);
		if let Some(twist) = *self.twist.lock() {
			let mut values = vectors.values().to_vec();
			for (text, vector) in texts.iter().zip(values.chunks_exact_mut(DIM)) {
				twist(call, text, vector);
			}
			vectors = Vectors::new(texts.len(), values).expect("finite");
		}
		Ok(Output { vectors, version: self.version.load(SeqCst) })
	}

	async fn grad(&self, upstream: UpstreamGrad) -> Result<GradOutcome, ComputeError> {
		let delay = *self.delay.lock();
		tokio::time::sleep(delay).await;
		let reason = *self.reason.lock();
		if reason != GradReason::Accepted {
			return Ok(GradOutcome { reason, errors: Vec::new() });
		}
		let scaled = |error: &Vectors| {
			let values = error.values().iter().map(|value| self.gain * value).collect();
			Vectors::new(error.rows(), values).expect("finite")
		};
		let errors = upstream
			.downstream
			.iter()
			.filter(|answer| answer.vectors.is_some())
			.map(|answer| (answer.account, scaled(&upstream.error)))
			.collect();
		self.grads.lock().push(upstream);
		Ok(GradOutcome { reason, errors })
	}
}

#[derive(Default)]
struct Chain {
	/// Service key number to port; 0 while nothing listens.
	components: HashMap<u8, u16>,
	/// Inputs of each component.
	inputs: HashMap<u8, Vec<u8>>,
	/// (bidder, for whom) to flow.
	flows: HashMap<(u8, u8), u64>,
}

/// The chain, as all components of a test know it, and the metrics of all of them together.
#[derive(Clone)]
pub(crate) struct Net {
	chain: Arc<Mutex<Chain>>,
	metrics: PrometheusHandle,
}

impl Default for Net {
	fn default() -> Self {
		let recorder = Box::leak(Box::new(PrometheusBuilder::new().build_recorder()));
		let metrics = recorder.handle();
		// For this thread until it ends: all tasks of a test run on it.
		std::mem::forget(metrics::set_default_local_recorder(recorder));
		Self { chain: Arc::default(), metrics }
	}
}

/// The chain as one component sees it.
struct View {
	net: Net,
	me: u8,
}

impl Net {
	/// The metrics now.
	pub(crate) fn metrics(&self) -> Reading {
		Reading::of(&self.metrics)
	}

	/// A counter now, by its name without prefix and suffix.
	pub(crate) fn counter(&self, name: &str) -> u64 {
		self.metrics().counter(&format!("bittensor_miner_{name}_total"))
	}

	/// Registers a component, with no endpoint yet.
	pub(crate) fn register(&self, number: u8) {
		self.chain.lock().components.entry(number).or_default();
	}

	/// Connects these components to the inputs of `upstream`.
	pub(crate) fn inputs(&self, upstream: u8, downstream: &[u8]) {
		self.chain.lock().inputs.insert(upstream, downstream.to_vec());
	}

	/// `bidder` bids for `component`.
	pub(crate) fn bid(&self, bidder: u8, component: u8, flow: u64) {
		self.chain.lock().flows.insert((bidder, component), flow);
	}

	pub(crate) fn peer(&self, number: u8) -> Peer {
		let port = self.chain.lock().components.get(&number).copied();
		Peer {
			uid: number.into(),
			account: account(number),
			host: "127.0.0.1".into(),
			port: port.unwrap_or(0),
			tls_spki: None,
		}
	}

	/// Announces the port of a component.
	pub(crate) fn announce(&self, number: u8, port: u16) {
		self.chain.lock().components.insert(number, port);
	}

	/// A dendrite of a registered component.
	pub(crate) fn dendrite(&self, number: u8) -> Dendrite {
		self.register(number);
		let transport =
			TonicTransport::new(GENESIS, Arc::new(key(number)), TransportConfig::default());
		let breaker = BreakerConfig {
			failures: 2,
			first_pause: Duration::from_millis(300),
			longest_pause: Duration::from_secs(2),
			strike_pause: Duration::from_secs(60),
			..BreakerConfig::default()
		};
		Dendrite::new(account(number), Arc::new(transport), DendriteConfig { breaker })
	}

	/// Starts a component.
	pub(crate) async fn start(&self, number: u8) -> Node {
		self.start_with(number, "127.0.0.1:0", AxonConfig::default()).await
	}

	pub(crate) async fn start_with(&self, number: u8, listen: &str, config: AxonConfig) -> Node {
		let dendrite = Arc::new(self.dendrite(number));
		let nucleus = Arc::new(Linear {
			own: f32::from(number),
			gain: 0.5,
			delay: Mutex::default(),
			twist: Mutex::default(),
			version: AtomicU64::new(1),
			reason: Mutex::new(GradReason::Accepted),
			spikes: AtomicUsize::new(0),
			grads: Mutex::default(),
		});
		let axon = Axon::start(
			listen,
			GENESIS,
			Arc::new(key(number)),
			Arc::new(View { net: self.clone(), me: number }),
			nucleus.clone(),
			dendrite.clone(),
			config,
		)
		.await
		.expect("loopback has a free port");
		self.announce(number, axon.local_addr().port());
		Node { number, net: self.clone(), axon, nucleus, dendrite }
	}
}

impl Peers for View {
	fn standing(&self, account: &AccountId) -> Option<Standing> {
		let chain = self.net.chain.lock();
		let number = *chain.components.keys().find(|number| self::account(**number) == *account)?;
		let flow = chain.flows.get(&(number, self.me)).copied().unwrap_or(0);
		Some(Standing { uid: number.into(), registered: 1, flow, push: flow as f64 })
	}

	fn total_flow(&self) -> u64 {
		let chain = self.net.chain.lock();
		chain.flows.iter().filter(|((_, to), _)| *to == self.me).map(|(_, flow)| flow).sum()
	}

	fn downstream(&self) -> Vec<Peer> {
		let inputs = self.net.chain.lock().inputs.get(&self.me).cloned();
		inputs.unwrap_or_default().into_iter().map(|number| self.net.peer(number)).collect()
	}

	fn peer(&self, account: &AccountId) -> Option<Peer> {
		let chain = self.net.chain.lock();
		let number = *chain.components.keys().find(|number| self::account(**number) == *account)?;
		drop(chain);
		Some(self.net.peer(number))
	}
}

/// A running component.
pub(crate) struct Node {
	pub(crate) number: u8,
	net: Net,
	pub(crate) axon: Axon,
	pub(crate) nucleus: Arc<Linear>,
	pub(crate) dendrite: Arc<Dendrite>,
}

impl Node {
	/// A message of this component's own.
	pub(crate) fn message(&self, ttl: u32, texts: &[&str]) -> Spike {
		Spike::new(account(self.number), ttl, self::texts(texts)).expect("good texts")
	}

	pub(crate) fn peers(&self, numbers: &[u8]) -> Vec<Peer> {
		numbers.iter().map(|number| self.net.peer(*number)).collect()
	}

	/// Stops like a killed process: connections break, and nothing is answered.
	pub(crate) async fn kill(self) -> u16 {
		let port = self.axon.local_addr().port();
		self.axon.shutdown().await;
		port
	}
}

/// Requests refused for this reason.
pub(crate) fn refused(metrics: &Reading, reason: &str) -> u64 {
	metrics.counter(&format!(r#"bittensor_miner_requests_refused_total{{reason="{reason}"}}"#))
}

/// Waits until the condition holds; `false` if it does not within ten seconds.
pub(crate) async fn eventually(mut condition: impl FnMut() -> bool) -> bool {
	for _ in 0..1_000 {
		if condition() {
			return true;
		}
		tokio::time::sleep(Duration::from_millis(10)).await;
	}
	false
}
