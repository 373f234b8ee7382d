//! The chains of the presets.

use crate::chain::preset;
use bittensor_runtime::{
	genesis_config_presets::{prefunded, preset_names, ENDOWMENT, NUMBERED},
	Aura, Balances, Emission, Grandpa, Runtime, ValidatorSet, EXISTENTIAL_DEPOSIT, UNIT,
};
use pallet_emission::{EmissionParameters, Validators};
use pallet_validator_set::{ReportSessions, SessionLength};
use sp_core::Pair as _;
use sp_keyring::{Ed25519Keyring, Sr25519Keyring};

#[test]
fn every_preset_builds_its_state() {
	let names = preset_names();
	assert_eq!(names, ["development", "local_testnet", "testnet"]);
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
	let years =
		[("development", 31_536_000), ("local_testnet", 10_512_000), ("testnet", 5_256_000)];
	for (name, first_year) in years {
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
fn make_writes_the_chain_specifications_that_their_page_lists() {
	let read = |path: &str| std::fs::read_to_string(path).expect("the file is in the repository");
	let (makefile, page) = (read("../Makefile"), read("../chain-specs/README.md"));
	let written: Vec<_> = makefile
		.lines()
		.filter_map(|line| line.split_once("bittensor-node export-chain-spec"))
		.map(|(_, options)| format!("`bittensor-node export-chain-spec{options}`"))
		.collect();
	let listed = page.lines().filter(|line| line.contains("`bittensor-node export-chain-spec"));
	// The plain and the raw form of each.
	assert_eq!(listed.clone().count(), 2 * preset_names().len());
	assert_eq!(written.len(), 2 * preset_names().len());
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
fn only_presets_for_tests_have_a_sudo_key() {
	for name in ["development", "local_testnet"] {
		preset(name).execute_with(|| {
			let alice = Sr25519Keyring::Alice.to_account_id();
			assert_eq!(pallet_sudo::Key::<Runtime>::get(), Some(alice));
		});
	}
	preset("testnet").execute_with(|| {
		assert_eq!(pallet_sudo::Key::<Runtime>::get(), None);
		assert_eq!(pallet_collective::Members::<Runtime>::get().len(), 3);
	});
}

#[test]
fn testnet_has_the_parameters_of_a_public_chain() {
	preset("testnet").execute_with(|| {
		assert_eq!(Aura::slot_duration(), 6_000);
		assert_eq!(pallet_aura::Authorities::<Runtime>::get().len(), 4);
		let parameters = EmissionParameters::<Runtime>::get();
		assert_eq!((parameters.epoch_length, parameters.row_lifetime), (100, 1_008));
		// Offences can be reported for a day after their session; stake unbonds for two.
		let day = 24 * 60 * 60 * 1_000 / 6_000;
		let reports = ReportSessions::<Runtime>::get();
		assert_eq!(reports * SessionLength::<Runtime>::get(), day);
		assert_eq!(parameters.unbonding_blocks, 2 * day);
		assert!(parameters.unbonding_blocks > ValidatorSet::report_window());
	});
}
