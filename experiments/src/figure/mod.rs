//! Figures as SVG, from the results.

mod network;
mod svg;

use crate::{
	network::NetworkRun,
	summary::{Bid, Inputs, Member, Results, Sweep},
};
use anyhow::{Context, Result};
use bittensor_nucleus::{files, simulation::Figure};
use std::path::Path;
use svg::{Chart, Mark, Row, Series};

/// Writes all figures that the results allow into a folder.
///
/// # Errors
/// If one cannot be written.
pub fn write(results: &Results, folder: &Path) -> Result<Vec<String>> {
	let mut written = Vec::new();
	for (name, svg) in all(results) {
		let path = folder.join(&name);
		files::replace(&path, svg.as_bytes()).with_context(|| path.display().to_string())?;
		written.push(name);
	}
	Ok(written)
}

/// Names and content of all figures.
pub fn all(results: &Results) -> Vec<(String, String)> {
	let mut figures = Vec::new();
	if !results.members.is_empty() {
		figures.push(("members.svg".to_owned(), members(results)));
	}
	if !results.sweep.is_empty() {
		figures.push(("sweep.svg".to_owned(), sweep(&results.sweep)));
	}
	if !results.bids.is_empty() {
		figures.push(("bids.svg".to_owned(), bids(&results.bids)));
	}
	if !results.inputs.is_empty() {
		figures.push(("inputs.svg".to_owned(), inputs(&results.inputs)));
	}
	figures
}

/// Names and content of the figures of a run over real processes.
pub fn of_network(run: &NetworkRun) -> Vec<(String, String)> {
	vec![
		("rows.svg".to_owned(), network::graph(run)),
		("curves.svg".to_owned(), network::curves(run)),
	]
}

fn percent(nats: f64) -> f64 {
	100.0 * (1.0 - (-nats).exp())
}

/// A mark of a gain with its 95 % interval, in percent of perplexity.
fn gain(row: usize, figure: &Figure) -> Mark {
	let [low, high] = figure.gain_interval().map(|part| 100.0 * part);
	Mark { row, at: 100.0 * figure.gain(), low, high }
}

/// Gains of all members over their twins, without and with Grads.
fn members(results: &Results) -> String {
	let settings = results.settings();
	let rows = settings.iter().map(|name| Row::new(name)).collect();
	// The interval is that of the gain with Grads, or else without.
	let marks = |of: fn(&Member) -> Option<f64>, has_interval: fn(&Member) -> bool| {
		let mut marks = Vec::new();
		for (row, setting) in settings.iter().enumerate() {
			for member in results.of_setting(setting) {
				let Some(loss) = of(member) else { continue };
				let whole = member.figure().filter(|_| has_interval(member));
				marks.push(match whole {
					Some(figure) => gain(row, &figure),
					None => Mark::point(row, percent(member.twin_loss - loss)),
				});
			}
		}
		marks
	};
	Chart {
		title: "Gain of each member over its twin".into(),
		axis: "less perplexity than the twin, %; bars: 95 % interval over documents".into(),
		rows,
		series: vec![
			Series {
				name: "without Grads".into(),
				colour: "#e08214",
				marks: marks(|member| member.loss_without_grads, |member| member.loss.is_none()),
			},
			Series {
				name: "with Grads".into(),
				colour: "#2166ac",
				marks: marks(|member| member.loss, |_| true),
			},
			Series {
				name: "joint training".into(),
				colour: "#777777",
				marks: marks(|member| member.joint_loss, |_| false),
			},
		],
	}
	.svg()
}

fn sweep(sweep: &[Sweep]) -> String {
	let mut rows: Vec<Row> = Vec::new();
	let mut marks = Vec::new();
	for one in sweep {
		let name = match one.variant.as_str() {
			"as used" => format!("{} (as used)", one.setting),
			variant => variant.to_owned(),
		};
		let row = rows.iter().position(|row| row.name == name).unwrap_or_else(|| {
			rows.push(Row::new(&name));
			rows.len() - 1
		});
		marks.push(Mark::point(row, one.validation_loss));
	}
	Chart {
		title: "The twins' sweep".into(),
		axis: "mean loss of the twins on validation text, nats".into(),
		rows,
		series: vec![Series { name: "twins".into(), colour: "#2166ac", marks }],
	}
	.svg()
}

fn bids(bids: &[Bid]) -> String {
	let mut rows: Vec<Row> = Vec::new();
	let (mut payer, mut others) = (Vec::new(), Vec::new());
	for bid in bids {
		let hostile = if bid.hostile { ", errors reversed" } else { "" };
		let name = format!("share {:.3}{hostile}", bid.share);
		let row = rows.iter().position(|row| row.name == name).unwrap_or_else(|| {
			rows.push(Row::new(&name));
			rows.len() - 1
		});
		let [of_payer, of_others] = bid.figures();
		payer.push(gain(row, &of_payer));
		others.push(gain(row, &of_others));
	}
	Chart {
		title: "What a bid buys".into(),
		axis: "less perplexity than without the bid, %; bars: 95 % interval over documents".into(),
		rows,
		series: vec![
			Series { name: "the payer".into(), colour: "#2166ac", marks: payer },
			Series { name: "the others".into(), colour: "#e08214", marks: others },
		],
	}
	.svg()
}

fn inputs(inputs: &[Inputs]) -> String {
	let mut rows: Vec<Row> = Vec::new();
	let mut series: Vec<Series> = Vec::new();
	for one in inputs {
		let name = one.inputs.join(" + ");
		let row = rows.iter().position(|row| row.name == name).unwrap_or_else(|| {
			rows.push(Row::new(&name));
			rows.len() - 1
		});
		let at = series.iter().position(|series| series.name == one.target);
		let at = at.unwrap_or_else(|| {
			let colour = ["#2166ac", "#e08214"][series.len() % 2];
			series.push(Series { name: one.target.clone(), colour, marks: Vec::new() });
			series.len() - 1
		});
		let mark = Mark { row, at: 100.0 * one.gain, low: 100.0 * one.low, high: 100.0 * one.high };
		series[at].marks.push(mark);
	}
	Chart {
		title: "What frozen encoders are worth as inputs".into(),
		axis: "less perplexity than the twin, %; bars: 95 % interval over documents and seeds"
			.into(),
		rows,
		series,
	}
	.svg()
}
