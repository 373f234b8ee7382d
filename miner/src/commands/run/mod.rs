//! `run`: a component from start to stop.
//!
//! ```text
//!   prepare       key, lock, model files, corpus, checkpoint: nothing is started while one of them is wrong
//!      │
//!   assemble      chain cache ── network ── compute thread ── axon ── poster ── learning
//!      │
//!   registration  registered? announced? staked? tried again while the chain cannot be reached
//!      │
//!   keep          repairs or reports what the chain says otherwise
//!      ⋮          until Ctrl-C, SIGTERM, the last step, or a task that ends early
//!      │
//!   shutdown      tasks ── checkpoint ── last status
//! ```
//!
//! Every task belongs to the [`Supervisor`]; its stop token also ends a start in progress.

pub mod assemble;
pub mod keep;
pub mod prepare;
pub mod registration;
pub mod shutdown;

use super::connect;
use crate::{cli::RunArgs, config, identity::Identity, signals, supervisor::Supervisor};
use bittensor_client::{Chain, ChainError};
use std::{future::Future, sync::Arc};

/// Runs the component until it is told to stop.
pub async fn run(args: &RunArgs, as_json: bool) -> anyhow::Result<()> {
	let supervisor = Supervisor::default();
	signals::cancel_on_signal(supervisor.stop().clone())?;
	let serve = &args.serve;
	config::check_address(serve.listen, serve.plaintext, serve.advertise.as_ref())?;
	let identity = Identity::load(&args.key)?;
	let chain = connect(&args.chain, Some(&identity));
	run_on(chain, &identity, args, as_json, &supervisor).await
}

/// Runs the component on a chain, which signs with `identity`, until the stop of `supervisor`.
pub async fn run_on(
	chain: impl Future<Output = Result<Arc<dyn Chain>, ChainError>>,
	identity: &Identity,
	args: &RunArgs,
	as_json: bool,
	supervisor: &Supervisor,
) -> anyhow::Result<()> {
	let _lock = prepare::lock(&args.component.base_path)?;
	let stop = supervisor.stop();

	let start = async {
		let prepared = prepare::prepare(args, stop).await?;
		assemble::assemble(args, identity, prepared, chain.await?, supervisor).await
	};
	let Some(started) = stop.run_until_cancelled(start).await else {
		tracing::info!("stopped before the start was complete");
		return Ok(supervisor.finish(shutdown::STOP_TIME).await?);
	};
	let miner = started?;
	let report = miner.telemetry.clone().report(args.process.status_file.clone(), as_json);
	supervisor.spawn("status", report);

	let running = async {
		let block = miner.registration.ensure().await?;
		let registration = miner.registration.clone();
		supervisor.spawn("registration", registration.keep(miner.cache.clone(), block));
		miner.finished.cancelled().await;
		anyhow::Ok(())
	};
	let outcome = stop.run_until_cancelled(running).await.unwrap_or(Ok(()));
	let stopped = shutdown::shut_down(miner, supervisor, args, as_json).await;
	outcome.and(stopped)
}
