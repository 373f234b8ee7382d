//! What people type: amounts, hashes, accounts, addresses, keys, texts.

use bittensor_client::ss58;
use bittensor_miner::{
	cli::{Cli, Command, KeyArgs, RunArgs},
	commands::query::{check_text, QueryError},
	config::{
		check_ranges, parse_account, parse_bit, parse_block, parse_downstream, Block, ConfigError,
		Downstream, Serve,
	},
	identity::{Identity, IdentityError},
};
use bittensor_wire::{keypair, Signer};
use clap::Parser;
use std::io::Write;

const ALICE: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
const MNEMONIC: &str = "bottom drive obey lake curtain smoke basket hold race lonely fit walk";

fn run_args(extra: &[&str]) -> RunArgs {
	let mut words = vec!["bittensor-miner", "run", "--base-path", "x"];
	words.extend(extra);
	match Cli::try_parse_from(words).map(|cli| cli.command) {
		Ok(Command::Run(args)) => *args,
		other => panic!("`run` expected: {other:?}"),
	}
}

#[test]
fn amounts_are_exact_decimals() {
	assert_eq!(parse_bit("0"), Ok(0));
	assert_eq!(parse_bit("1.5"), Ok(1_500_000_000));
	assert_eq!(parse_bit("0.000000001"), Ok(1));
	assert_eq!(parse_bit("18446744073.709551615"), Ok(u64::MAX));
	for wrong in ["", ".", ".5", "-1", "1e9", "1.0000000001", "18446744073.709551616", "1,5"] {
		assert_eq!(parse_bit(wrong), Err(ConfigError::Amount(wrong.into())), "{wrong}");
	}
}

#[test]
fn blocks_and_accounts() {
	assert_eq!(parse_block("17"), Ok(Block::Number(17)));
	assert_eq!(parse_block(&format!("0x{}", "ab".repeat(32))), Ok(Block::Hash([0xAB; 32])));
	for wrong in ["", "0xab", "-1", "latest", "4294967296"] {
		assert_eq!(parse_block(wrong), Err(ConfigError::Block(wrong.into())));
	}
	let alice = parse_account(ALICE).expect("an address");
	assert_eq!(parse_account(&format!("0x{}", hex::encode(alice))), Ok(alice));
	let damaged = ALICE.replace("utQY", "utQZ");
	assert_eq!(parse_account(&damaged), Err(ConfigError::Account(damaged.clone())));
	assert_eq!(parse_downstream("auto"), Ok(Downstream::Auto));
	assert_eq!(parse_downstream("none"), Ok(Downstream::Only(vec![])));
	assert_eq!(
		parse_downstream(&format!("{ALICE}, {ALICE}")),
		Ok(Downstream::Only(vec![alice; 2]))
	);
	assert!(parse_downstream("all").is_err());
}

#[test]
fn an_address_that_others_can_reach_is_a_decision() {
	let serve = |extra: &[&str]| Serve::new(&run_args(extra));
	let local = serve(&[]).expect("the default is loopback");
	assert_eq!((local.listen.to_string().as_str(), local.host), ("127.0.0.1:0", None));
	assert!(matches!(serve(&["--listen=10.1.2.3:7000"]), Err(ConfigError::Plaintext(_))));
	assert!(matches!(
		serve(&["--listen=0.0.0.0:7000", "--plaintext"]),
		Err(ConfigError::Unspecified(_))
	));
	let open = serve(&["--listen=0.0.0.0:7000", "--plaintext", "--advertise=miner.example:7001"])
		.expect("all was said");
	assert_eq!((open.host.as_deref(), open.port), (Some("miner.example"), Some(7001)));
	let v6 = serve(&["--advertise=[2001:db8::1]:7001"]).expect("an address");
	assert_eq!((v6.host.as_deref(), v6.port), (Some("2001:db8::1"), Some(7001)));
	for wrong in ["", "a b", "host:0", "host:70000", "[::1", "ho/st"] {
		let result = serve(&[&format!("--advertise={wrong}")]);
		assert_eq!(result, Err(ConfigError::Advertise(wrong.into())));
	}
	assert_eq!(serve(&["--listen=here"]), Err(ConfigError::Listen("here".into())));
}

