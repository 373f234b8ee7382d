//! What a network is worth to its members: a simulation inside one process.
//!
//! `cargo run -p bittensor-nucleus --profile fast --example network -- --corpus corpus --seeds 1`
//!
//! Prints one line of JSON for each component and mode, and then the gains over the twins. `--set`
//! takes a JSON object that is laid over the settings (`simulation::Settings`), such as
//! `--set '{"steps":300,"config":{"learning_rate":0.002}}'`; `--file` reads settings from a file.
//!
//! With `--rows '{"bystanders":["noise"]}'` (`simulation::Crowd`), it runs a network with Grads, and
//! prints the losses without own encoder and inputs, and the rows that members measure.

use std::{path::PathBuf, time::Instant};

use bittensor_nucleus::{
	simulation::{self, Crowd, MeasuredRow, Mode},
	NucleusError, Result,
};

fn main() -> Result<()> {
	let arguments: Vec<String> = std::env::args().collect();
	let value = |name: &str| {
		let found = arguments.iter().position(|a| a == name).and_then(|i| arguments.get(i + 1));
		found.cloned()
	};
	let file = value("--file").map(PathBuf::from);
	let over = value("--set").unwrap_or_else(|| "{}".into());
	let mut settings = simulation::settings(file.as_deref(), &over)?;
	if let Some(corpus) = value("--corpus") {
		settings.corpus = corpus.into();
	}
	if let Some(crowd) = value("--rows") {
		let crowd: Crowd = serde_json::from_str(&crowd)
			.map_err(|error| NucleusError::Config { name: "--rows", reason: error.to_string() })?;
		return simulation::rows(&settings, &crowd, print_row);
	}
	let seeds = value("--seeds").and_then(|seeds| seeds.parse().ok()).unwrap_or(1);
	let first = settings.seed;
	let mut all = Vec::new();
	for seed in first..first + seeds {
		settings.seed = seed;
		let start = Instant::now();
		all.extend(simulation::run(&settings, |outcome| {
			let mut line = serde_json::json!(outcome);
			if let Some(test) = line["test"].as_object_mut() {
				test.remove("documents");
			}
			println!("{line}");
		})?);
		println!("# seed {seed}: {:.0} s", start.elapsed().as_secs_f64());
	}
	let pairs =
		[(Mode::Without, Mode::Solo), (Mode::With, Mode::Solo), (Mode::With, Mode::Without)];
	for (mode, against) in pairs.into_iter().chain([(Mode::Joint, Mode::Solo)]) {
		let (each, mean) = simulation::compare(&all, mode, against);
		let Some(mean) = mean else { continue };
		let each: Vec<String> = each.iter().map(|f| format!("{:.1}", 100.0 * f.gain())).collect();
		println!(
			"# {mode:?} against {against:?}: {:.4} ± {:.4} nats, {:.2} % of the perplexity (by member: {})",
			mean.difference,
			mean.standard_error,
			100.0 * mean.gain(),
			each.join(" ")
		);
	}
	Ok(())
}

fn print_row(measured: &MeasuredRow) {
	let MeasuredRow { step, member, removals, test, attribution, row } = measured;
	let share = |share: u32| format!("{:5.1}", 100.0 * f64::from(share) / 65_536.0);
	let inputs = 0..attribution.inputs.len();
	let shares: Vec<String> = inputs.map(|input| share(u32::from(row.share(input)))).collect();
	println!(
		"{step:5} member {member}: test {test:.4}; neither {:.4}, own {:.4}, inputs {:.4}, both \
		 {:.4}; own part {:.4} ± {:.4}, network's {:.4} ± {:.4}; row {} |{} %",
		removals.neither,
		removals.own,
		removals.inputs,
		removals.both,
		attribution.own.mean,
		attribution.own.se,
		attribution.network.mean,
		attribution.network.se,
		share(row.self_share),
		shares.concat(),
	);
}
