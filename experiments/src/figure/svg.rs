//! One kind of chart: rows with names, and marks with intervals along one axis.

use std::fmt::Write;

const WIDTH: f64 = 760.0;
const LEFT: f64 = 210.0;
const RIGHT: f64 = 24.0;
const TOP: f64 = 64.0;
const ROW: f64 = 54.0;
const BOTTOM: f64 = 52.0;

/// A value in a row, with its interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Mark {
	pub(super) row: usize,
	pub(super) at: f64,
	pub(super) low: f64,
	pub(super) high: f64,
}

impl Mark {
	/// A value without an interval.
	pub(super) fn point(row: usize, at: f64) -> Self {
		Self { row, at, low: at, high: at }
	}
}

/// A row.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
	pub(super) name: String,
}

impl Row {
	pub(super) fn new(name: &str) -> Self {
		Self { name: name.into() }
	}
}

/// Marks of one colour.
#[derive(Clone, Debug)]
pub(super) struct Series {
	pub(super) name: String,
	pub(super) colour: &'static str,
	pub(super) marks: Vec<Mark>,
}

/// A chart.
#[derive(Clone, Debug)]
pub(super) struct Chart {
	pub(super) title: String,
	pub(super) axis: String,
	pub(super) rows: Vec<Row>,
	pub(super) series: Vec<Series>,
}

impl Chart {
	/// The chart as an SVG document.
	pub(super) fn svg(&self) -> String {
		let height = TOP + ROW * self.rows.len() as f64 + BOTTOM;
		let ticks = self.ticks();
		let (first, last) = (ticks[0], ticks[ticks.len() - 1]);
		let x = |value: f64| {
			LEFT + (value - first) / (last - first).max(1e-12) * (WIDTH - LEFT - RIGHT)
		};
		let mut out = format!(
			"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
			 font-family=\"sans-serif\" font-size=\"13\">\n\
			 <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>\n\
			 <text x=\"16\" y=\"24\" font-size=\"16\">{}</text>\n",
			escape(&self.title)
		);
		let mut put = |line: std::fmt::Arguments<'_>| {
			// Writing to a string does not fail.
			let _ = writeln!(out, "{line}");
		};
		let bottom = height - BOTTOM;
		for tick in &ticks {
			let (at, colour) = (x(*tick), if *tick == 0.0 { "#333333" } else { "#dddddd" });
			put(format_args!(
				"<line x1=\"{at:.1}\" y1=\"{TOP}\" x2=\"{at:.1}\" y2=\"{bottom}\" stroke=\"{colour}\"/>"
			));
			let label = label(*tick, ticks[1] - ticks[0]);
			put(format_args!(
				"<text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{label}</text>",
				bottom + 18.0
			));
		}
		put(format_args!(
			"<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
			(LEFT + WIDTH - RIGHT) / 2.0,
			bottom + 40.0,
			escape(&self.axis)
		));
		for (n, row) in self.rows.iter().enumerate() {
			put(format_args!(
				"<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
				LEFT - 12.0,
				TOP + ROW * (n as f64 + 0.5) + 4.0,
				escape(&row.name)
			));
		}
		let mut legend = LEFT;
		for (n, series) in self.series.iter().enumerate() {
			let colour = series.colour;
			put(format_args!("<circle cx=\"{legend:.1}\" cy=\"44\" r=\"4.5\" fill=\"{colour}\"/>"));
			put(format_args!(
				"<text x=\"{:.1}\" y=\"48\">{}</text>",
				legend + 10.0,
				escape(&series.name)
			));
			legend += 28.0 + 7.5 * series.name.chars().count() as f64;
			for (mark, y) in self.placed(n) {
				if mark.high > mark.low {
					put(format_args!(
						"<line x1=\"{:.1}\" y1=\"{y:.1}\" x2=\"{:.1}\" y2=\"{y:.1}\" \
						 stroke=\"{colour}\" stroke-width=\"1.5\"/>",
						x(mark.low),
						x(mark.high)
					));
				}
				put(format_args!(
					"<circle cx=\"{:.1}\" cy=\"{y:.1}\" r=\"3.5\" fill=\"{colour}\"/>",
					x(mark.at)
				));
			}
		}
		out.push_str("</svg>\n");
		out
	}

	/// The marks of a series with their heights: all marks of a row lie below each other.
	fn placed(&self, series: usize) -> Vec<(Mark, f64)> {
		let count = |upto: usize, row| {
			let marks = self.series[..upto].iter().flat_map(|series| &series.marks);
			marks.filter(|mark| mark.row == row).count()
		};
		let mut seen = vec![0; self.rows.len()];
		let place = |mark: &Mark| {
			let all = count(self.series.len(), mark.row) as f64;
			let at = count(series, mark.row) + seen[mark.row];
			seen[mark.row] += 1;
			let part = (at as f64 + 0.5) / all;
			(*mark, TOP + ROW * (mark.row as f64 + 0.08 + 0.84 * part))
		};
		self.series[series].marks.iter().map(place).collect()
	}

	fn ticks(&self) -> Vec<f64> {
		let marks = self.series.iter().flat_map(|series| &series.marks);
		ticks(marks.flat_map(|mark| [mark.low, mark.high]))
	}
}

