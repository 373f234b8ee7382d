//! What a network is worth, in small: members against twins, payers, and hostile bidders.

use bittensor_nucleus::{
	simulation::{compare, rows, run, Crowd, Holdings, MeasuredRow, Mode, Outcome, Settings},
	AttributionConfig, Batch, CanaryConfig, Component, Config, Example, Grad, Model, OptimizerKind,
	Sampler, Tensor,
};

use crate::support::{component, config, corpus, corpus_root, held_out, tokenizer, OPTIMIZERS};

fn settings() -> Settings {
	Settings {
		corpus: corpus_root(),
		bytes: 200_000,
		steps: 80,
		validate: 80,
		validation: 128,
		test: 256,
		modes: vec![Mode::Solo, Mode::Without, Mode::With],
		config: Config {
			vocab: 512,
			hidden: 32,
			context: 16,
			horizon: 8,
			batch: 16,
			learning_rate: 4e-3,
			weight_decay: 0.0,
			..Config::default()
		},
		..Settings::default()
	}
}

#[test]
fn members_with_disjoint_documents_beat_their_twins() {
	let of_seed = |seed| run(&Settings { seed, ..settings() }, |_| {}).expect("a run");
	let outcomes: Vec<Outcome> = (0..3).flat_map(of_seed).collect();
	let (each, mean) = compare(&outcomes, Mode::With, Mode::Solo);
	let (_, grads) = compare(&outcomes, Mode::With, Mode::Without);
	let (mean, grads) = (mean.expect("members"), grads.expect("members"));
	println!("{mean:?}\nby Grads {grads:?}\n{each:?}");
	assert_eq!(each.len(), 3 * 4);
	assert!(each.iter().all(|member| member.difference > 0.0), "{each:?}");
	assert!(mean.difference > 2.0 * mean.standard_error, "{mean:?}");
	assert!(grads.difference > 2.0 * grads.standard_error, "{grads:?}");
	// Of members that hold the same documents there is nothing to learn.
	let same =
		Settings { holdings: Holdings::Same, modes: vec![Mode::Solo, Mode::With], ..settings() };
	let of_seed = |seed| run(&Settings { seed, ..same.clone() }, |_| {}).expect("a run");
	let outcomes: Vec<Outcome> = (0..3).flat_map(of_seed).collect();
	let control = compare(&outcomes, Mode::With, Mode::Solo).1.expect("members");
	println!("the same documents: {control:?}");
	assert!(control.gain() < 0.75 * mean.gain(), "{control:?}");
}

#[test]
fn twins_that_are_asked_together_beat_each_of_them() {
	let modes = vec![Mode::Solo, Mode::Ensemble];
	let short = Settings { steps: 120, validate: 40, modes, ..settings() };
	let outcomes = run(&short, |_| {}).expect("a run");
	let (each, _) = compare(&outcomes, Mode::Ensemble, Mode::Solo);
	assert_eq!(each.len(), 4);
	assert!(each.iter().all(|member| member.difference > 0.0), "{each:?}");
	// One twin asked with itself alone is what it is.
	let alone = Settings { members: 1, ..short };
	let outcomes = run(&alone, |_| {}).expect("a run");
	let (each, _) = compare(&outcomes, Mode::Ensemble, Mode::Solo);
	assert!(each.len() == 1 && each[0].difference.abs() < 1e-6, "{each:?}");
}

/// The part of the twins' perplexity that members with the same documents save: the worst, the mean, and
/// the upper end of the interval of the worst.
fn control(config: Config) -> (f64, f64, f64) {
	let settings = Settings {
		holdings: Holdings::Same,
		bytes: 60_000,
		steps: 240,
		validate: 40,
		validation: 256,
		modes: vec![Mode::Solo, Mode::With],
		config,
		..settings()
	};
	let outcomes = run(&settings, |_| {}).expect("a run");
	let (each, mean) = compare(&outcomes, Mode::With, Mode::Solo);
	let worst = each.into_iter().min_by(|a, b| a.gain().total_cmp(&b.gain())).expect("members");
	(worst.gain(), mean.expect("members").gain(), worst.gain_interval()[1])
}

