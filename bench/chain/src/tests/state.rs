//! A case becomes storage and a specification, and reads back as it was.

use crate::{spec::Template, state::State};
use bench_graphs::{generate, Case, Shape, SEED};
use bittensor_emission::Edge;
use bittensor_runtime::{Emission, Runtime, System};
use codec::Encode;
use serde_json::Value;

const COMPONENTS: usize = 40;

/// A chain with slots of 2 s and epochs of 7 blocks.
pub(super) fn state(case: &Case) -> anyhow::Result<State> {
	State::build(case, 2_000, 7)
}

pub(super) fn case() -> Case {
	generate(Shape::Z, COMPONENTS, 8, SEED)
}

fn edges(case: &Case, uid: usize) -> Vec<Edge> {
	let (targets, shares) = case.row(uid);
	let edge = |(&target, &share)| Edge { target: u32::from(target), share };
	targets.iter().zip(shares).map(edge).collect()
}

#[test]
fn every_row_and_stake_is_the_cases() -> anyhow::Result<()> {
	let case = case();
	let state = self::state(&case)?;
	state.read(|| {
		assert_eq!(System::block_number(), 0);
		assert_eq!(System::events(), Vec::new());
		let components = Emission::components(0, 256);
		assert_eq!(components.len(), COMPONENTS);
		for (uid, component) in components.iter().enumerate() {
			assert_eq!(component.uid as usize, uid);
			assert_eq!(component.stake, case.stakes[uid], "stake of {uid}");
			assert_eq!(component.source, component.stake, "a posted row makes it a source");
			let row = Emission::row(uid as u32).expect("it posted");
			assert_eq!(row.active, None, "rows wait for the first merge");
			let pending = row.pending.expect("it posted");
			assert_eq!(pending.edges, edges(&case, uid), "row of {uid}");
			assert_eq!(pending.self_share, case.self_share(uid));
		}
		let parameters = pallet_emission::EmissionParameters::<Runtime>::get();
		assert_eq!((parameters.epoch_length, parameters.min_stake), (7, 1));
		assert_eq!(bittensor_runtime::slots::SlotDuration::<Runtime>::get(), 2_000);
	});
	Ok(())
}

#[test]
fn the_specification_holds_the_state_and_the_nodes_code() -> anyhow::Result<()> {
	let state = self::state(&case())?;
	let template = Template::parse(
		r#"{"name": "A \"chain\"", "id": "bench", "bootNodes": ["/ip4/1.2.3.4/tcp/1"],
			"genesis": {"raw": {"top": {"0x3a636f6465": "0xc0de", "0x01": "0x02"}}}}"#,
	)?;
	let folder = tempfile::tempdir()?;
	let files = template.write(&state, folder.path())?;
	assert_eq!(files.id, "bench");

	let read = |path| -> anyhow::Result<Value> {
		Ok(serde_json::from_str(&std::fs::read_to_string(path)?)?)
	};
	let (full, slim) = (read(&files.full)?, read(&files.slim)?);
	for spec in [&full, &slim] {
		assert_eq!(spec["name"], "A \"chain\"");
		assert_eq!(spec["bootNodes"], serde_json::json!([]));
		assert_eq!(spec["genesis"]["raw"]["top"]["0x3a636f6465"], "0xc0de");
		assert_eq!(spec["genesis"]["raw"]["childrenDefault"], serde_json::json!({}));
	}
	assert_eq!(slim["genesis"]["raw"]["top"].as_object().map(|top| top.len()), Some(1));
	let top = full["genesis"]["raw"]["top"].as_object().expect("an object");
	assert_eq!(top.len(), state.top().len() + 1, "the state, and the code");
	for (key, value) in state.top() {
		let stored = top.get(&format!("0x{}", hex::encode(key))).and_then(Value::as_str);
		assert_eq!(stored, Some(format!("0x{}", hex::encode(value)).as_str()));
	}
	Ok(())
}

#[test]
fn a_specification_that_is_not_raw_is_refused() {
	for text in ["", "[]", "{}", r#"{"genesis": {"runtimeGenesis": {"code": "0x00"}}}"#] {
		Template::parse(text).expect_err(text);
	}
}

#[test]
fn stakes_that_no_balance_can_hold_are_refused() {
	let mut case = case();
	case.stakes[3] = u64::MAX;
	let error = state(&case).expect_err("too much");
	assert!(error.to_string().contains("component 3"), "{error}");
	case.stakes[3] = u64::MAX / 2;
	case.stakes[4] = u64::MAX / 2;
	let error = state(&case).expect_err("too much together");
	assert!(error.to_string().contains("component 4"), "{error}");
}

#[test]
fn more_components_than_the_slots_admit_are_refused() {
	let build = |case: &Case| State::build(case, 600, 5);
	let most = build(&Case::default()).expect("no component is a chain too").read(|| {
		<bittensor_runtime::configs::emission::MaxComponents as frame_support::traits::Get<u32>>::get()
	});
	let case = generate(Shape::U, most as usize + 1, 0, SEED);
	let error = build(&case).expect_err("one too many");
	assert!(error.to_string().contains(&format!("component {most} ")), "{error}");
}

#[test]
fn a_component_without_stake_and_edges_is_one() -> anyhow::Result<()> {
	let case = Case { stakes: vec![0], ends: vec![0], targets: vec![], shares: vec![] };
	state(&case)?.read(|| {
		let row = Emission::row(0).and_then(|row| row.pending).expect("it posted");
		assert_eq!((row.edges.len(), row.self_share), (0, 65_536));
		assert_eq!(Emission::component(0).map(|component| component.stake), Some(0));
	});
	Ok(())
}

#[test]
fn the_same_case_gives_the_same_state() -> anyhow::Result<()> {
	let build = || state(&case());
	assert_eq!(build()?.top().encode(), build()?.top().encode());
	Ok(())
}
