//! The canary: a hostile source is found, its steps are taken back, and honest ones go on.

use bittensor_nucleus::{
	CanaryConfig, Component, Config, Example, Grad, Model, NucleusError, Verdict,
};

use crate::support::{answer, component, config, held_out, sampler, values, Knows};

/// Together they buy all that bids can buy.
const HOSTILE: [u8; 2] = [66, 67];
const HONEST: u8 = 1;
/// Steps of a run.
const STEPS: u64 = 240;

fn settings() -> Config {
	let canary = CanaryConfig { every: 10, bound: 0.05, suspension: 1_000 };
	Config { canary, horizon: 4, learning_rate: 3e-3, ..config(1) }
}

/// The hostile sources push every word their own way, always the same. Returns the verdict on the last.
fn attack(component: &mut Component) -> Verdict {
	HOSTILE.map(|source| send(component, source, 5))[1]
}

/// Sends errors of passages that hold every word.
fn send(component: &mut Component, source: u8, seed: u64) -> Verdict {
	let texts: Vec<String> =
		component.vocabulary()[1..].chunks(2).map(|words| words.join(" ")).collect();
	let error = answer(&texts, Knows::Bag, 0.0, seed).expect("vectors");
	let (source, push, version) = ([source; 32], 0.25, component.version());
	let grad = Grad { source, push, version, texts: &texts, d: &[], error: &error };
	component.accumulate_grad(grad).expect("a proper Grad").verdict
}

/// The component, and the verdict on the last hostile Grad.
fn run(canary: &[Example], hostile: bool) -> (Component, Option<Verdict>) {
	run_with(canary, hostile, false)
}

/// As [`run`]; `changing`: the input gets another component between two checks.
fn run_with(canary: &[Example], hostile: bool, changing: bool) -> (Component, Option<Verdict>) {
	let settings = settings();
	let mut component = component(settings.clone());
	component.set_canary(canary).expect("proper examples");
	let mut sampler = sampler(&settings);
	let mut last = None;
	for step in 0..STEPS {
		if hostile && step >= 40 {
			last = Some(attack(&mut component));
		}
		if changing && step % 10 == 5 {
			component.connect(0).expect("it has one input");
		}
		// Errors that change every time cancel out.
		assert_eq!(send(&mut component, HONEST, 100 + step), Verdict::Accepted);
		component.train_step(&sampler.next_batch(32), &[]).expect("a step");
	}
	(component, last)
}

fn loss(component: &Component, examples: &[Example]) -> f64 {
	component.evaluate(examples, &[]).expect("measured").with_network.ln()
}

#[test]
fn a_source_that_spoils_the_own_loss_is_suspended() {
	let examples = held_out(&settings(), 400);
	let (watched, test) = examples.split_at(200);
	let (alone, _) = run(watched, false);
	let (guarded, verdict) = run(watched, true);
	let (open, _) = run(&[], true);
	let [alone_loss, guarded_loss, open_loss] =
		[&alone, &guarded, &open].map(|component| loss(component, test));
	println!("alone {alone_loss:.3}, guarded {guarded_loss:.3}, unguarded {open_loss:.3}");
	assert_eq!((alone.suspended(), open.suspended()), (0, 0));
	assert_eq!(guarded.suspended(), 2, "the hostile sources, and not the honest one");
	assert_eq!(verdict, Some(Verdict::Suspended));
	assert!(guarded_loss < alone_loss + 0.1, "{guarded_loss} against {alone_loss}");
	// All that bids can buy, for two hundred steps.
	assert!(open_loss > guarded_loss + 0.05, "the attack does harm: {open_loss}");
}

#[test]
fn suspension_brings_back_the_parameters_of_the_last_good_check() {
	let settings = settings();
	let every = settings.canary.every as usize;
	let mut component = component(settings.clone());
	component.set_canary(&held_out(&settings, 200)).expect("proper examples");
	let mut sampler = sampler(&settings);
	let mut after: Vec<Vec<f32>> = Vec::new();
	while component.suspended() == 0 {
		assert!(after.len() < STEPS as usize, "the sources are never suspended");
		if after.len() >= 40 {
			attack(&mut component);
		}
		component.train_step(&sampler.next_batch(32), &[]).expect("a step");
		after.push(values(&component).iter().map(|value| *value as f32).collect());
	}
	let [.., before, now] = &after[..] else { panic!("several steps") };
	assert_eq!(after.len() % every, 0, "a check suspends");
	assert!(now != before, "the check has changed the parameters");
	let good = after.len() - every;
	assert!(good >= 40, "the source has pushed since the check before: {good}");
	assert!(*now == after[good - 1], "the parameters after step {good}");
}

#[test]
fn a_suspension_ends_without_steps_on_the_own_loss_too() {
	let canary = CanaryConfig { every: 10, bound: 0.05, suspension: 30 };
	let settings = Config { canary, upstream_warm_up: 1, ..settings() };
	let mut component = component(settings.clone());
	component.set_canary(&held_out(&settings, 200)).expect("proper examples");
	let mut sampler = sampler(&settings);
	for _ in 0..40 {
		component.train_step(&sampler.next_batch(32), &[]).expect("a step");
	}
	let mut verdicts = Vec::new();
	for _ in 0..STEPS {
		verdicts.push(attack(&mut component));
		component.upstream_step().expect("a step, or nothing to use");
	}
	let suspended = verdicts.iter().position(|verdict| *verdict == Verdict::Suspended);
	let suspended = suspended.expect("it spoils the loss");
	assert!(verdicts[suspended..].contains(&Verdict::Accepted), "it is heard again: {verdicts:?}");
}

#[test]
fn a_hostile_source_does_not_escape_by_a_change_of_inputs() {
	let examples = held_out(&settings(), 400);
	let (watched, test) = examples.split_at(200);
	let (alone, _) = run_with(watched, false, true);
	let (guarded, verdict) = run_with(watched, true, true);
	assert_eq!((alone.suspended(), guarded.suspended()), (0, 2));
	assert_eq!(verdict, Some(Verdict::Suspended));
	let (alone, guarded) = (loss(&alone, test), loss(&guarded, test));
	assert!(guarded < alone + 0.1, "{guarded} against {alone}");
}

#[test]
fn a_canary_resumes_with_its_suspensions() {
	let folder = tempfile::tempdir().expect("a folder");
	let path = folder.path().join("component.safetensors");
	let watched = held_out(&settings(), 100);
	let (mut straight, _) = run(&watched, true);
	straight.save(&path, None, &serde_json::json!(null)).expect("saved");
	let setup = crate::support::setup(settings());
	let loaded = bittensor_nucleus::kind("cbow").and_then(|kind| kind.load(&path, &setup));
	let mut resumed = loaded.expect("loaded").model;
	resumed.set_canary(&watched).expect("the same examples");
	assert!(straight.state().expect("a state") == resumed.state().expect("a state"));
	let mut sampler = sampler(&settings());
	for _ in 0..12 {
		let batch = sampler.next_batch(16);
		straight.train_step(&batch, &[]).expect("a step");
		resumed.train_step(&batch, &[]).expect("a step");
	}
	assert!(straight.state().expect("a state") == resumed.state().expect("a state"));
	let mut bad = watched;
	bad[0].target.push(1);
	assert!(matches!(straight.set_canary(&bad), Err(NucleusError::Shape { .. })));
}
