//! `eval`: what it says about checkpoints, and what it refuses.

use bittensor_miner::{
	cli::{Cli, Command, EvalArgs},
	commands::eval::{evaluate, is_whole, run, Evaluation, NotATwin},
	compute::{Brain, Notes},
};
use bittensor_nucleus::{
	kind, CheckpointError, Config, Corpus, Device, NucleusError, Sampler, Setup, Tokenizer, Unigram,
};
use clap::Parser;
use std::{path::Path, sync::Arc};

/// Training steps of all.
const STEPS: u64 = 20;

/// Trains a component on a quarter of the corpus and saves it, with these accounts at its inputs.
fn save(path: &Path, seed: u64, learning_rate: f64, inputs: Vec<Option<[u8; 32]>>) {
	let corpus = Corpus::load("../corpus").expect("a corpus");
	let config = Config { seed, learning_rate, inputs: 2, vocab: 512, ..Config::default() };
	let tokenizer = Arc::new(Tokenizer::train(&corpus, config.vocab).expect("words"));
	let chosen = corpus.select("1/4").expect("documents");
	let (context, horizon) = (config.context, config.horizon);
	let mut sampler =
		Sampler::new(&corpus, &chosen, &tokenizer, context, horizon, seed).expect("examples");
	let prior = Some(Unigram::fit(sampler.tokens(), tokenizer.size()));
	let setup = Setup { prior, ..Setup::new(config).with_tokenizer(tokenizer) };
	let mut model = kind("cbow").and_then(|kind| kind.create(&setup)).expect("a component");
	for _ in 0..STEPS {
		model.train_step(&sampler.next_batch(8), &[]).expect("a step");
	}
	let name = |at: &usize| corpus.documents()[*at].name().to_owned();
	let documents = chosen.iter().map(name).collect();
	let notes = Notes { documents, ..Notes::default() };
	Brain::new(model, inputs, false, Device::Cpu).save(path, notes).expect("saved");
}

fn args(folder: &Path, corpus: &str, checkpoint: &str, twin: Option<&str>) -> EvalArgs {
	let file = |name: &str| folder.join(name).display().to_string();
	let mut words = vec!["bittensor-miner".into(), "eval".into()];
	words.extend(["--corpus".into(), corpus.into(), "--targets".into(), "4000".into()]);
	words.extend(["--checkpoint".into(), file(checkpoint)]);
	words.extend(twin.into_iter().flat_map(|twin| ["--twin".into(), file(twin)]));
	match Cli::try_parse_from(words).expect("options").command {
		Command::Eval(args) => *args,
		other => panic!("`eval` expected: {other:?}"),
	}
}

#[tokio::test]
async fn a_component_is_compared_with_its_twin_and_with_no_other() {
	let folder = tempfile::tempdir().expect("a folder");
	let at = |name: &str| folder.path().join(name);
	save(&at("a"), 5, 1e-3, Vec::new());
	// It has learned at a rate that spoils everything.
	save(&at("twin"), 5, 0.05, Vec::new());
	save(&at("other"), 6, 1e-3, Vec::new());
	save(&at("networked"), 5, 1e-3, vec![Some([7; 32])]);
	let of = |checkpoint, twin| args(folder.path(), "../corpus", checkpoint, twin);

	let better = evaluate(&of("a", Some("twin"))).await.expect("measured");
	println!("{better}");
	assert_eq!((better.steps, better.twin_steps, better.inputs), (STEPS, Some(STEPS), 0));
	assert_eq!((better.kind.as_str(), better.documents), ("cbow", 20));
	assert!(better.targets > 2_000 && (0.01..0.6).contains(&better.unknown), "{better:?}");
	for figures in [better.as_trained, better.plain] {
		let gain = figures.gain.expect("both are whole");
		assert!(gain.measured && gain.low > 0.0, "{gain:?}");
		let (perplexity, twin) =
			(figures.perplexity.expect("whole"), figures.twin.expect("a twin"));
		assert!((gain.gain - (1.0 - perplexity / twin)).abs() < 1e-9);
		assert_eq!(figures.dependence, Some(0.0), "it has no inputs");
	}
	assert!(
		better.plain.without_inputs < better.as_trained.without_inputs,
		"rare words count more"
	);

	// A file that is compared with itself has no gain.
	let same = evaluate(&of("a", Some("a"))).await.expect("measured");
	assert!(same.as_trained.gain.is_some_and(|gain| gain.nats == 0.0 && !gain.measured));
	assert!(same.to_string().contains("gain none measured"), "{same}");

	let refusal = |result: anyhow::Result<Evaluation>| {
		result.expect_err("no twin").downcast::<NotATwin>().expect("a named error")
	};
	let other = refusal(evaluate(&of("a", Some("other"))).await);
	assert!(matches!(other, NotATwin::Differs { what, .. } if what.contains("seed")));
	let networked = refusal(evaluate(&of("a", Some("networked"))).await);
	assert!(matches!(networked, NotATwin::NotAlone(_)));

	// A component that relies on others says nothing without them.
	let alone = run(&of("networked", Some("twin")), true).await.expect("measured");
	let json: serde_json::Value = serde_json::from_str(&alone).expect("JSON");
	for figures in [&json["as_trained"], &json["plain"]] {
		assert!(figures["gain"].is_null() && figures["perplexity"].is_null(), "{json}");
		assert!(figures["without_inputs"].is_number() && figures["twin"].is_number());
	}
	let alone = run(&of("networked", Some("twin")), false).await.expect("measured");
	assert!(alone.contains("add --network"), "{alone}");

	// Nor if it asked them, and none answered.
	let asked = |answered| Evaluation { inputs: 2, answered: Some(answered), ..better.clone() };
	assert!(asked(0).to_string().contains("none of its 2 inputs answered"));
	assert!(asked(1).to_string().contains("1 of 2 inputs answered"));
	assert!(!is_whole(2, None) && !is_whole(2, Some(0)));
	assert!(is_whole(2, Some(1)) && is_whole(0, None));
}

#[tokio::test]
async fn files_that_cannot_be_measured_are_named_errors() {
	let folder = tempfile::tempdir().expect("a folder");
	let at = |name: &str| folder.path().join(name);
	save(&at("a"), 5, 1e-3, Vec::new());
	let error = |checkpoint, corpus: &str| {
		let args = args(folder.path(), corpus, checkpoint, None);
		async move {
			let error = evaluate(&args).await.expect_err("refused");
			error.downcast::<NucleusError>().expect("a named error")
		}
	};
	let bytes = std::fs::read(at("a")).expect("a file");
	std::fs::write(at("cut"), &bytes[..bytes.len() / 2]).expect("written");
	let damaged = error("cut", "../corpus").await;
	assert!(matches!(
		damaged,
		NucleusError::Checkpoint { reason: CheckpointError::Damaged(_), .. }
	));
	assert!(matches!(error("missing", "../corpus").await, NucleusError::Io { .. }));

	// Enough text to learn from, and too little to measure on.
	let corpus = at("corpus");
	std::fs::create_dir(&corpus).expect("a folder");
	let text = "the whale swam away from the ship and the men looked after it in silence then ";
	std::fs::write(corpus.join("long.txt"), text.repeat(20)).expect("written");
	std::fs::write(corpus.join("short.txt"), text.repeat(4)).expect("written");
	std::fs::write(corpus.join("split.json"), r#"{"held_out": ["short.txt"]}"#).expect("written");
	let short = error("a", &corpus.display().to_string()).await;
	assert!(matches!(short, NucleusError::TooLittleHeldOut { .. }), "{short}");
}
