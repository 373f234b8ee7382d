//! What people type: amounts, hashes, accounts, addresses, keys, texts.

use bittensor_client::ss58;
use bittensor_miner::{
	cli::{parse, Cli, Command, KeyArgs, LearnFrom, Post, RunArgs},
	commands::query::{check_text, QueryError},
	config::{check_address, endpoint, Block, ConfigError, Downstreams},
	identity::{Identity, IdentityError},
	output,
};
use bittensor_wire::{keypair, Signer};
use clap::{CommandFactory, Parser};
use std::io::{Error, ErrorKind, Write};

const ALICE: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
const MNEMONIC: &str = "bottom drive obey lake curtain smoke basket hold race lonely fit walk";

fn parse_run(extra: &[&str]) -> Result<RunArgs, clap::Error> {
	let mut words = vec!["bittensor-miner", "run", "--base-path", "x"];
	words.extend(extra);
	match Cli::try_parse_from(words)?.command {
		Command::Run(args) => Ok(*args),
		other => panic!("`run` expected: {other:?}"),
	}
}

fn run_args(extra: &[&str]) -> RunArgs {
	parse_run(extra).unwrap_or_else(|error| panic!("{extra:?}: {error}"))
}

/// The message that refuses an option; it repeats the option.
fn refusal(option: &str) -> String {
	let error = parse_run(&[option]).expect_err(option).to_string();
	let name = option.split('=').next().unwrap_or(option);
	assert!(error.contains(name), "{option}: {error}");
	error
}

#[test]
fn amounts_are_exact_decimals() {
	assert_eq!(parse::bit("0"), Ok(0));
	assert_eq!(parse::bit("1.5"), Ok(1_500_000_000));
	assert_eq!(parse::bit("0.000000001"), Ok(1));
	assert_eq!(parse::bit("18446744073.709551615"), Ok(u64::MAX));
	for wrong in ["", ".", ".5", "-1", "1e9", "1.0000000001", "18446744073.709551616", "1,5"] {
		assert!(refusal(&format!("--stake={wrong}")).contains("amount of BIT"), "{wrong}");
	}
}

#[test]
fn blocks_and_accounts() {
	assert_eq!(parse::block("17"), Ok(Block::Number(17)));
	assert_eq!(parse::block(&format!("0x{}", "ab".repeat(32))), Ok(Block::Hash([0xAB; 32])));
	for wrong in ["", "0xab", "-1", "latest", "4294967296"] {
		assert!(parse::block(wrong).is_err_and(|error| error.contains("number")), "{wrong}");
	}
	let alice = parse::account(ALICE).expect("an address");
	assert_eq!(parse::account(&format!("0x{}", hex::encode(alice))), Ok(alice));
	let damaged = ALICE.replace("utQY", "utQZ");
	assert!(parse::account(&damaged).is_err_and(|error| error.contains(&damaged)));
	assert_eq!(parse::downstreams("auto"), Ok(Downstreams::Auto));
	assert_eq!(parse::downstreams("none"), Ok(Downstreams::Only(vec![])));
	assert_eq!(
		parse::downstreams(&format!("{ALICE}, {ALICE}")),
		Ok(Downstreams::Only(vec![alice; 2]))
	);
	assert!(parse::downstreams("all").is_err());
	assert!(refusal("--genesis=0xab").contains("64 hex digits"));
}

#[test]
fn an_address_that_others_can_reach_is_a_decision() {
	let check = |extra: &[&str]| {
		let args = run_args(extra).serve;
		check_address(args.listen, args.plaintext, args.advertise.as_ref())
	};
	let local = run_args(&[]).serve;
	assert_eq!((check(&[]), local.listen.to_string().as_str()), (Ok(()), "127.0.0.1:0"));
	assert!(matches!(check(&["--listen=10.1.2.3:7000"]), Err(ConfigError::Plaintext(_))));
	assert!(matches!(
		check(&["--listen=0.0.0.0:7000", "--plaintext"]),
		Err(ConfigError::Unspecified(_))
	));
	let open = ["--listen=0.0.0.0:7000", "--plaintext", "--advertise=miner.example:7001"];
	assert_eq!(check(&open), Ok(()));
	let announced = |extra: &[&str]| {
		let args = run_args(extra).serve;
		let bound = "127.0.0.1:9".parse().expect("an address");
		let endpoint = endpoint(args.advertise.as_ref(), bound).expect("an endpoint");
		(endpoint.host.to_string(), endpoint.port)
	};
	assert_eq!(announced(&open), ("miner.example".into(), 7001));
	assert_eq!(announced(&["--advertise=[2001:db8::1]:7001"]), ("2001:db8::1".into(), 7001));
	assert_eq!(announced(&["--advertise=miner.example"]), ("miner.example".into(), 9));
	assert_eq!(announced(&[]), ("127.0.0.1".into(), 9));
	for wrong in ["", "a b", "host:0", "host:70000", "[::1", "ho/st"] {
		assert!(refusal(&format!("--advertise={wrong}")).contains("HOST:PORT"), "{wrong}");
	}
	assert!(refusal("--listen=here").contains("IP:PORT"));
}

