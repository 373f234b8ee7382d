//! `similarity`: compares the angles between a component's vectors with the judgement of people.
//!
//! ```text
//!   fetch evaluation ─► pairs and scores ─┐
//!   checkpoint or kind ─► vectors ────────┴─► a correlation per set, and the pairs that it rests on
//! ```

use crate::{cli::SimilarityArgs, commands::model_files, fetch::cache_folder};
use anyhow::Context;
use bittensor_nucleus::{
	describe, kind, Config, Corpus, Interrupt, Judgements, Model, ModelFiles, Setup, Similarity,
	Tokenizer,
};
use comfy_table::{presets::NOTHING, CellAlignment, Table};
use serde::Serialize;
use std::{path::Path, sync::Arc};

/// The sets of word pairs, by the name of the item that `fetch` gets, and their files.
const WORDS: [(&str, &str); 3] =
	[("wordsim353", "wordsim353.tsv"), ("men", "men.txt"), ("simlex999", "simlex999.txt")];

/// The agreement of a component with one set of judgements.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Measured {
	/// Name of the set.
	pub set: &'static str,
	/// The agreement.
	#[serde(flatten)]
	pub similarity: Similarity,
}

/// Runs the command and returns its output.
///
/// # Errors
/// If a file is not there or cannot be used.
pub fn run(args: &SimilarityArgs, as_json: bool) -> anyhow::Result<String> {
	let cache = cache_folder(args.cache_dir.as_deref())?;
	let sets = judgements(&cache)?;
	let model = model(args, &cache)?;
	let measured = sets
		.into_iter()
		.map(|(set, judgements)| Ok(Measured { set, similarity: judgements.agreement(&*model)? }))
		.collect::<anyhow::Result<Vec<_>>>()?;
	Ok(match as_json {
		true => serde_json::to_string(&measured)?,
		false => table(&measured),
	})
}

/// All sets of a cache folder.
fn judgements(cache: &Path) -> anyhow::Result<Vec<(&'static str, Judgements)>> {
	let words = WORDS.map(|(set, file)| (set, Judgements::words(&cache.join(set).join(file))));
	let lee = cache.join("lee");
	let lee = Judgements::documents(&lee.join("lee.cor"), &lee.join("similarities0-1.txt"));
	words
		.into_iter()
		.chain([("lee", lee)])
		.map(|(set, judgements)| {
			let hint = || "get the judgements with `bittensor-miner fetch evaluation`";
			Ok((set, judgements.with_context(hint)?))
		})
		.collect()
}

fn model(args: &SimilarityArgs, cache: &Path) -> anyhow::Result<Box<dyn Model>> {
	let path = Path::new(&args.model);
	if !path.exists() {
		let kind = kind(&args.model)
			.with_context(|| format!("{} is neither a file nor a kind", args.model))?;
		let package = kind.package.with_context(|| {
			format!("{} is not pretrained: give a checkpoint of it, with --corpus DIR", args.model)
		})?;
		let files = ModelFiles::below(cache.into());
		model_files::check(package.name, &files)?;
		return Ok(kind.create(&Setup { files, ..Setup::new(Config::default()) })?);
	}
	let folder = args
		.corpus
		.as_ref()
		.context("a checkpoint needs the corpus that it learned from: --corpus DIR")?;
	let component = describe(path)?;
	let config = component.config.with_context(|| {
		format!("a {} component learns nothing: give its kind instead", component.kind)
	})?;
	let corpus = Corpus::read(folder, config.context + config.horizon, Interrupt::default())?;
	let tokenizer = Arc::new(Tokenizer::train(&corpus, config.vocab)?);
	let setup = Setup::new(config).with_tokenizer(tokenizer);
	Ok(kind(&component.kind)?.load(path, &setup)?.model)
}

fn table(measured: &[Measured]) -> String {
	let mut table = Table::new();
	table.load_preset(NOTHING).set_header(["set", "correlation", "", "pairs", "of"]);
	for Measured { set, similarity } in measured {
		let correlation = similarity.correlation;
		table.add_row([
			(*set).to_string(),
			correlation.map_or("too few pairs".into(), |correlation| format!("{correlation:.3}")),
			format!("{:?}", similarity.measure),
			similarity.known.to_string(),
			similarity.pairs.to_string(),
		]);
	}
	for column in [1, 3, 4] {
		if let Some(column) = table.column_mut(column) {
			column.set_cell_alignment(CellAlignment::Right);
		}
	}
	table.to_string()
}
