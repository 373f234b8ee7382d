//! What an experiment is to show, and which part of it README and book state, checked against the
//! results.
//!
//! What does not hold is taken out of the documents and of [`STATED`] in the same commit.

use crate::{
	inputs::end_of_chain,
	network::NetworkRun,
	store::{Run, Store},
	summary::{mean_gain, Bid, Inputs, Member, Results},
};
use bittensor_nucleus::{
	simulation::{Figure, Mode},
	Weighting,
};

/// S, whose members leave the network out of a tenth of their examples.
pub const SELDOM_ALONE: &str = "S, network dropout 0.1";

/// The claims that the documents state.
pub const STATED: &[&str] = &[
	"S: every member is better than its twin",
	"S: the mean gain over the twins is at least 8 %",
	"S: with all tokens alike too, every member is better than its twin",
	"S: without Grads too, every member is better than its twin",
	"S: without Grads the mean gain is at least 4 %",
	"S: Grads help; the interval of their gain lies above 0",
	"S is run with three seeds",
	"S, network dropout 0.1: every member is better than its twin",
	"S, network dropout 0.1: at least 60 % of the gap to joint training is closed",
	"S, network dropout 0.1: Grads help; the interval of their gain lies above 0",
	"S: validation text prefers a network dropout of 0.1",
	"Control: validation text prefers the network dropout of a miner",
	"The twins of S are the best of their sweep, within 0.5 % of perplexity",
	"The twins of D are the best of their sweep, within 0.5 % of perplexity",
	"D: every member is better than its twin",
	"D: the worst member is within the interval of its twin",
	"D: with all tokens alike no member is worse than its twin, beyond the interval",
	"Control: with the same documents the mean gain is at most 2 %",
	"A payer's loss falls with the share that it buys",
	"Others lose at most 0.2 % of perplexity by a payer's bid",
	"USE, MiniLM and GloVe as inputs gain at least 10 %, frequent words weighted down",
	"USE, MiniLM and GloVe as inputs gain at least 5 %, all words alike",
	"A hostile bidder costs the others at most 1 % of perplexity",
];

/// A claim and whether the results bear it out.
#[derive(Clone, Debug)]
pub struct Claim {
	/// The claim.
	pub text: String,
	/// Whether the documents state it.
	pub stated: bool,
	/// Whether it is true.
	pub holds: bool,
	/// The figure that decides.
	pub figure: String,
}

fn claim(text: &str, figure: Option<f64>, holds: impl Fn(f64) -> bool) -> Claim {
	Claim {
		text: text.into(),
		stated: STATED.contains(&text),
		holds: figure.is_some_and(holds),
		figure: figure.map_or("not measured".into(), |figure| format!("{figure:.4}")),
	}
}

fn gain(nats: f64) -> f64 {
	1.0 - (-nats).exp()
}

fn least(values: impl Iterator<Item = f64>) -> Option<f64> {
	values.min_by(f64::total_cmp)
}

