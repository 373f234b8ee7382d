//! The stop: tasks, compute thread, checkpoint, last status.

use super::{
	assemble::{Computing, Miner},
	prepare::CHECKPOINT,
};
use crate::{cli::RunArgs, supervisor::Supervisor, telemetry::print_status};
use anyhow::Context;
use std::time::Duration;

/// How long the tasks may take after the stop.
pub const STOP_TIME: Duration = Duration::from_secs(10);

/// Stops the component and writes its checkpoint and its last status. Returns the error of the task
/// that caused the stop, if one did.
pub async fn shut_down(
	miner: Miner,
	supervisor: &Supervisor,
	args: &RunArgs,
	as_json: bool,
) -> anyhow::Result<()> {
	let ended = supervisor.finish(STOP_TIME).await;
	let Computing { compute, thread, notes, best } = miner.computing;
	compute.close();
	let brain = tokio::task::spawn_blocking(move || thread.join()).await?;
	let brain = brain.map_err(|_| anyhow::anyhow!("the compute thread panicked"))?;
	let path = args.component.base_path.join(CHECKPOINT);
	let notes = notes.lock().clone();
	brain.save(&path, notes)?;
	if let Some(best) = best {
		best.lock().flush(&brain)?;
	}
	tracing::info!("checkpoint at step {}: {}", brain.model().steps(), path.display());
	let status = miner.telemetry.read();
	if let Some(path) = &args.process.status_file {
		status.write(path).with_context(|| format!("cannot write {}", path.display()))?;
	}
	print_status(&status, as_json);
	Ok(ended?)
}
