//! Lays a [`View`] out on a screen of any size.
//!
//! ```text
//!   Alice, component 3 · owner · where it serves                 who
//!   ● block, age · epoch, next payout · node                     the chain
//!   ─ Last payout ────────────── ─ Learning ─────────────
//!   ─ Inputs ────────────────────────────────────────────        as many as there is room for
//!   ─ Bids for it ───────────────────────────────────────
//!   ! what is wrong
//!   keys
//! ```
//!
//! Invariant: a screen that is too small shows fewer lines and columns, the upper ones first; who,
//! chain, what is wrong and keys stay.

use super::view::{Controls, FromMiner, View, LATE};
use crate::{
	chain::earnings::{percent, Earnings},
	telemetry::{InputStatus, Status},
};
use bittensor_client::{bit, ss58};
use ratatui::{
	layout::{Alignment, Constraint, Layout, Rect},
	style::{Color, Modifier, Style, Stylize},
	text::{Line, Span, Text},
	widgets::{Block, Borders, Paragraph, Row, Table, Wrap},
	Frame,
};

/// From this width on, payout and learning are beside each other.
const BESIDE: u16 = 72;
/// From this width on, the inputs have their scores and times.
const WITH_SCORES: u16 = 76;
/// From this width on, the inputs also have what was bought of them.
const WITH_PUSH: u16 = 86;
/// Lines of the payout and of learning, with the title.
const FIGURES: u16 = 8;
/// Bids that are shown on a low screen, with the title.
const BIDS: u16 = 4;
/// Lines for what is wrong.
const ALERT_LINES: u16 = 3;
/// Names in a line.
const NAMED: usize = 3;

/// Draws the screen.
pub fn draw(frame: &mut Frame, view: &View, controls: &Controls) {
	let area = frame.area();
	let (alerts, lines) = alerts(view, area.width);
	let [who, chain, body, wrong, keys] = Layout::vertical([
		Constraint::Length(1),
		Constraint::Length(1),
		Constraint::Fill(1),
		Constraint::Length(lines),
		Constraint::Length(1),
	])
	.areas(area);
	frame.render_widget(who_line(view, who.width), who);
	frame.render_widget(chain_line(view, chain.width), chain);
	frame.render_widget(alerts, wrong);
	let inputs = draw_body(frame, view, controls, body);
	frame.render_widget(keys_line(view, controls, inputs), keys);
}

/// Draws what lies between the head and what is wrong; returns the number of inputs that fit.
fn draw_body(frame: &mut Frame, view: &View, controls: &Controls, body: Rect) -> usize {
	let beside = body.width >= BESIDE;
	let (payout, learning, rest) = if beside {
		let [figures, rest] =
			Layout::vertical([Constraint::Length(FIGURES), Constraint::Fill(1)]).areas(body);
		let [left, right] = Layout::horizontal([Constraint::Fill(1), Constraint::Fill(1)])
			.spacing(1)
			.areas(figures);
		(left, right, rest)
	} else {
		let areas: [_; 3] = Layout::vertical([
			Constraint::Length(FIGURES.min(body.height)),
			Constraint::Length(FIGURES.min(body.height.saturating_sub(FIGURES))),
			Constraint::Fill(1),
		])
		.areas(body);
		areas.into()
	};
	frame.render_widget(facts("Last payout", payout_facts(view)), payout);
	if learning.height > 1 {
		frame.render_widget(facts("Learning", learning_facts(view)), learning);
	}
	let bids = view.explanation.earnings().map_or(0, |earnings| earnings.bids.len().max(1));
	let room = BIDS.max(rest.height / 3).min(rest.height / 2);
	let height = u16::try_from(1 + bids).unwrap_or(room).min(room);
	let [inputs, bids] =
		Layout::vertical([Constraint::Fill(1), Constraint::Length(height)]).areas(rest);
	if bids.height > 1 {
		frame.render_widget(bid_lines(view, bids), bids);
	}
	draw_inputs(frame, view, controls, inputs)
}

/// A title over a line.
fn section(title: &str) -> Block<'_> {
	Block::new().borders(Borders::TOP).border_style(Style::new().dim()).title(
		Line::from(format!(" {title} ")).style(Style::new().not_dim().add_modifier(Modifier::BOLD)),
	)
}

/// As many of the segments as fit into the width.
fn fit(segments: &[String], width: u16) -> String {
	let mut line = String::new();
	for segment in segments.iter().filter(|segment| !segment.is_empty()) {
		let separator = if line.is_empty() { "" } else { " · " };
		let length =
			[&line, separator, segment].map(|part| part.chars().count()).iter().sum::<usize>();
		if length > width.into() && !line.is_empty() {
			break;
		}
		line += separator;
		line += segment;
	}
	line
}

fn who_line(view: &View, width: u16) -> Line<'static> {
	let component = view.explanation.component();
	let serves = match &component.endpoint {
		Some(endpoint) => format!("serves at {endpoint}"),
		None => "does not serve".into(),
	};
	let up = view.status().map_or(String::new(), |status| format!("up {}", time(status.uptime)));
	let segments = [
		format!("{}, component {}", view.explanation.name(component.uid), component.uid),
		view.status().map_or(String::new(), |status| status.kind.clone()),
		up,
		serves,
		format!("owner {}", ss58(&component.owner)),
	];
	Line::from(fit(&segments, width)).bold()
}

