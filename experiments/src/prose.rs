//! The figures that README and the page of the book state in sentences.
//!
//! Each is formatted from the results. A test looks for it in its documents, so a sentence whose figure is
//! no longer true fails.

use crate::{
	claims::SELDOM_ALONE,
	network::NetworkRun,
	page::{interval, percent},
	store::Store,
	summary::{gain_over, mean_gain, Bid, Inputs, Member, Results},
};
use bittensor_e2e::miner::Gain;
use bittensor_nucleus::{
	simulation::{Figure, Mode},
	Weighting,
};

/// The page of the book.
pub const PAGE: &str = "docs/src/reference/experiment.md";
/// README.
pub const README: &str = "README.md";

/// The component of the run over real processes whose only input is a trainable one.
pub const CHAIN: &str = "query-2";

/// A figure, as documents state it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stated {
	/// The figure.
	pub name: String,
	/// Its text.
	pub text: String,
	/// Documents that state it, from the root of the repository.
	pub documents: &'static [&'static str],
}

const BOTH: &[&str] = &[PAGE, README];
const PAGE_ONLY: &[&str] = &[PAGE];

/// All figures. What was not measured is left out.
pub fn all(store: &Store, results: &Results, network: Option<&NetworkRun>) -> Vec<Stated> {
	let mut all = Vec::new();
	let mut state = |name: &str, text: Option<String>, documents| {
		all.extend(text.map(|text| Stated { name: name.into(), text, documents }));
	};
	let gain = |setting, mode, against, weighting| {
		mean_gain(store, setting, (mode, against), weighting).map(|figure| interval(&figure))
	};
	let (trained, plain) = (Weighting::AsTrained, Weighting::Plain);
	let (solo, with, without) = (Mode::Solo, Mode::With, Mode::Without);
	state("S: gain", gain("S", with, solo, trained), BOTH);
	state("S: gain without Grads", gain("S", without, solo, trained), BOTH);
	state("S: gain by Grads", gain("S", with, without, trained), PAGE_ONLY);
	state("S: gain, all tokens alike", gain("S", with, solo, plain), PAGE_ONLY);
	state("S: members against the ensemble", gain("S", with, Mode::Ensemble, trained), PAGE_ONLY);
	let closed = results.gap_closed("S").map(|part| format!("{:.0} %", 100.0 * part));
	state("S: gap closed", closed, PAGE_ONLY);
	state("S, network dropout 0.1: gain", gain(SELDOM_ALONE, with, solo, trained), BOTH);
	let alike = gain(SELDOM_ALONE, with, solo, plain);
	state("S, network dropout 0.1: gain, all tokens alike", alike, PAGE_ONLY);
	let by_grads = gain(SELDOM_ALONE, with, without, trained);
	state("S, network dropout 0.1: gain by Grads", by_grads, PAGE_ONLY);
	let closed = results.gap_closed(SELDOM_ALONE).map(|part| format!("{:.0} %", 100.0 * part));
	state("S, network dropout 0.1: gap closed", closed, BOTH);
	let ensemble = gain_over(store, (SELDOM_ALONE, with), ("S", Mode::Ensemble), trained);
	let ensemble = ensemble.map(|gain| interval(&gain));
	state("S, network dropout 0.1: members against the ensemble", ensemble, PAGE_ONLY);
	let others = ["S, network dropout 0.2", "D, network dropout 0.1"];
	for of in others.into_iter().chain(["control, network dropout 0.2"]) {
		state(&format!("{of}: gain"), gain(of, with, solo, trained), PAGE_ONLY);
	}
	let harm = gain("control, network dropout 0.1", with, solo, trained);
	state("control, network dropout 0.1: gain", harm, BOTH);
	let averages = gain_over(store, ("S", solo), ("S, not averaged", solo), trained);
	let averages = averages.map(|gain| interval(&gain));
	state("S: what averages save the twins", averages, PAGE_ONLY);
	state("S, not averaged: gain", gain("S, not averaged", with, solo, trained), PAGE_ONLY);
	state("control: gain", gain("control", with, solo, trained), BOTH);
	state("control: gain, all tokens alike", gain("control", with, solo, plain), PAGE_ONLY);
	let ensemble = gain("control", Mode::Ensemble, solo, trained);
	state("control: gain of the ensemble", ensemble, PAGE_ONLY);
	state("D: gain", gain("D", with, solo, trained), BOTH);
	let members = || results.of_setting("D");
	state("D: worst member", worst(members().filter_map(Member::figure)), PAGE_ONLY);
	state("D: worst, all tokens alike", worst(members().map(Member::plain_figure)), PAGE_ONLY);
	state("run: gain", gain("run", with, solo, trained), BOTH);
	state("run: gain by Grads", gain("run", with, without, trained), PAGE_ONLY);
	let ensemble = gain("run", with, Mode::Ensemble, trained);
	state("run: members against the ensemble", ensemble, PAGE_ONLY);
	state("run: gain, all tokens alike", gain("run", with, solo, plain), PAGE_ONLY);
	let defaults = gain("run, defaults", with, solo, trained);
	state("run: gain with the defaults", defaults, PAGE_ONLY);
	let tuning = gain_over(store, ("run", solo), ("run, defaults", solo), trained);
	state("run: what tuning saves the twins", tuning.map(|gain| interval(&gain)), PAGE_ONLY);
	for setting in ["control, one draw", "control, not averaged"] {
		state(&format!("{setting}: gain"), gain(setting, with, solo, trained), PAGE_ONLY);
	}
	for setting in ["a sixteenth", "a quarter"] {
		let gains = |of: usize| {
			let bids = results.bids.iter().filter(|bid| bid.setting == setting);
			range(bids.map(|bid| 100.0 * bid.figures()[of].gain()))
		};
		state(&format!("bids: payer, {setting}"), gains(0), PAGE_ONLY);
		state(&format!("bids: sellers, {setting}"), gains(1), PAGE_ONLY);
	}
	let cost = |bid: &Bid| 100.0 * (bid.others_change.exp() - 1.0);
	let hostile = || results.bids.iter().filter(|bid| bid.hostile).map(cost);
	state("bids: cost of a hostile one", range(hostile()), PAGE_ONLY);
	let count = hostile().count();
	let mean = (count > 0).then(|| format!("{:.1} %", hostile().sum::<f64>() / count as f64));
	state("bids: mean cost of a hostile one", mean, PAGE_ONLY);
	for inputs in &results.inputs {
		let Inputs { gain, low, high, .. } = inputs;
		let text = match inputs.inputs.len() {
			1 => percent(*gain),
			_ => format!("{} [{:.1}, {:.1}]", percent(*gain), 100.0 * low, 100.0 * high),
		};
		let name = format!("inputs: {}, {}", inputs.inputs.join(" + "), inputs.target);
		state(&name, Some(text), PAGE_ONLY);
	}
	if let Some(run) = network {
		let (of_chain, others): (Vec<_>, Vec<_>) =
			run.gains().partition(|(member, _)| member.name == CHAIN);
		let gains = others.iter().map(|(_, gain)| 100.0 * gain.gain);
		state("network: gains", range(gains), BOTH);
		for (_, Gain { gain, low, high, .. }) in of_chain {
			let text = format!("{} [{:.1}, {:.1}]", percent(gain), 100.0 * low, 100.0 * high);
			state("network: gain through a chain", Some(text), PAGE_ONLY);
		}
		let steps = others.iter().map(|(_, gain)| gain.steps);
		state("network: steps of the best", range_of_steps(steps), PAGE_ONLY);
		for component in run.components.iter().filter(|c| c.profile == "frozen") {
			let paid = component.minted.parse::<f64>().unwrap_or(0.0) / 1e9;
			state(
				&format!("network: paid to {}", component.name),
				Some(format!("{paid:.0} BIT")).filter(|_| paid >= 1.0),
				PAGE_ONLY,
			);
		}
		state("network: learner-1 at equal time", at_equal_time(run).map(percent), PAGE_ONLY);
		let paid: f64 = run.components.iter().filter_map(|c| c.minted.parse::<f64>().ok()).sum();
		state("network: paid in all", Some(format!("{:.0}", paid / 1e9)), PAGE_ONLY);
	}
	all
}

