//! The client over a real node does what its twin in memory does.

use crate::{conformance, support::Lab};

#[tokio::test]
async fn a_node_conforms() -> anyhow::Result<()> {
	let lab = Lab::start().await?;
	let (eve, ferdie) = (lab.user("//Eve").await?, lab.user("//Ferdie").await?);
	conformance::check(eve.chain(), ferdie.chain()).await?;
	Ok(())
}