fn chain_line(view: &View, width: u16) -> Line<'static> {
	let snapshot = view.explanation.snapshot();
	let well = view.chain_error.is_none() && view.age < LATE;
	let sign = Span::from("● ").fg(if well { Color::Green } else { Color::Red });
	let blocks = snapshot.epoch.next_payout_in;
	let segments = [
		format!("block {}, {} ago", snapshot.head.number, time(view.age.as_secs())),
		format!("epoch {}, next payout in {blocks} blocks", snapshot.epoch.epoch),
		view.url.clone(),
	];
	Line::from(vec![sign, Span::from(fit(&segments, width.saturating_sub(2)))])
}

/// Seconds, for people.
fn time(seconds: u64) -> String {
	match seconds {
		0..60 => format!("{seconds} s"),
		60..3_600 => format!("{} min", seconds / 60),
		3_600..86_400 => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
		_ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3_600),
	}
}

/// What is wrong, and the lines that it takes.
fn alerts(view: &View, width: u16) -> (Paragraph<'static>, u16) {
	let alerts: Vec<String> = view.alerts().iter().map(|alert| format!("! {alert}")).collect();
	if alerts.is_empty() {
		let fine = match view.miner {
			FromMiner::NotAsked => "✓ the chain answers; --status-file shows the miner too",
			_ => "✓ no error",
		};
		return (Paragraph::new(Line::from(fine).fg(Color::Green)), 1);
	}
	// Words are not broken, so lines are not full.
	let full = usize::from(width.saturating_sub(width / 8).max(1));
	let height = |alert: &String| match alert.chars().count() {
		length if length <= width.into() => 1,
		length => length.div_ceil(full),
	};
	let lines = alerts.iter().map(height).sum::<usize>().min(ALERT_LINES.into());
	let text: Vec<Line> =
		alerts.into_iter().map(|alert| Line::from(alert).fg(Color::Red)).collect();
	let paragraph = Paragraph::new(Text::from(text)).wrap(Wrap { trim: true });
	(paragraph, u16::try_from(lines).unwrap_or(ALERT_LINES))
}

fn keys_line(view: &View, controls: &Controls, room: usize) -> Line<'static> {
	let all = view.inputs().len();
	let mut line = String::from(" q ends");
	if all > 0 {
		line += &format!("   s sorts: {}", controls.sort.name());
	}
	if all > room {
		let first = controls.scroll.min(all - room);
		line += &format!("   ↑ ↓ scrolls: inputs {} to {} of {all}", first + 1, first + room);
	}
	Line::from(line).dim()
}

/// A name and a value a line.
fn facts(title: &'static str, facts: Vec<(&'static str, String)>) -> Paragraph<'static> {
	let width = facts.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
	let line = |(name, value): (&'static str, String)| {
		Line::from(vec![Span::from(format!(" {name:<width$} ")).dim(), Span::from(value)])
	};
	let lines: Vec<Line> = facts.into_iter().map(line).collect();
	Paragraph::new(lines).block(section(title))
}

fn payout_facts(view: &View) -> Vec<(&'static str, String)> {
	let explanation = &view.explanation;
	let component = explanation.component();
	let counts = match (component.source, component.stake) {
		(_, 0) => "",
		(0, _) => ", no live row",
		_ => ", counts",
	};
	let stake = format!("{} BIT{counts}", bit(component.stake));
	let row = explanation.row_in_short();
	let Some(Earnings { epoch, paid, alone, received, given, bids, row: edges, .. }) =
		explanation.earnings()
	else {
		let blocks = explanation.snapshot().epoch.next_payout_in;
		return vec![
			("paid", format!("none yet, next in {blocks} blocks")),
			("stake", stake),
			("row", row),
		];
	};
	let named = |units: u64, word: &str, uids: Vec<u32>| {
		let names: Vec<String> =
			uids.iter().take(NAMED).map(|uid| explanation.name(*uid)).collect();
		let more = uids.len().saturating_sub(NAMED);
		let more = if more > 0 { format!(" and {more} more") } else { String::new() };
		match names.is_empty() {
			true => bit(units),
			false => format!("{} {word} {}{more}", bit(units), names.join(", ")),
		}
	};
	let net = i128::from(*received) - i128::from(*given);
	let size = bit(u64::try_from(net.unsigned_abs()).unwrap_or(u64::MAX));
	vec![
		("paid", format!("{} BIT in epoch {epoch}", bit(*paid))),
		("stake", stake),
		("stake alone", bit(*alone)),
		("+ received", named(*received, "from", bids.iter().map(|bid| bid.uid).collect())),
		("− given", named(*given, "to", edges.iter().map(|edge| edge.uid).collect())),
		("net", format!("{}{size}", if net < 0 { "−" } else { "+" })),
		("row", row),
	]
}