#[test]
fn numbers_out_of_range_are_named() {
	for (option, range) in [
		("--inputs=0", "from 1 to 64"),
		("--inputs=65", "from 1 to 64"),
		("--batch=257", "from 1 to 256"),
		("--network-dropout=0.95", "from 0 to 0.9"),
		("--vocabulary=15", "from 16 to 65536"),
		("--vocabulary=65537", "from 16 to 65536"),
		("--ttl=0", "from 1 to 4"),
		("--max-ttl=5", "from 0 to 4"),
		("--nice=20", "from 0 to 19"),
		("--max-steps-per-second=-1", "not negative"),
		("--max-steps-per-second=NaN", "not negative"),
		("--spike-timeout-ms=0", "from 10 to 60000"),
		("--held-out=1", "from 16 to 16384"),
		("--evaluate-every=0", "at least 1"),
		("--exploring-bid=7", "from 0 to 6.25"),
		("--exploring-bid=x", "percent"),
		("--checkpoint-every=0", "at least 1"),
	] {
		assert!(refusal(option).contains(range), "{option}");
	}
}

#[test]
fn kind_learning_serving_and_posting_are_independent() {
	let args = run_args(&[]);
	assert_eq!(args.component.kind, "cbow");
	assert_eq!((args.learning.learn_from, args.row.post), (LearnFrom::Both, Post::Measured));
	assert!(!args.serve.no_serve);
	let args = run_args(&["--kind=noise", "--post=self", "--no-serve", "--learn-from=none"]);
	assert_eq!(args.component.kind, "noise");
	assert_eq!((args.learning.learn_from, args.row.post), (LearnFrom::None, Post::OwnOnly));
	assert!(args.serve.no_serve);
	assert!(!run_args(&["--no-serve", "--serve"]).serve.no_serve, "the last one counts");
	assert!(refusal("--kind=selfish").contains("cbow"));
}

#[test]
fn every_command_has_an_example_and_every_option_a_heading() {
	let mut cli = Cli::command();
	cli.build();
	for command in cli.get_subcommands().filter(|command| command.get_name() != "help") {
		let name = command.get_name();
		let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
		assert!(help.contains(&format!("bittensor-miner {name}")), "{name}: {help}");
	}
	let run = cli.find_subcommand("run").expect("run");
	for option in
		run.get_opts().filter(|option| !["help", "version"].contains(&option.get_id().as_str()))
	{
		assert!(option.get_help_heading().is_some(), "{}", option.get_id());
	}
}

#[test]
fn a_closed_pipe_is_no_error() {
	struct Closed(ErrorKind);
	impl Write for Closed {
		fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
			Err(Error::from(self.0))
		}
		fn flush(&mut self) -> std::io::Result<()> {
			Ok(())
		}
	}
	assert!(output::line_to(Closed(ErrorKind::BrokenPipe), "a table").is_ok());
	assert!(output::line_to(Closed(ErrorKind::StorageFull), "a table").is_err());
}

#[test]
fn an_error_names_each_cause_once() {
	let cause = || std::io::Error::other("the disk is full");
	let error = anyhow::Error::new(cause()).context("cannot write x").context("no checkpoint");
	assert_eq!(output::error(&error), "no checkpoint: cannot write x: the disk is full");
	let error = anyhow::Error::new(cause()).context("cannot write x: the disk is full");
	assert_eq!(output::error(&error), "cannot write x: the disk is full");
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
