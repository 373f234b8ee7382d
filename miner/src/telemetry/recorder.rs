//! The recorder behind `metrics::counter!`, `metrics::gauge!` and `metrics::histogram!`.
//!
//! ```text
//!   counter!("bittensor_miner_posts_total").increment(1)     where it happens
//!        │
//!   recorder ──► http://127.0.0.1:PORT/metrics               for Prometheus
//!        └─────► read() ─► status file, log line             once a second
//! ```
//!
//! Names start with `bittensor_miner_`; a counter's name ends in `_total`, and a name states its
//! unit if it has one (`_seconds`, `_bytes`).

use anyhow::Context;
use metrics_exporter_prometheus::{ExporterFuture, PrometheusBuilder, PrometheusHandle};
use parking_lot::Mutex;
use std::{collections::BTreeMap, net::Ipv4Addr};

/// The recorder of this process, once it is installed.
static RECORDER: Mutex<Option<PrometheusHandle>> = Mutex::new(None);

/// Installs the recorder of this process, unless there is one. With a `port`, returns the task that
/// serves the metrics on this port of the loopback address; must then be called on a tokio runtime.
pub fn install(port: Option<u16>) -> anyhow::Result<Option<ExporterFuture>> {
	let mut installed = RECORDER.lock();
	if installed.is_some() {
		return Ok(None);
	}
	let builder = PrometheusBuilder::new();
	let (recorder, exporter) = match port {
		Some(port) => {
			let (recorder, exporter) = builder
				.with_http_listener((Ipv4Addr::LOCALHOST, port))
				.build()
				.with_context(|| format!("--prometheus-port {port}"))?;
			(recorder, Some(exporter))
		}
		None => (builder.build_recorder(), None),
	};
	*installed = Some(recorder.handle());
	metrics::set_global_recorder(recorder).context("the metrics have another recorder")?;
	Ok(exporter)
}

/// All counters and gauges at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading(BTreeMap<String, f64>);

/// Reads the recorder; empty before [`install`].
pub fn read() -> Reading {
	RECORDER.lock().as_ref().map(Reading::of).unwrap_or_default()
}

impl Reading {
	/// Reads any recorder, such as a test's own.
	pub fn of(recorder: &PrometheusHandle) -> Self {
		let value = |line: &str| {
			let (series, value) = line.rsplit_once(' ')?;
			Some((series.to_owned(), value.parse().ok()?))
		};
		let text = recorder.render();
		Self(text.lines().filter(|line| !line.starts_with('#')).filter_map(value).collect())
	}

	/// The value of a gauge; `None` if it was never set.
	pub fn gauge(&self, name: &str) -> Option<f64> {
		self.0.get(name).copied()
	}

	/// The value of a counter, summed over its labels; 0 if it was never incremented.
	pub fn counter(&self, name: &str) -> u64 {
		let of_name = |series: &str| {
			series.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('{'))
		};
		self.0.iter().filter(|(series, _)| of_name(series)).map(|(_, value)| *value as u64).sum()
	}
}
