//! `run`: a component from start to stop.
//!
//! ```text
//!   settings, key, text, checkpoint      nothing is started while one of them is wrong
//!        │
//!   chain: genesis, runtime ── mirror
//!        │
//!   axon: port ── dendrite ── compute thread
//!        │
//!   registered? staked? endpoint announced?     tried again while the chain is away
//!        │
//!   slots ── learning ── poster ── telemetry ── until Ctrl-C, SIGTERM, or a reason to give up
//!        │
//!   axon stops ── checkpoint ── last status
//! ```

use super::connect;
use crate::{
	axon::{Axon, AxonConfig, ComponentService},
	chain::{cache::ChainCache, poster::Poster, PROTOCOL},
	cli::{BidWeight, Kind, LearnFrom, RunArgs},
	compute::{Brain, Compute, NoiseNucleus, Notes},
	config::{
		check_ranges, parse_bit, parse_downstream, ChainConfig, ConfigError, Downstream, Serve,
	},
	dendrite::{Dendrite, DendriteConfig, TonicTransport, TransportConfig},
	identity::Identity,
	learning::{slots, Learning, LearningConfig},
	network::Network,
	telemetry::{self, BidStatus, Status, Telemetry},
};
use anyhow::Context;
use bittensor_client::{bit, decimal, ss58, Call, Chain, ChainError, Endpoint, Parameters};
use bittensor_nucleus as nucleus;
use std::{
	collections::BTreeMap,
	fs::File,
	path::Path,
	sync::{Arc, Mutex, PoisonError},
	thread::JoinHandle,
	time::{Duration, Instant},
};
use tokio::sync::watch;

/// Name of the checkpoint below the base path.
pub const CHECKPOINT: &str = "component.safetensors";

/// A base path that is in use.
#[derive(Debug, thiserror::Error)]
#[error(
	"another miner uses {0}: two processes with one key would spoil each other's checkpoint and \
	 transactions. Stop it, or give each its own --base-path"
)]
pub struct InUse(String);

/// The learning part of a component and what it is measured on.
struct Text {
	component: nucleus::Component,
	notes: Notes,
	sampler: nucleus::Sampler,
	held_out: Vec<nucleus::Example>,
	unigram: f64,
	resumed: bool,
}

/// Reads the corpus and makes or resumes the component. Nothing has been started yet.
fn prepare(args: &RunArgs, device: &nucleus::Device) -> anyhow::Result<Text> {
	let folder = args.corpus.as_ref().ok_or_else(|| ConfigError::Corpus(args.kind.to_string()))?;
	let corpus = nucleus::Corpus::load(folder)?;
	let documents = corpus.select(&args.documents)?;
	let tokenizer = Arc::new(nucleus::Tokenizer::train(&corpus, args.vocabulary)?);
	let config = nucleus::Config {
		vocab: args.vocabulary,
		slots: args.slots,
		batch: args.batch,
		seed: args.seed,
		bid_weight: match args.bid_weight {
			BidWeight::Flow => nucleus::BidWeight::Flow,
			BidWeight::Share => nucleus::BidWeight::Share,
		},
		..nucleus::Config::default()
	};
	let mut sampler = nucleus::Sampler::new(
		&corpus,
		&documents,
		&tokenizer,
		config.context,
		config.horizon,
		args.seed,
	)?;
	let held_out = nucleus::held_out(
		&corpus,
		&corpus.held_out_for(&documents),
		&tokenizer,
		config.context,
		config.horizon,
		args.held_out,
	)?;
	let unigram = nucleus::Unigram::fit(sampler.tokens(), tokenizer.size());
	let baseline = unigram.perplexity(held_out.iter().map(|example| &example.target[..]));
	let names: Vec<String> =
		documents.iter().map(|at| corpus.documents()[*at].name().to_owned()).collect();
	tracing::info!(
		"{} documents, {} examples, {} words, unigram perplexity {baseline:.1}",
		names.len(),
		sampler.examples(),
		tokenizer.size()
	);

	let path = args.base_path.join(CHECKPOINT);
	let (component, notes, resumed) = if path.exists() {
		let (mut component, notes) = nucleus::Component::load(&path, tokenizer, device)
			.context(
				"the checkpoint is corrupt, or of another corpus or --vocabulary, and was left as it is",
			)?;
		component.configure(&config)?;
		let mut notes: Notes = serde_json::from_value(notes).unwrap_or_default();
		if notes.documents == names {
			sampler.resume(notes.sampler);
		}
		notes.documents = names;
		tracing::info!("resumed {} at step {}", path.display(), component.steps());
		(component, notes, true)
	} else {
		let component = nucleus::Component::new(config, tokenizer, Some(&unigram), device)?;
		(component, Notes { documents: names, ..Notes::default() }, false)
	};
	Ok(Text { component, notes, sampler, held_out, unigram: baseline, resumed })
}

