//! From arguments to checked settings: amounts, hashes, accounts, addresses.
//!
//! Everything that a person can mistype is checked here, before anything starts, and each error
//! says what would be right.

use crate::cli::{ChainArgs, RunArgs};
use bittensor_client::{AccountId, Hash, UNIT};
use std::{net::SocketAddr, str::FromStr, time::Duration};
use subxt::utils::AccountId32;

/// A setting that cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ConfigError {
	/// Not an amount of BIT.
	#[error("`{0}` is no amount of BIT: write digits, optionally a point and up to 9 decimals")]
	Amount(String),
	/// Not a hash.
	#[error("`{0}` is no hash: write 0x and 64 hex digits")]
	Hash(String),
	/// Neither block number nor hash.
	#[error("`{0}` is no block: write its number, or its hash as 0x and 64 hex digits")]
	Block(String),
	/// Not an account.
	#[error("`{0}` is no account: write an SS58 address, or 0x and 64 hex digits")]
	Account(String),
	/// Not an address to listen on.
	#[error("`{0}` is no address to listen on: write IP:PORT, for example 127.0.0.1:7000")]
	Listen(String),
	/// Not an address to advertise.
	#[error("`{0}` cannot be advertised: write HOST or HOST:PORT, the host of 1 to 253 letters, digits, dots and dashes")]
	Advertise(String),
	/// Listening where others can reach, without encryption.
	#[error(
		"{0} can be reached from other machines, and messages are signed but not encrypted: listen \
		 on 127.0.0.1, or add --plaintext if that is what you want"
	)]
	Plaintext(SocketAddr),
	/// Listening on all addresses without saying which one to announce.
	#[error("{0} stands for all addresses of this machine: say with --advertise HOST which one others shall use")]
	Unspecified(SocketAddr),
	/// A number outside its range.
	#[error("--{name} must be {range}, not {given}")]
	Range {
		/// The option.
		name: &'static str,
		/// What is allowed.
		range: &'static str,
		/// What was given.
		given: String,
	},
	/// A trainable component needs text.
	#[error("--corpus DIR is missing: a {0} component learns from the text files of a folder")]
	Corpus(String),
}

/// Units of a decimal amount of BIT.
pub fn parse_bit(text: &str) -> Result<u64, ConfigError> {
	let wrong = || ConfigError::Amount(text.into());
	let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
	let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
	if whole.is_empty() || decimals.len() > 9 || !digits(whole) || !digits(decimals) {
		return Err(wrong());
	}
	let whole: u64 = whole.parse().map_err(|_| wrong())?;
	let part: u64 = format!("{decimals:0<9}").parse().map_err(|_| wrong())?;
	whole.checked_mul(UNIT).and_then(|units| units.checked_add(part)).ok_or_else(wrong)
}

/// The 32 bytes of a 0x hash.
pub fn parse_hash(text: &str) -> Result<Hash, ConfigError> {
	text.strip_prefix("0x")
		.and_then(|digits| hex::decode(digits).ok())
		.and_then(|bytes| bytes.try_into().ok())
		.ok_or_else(|| ConfigError::Hash(text.into()))
}

/// A block by number or by hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Block {
	/// Its number.
	Number(u32),
	/// Its hash.
	Hash(Hash),
}

/// A block number or 0x hash.
pub fn parse_block(text: &str) -> Result<Block, ConfigError> {
	let wrong = || ConfigError::Block(text.into());
	if text.starts_with("0x") {
		return parse_hash(text).map(Block::Hash).map_err(|_| wrong());
	}
	text.parse().map(Block::Number).map_err(|_| wrong())
}

/// An SS58 address or 0x account.
pub fn parse_account(text: &str) -> Result<AccountId, ConfigError> {
	let wrong = || ConfigError::Account(text.into());
	if text.starts_with("0x") {
		return parse_hash(text).map_err(|_| wrong());
	}
	AccountId32::from_str(text).map(|account| account.0).map_err(|_| wrong())
}

/// Whom a component asks downstream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Downstream {
	/// All that serve, as slots allow.
	Auto,
	/// These accounts and nobody else.
	Only(Vec<AccountId>),
}

/// `auto`, `none`, or accounts.
pub fn parse_downstream(text: &str) -> Result<Downstream, ConfigError> {
	match text {
		"auto" => Ok(Downstream::Auto),
		"none" => Ok(Downstream::Only(Vec::new())),
		accounts => {
			let accounts: Result<Vec<AccountId>, ConfigError> =
				accounts.split(',').map(|account| parse_account(account.trim())).collect();
			Ok(Downstream::Only(accounts?))
		}
	}
}

