//! `summary.md`: the results as tables, which the page of the book includes.

use crate::{
	claims::part_of_direct,
	network::{Member as NetworkMember, NetworkRun},
	store::Store,
	summary::{mean_gain, Member, Results},
};
use bittensor_client::SHARE_ONE;
use bittensor_nucleus::{
	simulation::{Figure, Mode},
	Weighting,
};
use std::{collections::BTreeSet, fmt::Write};

/// The tables.
pub fn summary(store: &Store, results: &Results) -> String {
	let mut out = String::new();
	members(store, results, &mut out);
	each(results, &mut out);
	sweep(results, &mut out);
	inputs(results, &mut out);
	bids(results, &mut out);
	out
}

/// The tables of a run over real processes.
pub fn network(run: &NetworkRun) -> String {
	let mut out = String::new();
	let bit =
		|units: &str| units.parse::<f64>().map_or("–".into(), |n| format!("{:.2}", n / 1e9));
	let number = |value: Option<f64>| value.map_or("–".into(), |value| format!("{value:.0}"));
	let shares = |member: &NetworkMember| {
		let all = run.components.iter().filter_map(|other| {
			let edge = member.row.iter().find(|edge| edge.target == other.uid)?;
			Some(format!(
				"{} {}",
				other.name,
				percent(f64::from(edge.share) / f64::from(SHARE_ONE))
			))
		});
		all.collect::<Vec<_>>().join(", ")
	};
	let rows = run.components.iter().map(|member| {
		vec![
			member.name.clone(),
			member.profile.clone(),
			bit(&member.minted),
			bit(&member.stake_alone),
			bit(&member.received),
			bit(&member.given),
			number(member.perplexity_unigram),
			number(member.gain.map(|gain| gain.twin_perplexity)),
			number(member.gain.map(|gain| gain.perplexity).or(member.perplexity)),
			member.gain.map_or("–".into(), |gain| gain.to_string()),
			member.tokens.map_or("–".into(), |tokens| tokens.to_string()),
			member.unknown.map_or("–".into(), percent),
			member.curve.last().map_or("–".into(), |point| point.steps.to_string()),
			member.answered.map_or("–".into(), percent),
		]
	});
	let header = [
		"component",
		"profile",
		"paid, BIT",
		"stake alone",
		"received",
		"given",
		"perplexity: unigram",
		"twin",
		"component",
		"gain",
		"known tokens",
		"unknown",
		"steps",
		"queries answered",
	];
	table(&mut out, &header, rows.collect());
	let rows = run.components.iter().filter(|member| !member.row.is_empty()).map(|member| {
		let own = member
			.self_share
			.map_or("–".into(), |own| percent(f64::from(own) / f64::from(SHARE_ONE)));
		vec![member.name.clone(), own, shares(member)]
	});
	table(&mut out, &["row of", "own share", "edges"], rows.collect());
	let sets: Vec<&str> = run
		.components
		.iter()
		.find(|member| !member.similarity.is_empty())
		.map_or(Vec::new(), |m| m.similarity.iter().map(|set| set.set.as_str()).collect());
	let all = run.components.iter().flat_map(|member| {
		let twin = format!("twin of {}", member.name);
		[(member.name.clone(), &member.similarity), (twin, &member.twin_similarity)]
	});
	let rows = all.filter(|(_, sets)| !sets.is_empty()).map(|(name, sets)| {
		let cells = sets.iter().map(|set| {
			set.correlation.map_or("–".into(), |value| format!("{value:.2} ({})", set.known))
		});
		std::iter::once(name).chain(cells).collect()
	});
	let header: Vec<&str> = std::iter::once("agreement with people (pairs)").chain(sets).collect();
	table(&mut out, &header, rows.collect());
	out
}

fn table(out: &mut String, header: &[&str], rows: Vec<Vec<String>>) {
	let mut line = |cells: Vec<String>| {
		// Writing to a string does not fail.
		let _ = writeln!(out, "| {} |", cells.join(" | "));
	};
	line(header.iter().map(|cell| (*cell).to_owned()).collect());
	line(
		header.iter().enumerate().map(|(n, _)| if n == 0 { "---" } else { "--:" }.into()).collect(),
	);
	rows.into_iter().for_each(line);
	out.push('\n');
}

/// A part of a perplexity, in percent.
pub(crate) fn percent(part: f64) -> String {
	format!("{:.1} %", 100.0 * part)
}

/// A gain with its 95 % interval.
pub(crate) fn interval(figure: &Figure) -> String {
	let [low, high] = figure.gain_interval().map(|part| 100.0 * part);
	format!("{:.1} % [{low:.1}, {high:.1}]", 100.0 * figure.gain())
}

fn mean(members: &[&Member], of: impl Fn(&Member) -> Option<f64>) -> Option<f64> {
	let all: Vec<f64> = members.iter().filter_map(|member| of(member)).collect();
	(!all.is_empty()).then(|| all.iter().sum::<f64>() / all.len() as f64)
}

