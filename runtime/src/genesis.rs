//! The genesis as JSON: default values, and the checks before the state is built.
//!
//! ```text
//!   default JSON ─► patch of a preset or a specification ─► check ─► build ─► state of block 0
//!   (without the values that a chain must choose)             └─► names of fields, and what they can be
//! ```
//!
//! A panic in the runtime shows as a WebAssembly trap, so what a specification can get wrong is checked
//! before, and the answer lists all of it. The values that decide what a chain is have no default: the slot
//! length, the emission, the validators, and who governs.

use crate::{
	configs::{consensus::MaxValidators, governance::MAX_MEMBERS},
	genesis_config_presets,
	slots::{MAX_SLOT_DURATION, MIN_SLOT_DURATION},
	Balance, Emission, Runtime, RuntimeGenesisConfig, ValidatorSet,
};
use alloc::{
	collections::{BTreeMap, BTreeSet},
	format,
	string::{String, ToString},
	vec::Vec,
};
use bittensor_emission::Parameters;
use frame_support::{genesis_builder_helper, traits::Get};
use pallet_emission::parameters::Field;
use serde_json::{json, Map, Value};
use sp_genesis_builder::PresetId;

/// The slot length in the genesis.
const SLOT: Field = Field {
	name: "slotDuration",
	least: MIN_SLOT_DURATION,
	most: MAX_SLOT_DURATION,
	unit: "milliseconds",
};

/// The pallet of validators in the genesis.
const VALIDATORS: &str = "validatorSet";

/// Checks a genesis and builds the state of block 0. The error names each field that is missing, unknown or
/// out of range.
pub fn build_state(config: Vec<u8>) -> sp_genesis_builder::Result {
	check(&config)?;
	genesis_builder_helper::build_state::<RuntimeGenesisConfig>(config)
}

/// The JSON of a preset; without a name, the default values, in which the values are missing that a chain
/// must choose.
pub fn get_preset(id: &Option<PresetId>) -> Option<Vec<u8>> {
	let preset = genesis_builder_helper::get_preset::<RuntimeGenesisConfig>(
		id,
		genesis_config_presets::get_preset,
	)?;
	if id.is_some() {
		return Some(preset);
	}
	let mut default: Value = serde_json::from_slice(&preset).ok()?;
	for (pallet, field) in [("slots", SLOT.name), ("emission", "parameters")] {
		default.get_mut(pallet).and_then(Value::as_object_mut)?.remove(field);
	}
	*default.get_mut(VALIDATORS)? = json!({});
	serde_json::to_vec(&default).ok()
}

/// The value at a path of names with dots between them; `None` if it is missing or null.
fn at<'a>(genesis: &'a Value, path: &str) -> Option<&'a Value> {
	let found = path.split('.').try_fold(genesis, |value, name| value.get(name))?;
	(!found.is_null()).then_some(found)
}

/// What is wrong with the value of a field at `prefix`, if anything.
fn problem(genesis: &Value, prefix: &str, field: &Field) -> Option<String> {
	let path = format!("{prefix}.{}", field.name);
	let Some(value) = at(genesis, &path) else {
		return Some(format!("{path} is missing: {}", field.choose()));
	};
	match value.as_u64() {
		Some(number) if field.accepts(number) => None,
		_ => Some(format!("{prefix}.{}", field.refuse(value))),
	}
}

/// The fields at `prefix` that are not among `known`.
fn unknown(genesis: &Value, prefix: &str, known: &[&str]) -> Vec<String> {
	let fields = at(genesis, prefix).and_then(Value::as_object);
	let names = fields.into_iter().flat_map(Map::keys);
	names
		.filter(|name| !known.contains(&name.as_str()))
		.map(|name| format!("{prefix}.{name} is unknown: choose among {}", known.join(", ")))
		.collect()
}

/// What is wrong with the fields at `prefix`: those that are unknown, missing or out of range. `names` are
/// names of known fields that are no numbers.
fn wrong_fields(genesis: &Value, prefix: &str, fields: &[Field], names: &[&str]) -> Vec<String> {
	let all = fields.iter().map(|field| field.name).chain(names.iter().copied());
	// The known names of each object; the empty name is that of the object at `prefix`.
	let mut objects: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
	for name in all {
		let (object, inner) = name.split_once('.').unwrap_or(("", name));
		objects.entry(object).or_default().push(inner);
		let outer = objects.entry("").or_default();
		if !object.is_empty() && !outer.contains(&object) {
			outer.push(object);
		}
	}
	let mut problems = Vec::new();
	for (object, known) in objects {
		let path = match object {
			"" => prefix.to_string(),
			object => format!("{prefix}.{object}"),
		};
		problems.extend(unknown(genesis, &path, &known));
	}
	problems.extend(fields.iter().filter_map(|field| problem(genesis, prefix, field)));
	problems
}

