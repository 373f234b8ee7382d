//! Builds the parts of a component and starts its tasks.

use super::{
	prepare::{Prepared, Text, CHECKPOINT, TWIN},
	registration::Registration,
};
use crate::{
	axon::{Axon, AxonConfig},
	chain::{cache::ChainCache, poster::Poster},
	cli::{Post, RunArgs},
	clock,
	compute::{Best, Brain, Compute, Notes},
	config::{self, ConfigError},
	dendrite::{Dendrite, DendriteConfig, TonicTransport, TransportConfig},
	identity::Identity,
	learning::{
		depth::Depth, inputs, score::Unseen, twin::Twin, words::WordsConfig, Learning,
		LearningConfig,
	},
	network::Network,
	supervisor::Supervisor,
	telemetry::{payouts, recorder, Status, Telemetry},
	watchdog::Watchdog,
};
use anyhow::Context;
use bittensor_client::{bit, ss58, AccountId, Chain};
use bittensor_nucleus::{AttributionConfig, Model};
use bittensor_wire::Signer;
use metrics::{counter, gauge};
use parking_lot::Mutex;
use std::{sync::Arc, thread::JoinHandle};
use tokio_util::sync::CancellationToken;

/// Validation examples by which a component watches what Grads do to its own loss.
const CANARY: usize = 64;

/// A component whose tasks run.
pub struct Miner {
	/// The chain as it last was.
	pub cache: ChainCache,
	/// What it wants to be on chain.
	pub registration: Registration,
	/// Its status.
	pub telemetry: Telemetry,
	/// Cancelled after the last of `--max-steps`.
	pub finished: CancellationToken,
	/// The compute thread.
	pub computing: Computing,
}

/// A model on its thread.
pub struct Computing {
	/// The handle to the thread.
	pub compute: Compute,
	/// Returns the model.
	pub thread: JoinHandle<Brain>,
	/// What the checkpoint holds beside the model.
	pub notes: Arc<Mutex<Notes>>,
	/// The best parameters so far, of a kind that learns.
	pub best: Option<Arc<Mutex<Best>>>,
}

/// Builds the component and starts its tasks. It is not registered yet.
pub async fn assemble(
	args: &RunArgs,
	identity: &Identity,
	prepared: Prepared,
	chain: Arc<dyn Chain>,
	supervisor: &Supervisor,
) -> anyhow::Result<Miner> {
	let account = identity.account();
	if let Some(origin) = &prepared.origin {
		origin.check_chain(chain.genesis_hash())?;
	}
	let parameters = chain.parameters().await?;
	let stake = args.row.stake;
	if stake > 0 && stake < parameters.min_stake {
		let (given, minimum) = (bit(stake), bit(parameters.min_stake));
		return Err(ConfigError::Stake { given, minimum }.into());
	}
	start_metrics(args, supervisor)?;
	let (cache, follower) = ChainCache::start(chain.clone(), account).await?;
	supervisor.spawn("chain cache", follower);
	tracing::info!(
		"{} on chain 0x{}, block {}",
		ss58(&account),
		hex::encode(chain.genesis_hash()),
		cache.snapshot().head.number
	);
	let watchdog = Watchdog::new(args.process.stale_after);
	supervisor.spawn("watchdog", watchdog.run(cache.clone(), args.chain.chain.clone()));

	let learns = prepared.text.is_some() && args.learning.learn_from.grads();
	let network = Arc::new(Network::new(cache.clone(), args.learning.bid_weight, learns));
	let signer: Arc<dyn Signer> = Arc::new(identity.keypair().clone());
	let transport =
		TonicTransport::new(chain.genesis_hash(), signer.clone(), TransportConfig::default());
	let dendrite = Arc::new(Dendrite::new(account, Arc::new(transport), DendriteConfig::default()));
	let genesis = chain.genesis_hash();
	let mut prepared = prepared;
	let twin = match prepared.twin.take() {
		Some((model, best)) => Some(start_twin(args, model, best, &prepared, supervisor)?),
		None => None,
	};
	let (mut computing, text) = start_computing(args, prepared, genesis, &network)?;
	let service = Arc::new(computing.compute.clone());
	let endpoint = match args.serve.no_serve {
		true => None,
		false => {
			let config = AxonConfig { max_ttl: args.serve.max_ttl, ..AxonConfig::default() };
			let listen = args.serve.listen.to_string();
			let (peers, dendrite) = (network.clone(), dendrite.clone());
			let axon = Axon::start(&listen, genesis, signer, peers, service, dendrite, config)
				.await
				.with_context(|| format!("--listen {listen}"))?;
			let endpoint = config::endpoint(args.serve.advertise.as_ref(), axon.local_addr())?;
			let stop = supervisor.stop().clone();
			supervisor.spawn_until_done("axon", async move { Ok(axon.serve_until(&stop).await?) });
			Some(endpoint)
		}
	};
	let poster = (args.row.post != Post::None).then(|| {
		let (chain, cache) = (chain.clone(), cache.clone());
		let (poster, task) = Poster::start(chain, cache, parameters.row_lifetime);
		supervisor.spawn("poster", task);
		poster
	});
	if let (Post::OwnOnly, Some(poster)) = (args.row.post, &poster) {
		poster.want(Vec::new());
	}
	let status = Status {
		account: ss58(&account),
		kind: args.component.kind.clone(),
		pid: std::process::id(),
		endpoint: endpoint.as_ref().map(ToString::to_string).unwrap_or_default(),
		..Status::default()
	};
	let telemetry = Telemetry::new(status, cache.clone(), poster.clone());
	let finished = CancellationToken::new();
	// A kind that learns nothing may have inputs as well: its answers follow from theirs.
	if !network.inputs().is_empty() {
		let (compute, wanted) = (computing.compute.clone(), args.downstream.downstream.clone());
		let (cache, network, dendrite) = (cache.clone(), network.clone(), dendrite.clone());
		supervisor.spawn("inputs", inputs::keep(cache, network, compute, dendrite, wanted));
	}
	if let Some((Text { sampler, reported, validation, unseen, unigram, .. }, best)) = text {
		let compute = computing.compute.clone();
		let best = Arc::new(Mutex::new(best));
		computing.best = Some(best.clone());
		let learning = Learning {
			config: learning_config(args, account),
			compute,
			dendrite,
			network,
			poster: poster.filter(|_| args.row.post == Post::Measured),
			telemetry: telemetry.clone(),
			reported: Arc::new(reported),
			validation: Arc::new(validation),
			unigram,
			best,
			unseen: Some(Unseen {
				text: Arc::new(unseen),
				every: AttributionConfig::default().score_every,
				batch: AttributionConfig::default().batch,
				seed: args.component.seed.unwrap_or_default(),
			}),
			twin,
			notes: computing.notes.clone(),
			supervisor: supervisor.clone(),
			finished: finished.clone(),
			health: Default::default(),
		};
		learning.start(sampler);
	}
	let min_stake = parameters.min_stake;
	let payouts = payouts::report(chain.clone(), account, cache.clone());
	supervisor.spawn("payouts", payouts);
	let errors = telemetry.errors().clone();
	supervisor.spawn("clock", clock::watch(chain.clone(), cache.clone(), errors.clone()));
	let registration = Registration { chain, account, endpoint, stake, min_stake, errors };
	Ok(Miner { cache, registration, telemetry, finished, computing })
}

