//! `bittensor-miner`: runs a component, queries the network, shows it, exports a payout, fetches models and
//! corpora, and handles keys and funds.

use bittensor_client::Call;
use bittensor_miner::{
	cli::{self, Cli, Command},
	commands, output,
};
use bittensor_nucleus::threads;
use std::{io::IsTerminal, process::ExitCode};
use tracing_subscriber::EnvFilter;

/// Threads that serve the network; the component has one thread of its own.
const WORKERS: usize = 2;

fn main() -> ExitCode {
	threads::default_to_one();
	let env = |name: &str| std::env::var(name).ok();
	let cli = match cli::settings::parse(std::env::args_os().collect(), &env) {
		Ok(cli) => cli,
		Err(error) => error.exit(),
	};
	if let Command::Run(args) = &cli.command {
		lower_priority(args.process.nice);
	}
	let level = match cli.command {
		Command::Run(_) => "info",
		// A line in the log would be a line across the screen.
		Command::Top(_) if std::io::stderr().is_terminal() => "off",
		_ => "warn",
	};
	let given = cli.log.as_deref().unwrap_or(level);
	let filter = EnvFilter::try_new(given).unwrap_or_else(|error| {
		eprintln!("--log {given}: {error}; logging at {level}");
		EnvFilter::new(level)
	});
	tracing_subscriber::fmt()
		.with_env_filter(filter)
		.with_writer(std::io::stderr)
		.with_ansi(std::io::stderr().is_terminal())
		.with_target(false)
		.init();
	let mut builder = tokio::runtime::Builder::new_multi_thread();
	if std::env::var_os("TOKIO_WORKER_THREADS").is_none() {
		builder.worker_threads(WORKERS);
	}
	let runtime = match builder.enable_all().build() {
		Ok(runtime) => runtime,
		Err(error) => {
			eprintln!("error: cannot start: {error}");
			return ExitCode::FAILURE;
		}
	};
	let result = runtime.block_on(dispatch(&cli));
	// Tasks that still wait for the chain do not delay the end of the process.
	runtime.shutdown_background();
	match result {
		Ok(()) => ExitCode::SUCCESS,
		Err(error) => {
			let error = output::error(&error);
			if cli.json {
				let json = serde_json::json!({ "error": error });
				// The exit code says it too.
				let _ = output::line(&json.to_string());
			}
			eprintln!("error: {error}");
			ExitCode::FAILURE
		}
	}
}

async fn dispatch(cli: &Cli) -> anyhow::Result<()> {
	let text = match &cli.command {
		Command::Run(args) => return commands::run::run(args, cli.json).await,
		Command::Query(args) => commands::query::run(args, cli.json).await?,
		Command::Status(args) => return commands::status::run(args, cli.json).await,
		Command::Explain(args) => commands::explain::run(args, cli.json).await?,
		Command::Top(args) => return commands::top::run(args, cli.json).await,
		Command::Eval(args) => commands::eval::run(args, cli.json).await?,
		Command::Similarity(args) => commands::similarity::run(args, cli.json)?,
		Command::Export(args) => commands::export::run(args, cli.json).await?,
		Command::Fetch(args) => commands::fetch::run(args, cli.json)?,
		Command::Keys(command) => commands::keys::run(command, cli.json)?,
		Command::Balance(args) => commands::account::balance(args, cli.json).await?,
		Command::Transfer(args) => {
			let call = Call::Transfer { to: args.to, amount: args.amount };
			commands::account::submit(call, &args.sign, cli.json).await?
		}
		Command::Stake(args) => {
			let call = Call::Stake { amount: args.amount };
			commands::account::submit(call, &args.sign, cli.json).await?
		}
		Command::Unstake(args) => {
			let call = Call::Unstake { amount: args.amount };
			commands::account::submit(call, &args.sign, cli.json).await?
		}
		Command::Withdraw(args) => {
			commands::account::submit(Call::Withdraw, args, cli.json).await?
		}
		Command::Accept(args) => {
			let call = Call::AcceptServiceKey { owner: args.owner };
			commands::account::submit(call, &args.sign, cli.json).await?
		}
		Command::Deregister(args) => {
			commands::account::submit(Call::Deregister, args, cli.json).await?
		}
	};
	Ok(output::line(&text)?)
}

/// Adds to the niceness of the process.
fn lower_priority(nice: i32) {
	if nice <= 0 {
		return;
	}
	// SAFETY: nice() changes the scheduling priority of this process and touches no memory.
	unsafe {
		libc::nice(nice);
	}
}
