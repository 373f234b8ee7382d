//! Builds a node from its parts.
//!
//! Aura authors blocks: one validator per slot, in turn. GRANDPA finalises a block when more than two
//! thirds of the validators have voted for it. Both read the keys of the session's validators from the
//! chain.

use crate::{
	clock::{Clock, Watched},
	executor, genesis, metrics, node_key,
	parts::Service,
	refusal::Refusal,
};
use bittensor_runtime::{
	apis::RuntimeApi,
	opaque::{Block, Hash},
};
use futures::FutureExt;
use sc_client_api::{Backend, BlockBackend};
use sc_consensus::BasicQueue;
use sc_consensus_aura::{BuildVerifierParams, SlotProportion, StartAuraParams};
use sc_consensus_grandpa::SharedVoterState;
use sc_network::NetworkBackend;
use sc_service::{
	config::Configuration, error::Error as ServiceError, TaskManager, WarpSyncConfig,
};
use sc_telemetry::TelemetryWorker;
use sc_transaction_pool_api::OffchainTransactionPoolFactory;
use sp_consensus_aura::{sr25519::AuthorityPair as AuraPair, SlotDuration};
use std::{
	path::{Path, PathBuf},
	sync::Arc,
	time::Duration,
};

/// Maximum number of blocks between two stored finality proofs, which joining nodes use.
const JUSTIFICATION_PERIOD: u32 = 512;

/// Maximum gossip period of GRANDPA. With short slots it is a tenth of the slot.
const MAX_GOSSIP_DURATION: Duration = Duration::from_millis(333);

/// The part of a slot in which an author may build its block. The runtime limits a block to a third of
/// the slot; the second third is reserve for a busy machine, and in the last third the other nodes
/// import the block.
const PROPOSAL_PART: f32 = 2.0 / 3.0;

/// Inherent data of every block: the slot and the time.
fn inherents(
	slot: SlotDuration,
) -> (sp_consensus_aura::inherents::InherentDataProvider, sp_timestamp::InherentDataProvider) {
	let now = sp_timestamp::InherentDataProvider::from_system_time();
	let current =
		sp_consensus_aura::inherents::InherentDataProvider::from_timestamp_and_slot_duration(
			*now, slot,
		);
	(current, now)
}

/// GRANDPA's gossip period for slots of this length.
fn gossip_duration(slot: SlotDuration) -> Duration {
	MAX_GOSSIP_DURATION.min(slot.as_duration() / 10)
}

/// Opens the database and builds the parts that every command needs.
///
/// `cache` is the folder of compiled runtimes, if not the one beside the database.
pub(crate) fn new_partial(
	config: &Configuration,
	cache: Option<&Path>,
) -> Result<Service, ServiceError> {
	let telemetry = config
		.telemetry_endpoints
		.clone()
		.filter(|endpoints| !endpoints.is_empty())
		.map(|endpoints| -> Result<_, sc_telemetry::Error> {
			let worker = TelemetryWorker::new(16)?;
			let telemetry = worker.handle().new_telemetry(endpoints);
			Ok((worker, telemetry))
		})
		.transpose()?;

	let executor = executor::new(config, cache);
	let storage = genesis::storage(&*config.chain_spec, &executor)?;
	let backend = sc_service::new_db_backend(config.db_config())?;
	let genesis = genesis::builder(config, storage, &backend, &executor)?;
	let (client, backend, keystore_container, task_manager) =
		sc_service::new_full_parts_with_genesis_builder::<Block, RuntimeApi, _, _>(
			config,
			telemetry.as_ref().map(|(_, telemetry)| telemetry.handle()),
			executor,
			backend,
			genesis,
			false,
		)?;
	let client = Arc::new(client);
	let telemetry = telemetry.map(|(worker, telemetry)| {
		task_manager.spawn_handle().spawn("telemetry", None, worker.run());
		telemetry
	});

	let select_chain = sc_consensus::LongestChain::new(backend.clone());
	let transaction_pool = Arc::from(
		sc_transaction_pool::Builder::new(
			task_manager.spawn_essential_handle(),
			client.clone(),
			config.role.is_authority().into(),
		)
		.with_options(config.transaction_pool.clone())
		.with_prometheus(config.prometheus_registry())
		.build(),
	);

	let (grandpa_block_import, grandpa_link) = sc_consensus_grandpa::block_import(
		client.clone(),
		JUSTIFICATION_PERIOD,
		&client,
		select_chain.clone(),
		telemetry.as_ref().map(|telemetry| telemetry.handle()),
	)?;

	let slot_duration = sc_consensus_aura::slot_duration(&*client)?;
	let clock = Arc::new(Clock::new(slot_duration));
	let verifier = Watched {
		verifier: sc_consensus_aura::build_verifier::<AuraPair, _, _, _>(BuildVerifierParams {
			client: client.clone(),
			create_inherent_data_providers: move |_, ()| async move { Ok(inherents(slot_duration)) },
			check_for_equivocation: Default::default(),
			telemetry: telemetry.as_ref().map(|telemetry| telemetry.handle()),
			compatibility_mode: Default::default(),
		}),
		client: client.clone(),
		clock: clock.clone(),
	};
	let import_queue = BasicQueue::new(
		verifier,
		Box::new(grandpa_block_import.clone()),
		Some(Box::new(grandpa_block_import.clone())),
		&task_manager.spawn_essential_handle(),
		config.prometheus_registry(),
	);

	Ok(Service {
		client,
		backend,
		task_manager,
		import_queue,
		keystore_container,
		select_chain,
		transaction_pool,
		other: (grandpa_block_import, grandpa_link, clock, telemetry),
	})
}

