//! `chain-specs/README.md` agrees with the presets: its tables are written again from what the node makes,
//! and compared line by line.

use super::load;
use bittensor_runtime::{genesis_config_presets::patch, UNIT};
use serde_json::Value;
use sp_core::{crypto::Ss58Codec, ed25519, sr25519, Pair};

const README: &str = include_str!("../../../chain-specs/README.md");
const MAKEFILE: &str = include_str!("../../../Makefile");

/// A preset, and what `--chain` and the files of its specifications are called.
const CHAINS: [[&str; 3]; 3] = [
	["development", "dev", "development"],
	["local_testnet", "local", "local"],
	["testnet", "testnet", "testnet"],
];

const NAMES: [&str; 6] = ["Alice", "Bob", "Charlie", "Dave", "Eve", "Ferdie"];

/// The table of the README that begins with this cell: its lines but the first two.
fn table(first: &str) -> Vec<&'static str> {
	let lines = README.lines().skip_while(|line| !line.starts_with(first));
	lines.take_while(|line| line.starts_with('|')).skip(2).collect()
}

/// A number with a comma after each three digits.
fn grouped(number: u64) -> String {
	let digits = number.to_string();
	let one = |(place, digit): (usize, char)| {
		let comma = place > 0 && (digits.len() - place).is_multiple_of(3);
		comma.then_some(',').into_iter().chain([digit])
	};
	digits.chars().enumerate().flat_map(one).collect()
}

/// The address of a key of a name that everybody knows, from its secret.
fn address(uri: &str) -> String {
	sr25519::Pair::from_string(uri, None).expect("a good name").public().to_ss58check()
}

/// A field of a genesis.
fn field<'a>(genesis: &'a Value, pointer: &str) -> &'a Value {
	genesis.pointer(pointer).unwrap_or_else(|| panic!("no {pointer}"))
}

fn number(genesis: &Value, pointer: &str) -> u64 {
	field(genesis, pointer).as_u64().unwrap_or_else(|| panic!("{pointer} is no number"))
}

fn list<'a>(genesis: &'a Value, pointer: &str) -> &'a [Value] {
	field(genesis, pointer).as_array().unwrap_or_else(|| panic!("{pointer} is no list"))
}

/// The name whose key or, with `//stash`, whose stash has this address.
fn name(account: &Value, path: &str) -> &'static str {
	let is = |name: &&str| Some(&*address(&format!("//{name}{path}"))) == account.as_str();
	NAMES.into_iter().find(is).unwrap_or_else(|| panic!("{account} has no name"))
}

/// Names as the README has them: up to three, or the first and the last of more.
fn names(names: &[&str]) -> String {
	match names {
		[] => "none".into(),
		[first, .., last] if names.len() > 3 => {
			let start = NAMES.iter().position(|name| name == first).expect("a name");
			assert_eq!(names, &NAMES[start..start + names.len()]);
			format!("{first} to {last}")
		}
		few => few.join(", "),
	}
}

/// The invulnerables, whose session keys are those of their names.
fn validators(genesis: &Value) -> String {
	let invulnerables = list(genesis, "/validatorSet/invulnerables");
	let set: Vec<&str> = invulnerables.iter().map(|who| name(who, "//stash")).collect();
	let keys = set.iter().zip(invulnerables).map(|(name, account)| {
		let grandpa = ed25519::Pair::from_string(&format!("//{name}"), None).expect("a good name");
		let aura = address(&format!("//{name}"));
		let grandpa = grandpa.public().to_ss58check();
		serde_json::json!([account, account, { "aura": aura, "grandpa": grandpa }])
	});
	assert_eq!(list(genesis, "/session/keys"), keys.collect::<Vec<_>>());
	names(&set)
}

/// The accounts that have a million BIT each, which are the same for all presets.
fn million_each(genesis: &Value) -> &'static str {
	let named = NAMES.map(|name| format!("//{name}")).into_iter();
	let stashes = NAMES.map(|name| format!("//{name}//stash")).into_iter();
	let others = ["//One".to_owned(), "//Two".to_owned()].into_iter();
	let numbered = (0..16).map(|number| format!("//{number}"));
	let mut expected: Vec<Value> = named
		.chain(stashes)
		.chain(others)
		.chain(numbered)
		.map(|uri| serde_json::json!([address(&uri), 1_000_000 * UNIT]))
		.collect();
	let mut balances = list(genesis, "/balances/balances").to_vec();
	for all in [&mut expected, &mut balances] {
		all.sort_by_key(Value::to_string);
	}
	assert_eq!(balances, expected);
	"Alice to Ferdie, their `//stash` accounts, `//One`, `//Two`, `//0` to `//15`"
}

