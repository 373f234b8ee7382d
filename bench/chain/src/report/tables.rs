//! The report as Markdown.

use std::fmt::Write as _;

use super::Report;
use crate::epochs::{ratio, Ratios};

impl Report {
	/// The tables, as Markdown.
	pub fn markdown(&self) -> String {
		let mut text = String::new();
		let machine = &self.machine;
		let _ = writeln!(
			text,
			"{}, {} cores, {} GiB.\n",
			machine.cpu, machine.cores, machine.memory_gib
		);
		text.push_str(
			"| figure | measured | must | met | aim | met |\n|---|---|---|---|---|---|\n",
		);
		for target in self.targets() {
			let [must, aim] = target.limits;
			let met = |met: bool| match (&target.measured, met) {
				(None, _) => "",
				(_, true) => "yes",
				(_, false) => "**no**",
			};
			let measured = target.measured.as_deref().unwrap_or("not measured");
			let _ = writeln!(
				text,
				"| {} | {measured} | {must} | {} | {aim} | {} |",
				target.figure,
				met(target.met[0]),
				met(target.met[1])
			);
		}
		self.case_table(&mut text);
		self.merge_table(&mut text);
		self.full_table(&mut text);
		if let Some(sustained) = &self.sustained {
			let _ = writeln!(
				text,
				"\n{:.0} s of posts of {} edges from {} accounts at {} ms slots: {} posts in blocks, \
				 {:.0} per second, {} retries, {} failures; {} rows read back as posted.",
				sustained.seconds,
				sustained.edges,
				sustained.accounts,
				sustained.slot_ms,
				sustained.posts,
				sustained.posts_per_second,
				sustained.retries,
				sustained.failures,
				sustained.rows_read
			);
		}
		text
	}

	fn case_table(&self, text: &mut String) {
		if self.cases.is_empty() {
			return;
		}
		text.push_str(
			"\n| graph | N | sweeps | blocks per solve | declared, of service | hook declared | \
			 hook authored | hook imported | declared ÷ authored | ÷ imported | an edge \
			 visit, ÷ the weights' | the less ratio, at theirs | longest block authored | imported \
			 | written per epoch | peak memory | page: components | rows | both |\n|---|---|---|---|\
			 ---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n",
		);
		for case in &self.cases {
			let _ = writeln!(
				text,
				"| {} | {} | {} | {} | {:.0} % | {:.1} ms | {} | {} | {} | {} | {} | {} | {} | {} | \
				 {:.1} MiB | {:.0} MiB | {:.1} ms | {:.1} ms | {:.1} ms |",
				case.graph,
				case.n,
				case.sweeps.iter().max().copied().unwrap_or(0),
				case.blocks_per_solve,
				100.0 * case.declared_share_of_service,
				case.hook_declared_ms,
				ms(case.hook_author_ms),
				ms(case.hook_import_ms),
				spread(case.declared_over_author),
				spread(case.declared_over_import),
				number(case.pace.map(|pace| pace.slowness())),
				number(case.at_pace_of_weights()),
				ms(case.author_ms),
				ms(case.import_ms),
				case.bytes_written / 1_048_576.0,
				case.peak_rss_mib,
				case.page_ms.components,
				case.page_ms.rows,
				case.page_ms.both,
			);
		}
	}

	fn merge_table(&self, text: &mut String) {
		let of_cases = self.cases.iter().map(|case| (case.graph.as_str(), case.n, &case.merge));
		let of_posts = self.posting.iter().flat_map(|posting| {
			posting.merges.iter().map(|merge| (posting.graph.as_str(), posting.n, merge))
		});
		let mut rows = of_cases.chain(of_posts).peekable();
		if rows.peek().is_none() {
			return;
		}
		text.push_str(
			"\n| merge of rows | graph | N | blocks | declared | authored | imported | declared ÷ \
			 imported | longest block authored |\n|---|---|---|---|---|---|---|---|---|\n",
		);
		for (graph, n, merge) in rows {
			let _ = writeln!(
				text,
				"| {} | {graph} | {n} | {} | {:.1} ms | {} | {} | {} | {} |",
				merge.rows,
				merge.blocks,
				merge.declared_ms,
				ms(merge.author_ms),
				ms(merge.measured_ms),
				number(ratio(merge.declared_ms, merge.measured_ms)),
				ms(merge.longest_author_ms),
			);
		}
	}

	fn full_table(&self, text: &mut String) {
		if self.posting.iter().all(|posting| posting.full.is_empty()) {
			return;
		}
		text.push_str(
			"\n| block of posts | N | slot | call declared | post declared | authored | imported | \
			 rows in a block: charged | measured | seen | longest such block authored | late |\n\
			 |---|---|---|---|---|---|---|---|---|---|---|---|\n",
		);
		for posting in &self.posting {
			for full in &posting.full {
				let _ = writeln!(
					text,
					"| {} edges | {} | {} ms | {:.3} ms | {:.3} ms | {} | {} | {} | {} | {} | {} | {} |",
					full.edges,
					posting.n,
					posting.slot_ms,
					full.call_declared_ms,
					full.declared_ms,
					full.author_ms.map_or("?".into(), |ms| format!("{ms:.3} ms")),
					full.import_ms.map_or("?".into(), |ms| format!("{ms:.3} ms")),
					full.rows_charged,
					full.rows_measured.map_or("?".into(), |rows| rows.to_string()),
					full.rows_seen,
					ms(full.longest_author_ms),
					full.discarded,
				);
			}
		}
	}
}

fn ms(value: Option<f64>) -> String {
	value.map_or("?".into(), |value| format!("{value:.1} ms"))
}

fn number(value: Option<f64>) -> String {
	value.map_or("?".into(), |value| format!("{value:.2}"))
}

/// A median, with the least and the most of single epochs.
fn spread(ratios: Option<Ratios>) -> String {
	ratios.map_or("?".into(), |Ratios { least, median, most }| {
		format!("{median:.2} ({least:.2}–{most:.2})")
	})
}