/// All claims, stated or not.
pub fn all(store: &Store, results: &Results) -> Vec<Claim> {
	let of = |setting| results.of_setting(setting);
	let over_twin = |member: &Member| Some(gain(member.twin_loss - member.loss?));
	let mean =
		|setting, mode, against| mean_gain(store, setting, (mode, against), Weighting::AsTrained);
	// The upper end of the interval of a member, in nats: below 0 it is worse than its twin.
	let upper = |figure: Figure| figure.interval()[1];
	let seeds = of("S").map(|m| m.seed).collect::<std::collections::BTreeSet<_>>().len();
	vec![
		claim("S is run with three seeds", Some(seeds as f64), |n| n >= 3.0),
		claim(
			"S: every member is better than its twin",
			least(of("S").filter_map(over_twin)),
			|x| x > 0.0,
		),
		claim(
			"S: the mean gain over the twins is at least 8 %",
			mean("S", Mode::With, Mode::Solo).map(|f| f.gain()),
			|x| x >= 0.08,
		),
		claim("S: at least 60 % of the gap to joint training is closed", results.gap_closed("S"), |x| x >= 0.6),
		claim(
			"S: without Grads too, every member is better than its twin",
			least(of("S").filter_map(|m| Some(m.twin_loss - m.loss_without_grads?))),
			|x| x > 0.0,
		),
		claim(
			"S: without Grads the mean gain is at least 4 %",
			mean("S", Mode::Without, Mode::Solo).map(|f| f.gain()),
			|x| x >= 0.04,
		),
		claim(
			"S: Grads help; the interval of their gain lies above 0",
			mean("S", Mode::With, Mode::Without).map(|f| f.interval()[0]),
			|x| x > 0.0,
		),
		claim(
			"S, network dropout 0.1: every member is better than its twin",
			least(of(SELDOM_ALONE).filter_map(over_twin)),
			|x| x > 0.0,
		),
		claim(
			"S, network dropout 0.1: at least 60 % of the gap to joint training is closed",
			results.gap_closed(SELDOM_ALONE),
			|x| x >= 0.6,
		),
		claim(
			"S, network dropout 0.1: Grads help; the interval of their gain lies above 0",
			mean(SELDOM_ALONE, Mode::With, Mode::Without).map(|f| f.interval()[0]),
			|x| x > 0.0,
		),
		claim(
			"S: validation text prefers a network dropout of 0.1",
			better_on_validation(store, SELDOM_ALONE, "S"),
			|x| x > 0.0,
		),
		claim(
			"Control: validation text prefers the network dropout of a miner",
			better_on_validation(store, "control", "control, network dropout 0.1"),
			|x| x > 0.0,
		),
		claim(
			"D: every member is better than its twin",
			least(of("D").filter_map(over_twin)),
			|x| x > 0.0,
		),
		claim(
			"D: the worst member is within the interval of its twin",
			least(of("D").filter_map(Member::figure).map(upper)),
			|x| x > 0.0,
		),
		claim(
			"Control: with the same documents no member is worse than its twin, beyond the interval",
			least(of("control").filter_map(Member::figure).map(upper)),
			|x| x > 0.0,
		),
		claim(
			"S: with all tokens alike too, every member is better than its twin",
			least(of("S").map(|member| member.plain_figure().difference)),
			|x| x > 0.0,
		),
		claim(
			"D: with all tokens alike no member is worse than its twin, beyond the interval",
			least(of("D").map(Member::plain_figure).map(upper)),
			|x| x > 0.0,
		),
		claim(
			"Control: with the same documents the mean gain is at most 2 %",
			mean("control", Mode::With, Mode::Solo).map(|f| f.gain()),
			|x| x <= 0.02,
		),
		claim(
			"The twins of S are the best of their sweep, within 0.5 % of perplexity",
			best_of_sweep(results, "S"),
			|x| x <= 0.005,
		),
		claim(
			"The twins of D are the best of their sweep, within 0.5 % of perplexity",
			best_of_sweep(results, "D"),
			|x| x <= 0.005,
		),
		claim(
			"The twins of `make run` are the best of their sweep, within 0.5 % of perplexity",
			best_of_sweep(results, "run"),
			|x| x <= 0.005,
		),
		claim("A payer's loss falls with the share that it buys", monotone(&results.bids), |x| {
			x > 0.0
		}),
		claim(
			"Others lose at most 0.2 % of perplexity by a payer's bid",
			most_change(&results.bids, false),
			|x| x <= 0.002,
		),
		claim(
			"A hostile bidder costs the others at most 1 % of perplexity",
			most_change(&results.bids, true),
			|x| x <= 0.01,
		),
		claim(
			"USE, MiniLM and GloVe as inputs gain at least 10 %, frequent words weighted down",
			of_inputs(results, &["use", "minilm", "glove"], "subsampled").map(|x| x.gain),
			|x| x >= 0.1,
		),
		claim(
			"USE, MiniLM and GloVe as inputs gain at least 5 %, all words alike",
			of_inputs(results, &["use", "minilm", "glove"], "plain").map(|x| x.gain),
			|x| x >= 0.05,
		),
		claim(
			"A chain to USE by a trainable component has at least 70 % of the direct gain",
			least(results.inputs.iter().filter_map(|one| part_of_direct(results, one))),
			|x| x >= 0.7,
		),
	]
}