fn members(store: &Store, results: &Results, out: &mut String) {
	if results.members.is_empty() {
		return;
	}
	let loss = |loss: Option<f64>| loss.map_or("–".into(), |loss| format!("{loss:.4}"));
	let mut rows = Vec::new();
	for setting in results.settings() {
		let all: Vec<&Member> = results.of_setting(setting).collect();
		let seeds: BTreeSet<u64> = all.iter().map(|member| member.seed).collect();
		let (twin, with) = (mean(&all, |m| Some(m.twin_loss)), mean(&all, |m| m.loss));
		let without = mean(&all, |m| m.loss_without_grads);
		let joint = mean(&all, |m| m.joint_loss);
		let ensemble = mean(&all, |m| m.ensemble_loss);
		// Of a gap that can hardly be measured there is no part.
		let wide = twin.zip(joint).is_some_and(|(twin, joint)| twin - joint > 0.01);
		let closed = results.gap_closed(setting).filter(|_| wide);
		let gain = |modes, weighting| {
			mean_gain(store, setting, modes, weighting).map_or("–".into(), |gain| interval(&gain))
		};
		let (trained, plain) = (Weighting::AsTrained, Weighting::Plain);
		rows.push(vec![
			setting.into(),
			seeds.len().to_string(),
			loss(twin),
			loss(without),
			loss(with),
			loss(ensemble),
			loss(joint),
			gain((Mode::Without, Mode::Solo), trained),
			gain((Mode::With, Mode::Solo), trained),
			gain((Mode::With, Mode::Solo), plain),
			gain((Mode::With, Mode::Without), trained),
			gain((Mode::With, Mode::Ensemble), trained),
			closed.map_or("–".into(), percent),
		]);
	}
	let header = [
		"setting",
		"seeds",
		"twin",
		"without Grads",
		"with Grads",
		"ensemble",
		"joint",
		"gain without Grads",
		"gain with Grads",
		"all tokens alike",
		"with against without",
		"with against the ensemble",
		"gap closed",
	];
	table(out, &header, rows);
}

fn each(results: &Results, out: &mut String) {
	let rows = results.members.iter().filter_map(|member| {
		let (mode, loss) = match (member.loss, member.loss_without_grads) {
			(Some(loss), _) => ("with Grads", loss),
			(None, Some(loss)) => ("without Grads", loss),
			(None, None) => return None,
		};
		Some(vec![
			member.setting.clone(),
			member.seed.to_string(),
			member.member.to_string(),
			match &member.groups[..] {
				[only] => only.clone(),
				several => format!("{} groups", several.len()),
			},
			mode.into(),
			format!("{:.0}", member.twin_loss.exp()),
			format!("{:.0}", loss.exp()),
			interval(&member.figure()?),
			interval(&member.plain_figure()),
			member.tokens.to_string(),
			percent(member.unknown),
		])
	});
	let rows: Vec<_> = rows.collect();
	if !rows.is_empty() {
		let header = [
			"setting",
			"seed",
			"member",
			"documents of",
			"network",
			"perplexity of the twin",
			"of the member",
			"gain",
			"gain, all tokens alike",
			"known tokens",
			"unknown",
		];
		table(out, &header, rows);
	}
}

fn sweep(results: &Results, out: &mut String) {
	let row = |one: &crate::summary::Sweep| {
		vec![
			format!("{}: {}", one.setting, one.variant),
			one.seed.to_string(),
			format!("{:.4}", one.validation_loss),
			format!("{:.4}", one.loss),
		]
	};
	let rows: Vec<_> = results.sweep.iter().map(row).collect();
	if !rows.is_empty() {
		table(out, &["twins", "seed", "validation loss", "test loss"], rows);
	}
}

fn inputs(results: &Results, out: &mut String) {
	let row = |one: &crate::summary::Inputs| {
		vec![
			one.inputs.join(" + "),
			one.target.clone(),
			one.examples.to_string(),
			format!("{:.1}", one.twin_perplexity),
			format!("{:.1}", one.perplexity),
			format!("{} [{}, {}]", percent(one.gain), percent(one.low), percent(one.high)),
			part_of_direct(results, one).map_or("–".into(), percent),
			one.tokens.to_string(),
			percent(one.unknown),
		]
	};
	let rows: Vec<_> = results.inputs.iter().map(row).collect();
	if !rows.is_empty() {
		let header = [
			"inputs",
			"target",
			"examples",
			"perplexity of the twin",
			"perplexity",
			"gain",
			"part of the direct gain",
			"known tokens",
			"unknown",
		];
		table(out, &header, rows);
	}
}

fn bids(results: &Results, out: &mut String) {
	let row = |bid: &crate::summary::Bid| {
		let [payer, others] = bid.figures();
		vec![
			bid.setting.clone(),
			bid.seed.to_string(),
			format!("{:.4}", bid.share),
			interval(&payer),
			interval(&others),
		]
	};
	let rows: Vec<_> = results.bids.iter().map(row).collect();
	if !rows.is_empty() {
		table(out, &["setting", "seed", "share", "gain of the payer", "gain of the others"], rows);
	}
}
