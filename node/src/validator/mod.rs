//! `validator`: becoming a validator, looking at it, and stopping.
//!
//! ```text
//!  register   node ready? ─▶ component ─▶ stake ─▶ session keys of this node, with proof ─▶ candidacy
//!                                                                                              │
//!  status     session s: candidate ──▶ session s + 1: planned ──▶ session s + 2: validates ◀───┘
//!                                                                              │
//!  leave      not planned any more ──▶ bound until its last session ends ──▶ key deposit back
//! ```
//!
//! `register` does only what is missing, so that it can be run again after an error. The session keys never
//! leave the node: it makes them and signs the account's public key with each, which is the proof that the
//! chain asks for.

mod account;
mod leave;
mod ready;
mod register;
mod status;
mod wrap;

use account::KeyArgs;
use anyhow::Context;
use bittensor_client::{
	hex_hash, parse, rpc_params, AccountId, Call, Chain, ChainError, Head, Key, Part, SubxtChain,
	ValidatorStatus,
};
use std::time::Duration;
use wrap::wrap;

/// How long the node may take to answer at first.
const CONNECT: Duration = Duration::from_secs(10);

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum ValidatorCommand {
	/// Become a validator with the node on this machine: stake, session keys, candidacy.
	///
	/// Waits until the node has caught up, does what is missing and says what it waits for. The node must
	/// run with --validator.
	#[command(after_help = "Examples:\n  \
		bittensor-node validator register --key-file owner.key\n  \
		bittensor-node validator register --key-file owner.key --stake 5000 --wait")]
	Register(RegisterArgs),
	/// Show whether an account validates, its stake among the others, and what it waits for.
	#[command(after_help = "Examples:\n  \
		bittensor-node validator status --key-file owner.key\n  \
		bittensor-node validator status 5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY")]
	Status(StatusArgs),
	/// Stop being a validator. Run it again when it is over, to get the deposit for the keys back.
	#[command(after_help = "Example:\n  bittensor-node validator leave --key-file owner.key")]
	Leave(LeaveArgs),
}

/// Which node.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct UrlArgs {
	/// RPC address of the node of this validator, on this machine.
	#[arg(
		long,
		value_name = "URL",
		env = "BITTENSOR_CHAIN",
		default_value = "ws://127.0.0.1:9944"
	)]
	url: String,
}

/// Arguments of `register`.
#[derive(Debug, clap::Args)]
pub(crate) struct RegisterArgs {
	#[command(flatten)]
	url: UrlArgs,
	#[command(flatten)]
	key: KeyArgs,
	/// Stake of the component in BIT, in total; without it, the least that a candidate needs.
	#[arg(long, value_name = "BIT", value_parser = parse::bit)]
	stake: Option<u64>,
	/// Make new session keys, even if the account has keys that this node holds. An account that cannot
	/// register gets nothing else.
	#[arg(long)]
	rotate: bool,
	/// Go on until the node has authored its first block, with the new keys if it made some.
	#[arg(long)]
	wait: bool,
}

/// Arguments of `status`.
#[derive(Debug, clap::Args)]
pub(crate) struct StatusArgs {
	/// The account, SS58 or 0x and 64 hex digits; without it, that of the key.
	#[arg(value_name = "ACCOUNT", value_parser = parse::account)]
	account: Option<AccountId>,
	#[command(flatten)]
	url: UrlArgs,
	#[command(flatten)]
	key: KeyArgs,
}

/// Arguments of `leave`.
#[derive(Debug, clap::Args)]
pub(crate) struct LeaveArgs {
	#[command(flatten)]
	url: UrlArgs,
	#[command(flatten)]
	key: KeyArgs,
}

/// Runs a command to its end.
pub(crate) fn run(command: &ValidatorCommand) -> sc_cli::Result<()> {
	let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
	let done: anyhow::Result<()> = runtime.block_on(async {
		match command {
			ValidatorCommand::Register(args) => register::run(args).await,
			ValidatorCommand::Status(args) => {
				let account = match args.account {
					Some(account) => account,
					None => args.key.load().context("status takes an ACCOUNT or a key")?.0,
				};
				let operator = Operator::connect(&args.url, account, None).await?;
				print!("{}", status::show(&operator).await?);
				Ok(())
			}
			ValidatorCommand::Leave(args) => leave::run(args).await,
		}
	});
	// The contexts of an error are one sentence.
	done.map_err(|error| sc_cli::Error::Application(format!("{error:#}").into()))
}

/// An account and the node of its validator.
struct Operator {
	chain: SubxtChain,
	account: AccountId,
}

impl Operator {
	async fn connect(args: &UrlArgs, account: AccountId, key: Option<Key>) -> anyhow::Result<Self> {
		match SubxtChain::connect(&args.url, None, CONNECT, key).await {
			Ok(chain) => {
				// Before anything is paid.
				chain.offers(Part::Validators).await?;
				Ok(Self { chain, account })
			}
			// The options that the client's error names are those of the miner.
			Err(ChainError::Unreachable { url, reason }) => anyhow::bail!(
				"no node answers at {url}: {reason}. Start the node of this validator first, or give its \
				 address with --url ws://127.0.0.1:PORT, where PORT is its --rpc-port"
			),
			Err(error) => Err(error.into()),
		}
	}

	async fn with_key(url: &UrlArgs, key: &KeyArgs) -> anyhow::Result<Self> {
		let (account, key) = key.load()?;
		Self::connect(url, account, Some(key)).await
	}

	async fn status(&self) -> anyhow::Result<ValidatorStatus> {
		Ok(self.chain.validator_status(self.account, None).await?)
	}

	/// Submits a call and says in which block it is.
	async fn submit(&self, what: &str, call: Call) -> anyhow::Result<Head> {
		let head = self.chain.submit(call).await?;
		println!("{what}: in block {}", head.number);
		Ok(head)
	}

	/// Whether this node holds the private halves of the account's session keys.
	async fn holds_keys(&self) -> anyhow::Result<bool> {
		let Some(keys) = self.chain.session_keys(self.account, None).await? else {
			return Ok(false);
		};
		let keys = format!("0x{}", hex::encode(keys));
		let held = self.chain.request("author_hasSessionKeys", rpc_params![keys]).await;
		held.context(
			"the node does not say which keys it holds: run this command on its machine, and start the \
			 node without --rpc-methods safe",
		)
	}

	/// The call that registers new session keys of this node, with the proof for the account.
	async fn rotate_keys(&self) -> anyhow::Result<Call> {
		#[derive(serde::Deserialize)]
		struct Made {
			keys: String,
			proof: Option<String>,
		}
		let owner = hex_hash(&self.account);
		let made = self.chain.request("author_rotateKeysWithOwner", rpc_params![owner]).await;
		let made: Made = made.context(
			"the node makes no session keys: run this command on its machine, and start the node without \
			 --rpc-methods safe",
		)?;
		let bytes = |text: &str| hex::decode(text.trim_start_matches("0x"));
		let proof = made.proof.context("the node gives no proof of its keys: use a newer one")?;
		let keys = bytes(&made.keys)?;
		let (aura, grandpa) = keys.split_at_checked(32).context("the node makes short keys")?;
		let keys: [[u8; 32]; 2] = [aura.try_into()?, grandpa.try_into()?];
		Ok(Call::SetKeys { keys, proof: bytes(&proof)? })
	}
}

/// Prints sentences.
fn say(sentences: &str) {
	println!("{}", wrap(sentences, 0));
}