/// Starts a node; it runs until its task manager ends.
pub(crate) async fn new_full<N: NetworkBackend<Block, Hash>>(
	config: Configuration,
	cache: Option<PathBuf>,
) -> Result<TaskManager, ServiceError> {
	let Service {
		client,
		backend,
		mut task_manager,
		import_queue,
		keystore_container,
		select_chain,
		transaction_pool,
		other: (block_import, grandpa_link, clock, mut telemetry),
	} = new_partial(&config, cache.as_deref())?;
	let peer = config.network.node_key.clone().into_keypair()?.public().to_peer_id();
	task_manager.keep_alive(node_key::claim(peer)?);
	let others = config.network.boot_nodes.iter();
	let others: Vec<_> =
		others.chain(&config.network.default_peers_set.reserved_nodes).cloned().collect();
	if let Some(place) = node_key::other_at(peer, &others).await {
		return Err(Refusal::SharedNodeKey { peer, place: format!("at {place}") }.into());
	}
	let others = others.iter().filter(|node| node.peer_id != peer).count();

	let genesis_hash = client.block_hash(0)?.ok_or_else(|| {
		ServiceError::Other("the database holds no genesis block; run `purge-chain`".into())
	})?;
	let slot_duration = sc_consensus_aura::slot_duration(&*client)?;

	let mut net_config = sc_network::config::FullNetworkConfiguration::<Block, Hash, N>::new(
		&config.network,
		config.prometheus_registry().cloned(),
	);
	let metrics = N::register_notification_metrics(config.prometheus_registry());
	let grandpa_protocol_name =
		sc_consensus_grandpa::protocol_standard_name(&genesis_hash, &config.chain_spec);
	let (grandpa_protocol_config, grandpa_notifications) =
		sc_consensus_grandpa::grandpa_peers_set_config::<_, N>(
			grandpa_protocol_name.clone(),
			metrics.clone(),
			net_config.peer_store_handle(),
		);
	net_config.add_notification_protocol(grandpa_protocol_config);
	let warp_sync = Arc::new(sc_consensus_grandpa::warp_proof::NetworkProvider::new(
		backend.clone(),
		grandpa_link.shared_authority_set().clone(),
		Vec::new(),
	));

	let (network, system_rpc_tx, tx_handler_controller, sync_service, _bitswap) =
		sc_service::build_network(sc_service::BuildNetworkParams {
			config: &config,
			net_config,
			client: client.clone(),
			transaction_pool: transaction_pool.clone(),
			spawn_handle: task_manager.spawn_handle(),
			spawn_essential_handle: task_manager.spawn_essential_handle(),
			import_queue,
			block_announce_validator_builder: None,
			warp_sync_config: Some(WarpSyncConfig::WithProvider(warp_sync)),
			block_relay: None,
			metrics,
			gap_sync_body_policy: None,
		})?;

	if config.offchain_worker.enabled {
		let workers = sc_offchain::OffchainWorkers::new(sc_offchain::OffchainWorkerOptions {
			runtime_api_provider: client.clone(),
			keystore: Some(keystore_container.keystore()),
			offchain_db: backend.offchain_storage(),
			transaction_pool: Some(OffchainTransactionPoolFactory::new(transaction_pool.clone())),
			network_provider: Arc::new(network.clone()),
			is_validator: config.role.is_authority(),
			enable_http_requests: false,
			custom_extensions: |_| vec![],
		})?;
		task_manager.spawn_handle().spawn(
			"offchain-workers-runner",
			"offchain-worker",
			workers.run(client.clone(), task_manager.spawn_handle()).boxed(),
		);
	}

	let role = config.role;
	let force_authoring = config.force_authoring;
	let name = config.network.node_name.clone();
	let enable_grandpa = !config.disable_grandpa;
	let prometheus_registry = config.prometheus_registry().cloned();
	let keystore = keystore_container.keystore();

	let rpc_builder = {
		let client = client.clone();
		let pool = transaction_pool.clone();
		Box::new(move |_| crate::rpc::create_full(client.clone(), pool.clone()).map_err(Into::into))
	};
	sc_service::spawn_tasks(sc_service::SpawnTasksParams {
		config,
		client: client.clone(),
		backend,
		task_manager: &mut task_manager,
		keystore: keystore.clone(),
		transaction_pool: transaction_pool.clone(),
		rpc_builder,
		network: network.clone(),
		system_rpc_tx,
		tx_handler_controller,
		sync_service: sync_service.clone(),
		telemetry: telemetry.as_mut(),
		tracing_execute_block: None,
	})?;

	let spawner = task_manager.spawn_handle();
	spawner.spawn("clock", None, clock.watch(client.clone(), role.is_authority()));
	spawner.spawn(
		"emission-metrics",
		None,
		metrics::watch(client.clone(), prometheus_registry.clone()),
	);
	if others > 0 {
		let sync = sync_service.clone();
		let peers = move || sync.num_connected_peers();
		spawner.spawn(
			"first-peer",
			None,
			node_key::wait_for_peer(peer, others, genesis_hash, peers),
		);
	}

	if role.is_authority() {
		let proposer_factory = sc_basic_authorship::ProposerFactory::new(
			task_manager.spawn_handle(),
			client.clone(),
			transaction_pool.clone(),
			prometheus_registry.as_ref(),
			telemetry.as_ref().map(|telemetry| telemetry.handle()),
		);
		let aura = sc_consensus_aura::start_aura::<AuraPair, _, _, _, _, _, _, _, _, _, _>(
			StartAuraParams {
				slot_duration,
				client,
				select_chain,
				block_import,
				proposer_factory,
				create_inherent_data_providers: move |_, ()| async move { Ok(inherents(slot_duration)) },
				force_authoring,
				backoff_authoring_blocks: None::<()>,
				keystore: keystore.clone(),
				sync_oracle: sync_service.clone(),
				justification_sync_link: sync_service.clone(),
				block_proposal_slot_portion: SlotProportion::new(PROPOSAL_PART),
				max_block_proposal_slot_portion: None,
				telemetry: telemetry.as_ref().map(|telemetry| telemetry.handle()),
				compatibility_mode: Default::default(),
			},
		)?;
		// An essential task: a validator that cannot author blocks stops.
		task_manager.spawn_essential_handle().spawn_blocking("aura", Some("block-authoring"), aura);
	}

	if enable_grandpa {
		let voter = sc_consensus_grandpa::run_grandpa_voter(sc_consensus_grandpa::GrandpaParams {
			config: sc_consensus_grandpa::Config {
				gossip_duration: gossip_duration(slot_duration),
				justification_generation_period: JUSTIFICATION_PERIOD,
				name: Some(name),
				observer_enabled: false,
				keystore: role.is_authority().then_some(keystore),
				local_role: role,
				telemetry: telemetry.as_ref().map(|telemetry| telemetry.handle()),
				protocol_name: grandpa_protocol_name,
			},
			link: grandpa_link,
			network,
			sync: sync_service,
			notification_service: grandpa_notifications,
			voting_rule: sc_consensus_grandpa::VotingRulesBuilder::default().build(),
			prometheus_registry,
			shared_voter_state: SharedVoterState::empty(),
			telemetry: telemetry.as_ref().map(|telemetry| telemetry.handle()),
			offchain_tx_pool_factory: OffchainTransactionPoolFactory::new(transaction_pool),
		})?;
		task_manager.spawn_essential_handle().spawn_blocking("grandpa-voter", None, voter);
	}

	Ok(task_manager)
}
