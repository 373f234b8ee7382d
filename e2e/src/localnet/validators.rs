//! `localnet --validators`: four validators without miners, and the line that joins a fifth node.

use std::time::{Duration, Instant};

use bittensor_client::{Chain, SubxtChain};

use super::{prepare_folder, signals::Signals, stopped, Options, Outcome, TICK};
use crate::{
	screen::Screen,
	validators::{Ports, Validators, NAMES},
};

/// Starts them and watches until the time is up, a signal, or the end of one.
pub(super) async fn run(options: &Options) -> anyhow::Result<Outcome> {
	let mut screen = Screen::default();
	let mut signals = Signals::new()?;
	let (out, _lock) = prepare_folder(&options.out)?;
	screen.line(&format!("Specification, logs and databases: {}", out.display()));
	screen.line("Starting four validators …");
	let mut validators = tokio::select! {
		validators = Validators::start(&out, Ports::fixed()) => validators?,
		() = signals.next() => {
			screen.line("Stopped while starting.");
			return Ok(stopped(options));
		},
	};
	for (name, ports) in NAMES.iter().zip(Ports::fixed()) {
		screen.line(&format!(
			"  {name:<8} ws://127.0.0.1:{}   metrics http://127.0.0.1:{}/metrics",
			ports.rpc, ports.prometheus
		));
	}
	screen.line("To join with a fifth node:");
	screen.line(&format!("  {}", validators.join_command()?));
	screen.line("It becomes a validator as in docs/src/guides/become-a-validator.md. Ctrl-C stops all four.");

	let chain = validators.nodes[0].connect().await?;
	let deadline = options.seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
	let (mut shown, mut finalized) = (0, 0);
	let end = loop {
		if let Some(death) = validators.death() {
			break Err(death);
		}
		let (best, last) = heads(&chain).await?;
		finalized = last;
		if best != shown {
			screen.block(&format!("block {best} · {last} finalised"));
			shown = best;
		}
		if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
			break Ok(true);
		}
		tokio::select! {
			() = tokio::time::sleep(TICK) => (),
			() = signals.next() => break Ok(false),
		}
	};
	let mut failures = validators.stop().await;
	let in_time = match end {
		Ok(in_time) => in_time,
		Err(death) => {
			failures.push(death);
			false
		}
	};
	if in_time && finalized == 0 {
		failures.push("no block was finalised".into());
	}
	failures.iter().for_each(|failure| screen.line(&format!("FAILED: {failure}")));
	Ok(match (failures.is_empty(), in_time) {
		(false, _) => Outcome::Failed,
		(true, true) => Outcome::Passed,
		(true, false) => stopped(options),
	})
}

async fn heads(chain: &SubxtChain) -> anyhow::Result<(u32, u32)> {
	Ok((chain.head(None).await?.number, chain.finalized().await?.number))
}