/// Makes the base path and locks it for this process.
fn lock(base_path: &Path) -> anyhow::Result<File> {
	std::fs::create_dir_all(base_path)
		.with_context(|| format!("cannot make {}", base_path.display()))?;
	let path = base_path.join("lock");
	let file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
	match file.try_lock() {
		Ok(()) => Ok(file),
		Err(std::fs::TryLockError::WouldBlock) => {
			Err(InUse(base_path.display().to_string()).into())
		}
		Err(std::fs::TryLockError::Error(error)) => {
			Err(error).with_context(|| format!("cannot lock {}", path.display()))
		}
	}
}

/// Turns true at Ctrl-C or SIGTERM.
fn signals() -> anyhow::Result<watch::Receiver<bool>> {
	use tokio::signal::unix::{signal, SignalKind};
	let mut interrupt = signal(SignalKind::interrupt())?;
	let mut terminate = signal(SignalKind::terminate())?;
	let (send, receive) = watch::channel(false);
	tokio::spawn(async move {
		tokio::select! {
			_ = interrupt.recv() => tracing::info!("interrupted: stopping"),
			_ = terminate.recv() => tracing::info!("terminated: stopping"),
		}
		send.send_replace(true);
		// The receivers must see the change before the channel closes; a second signal ends at once.
		tokio::select! {
			_ = interrupt.recv() => {},
			_ = terminate.recv() => {},
		}
		tracing::warn!("second signal: gone without a checkpoint");
		std::process::exit(130);
	});
	Ok(receive)
}

/// What the component wants to be on chain.
struct Wanted {
	endpoint: Endpoint,
	stake: u64,
	account: [u8; 32],
}

/// Registers, announces and stakes what is missing. One attempt.
async fn settle(
	chain: &dyn Chain,
	wanted: &Wanted,
	parameters: &Parameters,
) -> Result<u32, ChainError> {
	let uid = match chain.component_of(wanted.account, None).await? {
		Some(uid) => uid,
		None => {
			let endpoint = Some(wanted.endpoint.clone());
			let head = chain.submit(Call::Register { endpoint, service_key: None }).await?;
			let uid =
				chain.component_of(wanted.account, Some(head.hash)).await?.ok_or_else(|| {
					ChainError::Other(
						"registered, but the chain does not know the component".into(),
					)
				})?;
			tracing::info!("registered as component {uid} in block {}", head.number);
			uid
		}
	};
	let components = chain.components(None).await?;
	let Some(mine) = components.into_iter().find(|component| component.uid == uid) else {
		return Err(ChainError::Other(format!("component {uid} is not there yet")));
	};
	if mine.service_key != wanted.account {
		return Err(ChainError::Dispatch {
			call: "register",
			name: "ServedByAnotherKey".into(),
			hint: format!(
				"Component {uid} is run by its service key {}: start the miner with that key, or \
				 change it with emission.set_service_key.",
				ss58(&mine.service_key)
			),
		});
	}
	if mine.leaving {
		return Err(ChainError::Dispatch {
			call: "register",
			name: "Leaving".into(),
			hint: "This component was deregistered and leaves at the next epoch; start again then."
				.into(),
		});
	}
	if mine.endpoint.as_ref() != Some(&wanted.endpoint) {
		let endpoint = Some(wanted.endpoint.clone());
		let head = chain.submit(Call::SetEndpoint { endpoint }).await?;
		tracing::info!("announced {} in block {}", wanted.endpoint, head.number);
	}
	if mine.stake < wanted.stake {
		if mine.owner != wanted.account {
			tracing::warn!(
				"--stake is ignored: this is a service key, and the stake is moved by the owner {}",
				ss58(&mine.owner)
			);
			return Ok(uid);
		}
		let amount =
			(wanted.stake - mine.stake).max(parameters.min_stake.saturating_sub(mine.stake));
		let head = chain.submit(Call::Stake { amount }).await?;
		tracing::info!("staked {} BIT in block {}", bit(amount), head.number);
	}
	Ok(uid)
}