/// What the README says of a preset, row by row.
fn column([preset, chain, _]: [&str; 3]) -> Vec<(&'static str, String)> {
	let spec = load(chain).expect("a runtime: run without SKIP_WASM_BUILD");
	let genesis = patch(preset).expect("it is built in");
	let blocks = |pointer| format!("{} blocks", grouped(number(&genesis, pointer)));

	let [sigma, interval, most] = ["sigma", "halvings/interval", "halvings/max"]
		.map(|name| number(&genesis, &format!("/emission/parameters/{name}")));
	let rates = (0..=most).map(|halvings| sigma.checked_shr(halvings as u32).unwrap_or(0));
	let minted: u64 = rates.map(|rate| rate * interval).sum();
	// Halves of the last units are lost.
	let bound = minted.next_multiple_of(UNIT * 1_000);
	assert!(bound - minted < UNIT, "{minted}");

	let slot = number(&genesis, "/slots/slotDuration");
	assert_eq!((slot % 1_000, sigma % UNIT), (0, 0));
	let sudo = field(&genesis, "/sudo/key");
	let members = list(&genesis, "/technicalCommittee/members").iter();
	let reports = number(&genesis, "/validatorSet/reportSessions");
	let sessions = number(&genesis, "/validatorSet/sessionLength") * (reports + 1);
	assert!(number(&genesis, "/emission/parameters/unbondingBlocks") >= sessions);
	vec![
		("name, id", format!("{}, `{}`", spec.name(), spec.id())),
		("validators, `//NAME//stash` with the session keys of NAME", validators(&genesis)),
		("session", blocks("/validatorSet/sessionLength")),
		("`reportSessions`", reports.to_string()),
		("unbonding", blocks("/emission/parameters/unbondingBlocks")),
		("slot", format!("{} s", slot / 1_000)),
		("epoch", blocks("/emission/parameters/epochLength")),
		(
			"row lifetime",
			format!("{} epochs", grouped(number(&genesis, "/emission/parameters/rowLifetime"))),
		),
		(
			"emission",
			format!(
				"{} BIT per block, half of it every {} blocks",
				sigma / UNIT,
				grouped(interval)
			),
		),
		("minted in total, at most", format!("{} BIT", grouped(bound / UNIT))),
		("Sudo key", if sudo.is_null() { "none".into() } else { name(sudo, "").into() }),
		("technical committee", names(&members.map(|who| name(who, "")).collect::<Vec<_>>())),
		("1,000,000 BIT each", million_each(&genesis).into()),
	]
}

#[test]
fn the_table_of_the_presets_is_what_genesis_says() {
	let [development, local, testnet] = CHAINS.map(column);
	let rows = development.into_iter().zip(local).zip(testnet);
	let expected: Vec<String> = rows
		.map(|(((label, first), (_, second)), (_, third))| {
			// These are long, and said once.
			let long = ["technical committee", "1,000,000 BIT each"].contains(&label);
			let cell = |value: String| match long && value == first {
				true => "the same".into(),
				false => value,
			};
			let (second, third) = (cell(second), cell(third));
			format!("| {label} | {first} | {second} | {third} |")
		})
		.collect();
	assert_eq!(table("| | `development` | `local_testnet` | `testnet` |"), expected);
}

#[test]
fn the_files_are_those_of_make_chain_specs_and_of_the_presets() {
	let mut expected = Vec::new();
	for [preset, chain, file] in CHAINS {
		for (suffix, raw) in [("", ""), ("-raw", "--raw ")] {
			let file = format!("{file}{suffix}.json");
			let command = format!(
				"bittensor-node export-chain-spec --chain {chain} {raw}--output chain-specs/{file}"
			);
			assert!(MAKEFILE.contains(&format!("/{command}\n")), "make does not run {command}");
			expected.push(format!("| `{file}` | `{preset}` | `{command}` |"));
		}
		let spec = load(chain).expect("a runtime: run without SKIP_WASM_BUILD");
		let plain: Value =
			serde_json::from_str(&spec.as_json(false).expect("the plain form")).expect("JSON");
		let made = field(&plain, "/genesis/runtimeGenesis/patch");
		assert_eq!(Some(made), patch(preset).as_ref(), "--chain {chain} is not {preset}");
	}
	assert_eq!(table("| file | preset | command |"), expected);
	let runs = MAKEFILE.matches("bittensor-node export-chain-spec ").count();
	assert_eq!(runs, expected.len());
}
