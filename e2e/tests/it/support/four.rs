//! Four validators with slots of a second, and components that are paid on their chain.

use std::path::Path;

use bittensor_e2e::validators::{Agreement, ChainOptions, Ports, Validators};
use serde_json::Value;

use super::{edge, User};

/// Slots of a second; epochs and sessions of ten.
pub(crate) const QUICK: ChainOptions =
	ChainOptions { slot: 1_000, epoch: 10, genesis: Value::Null, relays: false };

/// Starts them; `genesis` is laid over that of the chain.
pub(crate) async fn four(folder: &Path, genesis: Value) -> anyhow::Result<Validators> {
	Validators::start_on(folder, Ports::free()?, &ChainOptions { genesis, ..QUICK }).await
}

/// Two components that attribute to each other, so that epochs are paid over edges. Returns their
/// owners when the first epoch is paid and final.
pub(crate) async fn components(validators: &mut Validators) -> anyhow::Result<[User; 2]> {
	let url = validators.node("alice")?.url();
	let eve = User::connect(&url, "//Eve").await?;
	let ferdie = User::connect(&url, "//Ferdie").await?;
	let uids = [eve.register(200).await?, ferdie.register(100).await?];
	eve.post_row(&[edge(uids[1], 20_000)]).await?;
	ferdie.post_row(&[edge(uids[0], 30_000)]).await?;
	validators.finalised("alice", QUICK.epoch + 2).await?;
	Ok([eve, ferdie])
}

/// All running nodes agree on a block that is not older than `number`, some epochs were paid, and both
/// components of [`components`] have what they posted.
pub(crate) async fn agree(validators: &mut Validators, number: u32) -> anyhow::Result<Agreement> {
	let nodes = validators.nodes.len();
	let agreed = validators.agree().await?;
	assert!(agreed.number >= number, "block {} is older than {number}", agreed.number);
	assert!(agreed.epochs > 0, "no epoch was paid in {} blocks", agreed.number);
	assert!(agreed.components.len() >= 2 && agreed.rows.len() >= 2, "{agreed:?}");
	println!(
		"{nodes} nodes agree on block {}: {} units, {} components, {} epochs",
		agreed.number,
		agreed.issuance,
		agreed.components.len(),
		agreed.epochs
	);
	Ok(agreed)
}