/// On texts this short all learn by heart, and a twin fits one weight where a member fits seven.
#[test]
fn weights_repair_most_of_what_peers_with_the_same_documents_spoil() {
	let attribution = AttributionConfig { score_every: u64::MAX, ..AttributionConfig::default() };
	let weighed = control(settings().config);
	let trusting = control(Config { attribution, ..settings().config });
	println!("worst, mean, upper end: {weighed:.3?}; with weights of 1 {trusting:.3?}");
	let (_, mean, upper) = weighed;
	assert!(upper > 0.0, "the worst is within the interval of its twin: {weighed:?}");
	assert!(trusting.1 < -0.05 && trusting.2 < 0.0, "training's trust does harm: {trusting:?}");
	assert!(mean > 0.5 * trusting.1, "{weighed:?} {trusting:?}");
}

#[test]
fn members_keep_their_own_part_and_noise_gets_an_exploring_bid_at_most() {
	let crowd = Crowd {
		bystanders: vec!["noise".into(), "constant".into()],
		score_every: 4,
		tell_every: 5,
		..Crowd::default()
	};
	let mut all: Vec<MeasuredRow> = Vec::new();
	let settings = Settings { steps: 200, ..settings() };
	rows(&settings, &crowd, |row| all.push(row.clone())).expect("rows");
	assert_eq!(all.len(), 4 * 10);
	for MeasuredRow { step, member, removals, attribution, row, .. } in &all {
		let (own, network) = (attribution.own.mean, attribution.network.mean);
		println!("{step} {member}: own {own:.4}, network {network:.4}, {removals:?}, {row:?}");
		// Three other members, and then the bystanders.
		for bystander in [3, 4] {
			let share = f64::from(row.share(bystander)) / 65_536.0;
			assert!(share <= 0.005, "input {bystander} at step {step}: {share}");
		}
		if *step == settings.steps {
			assert!(row.shares.iter().any(|edge| edge.input < 3 && edge.share > 1_024), "{row:?}");
		}
	}
	// One member may hold text from which it learns nothing that helps on other text; not all of them.
	let last = all.iter().filter(|row| row.step == settings.steps);
	let own: f64 = last.clone().map(|row| row.attribution.own.mean).sum();
	let network: f64 = last.clone().map(|row| row.attribution.network.mean).sum();
	assert!(own / (own + network) >= 0.15, "the own parts: {own}, the network's: {network}");
	let shares: Vec<f64> = last.map(|row| f64::from(row.row.self_share) / 65_536.0).collect();
	println!("own shares {shares:.3?}, own parts ÷ all {:.3}", own / (own + network));
	assert!(shares.iter().sum::<f64>() / shares.len() as f64 > 0.2, "{shares:?}");
	assert!(shares.iter().filter(|share| **share > 0.2).count() >= 3, "{shares:?}");
}

#[test]
fn members_keep_their_own_part_under_every_optimizer() {
	for optimizer in OPTIMIZERS {
		let learning_rate = match optimizer {
			OptimizerKind::Adam => 4e-3,
			OptimizerKind::Sgd { .. } => 0.1,
		};
		let config = Config { optimizer, learning_rate, ..settings().config };
		let settings = Settings { steps: 160, config, ..settings() };
		let crowd = Crowd { score_every: 4, tell_every: 40, ..Crowd::default() };
		let mut all: Vec<MeasuredRow> = Vec::new();
		rows(&settings, &crowd, |row| all.push(row.clone())).expect("rows");
		assert_eq!(all.len(), 4, "one row of each");
		let own: f64 = all.iter().map(|row| row.attribution.own.mean).sum();
		let network: f64 = all.iter().map(|row| row.attribution.network.mean).sum();
		println!("{optimizer:?}: own parts {own:.4}, network's {network:.4}");
		assert!(own > 0.0 && network > 0.0, "{optimizer:?}: both have learned something");
		assert!(own / (own + network) >= 0.15, "{optimizer:?}: own {own}, network's {network}");
	}
}

