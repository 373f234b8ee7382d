//! The chains of the presets.

use crate::chain::{genesis_json, preset, state_of};
use bittensor_runtime::{
	genesis_config_presets::{prefunded, preset_names, ENDOWMENT, NUMBERED},
	Aura, Balances, Emission, Grandpa, Runtime, EXISTENTIAL_DEPOSIT, UNIT,
};
use pallet_emission::EmissionParameters;
use serde_json::json;
use sp_core::Pair as _;
use sp_keyring::{Ed25519Keyring, Sr25519Keyring};

#[test]
fn every_preset_builds_its_state() {
	let names = preset_names();
	assert_eq!(names, ["development", "local_testnet"]);
	for name in &names {
		preset(name.as_ref());
	}
}

#[test]
fn development_has_one_author_and_short_epochs() {
	preset("development").execute_with(|| {
		assert_eq!(Aura::slot_duration(), 1_000);
		let authorities = pallet_aura::Authorities::<Runtime>::get().into_inner();
		assert_eq!(authorities, [Sr25519Keyring::Alice.public().into()]);
		assert_eq!(Grandpa::grandpa_authorities(), [(Ed25519Keyring::Alice.public().into(), 1)]);
		let parameters = EmissionParameters::<Runtime>::get();
		assert_eq!((parameters.epoch_length, parameters.row_lifetime), (10, 100));
		assert_eq!(parameters.sigma, UNIT);
	});
}

#[test]
fn local_testnet_has_two_authors() {
	preset("local_testnet").execute_with(|| {
		assert_eq!(Aura::slot_duration(), 3_000);
		assert_eq!(pallet_aura::Authorities::<Runtime>::get().len(), 2);
		assert_eq!(Grandpa::grandpa_authorities().len(), 2);
		assert_eq!(EmissionParameters::<Runtime>::get().epoch_length, 20);
	});
}

#[test]
fn the_presets_mint_at_most_ten_times_their_supply() {
	for (name, first_year) in [("development", 31_536_000), ("local_testnet", 10_512_000)] {
		preset(name).execute_with(|| {
			let schedule = EmissionParameters::<Runtime>::get().schedule();
			let total = schedule.total().expect("the emission ends");
			assert!(total <= 10 * Balances::total_issuance(), "{name} mints {total} units");
			assert!(total <= 2 * first_year * UNIT);
			// A year from genesis the emission is as at the start.
			assert_eq!(schedule.between(0, first_year), first_year * UNIT);
			assert_eq!(schedule.at(first_year + 1), UNIT / 2);
			assert_eq!(schedule.at(31 * first_year), 0);
		});
	}
}

#[test]
#[should_panic(expected = "halvings.interval must be at least 1 block")]
fn a_chain_that_mints_without_end_is_refused() {
	let mut genesis = genesis_json(Some("development"));
	genesis["emission"]["parameters"]["halvings"]["interval"] = json!(0);
	let _ = state_of(&genesis);
}

#[test]
fn make_writes_the_chain_specifications_that_their_page_lists() {
	let read = |path: &str| std::fs::read_to_string(path).expect("the file is in the repository");
	let (makefile, page) = (read("../Makefile"), read("../chain-specs/README.md"));
	let written: Vec<_> = makefile
		.lines()
		.filter_map(|line| line.split_once("bittensor-node export-chain-spec"))
		.map(|(_, options)| format!("`bittensor-node export-chain-spec{options}`"))
		.collect();
	let listed = page.lines().filter(|line| line.contains("`bittensor-node export-chain-spec"));
	assert_eq!(listed.clone().count(), preset_names().len());
	assert_eq!(written.len(), preset_names().len());
	for (line, command) in listed.zip(&written) {
		assert!(line.contains(command), "`make chain-specs` runs {command}, the page says {line}");
	}
}

#[test]
fn prefunded_accounts_are_the_well_known_ones() {
	let accounts = prefunded();
	let named = ["Alice", "Ferdie", "Alice//stash", "Ferdie//stash", "One", "Two"];
	let numbered = (0..NUMBERED.len()).map(|number| number.to_string());
	for name in named.into_iter().map(str::to_string).chain(numbered) {
		let pair = sp_core::sr25519::Pair::from_string(&format!("//{name}"), None)
			.expect("a derivation path");
		assert!(accounts.contains(&pair.public().into()), "//{name} is not prefunded");
	}
	preset("development").execute_with(|| {
		for account in &accounts {
			assert_eq!(Balances::free_balance(account), ENDOWMENT);
		}
		// The pot holds its existential deposit from genesis on, so it cannot be dusted.
		assert_eq!(Balances::free_balance(Emission::pot()), EXISTENTIAL_DEPOSIT);
		assert_eq!(
			Balances::total_issuance(),
			ENDOWMENT * accounts.len() as u64 + EXISTENTIAL_DEPOSIT,
		);
	});
}

#[test]
fn only_presets_have_a_sudo_key() {
	state_of(&genesis_json(None)).expect("the default genesis builds").execute_with(|| {
		assert_eq!(pallet_sudo::Key::<Runtime>::get(), None);
		assert_eq!(Aura::slot_duration(), 6_000);
	});
	preset("development").execute_with(|| {
		let alice = Sr25519Keyring::Alice.to_account_id();
		assert_eq!(pallet_sudo::Key::<Runtime>::get(), Some(alice));
	});
}

#[test]
fn a_misspelt_field_is_refused() {
	let mut genesis = genesis_json(Some("development"));
	genesis["slots"] = json!({ "slotDurations": 1_000 });
	let error = state_of(&genesis).expect_err("the field is not known");
	assert!(error.contains("slotDurations"), "{error}");
}

#[test]
#[should_panic(expected = "choose 600 to 60000 ms")]
fn a_slot_length_out_of_range_is_refused() {
	let mut genesis = genesis_json(Some("development"));
	genesis["slots"]["slotDuration"] = json!(548);
	let _ = state_of(&genesis);
}
