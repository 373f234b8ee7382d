//! A node's HTTP servers, and the kernel's account of its process.
//!
//! ```text
//!   GET  /metrics   substrate_proposer_block_constructed_sum{chain="…"} 0.0421      seconds
//!   POST /          JSON-RPC: the time of the whole request, until the last byte of the answer
//!
//!   /proc/ID/io      wchar        bytes handed to write calls: the database's log, sockets, log lines
//!                    write_bytes  bytes written to storage: the database's log and its tables, which
//!                                 are written through a mapping; 0 on a file system in memory
//!   /proc/ID/status  VmHWM        peak of resident memory since start or reset
//! ```

use std::time::{Duration, Instant};

use anyhow::{ensure, Context};
use http_body_util::{BodyExt, Full};
use hyper::{body::Bytes, Request};
use hyper_util::{
	client::legacy::{connect::HttpConnector, Client},
	rt::TokioExecutor,
};
use serde_json::{json, Value};

/// Histogram of the time to author a block, as the proposer sees it: from its initialisation to the
/// finished block with its storage root. In seconds.
pub(crate) const AUTHORED: &str = "substrate_proposer_block_constructed";
/// Histogram of the time to import a block: verify it, execute it, compute its storage root and commit
/// it to the database. In seconds. A node's own blocks are not in it.
pub(crate) const IMPORTED: &str = "substrate_block_verification_and_import_time";

/// The longest wait for an answer.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Sum and count of a Prometheus histogram.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Histogram {
	pub(crate) sum: f64,
	pub(crate) count: u64,
}

impl Histogram {
	/// What was observed since `before`.
	pub(crate) fn since(self, before: Self) -> Self {
		Self { sum: self.sum - before.sum, count: self.count.saturating_sub(before.count) }
	}

	/// The histogram `name` in a metrics page, summed over its labels; empty if it is not there.
	pub(crate) fn parse(page: &str, name: &str) -> anyhow::Result<Self> {
		let mut histogram = Self::default();
		for line in page.lines() {
			let Some((series, value)) = line.rsplit_once(' ') else { continue };
			let value = || value.parse::<f64>().with_context(|| format!("no number in `{line}`"));
			match series.split('{').next().and_then(|series| series.strip_prefix(name)) {
				Some("_sum") => histogram.sum += value()?,
				Some("_count") => histogram.count += value()? as u64,
				_ => {}
			}
		}
		Ok(histogram)
	}
}

/// The histogram `name` of the node that serves metrics on `port`.
pub(crate) async fn histogram(port: u16, name: &str) -> anyhow::Result<Histogram> {
	let request = Request::get(format!("http://127.0.0.1:{port}/metrics")).body(Full::default())?;
	let (page, _) = exchange(request).await?;
	Histogram::parse(&String::from_utf8_lossy(&page), name)
}

/// A JSON-RPC call to the node on `port`: the result, and the milliseconds of the request.
pub(crate) async fn call(port: u16, method: &str, params: Value) -> anyhow::Result<(Value, f64)> {
	let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string();
	let request = Request::post(format!("http://127.0.0.1:{port}/"))
		.header("content-type", "application/json")
		.body(Full::from(body))?;
	let (answer, took) = exchange(request).await?;
	let mut answer: Value = serde_json::from_slice(&answer)?;
	ensure!(answer.get("error").is_none(), "{method} failed: {answer}");
	Ok((answer["result"].take(), took.as_secs_f64() * 1_000.0))
}

/// Sends a request over a new connection. Returns the body of the answer, and the time until it was there.
async fn exchange(request: Request<Full<Bytes>>) -> anyhow::Result<(Bytes, Duration)> {
	let mut connector = HttpConnector::new();
	connector.set_nodelay(true);
	let client = Client::builder(TokioExecutor::new()).build(connector);
	let to = request.uri().clone();
	let started = Instant::now();
	let exchanged = tokio::time::timeout(TIMEOUT, async {
		let answer = client.request(request).await?;
		ensure!(answer.status() == 200, "the status is {}", answer.status());
		Ok(answer.into_body().collect().await?.to_bytes())
	});
	let body =
		exchanged.await.map_err(anyhow::Error::from).flatten().with_context(|| to.to_string())?;
	Ok((body, started.elapsed()))
}

/// The number `name` in `/proc/ID/FILE`.
pub(crate) fn account(id: u32, file: &str, name: &str) -> anyhow::Result<u64> {
	let path = format!("/proc/{id}/{file}");
	let text = std::fs::read_to_string(&path).with_context(|| format!("could not read {path}"))?;
	let value = bench_report::field(&text, name).unwrap_or_default();
	let number = value.trim_end_matches(" kB").parse();
	number.with_context(|| format!("{path} has no number {name}"))
}

/// Bytes that a process has written to storage so far.
pub(crate) fn written(id: u32) -> anyhow::Result<u64> {
	account(id, "io", "write_bytes")
}

/// Lets the peak of resident memory start again from the current value.
pub(crate) fn reset_peak(id: u32) -> anyhow::Result<()> {
	let path = format!("/proc/{id}/clear_refs");
	std::fs::write(&path, "5").with_context(|| format!("could not write {path}"))
}
