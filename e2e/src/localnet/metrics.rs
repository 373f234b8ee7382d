//! The configuration of Prometheus that scrapes every process of a local network.
//!
//! ```text
//!  node, miners ──► one port each ──► OUT/prometheus.yml ──► prometheus --config.file=…
//! ```
//! The label `instance` of a series is the name of its process, as in reports.

use std::{fmt::Write, path::Path};

use anyhow::Context;

use crate::{miner::MinerSpec, node::Role, process::free_port};

/// Port of a node's metrics, unless another program has it.
const NODE_PORT: u16 = 9_615;
/// Jobs, as in `ops/prometheus/prometheus.yml`.
const NODES: &str = "bittensor-node";
const MINERS: &str = "bittensor-miner";
/// Name of the file.
pub(super) const FILE: &str = "prometheus.yml";

/// The processes that serve metrics.
#[derive(Debug, Default)]
pub(super) struct Metrics {
	/// Job, name and port of each.
	targets: Vec<(&'static str, String, u16)>,
}

impl Metrics {
	/// The role of the node, with a port for its metrics.
	pub(super) fn node(&mut self, role: Role) -> anyhow::Result<Role> {
		let port = super::start::free_or_any(NODE_PORT)?;
		self.targets.push((NODES, role.name.clone(), port));
		Ok(Role { prometheus_port: Some(port), ..role })
	}

	/// The miner, with a port for its metrics.
	pub(super) fn miner(&mut self, mut spec: MinerSpec) -> anyhow::Result<MinerSpec> {
		let port = free_port()?;
		spec.extra.push(format!("--prometheus-port={port}"));
		self.targets.push((MINERS, spec.name.clone(), port));
		Ok(spec)
	}

	/// The configuration, in YAML.
	fn configuration(&self) -> String {
		let mut text = String::from(
			"# Scrapes the processes of the local network that was last started in this folder.\n\
			 global:\n  scrape_interval: 5s\n  evaluation_interval: 5s\nscrape_configs:\n",
		);
		for job in [NODES, MINERS] {
			let _ = write!(text, "  - job_name: {job}\n    static_configs:\n");
			for (_, name, port) in self.targets.iter().filter(|(of, ..)| *of == job) {
				let _ = writeln!(
					text,
					// A string of JSON is one of YAML.
					"      - {{ targets: [\"127.0.0.1:{port}\"], labels: {{ instance: {} }} }}",
					serde_json::Value::from(name.as_str())
				);
			}
		}
		text
	}

	/// Writes the configuration into the folder of the run.
	pub(super) fn write(&self, out: &Path) -> anyhow::Result<()> {
		let path = out.join(FILE);
		std::fs::write(&path, self.configuration()).with_context(|| path.display().to_string())
	}
}
