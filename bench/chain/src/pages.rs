//! The time to read a page of the runtime API: 256 components, their rows, and both one after the other.
//!
//! It is the time of the whole `state_call` over HTTP on this machine, until the last byte of the hex
//! answer; the answer is decoded and checked outside of it.

use anyhow::ensure;
use bench_report::{largest, median};
use bittensor_emission::{ComponentInfo, RowInfo};
use bittensor_runtime::AccountId;
use codec::{Decode, Encode};
use serde_json::json;

use crate::{
	blocks::{decode, hex},
	measure::call,
};

/// Components in a page: the most that the runtime gives in one call.
const PAGE: u32 = pallet_emission::types::MAX_COMPONENTS_PER_READ;
/// Times that each page is read.
const SAMPLES: usize = 7;

/// Milliseconds of a page of components, of their rows, and of both.
pub(crate) type PageTimes = [f64; 3];

/// The medians of the slowest of the first, the middle and the last page of `components` uids, at the block
/// `at`.
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
	Ok(medians.map(|medians| largest(medians).unwrap_or_default()))
}

/// The milliseconds of one page.
async fn read<T: Decode>(
	port: u16,
	at: &str,
	function: &str,
	start: u32,
	expected: usize,
) -> anyhow::Result<f64> {
	let arguments = hex(&(start, PAGE).encode());
	let (answer, took) = call(port, "state_call", json!([function, arguments, at])).await?;
	let items: Vec<T> = decode(answer.as_str())?;
	ensure!(items.len() == expected, "{function} gave {} of {expected} at {start}", items.len());
	Ok(took)
}
