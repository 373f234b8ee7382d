//! Settings that depend on more than one option.
//!
//! What one option says is parsed and checked by [`crate::cli`].

use crate::chain::PROTOCOL;
use bittensor_client::{AccountId, Endpoint, Hash, Host};
use std::net::SocketAddr;

/// Options that do not fit together.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ConfigError {
	/// Listening where others can reach, without encryption.
	#[error(
		"{0} can be reached from other machines, and messages are signed but not encrypted: listen \
		 on 127.0.0.1, or add --plaintext to allow this"
	)]
	Plaintext(SocketAddr),
	/// Listening on all addresses without saying which one to announce.
	#[error(
		"{0} stands for all addresses of this machine: name the one that others use with \
		 --advertise HOST"
	)]
	Unspecified(SocketAddr),
	/// The kind needs text.
	#[error("--corpus DIR is missing: a {0} component learns from the text files of a folder")]
	Corpus(String),
	/// A twin of a component that does not learn from its own loss.
	#[error(
		"--twin: the component does not learn from its own loss, so a twin would show nothing: leave \
		 --twin out, or use a kind that learns with --learn-from both or own"
	)]
	NothingToCompare,
	/// A comparison with a twin on one document.
	#[error(
		"--twin: the held-out text that is reported is of one document, and the interval of a gain needs \
		 two: hold out more documents (`split.json` of the corpus), or leave --twin out"
	)]
	OneDocument,
	/// A twin that is not where its component is.
	#[error(
		"--twin: the component has made {steps} steps and {twin}: both must have learned side by \
		 side. Leave --twin out, or start again in another --base-path"
	)]
	TwinSteps {
		/// Steps of the component.
		steps: u64,
		/// What there is of the twin.
		twin: String,
	},
	/// The stake is below the chain's minimum.
	#[error("--stake {given} is below the minimum of {minimum} BIT: stake at least that, or 0")]
	Stake {
		/// The stake given, in BIT.
		given: String,
		/// The chain's minimum, in BIT.
		minimum: String,
	},
}

/// A block by number or by hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Block {
	/// Its number.
	Number(u32),
	/// Its hash.
	Hash(Hash),
}

/// The components that a component queries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Downstreams {
	/// All that serve, as inputs allow.
	Auto,
	/// These accounts only.
	Only(Vec<AccountId>),
}

/// An address at which others reach a component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advertise {
	/// Host name or address.
	pub host: Host,
	/// Port, if it is not the bound one.
	pub port: Option<u16>,
}

/// Checks that the address to listen on may be announced to others; `plaintext` allows messages
/// without encryption.
pub fn check_address(
	listen: SocketAddr,
	plaintext: bool,
	advertise: Option<&Advertise>,
) -> Result<(), ConfigError> {
	if !listen.ip().is_loopback() && !plaintext {
		return Err(ConfigError::Plaintext(listen));
	}
	if listen.ip().is_unspecified() && advertise.is_none() {
		return Err(ConfigError::Unspecified(listen));
	}
	Ok(())
}

/// The endpoint to announce for a component that listens on `bound`.
pub fn endpoint(advertise: Option<&Advertise>, bound: SocketAddr) -> anyhow::Result<Endpoint> {
	let (host, port) = match advertise {
		Some(Advertise { host, port }) => (host.clone(), port.unwrap_or(bound.port())),
		None => (bound.ip().to_string().try_into()?, bound.port()),
	};
	Ok(Endpoint { host, port, tls_spki: None, protocol: PROTOCOL })
}