fn learning_facts(view: &View) -> Vec<(&'static str, String)> {
	let status = match &view.miner {
		FromMiner::Status(status, _) => status,
		FromMiner::NotAsked => {
			return vec![
				("", "not known: give --status-file".into()),
				("", "the file of `run --status-file`".into()),
			]
		}
		FromMiner::Unreadable(_) => return vec![("", "not known: see below".into())],
	};
	let Status { perplexity, .. } = &**status;
	let number = |value: Option<f64>| value.map_or("–".into(), |value| format!("{value:.1}"));
	let loss = status.loss.map_or("–".into(), |loss| format!("{loss:.2} nats"));
	let rate = status.steps_per_second;
	vec![
		("loss", format!("{loss}, step {}, {rate:.1}/s", status.steps)),
		(
			"perplexity",
			format!("{}, unigram {}", number(perplexity.now), number(perplexity.unigram)),
		),
		("no inputs", number(perplexity.without_inputs)),
		("gain", status.gain.map_or("not measured, or no twin".into(), |gain| gain.to_string())),
		("own share", format!("{} of its row", percent(status.self_share))),
		("served", format!("{} Spikes, {} Grads", status.spikes_served, status.grads_served)),
		("sent", format!("{} Grads, {} rows", status.grads_sent, status.posts)),
	]
}

/// Draws the inputs from the first one that is not above the screen; returns how many fit.
fn draw_inputs(frame: &mut Frame, view: &View, controls: &Controls, area: Rect) -> usize {
	let room = usize::from(area.height.saturating_sub(2));
	let all = view.inputs();
	if room == 0 {
		return all.len();
	}
	if all.is_empty() {
		let text = match view.status() {
			Some(_) => " It asks nobody.",
			None => " Not known without its status file.",
		};
		frame.render_widget(Paragraph::new(text).block(section("Inputs")), area);
		return room;
	}
	let (wide, push) = (area.width >= WITH_SCORES, area.width >= WITH_PUSH);
	let (mut header, mut widths) = (vec!["uid", "name", "share"], vec![5, 13, 7]);
	if wide {
		header.extend(["ΔL, nats", "at least", "latency"]);
		widths.extend([9, 9, 8]);
	}
	if push {
		header.push("bought");
		widths.push(8);
	}
	header.extend(["answers", "state"]);
	widths.extend([7, 12]);
	let right = |text: String| Text::from(text).alignment(Alignment::Right);
	let row = |input: &InputStatus| {
		let uid = input.uid.map_or("–".into(), |uid| uid.to_string());
		let name = input.uid.map(|uid| view.explanation.name(uid)).filter(|name| name != "-");
		let name = name.unwrap_or_else(|| crate::identity::ends(&input.account));
		let mut cells = vec![right(uid), Text::from(name), right(percent(input.share))];
		if wide {
			let latency = input.latency_ms.map_or("–".into(), |millis| format!("{millis:.0} ms"));
			cells.push(right(format!("{:+.4}", input.mean)));
			cells.push(right(format!("{:+.4}", input.lower)));
			cells.push(right(latency));
		}
		if push {
			cells.push(right(format!("{:.2}", input.push)));
		}
		let state = input.state();
		let well = matches!(&*state, "ok" | "not measured");
		let style = if well { Style::new() } else { Style::new().fg(Color::Yellow) };
		cells.push(right(input.answers()));
		cells.push(Text::from(state).style(style));
		Row::new(cells)
	};
	let first = controls.scroll.min(all.len().saturating_sub(room));
	let sorted = controls.sort.order(all);
	let rows = sorted.into_iter().skip(first).take(room).map(row);
	let header = header.into_iter().map(|title| match title {
		"name" | "state" => Text::from(title),
		_ => Text::from(title).alignment(Alignment::Right),
	});
	let table = Table::new(rows, widths)
		.header(Row::new(header).dim())
		.column_spacing(1)
		.block(section("Inputs"));
	frame.render_widget(table, area);
	room
}

fn bid_lines(view: &View, area: Rect) -> Paragraph<'static> {
	let bids = view.explanation.earnings().map_or(&[][..], |earnings| &earnings.bids);
	let room = usize::from(area.height.saturating_sub(1));
	let line = |bid: &bittensor_client::Bid| {
		let (name, share) = (view.explanation.name(bid.uid), percent(bid.share));
		let bought = view.upstream(bid.uid).map(|one| format!(", bought {:.2} steps", one.push));
		Line::from(format!(
			"{:>5} {name:<13} {share:>7} of its row, {} BIT in the epoch{}",
			bid.uid,
			bit(bid.flow),
			bought.unwrap_or_default()
		))
	};
	let mut lines: Vec<Line> = bids.iter().take(room).map(line).collect();
	if let (Some(last), true) = (lines.last_mut(), bids.len() > room) {
		*last = Line::from(format!("      and {} more", bids.len() + 1 - room));
	}
	if lines.is_empty() {
		lines.push(Line::from(" nobody"));
	}
	Paragraph::new(lines).block(section("Bids for it"))
}
