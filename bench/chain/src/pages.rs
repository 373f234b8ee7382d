//! The time to read a page of the runtime API: 256 components, their rows, and both.
//!
//! ```text
//!   state_call EmissionApi_components(start, 256) at the best block    ─┐
//!   state_call EmissionApi_rows(start, 256)                            ─┴─ "both": one after the other
//! ```
//!
//! It is the time of the whole request over HTTP on this machine, until the last byte of the hex answer;
//! the answer is decoded and checked outside of it.

use anyhow::{ensure, Context};
use bench_report::{largest, median};
use bittensor_emission::{ComponentInfo, RowInfo};
use bittensor_runtime::AccountId;
use codec::{Decode, Encode};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{blocks::decode, measure::call};

/// Components in a page: the most that the runtime gives in one call.
const PAGE: u32 = pallet_emission::types::MAX_COMPONENTS_PER_READ;
/// Times that each page is read.
const SAMPLES: usize = 7;

/// Milliseconds of one page: the median of seven, of the slowest of three places.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct PageTimes {
	pub(crate) components: f64,
	pub(crate) rows: f64,
	/// Both, one after the other.
	pub(crate) both: f64,
}

/// Measures the first, the middle and the last page of `components` uids, at the block `at`.
pub(crate) async fn measure(port: u16, at: &str, components: u32) -> anyhow::Result<PageTimes> {
	let mut medians: [Vec<f64>; 3] = Default::default();
	let last = components.saturating_sub(PAGE);
	for start in [0, last / 2, last] {
		let mut times: [Vec<f64>; 3] = Default::default();
		for _ in 0..SAMPLES {
			let page = PAGE.min(components - start) as usize;
			let first =
				read::<ComponentInfo<AccountId>>(port, at, "EmissionApi_components", start, page)
					.await?;
			let second = read::<RowInfo>(port, at, "EmissionApi_rows", start, page).await?;
			times
				.iter_mut()
				.zip([first, second, first + second])
				.for_each(|(times, time)| times.push(time));
		}
		medians.iter_mut().zip(times).for_each(|(medians, times)| medians.extend(median(times)));
	}
	let [components, rows, both] = medians.map(|medians| largest(medians).unwrap_or_default());
	Ok(PageTimes { components, rows, both })
}

/// The milliseconds of one page.
async fn read<T: Decode>(
	port: u16,
	at: &str,
	function: &str,
	start: u32,
	expected: usize,
) -> anyhow::Result<f64> {
	let arguments = format!("0x{}", hex::encode((start, PAGE).encode()));
	let (answer, took) = call(port, "state_call", json!([function, arguments, at])).await?;
	let items: Vec<T> = decode(answer.as_str().context("the node gave no hex")?)?;
	ensure!(items.len() == expected, "{function} gave {} of {expected} at {start}", items.len());
	Ok(took)
}
