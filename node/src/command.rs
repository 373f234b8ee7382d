//! The implementation of the subcommands.

use crate::{
	chain_spec,
	cli::{self, Cli, Subcommand},
	executor, genesis,
	parts::Service,
	service, setup, validator,
};
use bittensor_runtime::opaque::Block;
use clap::FromArgMatches;
use sc_cli::SubstrateCli;
use sc_network::{config::NetworkBackendType, Litep2pNetworkBackend, NetworkWorker};
use sc_service::{config::PruningMode, ChainType, Configuration, PartialComponents};

impl SubstrateCli for Cli {
	fn impl_name() -> String {
		"Bittensor Node".into()
	}

	fn impl_version() -> String {
		env!("SUBSTRATE_CLI_IMPL_VERSION").into()
	}

	fn description() -> String {
		env!("CARGO_PKG_DESCRIPTION").into()
	}

	fn author() -> String {
		"the Bittensor contributors".into()
	}

	fn support_url() -> String {
		"the documentation in docs/".into()
	}

	fn copyright_start_year() -> i32 {
		2026
	}

	fn load_spec(&self, id: &str) -> Result<Box<dyn sc_service::ChainSpec>, String> {
		Ok(Box::new(chain_spec::load(id)?))
	}
}

/// Parses the command line and runs the command.
pub(crate) fn run() -> sc_cli::Result<()> {
	let cli = parse();
	let Some(subcommand) = &cli.subcommand else { return run_node(cli) };
	match subcommand {
		Subcommand::Key(cmd) => {
			keep_secrets();
			cmd.run(&cli)
		}
		Subcommand::Validator(cmd) => validator::run(cmd),
		Subcommand::ExportChainSpec(cmd) => {
			// The runtime logs why it refuses a genesis.
			sc_cli::LoggerBuilder::new("error").init()?;
			let mut spec = cli.load_spec(&cmd.chain)?;
			if cmd.raw {
				let executor = executor::without_database(cli.runtime_cache.as_deref());
				spec.set_storage(genesis::storage(&*spec, &executor)?);
			}
			cmd.run(spec)
		}
		Subcommand::CheckBlock(cmd) => cli.create_runner(cmd)?.async_run(|config| {
			let PartialComponents { client, task_manager, import_queue, .. } =
				partial(&cli, &config)?;
			Ok((cmd.run(client, import_queue), task_manager))
		}),
		Subcommand::ExportBlocks(cmd) => cli.create_runner(cmd)?.async_run(|config| {
			let PartialComponents { client, task_manager, .. } = partial(&cli, &config)?;
			Ok((cmd.run(client, config.database), task_manager))
		}),
		Subcommand::ExportState(cmd) => cli.create_runner(cmd)?.async_run(|config| {
			let PartialComponents { client, task_manager, .. } = partial(&cli, &config)?;
			Ok((cmd.run(client, config.chain_spec), task_manager))
		}),
		Subcommand::ImportBlocks(cmd) => cli.create_runner(cmd)?.async_run(|config| {
			let PartialComponents { client, task_manager, import_queue, .. } =
				partial(&cli, &config)?;
			Ok((cmd.run(client, import_queue), task_manager))
		}),
		Subcommand::PurgeChain(cmd) => {
			cli.create_runner(cmd)?.sync_run(|config| cmd.run(config.database))
		}
		Subcommand::Revert(cmd) => cli.create_runner(cmd)?.async_run(|config| {
			let PartialComponents { client, task_manager, backend, .. } = partial(&cli, &config)?;
			// GRANDPA's own data must be reverted together with the blocks.
			let revert_grandpa = Box::new(|client, _, blocks| {
				sc_consensus_grandpa::revert(client, blocks)?;
				Ok(())
			});
			Ok((cmd.run(client, backend, Some(revert_grandpa)), task_manager))
		}),
		Subcommand::ChainInfo(cmd) => {
			cli.create_runner(cmd)?.sync_run(|config| cmd.run::<Block>(&config))
		}
	}
}

/// Reads the command line. Prints help or an error, and ends, where it asks for that or is wrong.
fn parse() -> Cli {
	let matches = cli::command().get_matches();
	Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
}

/// The parts of a node for a command that does not run one.
fn partial(cli: &Cli, config: &Configuration) -> sc_cli::Result<Service> {
	service::new_partial(config, cli.runtime_cache.as_deref()).map_err(plain)
}

/// Without the words "Application:" before the reason.
fn plain(error: sc_service::Error) -> sc_cli::Error {
	match error {
		sc_service::Error::Application(reason) => sc_cli::Error::Application(reason),
		other => sc_cli::Error::Service(other),
	}
}

/// Files that this process makes from now on are readable by their owner only.
fn keep_secrets() {
	// Safety: a plain system call that cannot fail.
	unsafe {
		libc::umask(0o077);
	}
}

fn run_node(mut cli: Cli) -> sc_cli::Result<()> {
	let runner = setup::runner(&mut cli)?;
	setup::keys(&cli.run, runner.config())?;
	let cache = cli.runtime_cache;
	runner.run_node_until_exit(|mut config| async move {
		keep_states_of_development(&mut config);
		match config.network.network_backend {
			NetworkBackendType::Libp2p => {
				service::new_full::<NetworkWorker<_, _>>(config, cache).await
			}
			NetworkBackendType::Litep2p => {
				service::new_full::<Litep2pNetworkBackend>(config, cache).await
			}
		}
		.map_err(plain)
	})
}

/// Keeps the state of every block on a development chain, unless `--state-pruning` is given, so that the
/// numbers of any epoch can be read and recomputed.
fn keep_states_of_development(config: &mut Configuration) {
	if config.chain_spec.chain_type() == ChainType::Development {
		config.state_pruning.get_or_insert(PruningMode::ArchiveAll);
	}
}