fn of_inputs<'r>(results: &'r Results, names: &[&str], target: &str) -> Option<&'r Inputs> {
	results.inputs.iter().find(|one| one.inputs == names && one.target == target)
}

/// The gain of a chain over that of the encoders that it ends in; `None` for other inputs, and if the
/// encoders have no gain.
pub(crate) fn part_of_direct(results: &Results, chain: &Inputs) -> Option<f64> {
	let encoders = end_of_chain(&chain.inputs)?;
	let encoders: Vec<&str> = encoders.iter().map(String::as_str).collect();
	let direct = of_inputs(results, &encoders, &chain.target)?;
	(direct.gain > 0.0).then(|| chain.gain / direct.gain)
}

/// The claims about a run over real processes.
pub fn of_network(run: &NetworkRun) -> Vec<Claim> {
	let noise = run.gains().map(|(member, _)| run.part_to(member, "noise"));
	vec![
		claim(
			"Network: no component that learns is worse than its twin, beyond the interval",
			least(run.gains().map(|(_, gain)| gain.high)),
			|x| x >= 0.0,
		),
		claim(
			"Network: noise gets at most 1 % of a row of a component that learns",
			noise.max_by(f64::total_cmp),
			|x| x <= 0.01,
		),
	]
}

/// How much lower the mean validation loss of a setting's members is than that of another one's, in nats,
/// over the seeds of both.
fn better_on_validation(store: &Store, setting: &str, other: &str) -> Option<f64> {
	let loss = |name: &str, seed: u64| {
		let is_it = |run: &&Run| (&*run.experiment, run.mode, run.seed) == (name, Mode::With, seed);
		let outcomes = &store.runs.iter().find(is_it)?.outcomes;
		Some(outcomes.iter().map(|one| one.validation).sum::<f64>() / outcomes.len() as f64)
	};
	let seeds = store.runs.iter().filter(|run| run.experiment == setting && run.mode == Mode::With);
	let better: Vec<f64> =
		seeds.filter_map(|run| Some(loss(other, run.seed)? - loss(setting, run.seed)?)).collect();
	(!better.is_empty()).then(|| better.iter().sum::<f64>() / better.len() as f64)
}

/// How much lower than that of the twins the best validation loss of the sweep is, in nats.
fn best_of_sweep(results: &Results, setting: &str) -> Option<f64> {
	let of = |used: bool| {
		let part = results.sweep.iter().filter(|one| one.setting == setting);
		part.filter(move |one| (one.variant == "as used") == used)
	};
	let ours = of(true).next()?;
	let best = least(of(false).filter(|one| one.seed == ours.seed).map(|one| one.validation_loss));
	Some(ours.validation_loss - best?)
}

/// The least rise of the payer's mean gain from one share to the next.
fn monotone(bids: &[Bid]) -> Option<f64> {
	let mut shares: Vec<f64> = bids.iter().filter(|b| !b.hostile).map(|b| b.share).collect();
	shares.sort_by(f64::total_cmp);
	shares.dedup();
	let mean = |share: f64| {
		let gains: Vec<f64> = bids
			.iter()
			.filter(|bid| !bid.hostile && bid.share == share)
			.map(|bid| bid.payer_gain)
			.collect();
		gains.iter().sum::<f64>() / gains.len() as f64
	};
	least(shares.windows(2).map(|pair| mean(pair[1]) - mean(pair[0])))
}

/// The mean change of the others' perplexity, as a part of it, at the share that is worst for them.
fn most_change(bids: &[Bid], hostile: bool) -> Option<f64> {
	let mut shares: Vec<f64> =
		bids.iter().filter(|b| b.hostile == hostile).map(|b| b.share).collect();
	shares.sort_by(f64::total_cmp);
	shares.dedup();
	let mean = |share: f64| {
		let changes: Vec<f64> = bids
			.iter()
			.filter(|bid| bid.hostile == hostile && bid.share == share)
			.map(|bid| bid.others_change)
			.collect();
		changes.iter().sum::<f64>() / changes.len() as f64
	};
	shares.into_iter().map(|share| mean(share).exp() - 1.0).max_by(f64::total_cmp)
}
