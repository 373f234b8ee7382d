//! The screen of `bittensor-miner top`, in a terminal, over a node and a miner.

use std::time::Duration;

use bittensor_client::Chain;
use bittensor_e2e::{
	binaries,
	miner::{run_to_end, status_file, MinerSpec, Profile},
};

use crate::support::{trainable, Lab, Terminal, SOON};

/// How long the program may take to end.
const END: Duration = Duration::from_secs(10);
/// The sequence that returns to the first screen of a terminal.
const FIRST_SCREEN: &str = "\x1b[?1049l";

#[tokio::test]
async fn top_follows_the_chain_and_leaves_the_terminal_as_it_was() -> anyhow::Result<()> {
	let mut lab = Lab::start().await?;
	let bob = MinerSpec { profile: Profile::Noise, ..trainable("Bob", "*", 1) };
	let place = lab.network.place(&bob);
	lab.start_miners(vec![bob]).await?;
	let url = lab.network.node.url();
	let status = status_file(&place).display().to_string();
	let program = binaries::find(binaries::MINER)?;
	let args = ["top", "--chain", &url, "--status-file", &status];

	let mut top = Terminal::start(&program, &args, (80, 24))?;
	top.wait_for("Bob, component 0 · noise · up ", SOON).await?;
	assert_eq!(top.wait_for("q ends", SOON).await?, 23, "{:#?}", top.screen());
	assert!(!top.is_ordinary()?);
	let block = lab.chain.head(None).await?.number + 2;
	top.wait_for(&format!("block {block},"), SOON).await?;
	top.wait_for(" BIT in epoch ", SOON).await?;
	// A resize moves the last line, and what was there goes.
	top.resize((100, 30))?;
	top.wait_for("no error", SOON).await?;
	let started = std::time::Instant::now();
	while top.screen().iter().position(|line| line.contains("q ends")) != Some(29) {
		anyhow::ensure!(started.elapsed() < END, "{:#?}", top.screen());
		tokio::time::sleep(Duration::from_millis(50)).await;
	}
	top.press("q")?;
	assert!(top.wait_for_end(END).await?.success());
	assert!(top.is_ordinary()? && top.raw().contains(FIRST_SCREEN));

	let mut top = Terminal::start(&program, &args, (80, 24))?;
	top.wait_for("q ends", SOON).await?;
	top.signal(libc::SIGTERM);
	assert!(top.wait_for_end(END).await?.success());
	assert!(top.is_ordinary()? && top.raw().contains(FIRST_SCREEN));

	// A window that is closed.
	let mut top = Terminal::start(&program, &args, (80, 24))?;
	top.wait_for("q ends", SOON).await?;
	top.close();
	top.wait_for_end(END).await?;

	let (done, _, said) = run_to_end(&["top", "--uid=0", "--chain", &url], END).await?;
	assert!(!done && said.contains("`bittensor-miner status --uid UID --watch` prints"), "{said}");
	Ok(())
}
