//! What can go wrong between a client and the chain. Each error says what to do.

use crate::{Call, Hash};
use std::fmt::Display;

/// Why a read or a call failed.
#[derive(Debug, thiserror::Error)]
pub enum ChainError {
	/// Not an address of a node.
	#[error(
		"`{url}` is not the address of a node: {reason}. Write ws://HOST:PORT or wss://HOST:PORT"
	)]
	Address {
		/// What was given.
		url: String,
		/// What is wrong with it.
		reason: String,
	},
	/// No node answers at the address.
	#[error(
		"no node answers at {url}: {reason}. Start a node (`bittensor-node --dev`) or give its \
		 WebSocket address with --chain ws://HOST:PORT"
	)]
	Unreachable {
		/// The address.
		url: String,
		/// What the transport said.
		reason: String,
	},
	/// The node is of another chain.
	#[error(
		"wrong genesis: the node at {url} is of chain 0x{found}, expected 0x{expected}. Give the \
		 address of a node of your chain with --chain, or correct --genesis"
	)]
	WrongGenesis {
		/// The address.
		url: String,
		/// Genesis hash expected, hex.
		expected: String,
		/// Genesis hash found, hex.
		found: String,
	},
	/// The node's runtime does not offer what this client uses.
	#[error(
		"the chain does not offer {what}: {reason}. Use programs built for this chain's runtime \
		 version"
	)]
	Incompatible {
		/// Which call, event, storage item or runtime API method.
		what: String,
		/// What was missing.
		reason: String,
	},
	/// The runtime refused the call.
	#[error("the chain refused `{call}`: {name}. {hint}")]
	Dispatch {
		/// The call.
		call: &'static str,
		/// Name of the error, `Pallet::Error`.
		name: String,
		/// What to do, from the documentation of the runtime.
		hint: String,
	},
	/// The account cannot pay for the call.
	#[error(
		"the account {account} has {balance} BIT: `{call}` needs {needs}. Send it some BIT: \
		 `bittensor-miner transfer {account} AMOUNT`, signed by an account that has some"
	)]
	Unfunded {
		/// The call.
		call: &'static str,
		/// The account, SS58.
		account: String,
		/// Its free balance, in BIT.
		balance: String,
		/// The amount that the call takes, if any, and the fee.
		needs: String,
	},
	/// The pool or the signature check refused the transaction.
	#[error(
		"the node did not take `{call}`: {reason}. Check that no other process uses the same key, \
		 and that the account keeps a little more than the fee"
	)]
	Rejected {
		/// The call.
		call: &'static str,
		/// What the node said.
		reason: String,
	},
	/// The connection ended before the fate of a call was known.
	#[error(
		"the connection to the node at {url} was lost while `{call}` was sent ({reason}): it may be in \
		 a block, or not. Check that the node runs, and look at the chain before you send it again"
	)]
	Lost {
		/// The call.
		call: &'static str,
		/// The address.
		url: String,
		/// What the transport said.
		reason: String,
	},
	/// The transaction did not get into a block in time.
	#[error(
		"`{call}` was in no block within {seconds} s; the chain may have stopped making blocks"
	)]
	NotIncluded {
		/// The call.
		call: &'static str,
		/// How long the client waited.
		seconds: u64,
	},
	/// The node does not have a block or its state (any more).
	#[error(
		"block {block} is unknown to the node or its state was pruned. Take a newer block, or a \
		 node that runs with --state-pruning archive"
	)]
	NoBlock {
		/// Number or hash.
		block: String,
	},
	/// Anything else that the node said.
	#[error("chain: {0}")]
	Other(String),
}

impl ChainError {
	/// Whether the same request may succeed later.
	pub fn is_transient(&self) -> bool {
		matches!(
			self,
			Self::Unreachable { .. }
				| Self::Lost { .. }
				| Self::NotIncluded { .. }
				| Self::Rejected { .. }
				| Self::Other(_)
		)
	}

	pub(crate) fn other(error: impl Display) -> Self {
		Self::Other(error.to_string())
	}

	pub(crate) fn rejected(call: &Call, reason: impl Display) -> Self {
		Self::Rejected { call: call.name().as_str(), reason: reason.to_string() }
	}

	pub(crate) fn incompatible(what: impl Display, reason: impl Display) -> Self {
		Self::Incompatible { what: what.to_string(), reason: reason.to_string() }
	}

	/// An error if the genesis hash is another one than expected.
	pub(crate) fn check_genesis(url: &str, expected: Hash, found: Hash) -> Result<(), Self> {
		match expected == found {
			true => Ok(()),
			false => Err(Self::WrongGenesis {
				url: url.into(),
				expected: hex::encode(expected),
				found: hex::encode(found),
			}),
		}
	}
}
