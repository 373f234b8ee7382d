//! How long reading a page of the runtime API takes: 256 components, their rows, and both.
//!
//! ```text
//!   state_call EmissionApi_components(start, 256) at the best block    ─┐
//!   state_call EmissionApi_rows(start, 256)                            ─┴─ "both": one after the other
//! ```
//!
//! The time is that of the whole request over HTTP on this machine, until the last byte of the
//! hex answer; it is decoded and checked outside of it.

use std::ops::Range;

use anyhow::ensure;
use bittensor_runtime::AccountId;
use codec::Encode;
use pallet_emission::types::{ComponentInfo, RowInfo};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
	blocks::decode,
	measure::{http, largest, median},
};

/// Components in a page: the most that the runtime gives in one call.
pub const PAGE: u32 = pallet_emission::types::MAX_COMPONENTS_PER_READ;
/// Times that each page is read.
const SAMPLES: usize = 7;

/// Milliseconds of one page: the median of seven, of the slowest of several places.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PageTimes {
	/// `EmissionApi_components`.
	pub components: f64,
	/// `EmissionApi_rows`.
	pub rows: f64,
	/// Both, one after the other.
	pub both: f64,
}

/// Measures pages at the first, the middle and the last of `components` uids.
pub async fn measure(port: u16, at: &str, components: u32) -> anyhow::Result<PageTimes> {
	let mut slowest = PageTimes::default();
	for start in starts(components) {
		let (mut of_components, mut of_rows, mut of_both) = (Vec::new(), Vec::new(), Vec::new());
		let expected = PAGE.min(components - start) as usize;
		for _ in 0..SAMPLES {
			let (infos, first): (Vec<ComponentInfo<AccountId>>, _) =
				read(port, at, "EmissionApi_components", start, PAGE).await?;
			let (rows, second): (Vec<RowInfo>, _) =
				read(port, at, "EmissionApi_rows", start, PAGE).await?;
			ensure!(
				infos.len() == expected && rows.len() == expected,
				"the page at {start} has {} components and {} rows of {expected}",
				infos.len(),
				rows.len()
			);
			of_components.push(first);
			of_rows.push(second);
			of_both.push(first + second);
		}
		for (slowest, times) in [
			(&mut slowest.components, of_components),
			(&mut slowest.rows, of_rows),
			(&mut slowest.both, of_both),
		] {
			*slowest = largest([*slowest, median(times).unwrap_or_default()]).unwrap_or_default();
		}
	}
	Ok(slowest)
}

/// The first uids of the pages that are read.
fn starts(components: u32) -> Vec<u32> {
	let last = components.saturating_sub(PAGE);
	let mut starts = vec![0, last / 2, last];
	starts.dedup();
	starts.retain(|&start| start < components);
	starts
}

/// The rows of all these uids, at the block `at`.
pub async fn rows(port: u16, at: &str, uids: Range<u32>) -> anyhow::Result<Vec<RowInfo>> {
	let mut all = Vec::new();
	for start in uids.clone().step_by(PAGE as usize) {
		let limit = PAGE.min(uids.end - start);
		all.extend(read::<Vec<RowInfo>>(port, at, "EmissionApi_rows", start, limit).await?.0);
	}
	Ok(all)
}

/// One page, and the milliseconds that it took.
async fn read<T: codec::Decode>(
	port: u16,
	at: &str,
	function: &str,
	start: u32,
	limit: u32,
) -> anyhow::Result<(T, f64)> {
	let arguments = format!("0x{}", hex::encode((start, limit).encode()));
	let params = json!([function, arguments, at]);
	let (answer, took): (String, _) = http::call(port, "state_call", params).await?;
	Ok((decode(&answer)?, took.as_secs_f64() * 1_000.0))
}
