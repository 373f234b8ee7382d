//! `localnet --validators`: four validators without miners, and the script that joins a fifth node.

use std::{
	path::Path,
	time::{Duration, Instant},
};

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
	screen.line(&format!("Specification, logs and databases: {}", shown(&out)));
	screen.line("Starting four validators …");
	let mut validators = tokio::select! {
		validators = Validators::start(&out, Ports::fixed()) => validators?,
		() = signals.next() => {
			screen.line("Stopped while starting.");
			return Ok(stopped(options));
		},
	};
	for line in announcement(&shown(&validators.write_join_script()?)) {
		screen.line(&line);
	}

	let chain = validators.nodes[0].connect().await?;
	let deadline = options.seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
	let (mut newest, mut finalized) = (0, 0);
	let end = loop {
		if let Some(death) = validators.death() {
			break Err(death);
		}
		let (best, last) = heads(&chain).await?;
		finalized = last;
		if best != newest {
			screen.block(&format!("block {best} · {last} finalised"));
			newest = best;
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

/// A path as a person in this folder writes it.
fn shown(path: &Path) -> String {
	let here = std::env::current_dir().unwrap_or_default();
	path.strip_prefix(here).unwrap_or(path).display().to_string()
}

/// Where the validators answer, and how a fifth node joins them.
fn announcement(script: &str) -> Vec<String> {
	let one = |(name, ports): (&str, Ports)| {
		let (rpc, metrics) = (ports.rpc, ports.prometheus);
		format!("  {name:<8} ws://127.0.0.1:{rpc}   metrics http://127.0.0.1:{metrics}/metrics")
	};
	let mut lines: Vec<String> = NAMES.into_iter().zip(Ports::fixed()).map(one).collect();
	lines.extend([
		"To join with a fifth node, in another terminal in the same folder:".into(),
		format!("  bash '{script}'"),
		"It becomes a validator as in docs/src/guides/become-a-validator.md.".into(),
		"Ctrl-C stops all four.".into(),
	]);
	lines
}

async fn heads(chain: &SubxtChain) -> anyhow::Result<(u32, u32)> {
	Ok((chain.head(None).await?.number, chain.finalized().await?.number))
}

#[cfg(test)]
mod tests {
	use super::{announcement, shown};

	#[test]
	fn what_it_says_fits_a_narrow_terminal() -> std::io::Result<()> {
		let script = std::env::current_dir()?.join("target/localnet/join.sh");
		let lines = announcement(&shown(&script));
		assert!(lines.iter().any(|line| line == "  bash 'target/localnet/join.sh'"), "{lines:?}");
		for line in lines {
			assert!(line.chars().count() <= 80, "{line}");
		}
		Ok(())
	}
}