/// Settles, trying again while the chain is out of reach; `None` when told to stop.
async fn settle_until_done(
	chain: &dyn Chain,
	wanted: &Wanted,
	parameters: &Parameters,
	mut stop: watch::Receiver<bool>,
) -> anyhow::Result<Option<u32>> {
	let mut pause = Duration::from_secs(1);
	let mut attempts = 0;
	loop {
		let result = tokio::select! {
			result = settle(chain, wanted, parameters) => result,
			_ = stop.changed() => return Ok(None),
		};
		match result {
			Ok(uid) => return Ok(Some(uid)),
			Err(error) if error.is_transient() && attempts < 20 => {
				tracing::warn!("not settled on chain yet: {error}");
			}
			Err(error) => return Err(error.into()),
		}
		attempts += 1;
		tokio::select! {
			_ = tokio::time::sleep(pause) => {},
			_ = stop.changed() => return Ok(None),
		}
		pause = (pause * 2).min(Duration::from_secs(15));
	}
}

/// Keeps the slots in step with the mirror.
async fn keep_slots(
	mut view: ChainCache,
	network: Arc<Network>,
	compute: Compute,
	wanted: Downstream,
	start: slots::Slots,
) {
	let mut current = start;
	loop {
		let snapshot = view.snapshot();
		let next = slots::assign(&current, &snapshot, &wanted);
		if next != current {
			for account in next.iter().flatten().filter(|new| !current.contains(&Some(**new))) {
				tracing::info!("asks {} from now on", ss58(account));
			}
			for account in current.iter().flatten().filter(|old| !next.contains(&Some(**old))) {
				tracing::info!("no longer asks {}", ss58(account));
			}
			match compute.set_slots(next.clone()).await {
				Ok(()) => {
					network.set_slots(next.clone());
					current = next;
				}
				Err(error) => tracing::warn!("the slots were not changed: {error}"),
			}
		}
		if view.changed().await.is_none() {
			return;
		}
	}
}

/// What telemetry reads once a second.
fn refresh(status: &mut Status, started: Instant, view: &ChainCache, poster: Option<&Poster>) {
	let snapshot = view.snapshot();
	status.uptime = started.elapsed().as_secs();
	status.block = snapshot.head.number;
	status.epoch = snapshot.epoch.epoch;
	status.uid = snapshot.me;
	let mine = snapshot.mine();
	status.stake = decimal(mine.map_or(0, |mine| mine.stake));
	status.payout = decimal(mine.map_or(0, |mine| mine.payout));
	status.strongest_bid = snapshot.strongest_bid().map(|bid| BidStatus {
		uid: bid.uid,
		share: bid.share,
		flow: decimal(bid.flow),
	});
	let numbers = telemetry::recorder::read();
	status.spikes_served = numbers.counter("bittensor_miner_spikes_served_total");
	status.grads_served = numbers.counter("bittensor_miner_grads_served_total");
	status.refused = numbers.counter("bittensor_miner_requests_refused_total");
	if let Some(poster) = poster {
		let posted = poster.posted();
		status.posts = posted.posts;
		status.post_failures = posted.failures;
		status.posted_row =
			posted.row.map(|row| row.iter().map(|edge| (edge.target, edge.share)).collect());
		if posted.last_error.is_some() {
			status.last_error = posted.last_error;
		}
	}
}