/// Every optimizer, with a learning rate of about the same effect.
fn rates() -> [(OptimizerKind, f64); 3] {
	OPTIMIZERS.map(|optimizer| match optimizer {
		OptimizerKind::Adam => (optimizer, 3e-3),
		OptimizerKind::Sgd { .. } => (optimizer, 0.1),
	})
}

/// A component of this seed, and the examples of its documents.
fn fresh(settings: &Config, seed: u64, documents: &str) -> (Component, Sampler) {
	let config = Config { seed, ..settings.clone() };
	let chosen = corpus().select(documents).expect("documents");
	let (context, horizon) = (config.context, config.horizon);
	let sampler = Sampler::new(corpus(), &chosen, &tokenizer(), context, horizon, seed);
	(component(config), sampler.expect("examples"))
}

/// How a trade ends.
#[derive(Clone, Copy, Debug, Default)]
struct Trade {
	/// Held-out loss of the payer.
	payer: f64,
	/// That of the seller.
	seller: f64,
	/// Payers that the seller's canary suspended.
	suspended: usize,
}

/// A seller that trains on its own documents, and a payer that uses it, with other documents.
/// `watched`: the seller has a canary.
fn trade(
	seed: u64,
	(push, sign): (f64, f64),
	(optimizer, learning_rate): (OptimizerKind, f64),
	watched: bool,
) -> Trade {
	let canary = CanaryConfig { every: 10, ..CanaryConfig::default() };
	let settings =
		Config { horizon: 8, inputs: 1, optimizer, learning_rate, canary, ..config(seed) };
	let make = |seed, documents: &str| fresh(&settings, seed, documents);
	let ((mut payer, mut bought), (mut seller, mut own)) =
		(make(seed, "1/2"), make(seed + 100, "2/2"));
	let (unseen, examples) = {
		let all: Vec<Example> = held_out(&settings, 800);
		let (unseen, examples) = all.split_at(200);
		(unseen.to_vec(), examples.to_vec())
	};
	if watched {
		seller.set_canary(&unseen).expect("proper examples");
	}
	let words = payer.vocabulary().to_vec();
	let send = |seller: &mut Component, texts: &[String], error: &Tensor| {
		let error = error.affine(sign, 0.0).expect("a sign");
		let version = seller.version();
		let grad = Grad { source: [1; 32], push, version, texts, d: &[], error: &error };
		seller.accumulate_grad(grad).expect("a Grad");
	};
	for step in 0..160 {
		if step % 16 == 0 {
			if let Some(errors) = payer.take_word_errors(0).expect("input 0") {
				send(&mut seller, &words, &errors);
			}
			let vectors = seller.forward(&words, &[]).expect("vectors");
			payer.set_words(0, Some(&vectors)).expect("proper vectors");
		}
		let batch = bought.next_batch(32);
		let d = [Some(seller.forward(&batch.texts, &[]).expect("vectors"))];
		let report = payer.train_step(&batch, &d).expect("a step");
		send(&mut seller, &batch.texts, report.errors[0].as_ref().expect("it answered"));
		seller.train_step(&own.next_batch(32), &[]).expect("a step");
	}
	let texts: Vec<String> = examples.iter().map(|e| e.text.clone()).collect();
	let d = [Some(seller.forward(&texts, &[]).expect("vectors"))];
	let loss = |component: &Component, d: &[Option<Tensor>]| {
		component.evaluate(&examples, d).expect("measured").with_network.ln()
	};
	Trade { payer: loss(&payer, &d), seller: loss(&seller, &[]), suspended: seller.suspended() }
}

