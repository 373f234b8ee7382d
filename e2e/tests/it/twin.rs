//! A component and its twin are measured at the same step, while both train.

use std::{collections::BTreeMap, time::Duration};

use crate::support::{silent, with, Lab};

/// Measurements of the best parameters at different steps.
const MEASUREMENTS: usize = 4;

#[tokio::test]
async fn alone_a_component_gains_nothing_over_its_twin_while_it_trains() -> anyhow::Result<()> {
	let mut lab = Lab::start().await?;
	// Nobody answers it, so it is its own twin, bit for bit: a step of difference would show.
	lab.start_miners(vec![with(silent("Alice", "all", 1, &[])?, "--twin")]).await?;
	let mut gains = BTreeMap::new();
	lab.until("measurements of the gain", Duration::from_secs(90), |lab| {
		let gain = lab.status("Alice").gain;
		gains.extend(gain.map(|gain| (gain.steps, gain)));
		(gains.len() >= MEASUREMENTS).then_some(())
	})
	.await?;
	for (steps, gain) in gains {
		assert_eq!((steps, gain.gain), (gain.twin_steps, 0.0), "{gain:?}");
	}
	Ok(())
}