#[test]
fn numbers_out_of_range_are_named() {
	assert_eq!(check_ranges(&run_args(&[])), Ok(()));
	for (option, name) in [
		("--slots=0", "slots"),
		("--slots=65", "slots"),
		("--batch=257", "batch"),
		("--vocabulary=15", "vocabulary"),
		("--vocabulary=65537", "vocabulary"),
		("--ttl=0", "ttl"),
		("--nice=20", "nice"),
		("--max-steps-per-second=-1", "max-steps-per-second"),
		("--max-steps-per-second=NaN", "max-steps-per-second"),
		("--spike-timeout-ms=0", "spike-timeout-ms"),
		("--held-out=1", "held-out"),
	] {
		match check_ranges(&run_args(&[option])) {
			Err(ConfigError::Range { name: found, .. }) => assert_eq!(found, name),
			other => panic!("{option}: {other:?}"),
		}
	}
}

#[test]
fn keys_are_those_of_substrate() {
	let alice = Identity::dev("//Alice").expect("well known");
	assert_eq!(ss58(&alice.account()), ALICE);
	for uri in ["//Bob//stash", "//Charlie/soft", "//Dave//7"] {
		let ours = Identity::dev(uri).expect("well known").account();
		let theirs = subxt_signer::sr25519::Keypair::from_uri(&uri.parse().expect("a URI"));
		assert_eq!(ours, theirs.expect("a key").public_key().0, "{uri}");
	}
	for secret in
		[MNEMONIC.to_string(), format!("{MNEMONIC}//x/y"), format!("0x{}", "5a".repeat(32))]
	{
		let ours = Identity::from_secret(&format!(" {secret}\n"), "a test").expect("a secret");
		let theirs = subxt_signer::sr25519::Keypair::from_uri(&secret.parse().expect("a URI"));
		assert_eq!(ours.account(), theirs.expect("a key").public_key().0);
	}
}

#[test]
fn transactions_and_messages_have_contexts_of_their_own() {
	use subxt::{config::substrate::SubstrateConfig, utils::MultiSignature};
	let alice = Identity::dev("//Alice").expect("well known");
	let MultiSignature::Sr25519(signature) =
		subxt::tx::Signer::<SubstrateConfig>::sign(&alice, b"payload")
	else {
		panic!("sr25519 expected");
	};
	let account = alice.account();
	assert!(keypair::verify(&account, b"substrate", b"payload", &signature));
	assert!(!keypair::verify(&account, keypair::WIRE_CONTEXT, b"payload", &signature));
	assert_eq!(
		subxt::tx::Signer::<SubstrateConfig>::account_id(&alice).0,
		alice.keypair().account()
	);
}

#[test]
fn secrets_do_not_belong_on_the_command_line() {
	for refused in ["//Mallory", "Alice", "/Alice", "//Alice///password", "//alice", "//", MNEMONIC]
	{
		let error = Identity::dev(refused).expect_err(refused);
		assert!(matches!(error, IdentityError::NotADevKey { .. }), "{refused}: {error}");
		assert!(!error.to_string().contains("obey"), "a secret is repeated: {error}");
	}
	let args = KeyArgs { dev_key: Some("//Mallory".into()), ..KeyArgs::default() };
	assert!(Identity::load(&args).is_err());
}

#[test]
fn key_files_say_what_is_wrong_with_them() {
	let folder = tempfile::tempdir().expect("a folder");
	let path = folder.path().join("key");
	assert!(matches!(Identity::from_file(&path), Err(IdentityError::File { .. })));
	for (content, hint) in [
		("", "empty"),
		("//Alice", "no secret"),
		("0x1234", "64 hex digits"),
		("bottom drive obey", "mnemonic"),
	] {
		std::fs::File::create(&path)
			.and_then(|mut file| file.write_all(content.as_bytes()))
			.expect("written");
		let error = Identity::from_file(&path).expect_err(content).to_string();
		assert!(error.contains(hint) && error.contains("key"), "{content}: {error}");
		assert!(content.is_empty() || !error.contains("1234"), "{error}");
	}
	std::fs::write(&path, format!("{MNEMONIC}\n")).expect("written");
	assert!(Identity::from_file(&path).is_ok());
}

#[test]
fn texts_of_a_query() {
	assert_eq!(check_text("the whale"), Ok(()));
	assert_eq!(check_text("Ωμέγα"), Ok(()));
	assert_eq!(check_text(" \n\t"), Err(QueryError::Empty));
	assert_eq!(check_text("?! …"), Err(QueryError::NoWords));
	let million = "a".repeat(1_000_000);
	assert_eq!(check_text(&million), Err(QueryError::TooLong { bytes: 1_000_000, limit: 4_096 }));
}