/// How to reach the chain.
#[derive(Clone, Debug)]
pub struct ChainConfig {
	/// WebSocket address of a node.
	pub url: String,
	/// Genesis hash that the chain must have.
	pub genesis: Option<Hash>,
	/// How long a node that does not answer is tried again.
	pub timeout: Duration,
}

impl ChainConfig {
	/// From the arguments.
	pub fn new(args: &ChainArgs) -> Result<Self, ConfigError> {
		Ok(Self {
			url: args.chain.clone(),
			genesis: args.genesis.as_deref().map(parse_hash).transpose()?,
			timeout: Duration::from_secs(args.connect_timeout),
		})
	}
}

/// Where to serve and what to announce.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Serve {
	/// The address to bind.
	pub listen: SocketAddr,
	/// Host to announce, if it is not the bound address.
	pub host: Option<String>,
	/// Port to announce, if it is not the bound one.
	pub port: Option<u16>,
}

impl Serve {
	/// From the arguments.
	pub fn new(args: &RunArgs) -> Result<Self, ConfigError> {
		let listen: SocketAddr =
			args.listen.parse().map_err(|_| ConfigError::Listen(args.listen.clone()))?;
		if !listen.ip().is_loopback() && !args.plaintext {
			return Err(ConfigError::Plaintext(listen));
		}
		let (host, port) = match &args.advertise {
			Some(address) => parse_advertise(address)?,
			None => (None, None),
		};
		if listen.ip().is_unspecified() && host.is_none() {
			return Err(ConfigError::Unspecified(listen));
		}
		Ok(Self { listen, host, port })
	}
}

fn parse_advertise(text: &str) -> Result<(Option<String>, Option<u16>), ConfigError> {
	let wrong = || ConfigError::Advertise(text.into());
	// [v6]:port, v6, host:port, host.
	let (host, port) = if let Some(rest) = text.strip_prefix('[') {
		let (host, rest) = rest.split_once(']').ok_or_else(wrong)?;
		let port = match rest {
			"" => None,
			rest => Some(rest.strip_prefix(':').ok_or_else(wrong)?),
		};
		(host, port)
	} else if text.matches(':').count() > 1 {
		(text, None)
	} else {
		match text.split_once(':') {
			Some((host, port)) => (host, Some(port)),
			None => (text, None),
		}
	};
	let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
	if host.is_empty() || host.len() > 253 || !host.chars().all(allowed) {
		return Err(wrong());
	}
	let port = match port {
		Some(port) => match port.parse::<u16>() {
			Ok(port) if port > 0 => Some(port),
			_ => return Err(wrong()),
		},
		None => None,
	};
	Ok((Some(host.into()), port))
}

/// Checks the numbers among the arguments of `run`.
pub fn check_ranges(args: &RunArgs) -> Result<(), ConfigError> {
	let check = |name: &'static str, ok: bool, range: &'static str, given: String| {
		if ok {
			Ok(())
		} else {
			Err(ConfigError::Range { name, range, given })
		}
	};
	let rate = args.max_steps_per_second;
	check("slots", (1..=64).contains(&args.slots), "from 1 to 64", args.slots.to_string())?;
	check(
		"vocabulary",
		(16..=65_536).contains(&args.vocabulary),
		"from 16 to 65536",
		args.vocabulary.to_string(),
	)?;
	check("batch", (1..=256).contains(&args.batch), "from 1 to 256", args.batch.to_string())?;
	check("ttl", (1..=4).contains(&args.ttl), "from 1 to 4", args.ttl.to_string())?;
	check("max-ttl", args.max_ttl <= 4, "from 0 to 4", args.max_ttl.to_string())?;
	check("nice", (0..=19).contains(&args.nice), "from 0 to 19", args.nice.to_string())?;
	check(
		"max-steps-per-second",
		rate.is_finite() && rate >= 0.0,
		"a number that is not negative",
		rate.to_string(),
	)?;
	check(
		"spike-timeout-ms",
		(10..=60_000).contains(&args.spike_timeout_ms),
		"from 10 to 60000",
		args.spike_timeout_ms.to_string(),
	)?;
	check(
		"held-out",
		(16..=16_384).contains(&args.held_out),
		"from 16 to 16384",
		args.held_out.to_string(),
	)?;
	check(
		"evaluate-every",
		args.evaluate_every > 0,
		"at least 1",
		args.evaluate_every.to_string(),
	)?;
	check(
		"checkpoint-every",
		args.checkpoint_every > 0,
		"at least 1",
		args.checkpoint_every.to_string(),
	)
}