/// Checks what decides how a chain works.
fn check(config: &[u8]) -> Result<(), String> {
	let genesis: Value = serde_json::from_slice(config)
		.map_err(|error| format!("the genesis is no JSON: {error}"))?;
	let mut problems = wrong_fields(&genesis, "slots", &[SLOT], &[]);
	problems.extend(wrong_fields(&genesis, "emission.parameters", &Emission::fields(), &[]));
	let accounts = ["invulnerables", "division.slashed"];
	problems.extend(wrong_fields(&genesis, VALIDATORS, &ValidatorSet::fields(), &accounts));
	problems.extend(invulnerables_problem(&genesis));
	problems.extend(governance_problem(&genesis));
	if problems.is_empty() {
		problems.extend(parameters_problem(&genesis));
		problems.extend(validators_problem(&genesis));
		problems.extend(window_problem(&genesis));
		problems.extend(keyless(&genesis));
	}
	match problems.is_empty() {
		true => Ok(()),
		false => Err(problems.join("; ")),
	}
}

/// What is wrong with parameters each of which is in its range.
fn parameters_problem(genesis: &Value) -> Option<String> {
	let parameters = at(genesis, "emission.parameters").cloned().unwrap_or_default();
	let checked = serde_json::from_value::<Parameters>(parameters)
		.map_err(|error| error.to_string())
		.and_then(|parameters| Emission::check_parameters(&parameters, supply(genesis)));
	checked.err().map(|reason| format!("emission.parameters: {reason}"))
}

/// What is wrong with the list of the first validators, if anything.
fn invulnerables_problem(genesis: &Value) -> Option<String> {
	let path = format!("{VALIDATORS}.invulnerables");
	let choose = format!(
		"choose 1 to {} accounts with keys in session.keys",
		<MaxValidators as Get<u32>>::get()
	);
	match at(genesis, &path) {
		None => Some(format!("{path} is missing: {choose}")),
		Some(Value::Array(accounts)) if !accounts.is_empty() => None,
		Some(Value::Array(_)) => {
			Some(format!("{path} is empty: nobody would author blocks; {choose}"))
		}
		Some(value) => Some(format!("{path} is {value}: {choose}")),
	}
}

/// What is wrong with the validators if each number is in its range.
fn validators_problem(genesis: &Value) -> Option<String> {
	let config = at(genesis, VALIDATORS).cloned().unwrap_or_default();
	match serde_json::from_value::<pallet_validator_set::GenesisConfig<Runtime>>(config) {
		Err(error) => Some(format!("{VALIDATORS}: {error}")),
		Ok(config) => {
			let reason = ValidatorSet::check_genesis(&config).err()?;
			Some(format!("{VALIDATORS}.{reason}"))
		}
	}
}

/// What is wrong with the time for which stake unbonds, compared with that for which an offence can be
/// reported, if anything.
fn window_problem(genesis: &Value) -> Option<String> {
	const UNBONDING: &str = "emission.parameters.unbondingBlocks";
	let number = |path| at(genesis, path).and_then(Value::as_u64);
	let length = number("validatorSet.sessionLength")?;
	let sessions = number("validatorSet.reportSessions")?.saturating_add(1);
	let (window, unbonding) = (length.saturating_mul(sessions), number(UNBONDING)?);
	(unbonding < window).then(|| {
		format!(
			"{UNBONDING} is {unbonding}: choose at least {window}, which is validatorSet.sessionLength · \
			 (reportSessions + 1), or stake leaves before a slash",
		)
	})
}

/// The invulnerables that have no session keys.
fn keyless(genesis: &Value) -> Vec<String> {
	let list = |path| at(genesis, path).and_then(Value::as_array).into_iter().flatten();
	let owners: Vec<&Value> = list("session.keys").filter_map(|entry| entry.get(0)).collect();
	let invulnerables = list("validatorSet.invulnerables").filter(|who| !owners.contains(who));
	invulnerables
		.map(|who| format!("{VALIDATORS}.invulnerables has {who}: add its keys to session.keys"))
		.collect()
}

/// The sum of the balances of a genesis, in units.
fn supply(genesis: &Value) -> Balance {
	let balances = at(genesis, "balances.balances").and_then(Value::as_array);
	let amounts = balances.into_iter().flatten().filter_map(|entry| entry.get(1)?.as_u64());
	amounts.fold(0, Balance::saturating_add)
}

/// What is wrong with those who govern the chain, if anything.
fn governance_problem(genesis: &Value) -> Option<String> {
	const MEMBERS: &str = "technicalCommittee.members";
	let members = at(genesis, MEMBERS).and_then(Value::as_array);
	let names: Vec<String> = members.into_iter().flatten().map(Value::to_string).collect();
	if names.is_empty() && at(genesis, "sudo.key").is_none() {
		return Some(format!(
			"{MEMBERS} is empty and sudo.key is missing: nobody could upgrade the runtime or abort a \
			 solve; choose 1 to {MAX_MEMBERS} members",
		));
	}
	if names.len() > MAX_MEMBERS as usize {
		return Some(format!("{MEMBERS} has {}: choose 1 to {MAX_MEMBERS}", names.len()));
	}
	let mut seen = BTreeSet::new();
	let twice = names.iter().find(|name| !seen.insert(*name))?;
	Some(format!("{MEMBERS} has {twice} twice: choose distinct accounts"))
}