/// Round values that enclose all finite ones, at least two; 0 is one of them if it is near.
pub(super) fn ticks(values: impl Iterator<Item = f64>) -> Vec<f64> {
	let (mut low, mut high) = values
		.filter(|value| value.is_finite())
		.fold((f64::MAX, f64::MIN), |(low, high), value| (low.min(value), high.max(value)));
	if low > high {
		(low, high) = (0.0, 1.0);
	}
	if low > 0.0 && low < 0.5 * high {
		low = 0.0;
	}
	let range = (high - low).max(1e-9);
	let power = 10_f64.powf((range / 6.0).log10().floor());
	let step = [1.0, 2.0, 5.0, 10.0]
		.into_iter()
		.map(|factor| factor * power)
		.find(|step| range / step <= 8.0)
		.unwrap_or(10.0 * power);
	let (first, last) = ((low / step).floor() as i64, (high / step).ceil() as i64);
	(first..=last.max(first + 1)).map(|n| n as f64 * step).collect()
}

pub(super) fn label(value: f64, step: f64) -> String {
	let digits = (-step.log10().floor()).max(0.0) as usize;
	format!("{value:.digits$}").replace('-', "\u{2212}")
}

pub(super) fn escape(text: &str) -> String {
	text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
	use super::{Chart, Mark, Row, Series};

	fn chart(marks: Vec<Mark>) -> Chart {
		let series = vec![Series { name: "a < b".into(), colour: "#000000", marks }];
		let rows = vec![Row::new("one"), Row::new("two")];
		Chart { title: "t".into(), axis: "x".into(), rows, series }
	}

	#[test]
	fn the_axis_encloses_all_marks_at_round_values() {
		let at = |low, high| chart(vec![Mark { row: 0, at: low, low, high }]).ticks();
		assert_eq!(at(3.0, 14.7), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 14.0, 16.0]);
		assert_eq!(at(-0.4, 2.1).first(), Some(&-0.5));
		let far = at(6.72, 6.94);
		assert!(far[0] > 6.6 && far[0] <= 6.72 && far[far.len() - 1] >= 6.94, "{far:?}");
		assert!(at(5.0, 5.0).len() >= 2);
		assert!(chart(Vec::new()).ticks().len() >= 2);
	}

	#[test]
	fn every_mark_is_drawn_inside_its_row_and_text_is_escaped() {
		let marks = vec![Mark::point(0, 1.0), Mark { row: 1, at: 2.0, low: 1.5, high: 2.5 }];
		let chart = chart(marks);
		let svg = chart.svg();
		assert_eq!(svg.matches("<circle").count(), 3, "two marks and the legend");
		assert!(svg.contains("a &lt; b") && !svg.contains("a < b"));
		let heights: Vec<f64> = chart.placed(0).into_iter().map(|(_, y)| y).collect();
		assert!(heights[0] < super::TOP + super::ROW && heights[1] > super::TOP + super::ROW);
	}
}