/// The computing part: a thread with a component, or noise.
struct Computing {
	nucleus: Arc<dyn ComponentService>,
	thread: Option<(Compute, JoinHandle<Brain>)>,
	learning: Option<(nucleus::Sampler, Vec<nucleus::Example>, Notes)>,
	slots: slots::Slots,
}

fn start_computing(
	args: &RunArgs,
	text: Option<Text>,
	device: nucleus::Device,
	telemetry: &Telemetry,
) -> anyhow::Result<Computing> {
	let Some(text) = text else {
		return Ok(Computing {
			nucleus: Arc::new(NoiseNucleus::new(args.seed)),
			thread: None,
			learning: None,
			slots: Vec::new(),
		});
	};
	{
		let mut status = telemetry.status();
		status.steps = text.component.steps();
		status.perplexity.unigram = Some(text.unigram);
		status.perplexity.start = text.notes.perplexity_start;
	}
	let mut accounts = text.notes.accounts();
	accounts.resize(text.component.config().slots, None);
	if text.resumed && accounts.iter().any(Option::is_some) {
		tracing::info!("{} slots resumed", accounts.iter().flatten().count());
	}
	let learns = !args.freeze && args.learn_from != LearnFrom::Own;
	let brain = Brain::new(text.component, accounts.clone(), learns, device);
	let (compute, thread) = Compute::start(brain).context("cannot start the compute thread")?;
	Ok(Computing {
		nucleus: Arc::new(compute.clone()),
		thread: Some((compute, thread)),
		learning: Some((text.sampler, text.held_out, text.notes)),
		slots: accounts,
	})
}

