//! `fetch`: gets models, corpora and evaluation sets into the cache folder.
//!
//! One item that fails does not keep the others from coming; the command then ends with an error.

use crate::{
	cli::FetchArgs,
	fetch::{
		cache_folder, find, folder_of, is_complete, Bar, Content, FetchError, Fetcher, Item,
		Outcome, ITEMS,
	},
	output,
};
use anyhow::bail;
use comfy_table::{presets::NOTHING, CellAlignment, Table};
use serde_json::json;
use std::path::Path;

/// Runs the command and returns its output.
pub fn run(args: &FetchArgs, as_json: bool) -> anyhow::Result<String> {
	let cache = cache_folder(args.cache_dir.as_deref())?;
	let items = chosen(&args.names)?;
	if args.list {
		return list(&items, &cache, as_json);
	}
	let fetcher = Fetcher::open(&cache, args.from.clone(), args.offline)?;
	let mut bar = Bar::new();
	let mut lines = Vec::new();
	let mut objects = Vec::new();
	let mut failed = Vec::new();
	for item in items {
		let result = fetcher.fetch(item, &mut bar);
		bar.clear();
		let folder = folder_of(&cache, item);
		match result {
			Ok(outcome) => {
				let outcome = match outcome {
					Outcome::Present => "present",
					Outcome::Fetched => "fetched",
				};
				lines.push(format!("{outcome} {}", folder.display()));
				objects.push(json!({ "name": item.name, "path": folder, "outcome": outcome }));
			}
			Err(error) => failed.push((item.name, anyhow::Error::from(error))),
		}
	}
	if !failed.is_empty() {
		// What came is said even if something else did not.
		for line in lines {
			output::line_to(std::io::stderr().lock(), &line)?;
		}
		let reasons =
			failed.iter().map(|(name, error)| format!("{name}: {}", output::error(error)));
		bail!("{}", reasons.collect::<Vec<_>>().join("\n"));
	}
	if as_json {
		return Ok(json!({ "items": objects }).to_string());
	}
	Ok(lines.join("\n"))
}

/// Items by name, each once; all without a name.
fn chosen(names: &[String]) -> Result<Vec<&'static Item>, FetchError> {
	if names.is_empty() {
		return Ok(ITEMS.iter().collect());
	}
	let mut items: Vec<&Item> = Vec::new();
	for name in names {
		let found = find(name).ok_or_else(|| FetchError::UnknownItem {
			name: name.clone(),
			known: ITEMS.iter().map(|item| item.name).collect::<Vec<_>>().join(", "),
		})?;
		for item in found {
			if !items.iter().any(|other| other.name == item.name) {
				items.push(item);
			}
		}
	}
	Ok(items)
}

fn list(items: &[&Item], cache: &Path, as_json: bool) -> anyhow::Result<String> {
	let mut table = Table::new();
	table.load_preset(NOTHING);
	table.set_header(["NAME", "GROUP", "MB", "HERE", "PACKAGE", "LICENCE", "WHAT"]);
	if let Some(column) = table.column_mut(2) {
		column.set_cell_alignment(CellAlignment::Right);
	}
	let mut objects = Vec::new();
	for item in items {
		let package = item.package();
		let folder = folder_of(cache, item);
		let here = is_complete(item, &folder)?;
		let what = match &item.content {
			Content::Files(..) => item.about.to_owned(),
			Content::Corpus(_, corpus) => format!(
				"{}: {} documents, {} thousand words",
				item.about,
				corpus.documents,
				corpus.words / 1000
			),
		};
		table.add_row([
			item.name.to_owned(),
			item.group.name().to_owned(),
			format!("{:.1}", package.bytes as f64 / 1e6),
			if here { "yes" } else { "no" }.to_owned(),
			package.to_string(),
			package.licence.to_owned(),
			what.clone(),
		]);
		objects.push(json!({
			"name": item.name,
			"group": item.group.name(),
			"about": what,
			"client": package.client.name(),
			"package": package.name,
			"version": package.version,
			"file": package.file,
			"bytes": package.bytes.to_string(),
			"sha256": package.sha256,
			"licence": package.licence,
			"path": folder,
			"here": here,
		}));
	}
	if as_json {
		return Ok(json!({ "cache": cache, "items": objects }).to_string());
	}
	Ok(format!("{}\n\ncache folder: {}", table.trim_fmt(), cache.display()))
}
