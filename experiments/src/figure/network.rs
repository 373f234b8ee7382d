//! Figures of a run over real processes: who bids for whom, and perplexity over time.

use super::svg::{escape, label, ticks};
use crate::network::{Member, NetworkRun};
use bittensor_client::SHARE_ONE;
use std::{f64::consts::TAU, fmt::Write};

const SIZE: f64 = 620.0;
const RADIUS: f64 = 215.0;
const NODE: f64 = 9.0;
/// Edges below this share are not drawn: they only explore.
const LEAST: f64 = 0.01;

/// Colour of a profile.
fn colour(profile: &str) -> &'static str {
	match profile {
		"frozen" => "#777777",
		"trainable" => "#2166ac",
		"query" => "#1b7837",
		"selfish" => "#b2182b",
		_ => "#e08214",
	}
}

/// Who bids for whom: an arrow is as wide as its share of the row, and an outline as wide as the
/// component's own share.
pub(super) fn graph(run: &NetworkRun) -> String {
	let count = run.components.len().max(1) as f64;
	let centre = SIZE / 2.0;
	let at = |n: usize, radius: f64| {
		let angle = TAU * (n as f64 / count - 0.25);
		(centre + radius * angle.cos(), centre + radius * angle.sin())
	};
	let mut out = start(SIZE, SIZE, "Rows at the end of the run");
	// Writing to a string does not fail.
	let mut put = |line: String| {
		let _ = writeln!(out, "{line}");
	};
	put("<defs><marker id=\"a\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"8\" \
		 markerHeight=\"8\" markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" \
		 fill=\"#444444\"/></marker></defs>"
		.into());
	for (from, member) in run.components.iter().enumerate() {
		for edge in &member.row {
			let share = f64::from(edge.share) / f64::from(SHARE_ONE);
			let to = run.components.iter().position(|other| other.uid == edge.target);
			let Some(to) = to.filter(|_| share >= LEAST) else { continue };
			let ((x, y), (tx, ty)) = (at(from, RADIUS), at(to, RADIUS));
			let length = ((tx - x).powi(2) + (ty - y).powi(2)).sqrt().max(1.0);
			// A bow, so that both directions of a pair are seen; it ends at the rim of the circle.
			let (dx, dy) = ((tx - x) / length, (ty - y) / length);
			let (mx, my) = ((x + tx) / 2.0 - 24.0 * dy, (y + ty) / 2.0 + 24.0 * dx);
			let (ex, ey) = (tx - (NODE + 4.0) * dx, ty - (NODE + 4.0) * dy);
			put(format!(
				"<path d=\"M{x:.1} {y:.1}Q{mx:.1} {my:.1} {ex:.1} {ey:.1}\" fill=\"none\" \
				 stroke=\"{}\" stroke-opacity=\"0.6\" stroke-width=\"{:.1}\" marker-end=\"url(#a)\"/>",
				colour(&member.profile),
				0.8 + 14.0 * share
			));
		}
	}
	for (n, member) in run.components.iter().enumerate() {
		let ((x, y), (lx, ly)) = (at(n, RADIUS), at(n, RADIUS + 26.0));
		let own = f64::from(member.self_share.unwrap_or(0)) / f64::from(SHARE_ONE);
		let anchor = match lx - centre {
			side if side > 30.0 => "start",
			side if side < -30.0 => "end",
			_ => "middle",
		};
		put(format!(
			"<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{NODE}\" fill=\"{}\" stroke=\"#222222\" \
			 stroke-width=\"{:.1}\"/>",
			colour(&member.profile),
			0.5 + 4.0 * own
		));
		put(format!(
			"<text x=\"{lx:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{}</text>",
			ly + 4.0,
			escape(&member.name)
		));
	}
	out + "</svg>\n"
}

/// Held-out perplexity of every component that learns, over the time of the run.
pub(super) fn curves(run: &NetworkRun) -> String {
	let (width, height) = (760.0, 420.0);
	let (left, right, top, bottom) = (64.0, 130.0, 48.0, 48.0);
	let all: Vec<&Member> = run.components.iter().filter(|m| m.curve.len() > 1).collect();
	let points = || all.iter().flat_map(|member| &member.curve);
	let seconds = ticks(points().map(|point| point.seconds as f64));
	let values = ticks(points().map(|point| point.perplexity));
	let scale = |ticks: &[f64], value: f64| {
		let (first, last) = (ticks[0], ticks[ticks.len() - 1]);
		(value - first) / (last - first).max(1e-12)
	};
	let x = |value: f64| left + scale(&seconds, value) * (width - left - right);
	let y = |value: f64| height - bottom - scale(&values, value) * (height - top - bottom);
	let mut out = start(width, height, "Held-out perplexity over the run");
	let mut put = |line: String| {
		let _ = writeln!(out, "{line}");
	};
	for tick in &values {
		let (at, text) = (y(*tick), label(*tick, values[1] - values[0]));
		put(format!(
			"<line x1=\"{left}\" y1=\"{at:.1}\" x2=\"{:.1}\" y2=\"{at:.1}\" stroke=\"#dddddd\"/>\
			 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{text}</text>",
			width - right,
			left - 8.0,
			at + 4.0
		));
	}
	for tick in &seconds {
		let (at, text) = (x(*tick), label(*tick, seconds[1] - seconds[0]));
		put(format!(
			"<text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{text}</text>",
			height - bottom + 18.0
		));
	}
	put(format!(
		"<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">seconds</text>",
		(left + width - right) / 2.0,
		height - 10.0
	));
	for (n, member) in all.iter().enumerate() {
		let line: Vec<String> = member
			.curve
			.iter()
			.map(|point| format!("{:.1},{:.1}", x(point.seconds as f64), y(point.perplexity)))
			.collect();
		// Members of one profile have one colour and differ by their dashes.
		let dash = if n % 2 == 0 { "" } else { " stroke-dasharray=\"5 3\"" };
		let colour = colour(&member.profile);
		put(format!(
			"<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.8\"{dash}/>",
			line.join(" ")
		));
		let place = top + 20.0 * n as f64;
		put(format!(
			"<line x1=\"{:.1}\" y1=\"{place:.1}\" x2=\"{:.1}\" y2=\"{place:.1}\" stroke=\"{colour}\" \
			 stroke-width=\"1.8\"{dash}/><text x=\"{:.1}\" y=\"{:.1}\">{}</text>",
			width - right + 10.0,
			width - right + 34.0,
			width - right + 40.0,
			place + 4.0,
			escape(&member.name)
		));
	}
	out + "</svg>\n"
}

fn start(width: f64, height: f64, title: &str) -> String {
	format!(
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
		 font-family=\"sans-serif\" font-size=\"13\">\n\
		 <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n\
		 <text x=\"16\" y=\"24\" font-size=\"16\">{}</text>\n",
		escape(title)
	)
}