/// Starts the twin, which trains until the component's training ends.
fn start_twin(
	args: &RunArgs,
	model: Box<dyn Model>,
	best: Best,
	prepared: &Prepared,
	supervisor: &Supervisor,
) -> anyhow::Result<Twin> {
	let brain = Brain::new(model, Vec::new(), false, prepared.device.clone());
	let path = args.component.base_path.join(TWIN);
	let documents = prepared.notes.documents.clone();
	let (twin, thread) = Twin::start(brain, best, path, documents)?;
	let (task, stop) = (twin.clone(), supervisor.stop().clone());
	supervisor.spawn_until_done("twin", async move {
		task.run(thread).await?;
		// Training ends before the stop if `--max-steps` is reached.
		stop.cancelled().await;
		Ok(())
	});
	Ok(twin)
}

/// Installs the recorder, and serves it if a port was given.
fn start_metrics(args: &RunArgs, supervisor: &Supervisor) -> anyhow::Result<()> {
	if let Some(exporter) = recorder::install(args.process.prometheus_port)? {
		supervisor.spawn("prometheus", async move {
			exporter.await.map_err(|error| anyhow::anyhow!("{error:?}"))
		});
	}
	Ok(())
}

/// Starts the compute thread. Returns it with the text to learn from, for a kind that learns.
fn start_computing(
	args: &RunArgs,
	prepared: Prepared,
	genesis: [u8; 32],
	network: &Network,
) -> anyhow::Result<(Computing, Option<(Text, Best)>)> {
	let Prepared { mut model, notes, text, best, device, .. } = prepared;
	counter!("bittensor_miner_steps_total").absolute(model.steps());
	gauge!("bittensor_miner_parameter_version").set(model.version() as f64);
	if let Some(text) = &text {
		gauge!("bittensor_miner_perplexity_unigram").set(text.unigram);
		let (known, unknown) = text.reported.known();
		gauge!("bittensor_miner_perplexity_tokens").set(known as f64);
		gauge!("bittensor_miner_perplexity_unknown").set(unknown);
		// Of all documents, as hostile errors may spoil the words of one.
		model.set_canary(&text.unseen.spread(CANARY).examples)?;
	}
	if let Some(start) = notes.perplexity_start {
		gauge!("bittensor_miner_perplexity_start").set(start);
	}
	let takes_grads = args.learning.learn_from.grads();
	let brain = Brain::new(model, notes.accounts(), takes_grads, device).on_chain(genesis);
	network.set_inputs(brain.inputs().clone());
	let (compute, thread) = Compute::start(brain).context("cannot start the compute thread")?;
	let notes = Arc::new(Mutex::new(notes));
	let computing = Computing { compute, thread, notes, best: None };
	Ok((computing, text.map(|text| (text, best))))
}

fn learning_config(args: &RunArgs, account: AccountId) -> LearningConfig {
	let options = &args.learning;
	LearningConfig {
		account,
		batch: options.batch,
		depth: Depth { most: args.downstream.ttl - 1, further: args.downstream.further },
		words: WordsConfig { every: options.words_every, steps: options.words_steps },
		spike_timeout: args.downstream.spike_timeout_ms,
		max_steps_per_second: options.max_steps_per_second,
		max_steps: options.max_steps,
		learn_from: options.learn_from,
		bid_weight: options.bid_weight,
		attribute: options.learn_from.own() && args.row.post != Post::OwnOnly,
		warm_up: args.row.warm_up,
		grads_per_second: options.grads_per_second,
		evaluate_every: options.evaluate_every,
		checkpoint_every: options.checkpoint_every,
		checkpoint: args.component.base_path.join(CHECKPOINT),
	}
}