/// Runs the component until it is told to stop.
pub async fn run(args: &RunArgs, as_json: bool) -> anyhow::Result<()> {
	let started = Instant::now();
	telemetry::recorder::install(None)?;
	check_ranges(args)?;
	let serve = Serve::new(args)?;
	let stake = parse_bit(&args.stake)?;
	let downstream = parse_downstream(&args.downstream)?;
	let chain_config = ChainConfig::new(&args.chain)?;
	let identity = Arc::new(Identity::load(&args.key)?);
	let account = identity.account();
	let _lock = lock(&args.base_path)?;
	let stop = signals()?;

	let device = device();
	let text = match args.kind {
		Kind::Noise => None,
		Kind::Trainable | Kind::Selfish => Some(prepare(args, &device)?),
	};

	let chain = connect(&chain_config, Some(identity.clone())).await?;
	let parameters = chain.parameters().await?;
	if stake > 0 && stake < parameters.min_stake {
		anyhow::bail!(
			"--stake {} is below the minimum of {} BIT: stake at least that, or 0",
			args.stake,
			bit(parameters.min_stake)
		);
	}
	let view = ChainCache::start(chain.clone(), account).await?;
	tracing::info!(
		"{} on chain 0x{}, block {}",
		ss58(&account),
		hex::encode(chain.genesis_hash()),
		view.snapshot().head.number
	);

	let telemetry = Telemetry::default();
	let learns = text.is_some() && !args.freeze && args.learn_from != LearnFrom::Own;
	let network = Arc::new(Network::new(view.clone(), args.bid_weight, learns));
	let signer: Arc<dyn bittensor_wire::Signer> = Arc::new(identity.keypair().clone());
	let transport =
		TonicTransport::new(chain.genesis_hash(), signer.clone(), TransportConfig::default());
	let dendrite = Arc::new(Dendrite::new(account, Arc::new(transport), DendriteConfig::default()));
	let computing = start_computing(args, text, device, &telemetry)?;
	network.set_slots(computing.slots.clone());
	let axon = Axon::start(
		&serve.listen.to_string(),
		chain.genesis_hash(),
		signer,
		network.clone(),
		computing.nucleus.clone(),
		dendrite.clone(),
		AxonConfig { max_ttl: args.max_ttl, ..AxonConfig::default() },
	)
	.await
	.with_context(|| format!("--listen {}", serve.listen))?;
	let local = axon.local_addr();
	let endpoint = Endpoint {
		host: serve.host.clone().unwrap_or_else(|| local.ip().to_string()).try_into()?,
		port: serve.port.unwrap_or(local.port()),
		tls_spki: None,
		protocol: PROTOCOL,
	};
	{
		let mut status = telemetry.status();
		status.account = ss58(&account);
		status.kind = args.kind.to_string();
		status.pid = std::process::id();
		status.endpoint = endpoint.to_string();
	}

	let wanted = Wanted { endpoint, stake, account };
	let poster = (!args.no_post)
		.then(|| Poster::start(chain.clone(), view.clone(), parameters.row_lifetime));
	let reporter = {
		let (view, poster) = (view.clone(), poster.clone());
		tokio::spawn(telemetry::report(
			telemetry.clone(),
			args.status_file.clone(),
			as_json,
			move |status| refresh(status, started, &view, poster.as_ref()),
		))
	};

	let (end, ended) = watch::channel(false);
	let tasks = start_learning(
		args,
		account,
		&computing,
		downstream,
		&network,
		&dendrite,
		poster.clone(),
		&telemetry,
		ended,
	);
	let outcome =
		live(chain.as_ref(), &wanted, &parameters, &view, poster.as_ref(), args, stop, &telemetry)
			.await;

	end.send_replace(true);
	for task in tasks.learning {
		if tokio::time::timeout(Duration::from_secs(10), task).await.is_err() {
			tracing::warn!("learning did not stop in time");
		}
	}
	tasks.keeper.iter().for_each(tokio::task::JoinHandle::abort);
	axon.shutdown().await;
	reporter.abort();
	if let Some((compute, thread)) = computing.thread {
		compute.close();
		let brain = tokio::task::spawn_blocking(move || thread.join()).await?;
		let brain = brain.map_err(|_| anyhow::anyhow!("the compute thread panicked"))?;
		let notes = tasks.notes.lock().unwrap_or_else(PoisonError::into_inner).clone();
		let path = args.base_path.join(CHECKPOINT);
		brain.save(&path, notes)?;
		tracing::info!("checkpoint at step {}: {}", brain.component().steps(), path.display());
	}
	refresh(&mut telemetry.status(), started, &view, poster.as_ref());
	if let Some(path) = &args.status_file {
		telemetry.write(path).with_context(|| format!("cannot write {}", path.display()))?;
	}
	let status = telemetry.status().clone();
	if as_json {
		println!("{}", serde_json::to_string(&status)?);
	} else {
		tracing::info!("{}", telemetry::line(&status));
	}
	outcome
}

/// Background work of a running component.
struct Tasks {
	learning: Vec<tokio::task::JoinHandle<()>>,
	keeper: Option<tokio::task::JoinHandle<()>>,
	notes: Arc<Mutex<Notes>>,
}