#[test]
fn who_pays_is_served_better_and_hostile_errors_cost_little() {
	for optimizer in rates() {
		let mean = |push: f64, sign: f64| {
			let [a, b] = [1, 2].map(|seed| trade(seed, (push, sign), optimizer, false));
			((a.payer + b.payer) / 2.0, (a.seller + b.seller) / 2.0)
		};
		let (none, flipped) = (mean(0.0, 1.0), mean(1.0 / 6.0, -1.0));
		println!("{optimizer:?}: payer, seller: {none:?}; flipped at a sixth {flipped:?}");
		assert!(flipped.1 < none.1 + 0.02, "flipped errors at a sixth: {flipped:?}");
		// So short a descent along plain gradients teaches a payer nothing.
		if optimizer.0 == OptimizerKind::Adam {
			let (little, paid) = (mean(0.05, 1.0), mean(1.0 / 6.0, 1.0));
			println!("at a twentieth {little:?}, at a sixth {paid:?}");
			assert!(
				paid.0 < little.0 && little.0 < none.0,
				"the payer's loss falls with its share"
			);
		}
	}
}

#[test]
fn a_payer_that_pushes_one_way_for_its_own_good_is_not_suspended() {
	for optimizer in rates() {
		for seed in [1, 2] {
			let trade = trade(seed, (0.25, 1.0), optimizer, true);
			println!("{optimizer:?}, seed {seed}: {trade:?}");
			assert_eq!(trade.suspended, 0, "{optimizer:?}, seed {seed}");
		}
	}
}

/// How the vectors of a peer's words are listed.
#[derive(Clone, Copy, PartialEq)]
enum Words {
	/// Each beside its word.
	Right,
	/// Beside other words: of the same scale and stable, and of no use.
	Reversed,
}

#[test]
fn words_that_disagree_with_the_passages_do_no_harm() {
	let settings = Config { horizon: 8, inputs: 1, learning_rate: 3e-3, ..config(3) };
	let make = |seed, documents: &str| fresh(&settings, seed, documents);
	let (mut peer, mut sampler) = make(103, "2/2");
	for _ in 0..200 {
		peer.train_step(&sampler.next_batch(32), &[]).expect("a step");
	}
	let examples = held_out(&settings, 800);
	let (unseen, test) = examples.split_at(200);
	let answers = |texts: &[String]| vec![Some(peer.forward(texts, &[]).expect("vectors"))];
	let loss = |words: Option<Words>| {
		let (mut member, mut sampler) = make(3, "1/2");
		let mut listed = member.vocabulary().to_vec();
		if let Some(words) = words {
			if words == Words::Reversed {
				listed.reverse();
			}
			let vectors = peer.forward(&listed, &[]).expect("vectors");
			member.set_words(0, Some(&vectors)).expect("proper vectors");
		}
		let answers = |texts: &[String]| words.map_or(Vec::new(), |_| answers(texts));
		for step in 0..200 {
			let batch = sampler.next_batch(32);
			member.train_step(&batch, &answers(&batch.texts)).expect("a step");
			if step % 8 == 0 {
				let start = step * 16 % (unseen.len() - 16);
				let batch = Batch::from_examples(&unseen[start..start + 16]);
				member.score(&batch, &answers(&batch.texts), &[]).expect("scores");
			}
		}
		let texts: Vec<String> = test.iter().map(|example| example.text.clone()).collect();
		member.evaluate(test, &answers(&texts)).expect("measured").with_network.ln()
	};
	let [none, right, reversed] = [None, Some(Words::Right), Some(Words::Reversed)].map(loss);
	println!("alone {none:.4}, right words {right:.4}, reversed {reversed:.4}");
	assert!(right < none - 0.01, "a peer with its words helps: {right} against {none}");
	assert!(reversed < none + 0.01, "other words cost nothing: {reversed} against {none}");
}