/// What learner-1 saves of the perplexity of the selfish component, which has its documents, and trains alone
/// as fast as it can.
fn at_equal_time(run: &NetworkRun) -> Option<f64> {
	let perplexity = |name: &str| run.components.iter().find(|one| one.name == name)?.perplexity;
	Some(1.0 - perplexity("learner-1")? / perplexity("selfish")?)
}

/// `0.5 to 0.8 %`.
fn range(values: impl Iterator<Item = f64>) -> Option<String> {
	let (low, high) = ends(values)?;
	Some(format!("{low:.1} to {high:.1} %"))
}

/// `1,049 to 1,807`, as the page writes thousands.
fn range_of_steps(steps: impl Iterator<Item = u64>) -> Option<String> {
	let (low, high) = ends(steps.map(|steps| steps as f64))?;
	let thousands = |steps: f64| match steps as u64 {
		small @ 0..1_000 => small.to_string(),
		large => format!("{},{:03}", large / 1_000, large % 1_000),
	};
	Some(format!("{} to {}", thousands(low), thousands(high)))
}

fn ends(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
	values.fold(None, |ends, value| {
		let (low, high) = ends.unwrap_or((value, value));
		Some((f64::min(low, value), f64::max(high, value)))
	})
}

fn worst(figures: impl Iterator<Item = Figure>) -> Option<String> {
	let figure = figures.min_by(|a, b| a.difference.total_cmp(&b.difference))?;
	Some(interval(&figure))
}