fn start_learning(
	args: &RunArgs,
	account: [u8; 32],
	computing: &Computing,
	downstream: Downstream,
	network: &Arc<Network>,
	dendrite: &Arc<Dendrite>,
	poster: Option<Poster>,
	telemetry: &Telemetry,
	ended: watch::Receiver<bool>,
) -> Tasks {
	let (Some((compute, _)), Some((sampler, held_out, notes))) =
		(&computing.thread, &computing.learning)
	else {
		return Tasks {
			learning: Vec::new(),
			keeper: None,
			notes: Arc::new(Mutex::new(Notes::default())),
		};
	};
	let keeper = tokio::spawn(keep_slots(
		network.view().clone(),
		network.clone(),
		compute.clone(),
		downstream,
		computing.slots.clone(),
	));
	let notes = Arc::new(Mutex::new(notes.clone()));
	let learning = Learning {
		config: LearningConfig {
			account,
			batch: args.batch,
			ttl: args.ttl - 1,
			spike_timeout: Duration::from_millis(args.spike_timeout_ms),
			max_steps_per_second: args.max_steps_per_second,
			max_steps: args.max_steps,
			freeze: args.freeze,
			learn_from: args.learn_from,
			bid_weight: args.bid_weight,
			self_only: args.kind == Kind::Selfish,
			warm_up: args.warm_up,
			grads_per_second: args.grads_per_second,
			evaluate_every: Duration::from_secs(args.evaluate_every),
			checkpoint_every: Duration::from_secs(args.checkpoint_every),
			checkpoint: args.base_path.join(CHECKPOINT),
		},
		compute: compute.clone(),
		dendrite: dendrite.clone(),
		network: network.clone(),
		poster,
		telemetry: telemetry.clone(),
		held_out: Arc::new(held_out.clone()),
		notes: notes.clone(),
		health: Arc::new(Mutex::new(BTreeMap::new())),
	};
	let learning = tokio::spawn(learning.run(Some(sampler.clone()), ended));
	Tasks { learning: vec![learning], keeper: Some(keeper), notes }
}

/// Settles on chain, then waits for a reason to stop.
async fn live(
	chain: &dyn Chain,
	wanted: &Wanted,
	parameters: &Parameters,
	view: &ChainCache,
	poster: Option<&Poster>,
	args: &RunArgs,
	mut stop: watch::Receiver<bool>,
	telemetry: &Telemetry,
) -> anyhow::Result<()> {
	let mut failed = view.clone();
	let settled = tokio::select! {
		settled = settle_until_done(chain, wanted, parameters, stop.clone()) => settled?,
		reason = failed.failed() => anyhow::bail!(reason),
	};
	if settled.is_none() {
		return Ok(());
	}
	// Noise has nothing to measure: its whole row is its own from the start.
	if let (Kind::Noise, Some(poster)) = (args.kind, poster) {
		poster.want(Vec::new());
	}
	let finished = async {
		let Some(most) = args.max_steps else { return std::future::pending().await };
		loop {
			if telemetry.status().steps >= most {
				return;
			}
			tokio::time::sleep(Duration::from_millis(200)).await;
		}
	};
	let settled_again = keep_settled(chain, wanted, parameters, view.clone(), stop.clone());
	tokio::select! {
		_ = stop.wait_for(|stop| *stop) => Ok(()),
		_ = finished => Ok(()),
		reason = failed.failed() => anyhow::bail!(reason),
		error = settled_again => error,
	}
}

/// Settles again when the chain began anew with the same genesis, as a development chain without a
/// database does at each start. A component that was deregistered stays so. Returns only to stop.
async fn keep_settled(
	chain: &dyn Chain,
	wanted: &Wanted,
	parameters: &Parameters,
	mut view: ChainCache,
	stop: watch::Receiver<bool>,
) -> anyhow::Result<()> {
	let mut highest = view.snapshot().head.number;
	let mut registered = false;
	while let Some(snapshot) = view.changed().await {
		let number = snapshot.head.number;
		if snapshot.me.is_some() {
			registered = true;
		} else if number < highest {
			tracing::warn!("the chain began anew at block {number}: registering again");
			if settle_until_done(chain, wanted, parameters, stop.clone()).await?.is_none() {
				return Ok(());
			}
			highest = number;
		} else if registered {
			tracing::warn!("this component is not registered any more: nothing is paid to it");
			registered = false;
		}
		highest = highest.max(number);
	}
	std::future::pending().await
}

/// Where tensors live.
fn device() -> nucleus::Device {
	#[cfg(feature = "cuda")]
	match nucleus::Device::new_cuda(0) {
		Ok(device) => return device,
		Err(error) => tracing::warn!("no GPU, computing on the CPU: {error}"),
	}
	nucleus::Device::Cpu
}
