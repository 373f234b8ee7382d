//! Why the node refuses to start, and what to do.

use bittensor_runtime::opaque::Hash;
use sc_network::PeerId;
use sc_service::Error as ServiceError;
use std::{io, path::PathBuf};

/// A reason not to start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
	/// The runtime makes no state from the genesis of the specification.
	#[error("the genesis of {chain}: {reason}")]
	BadGenesis {
		/// The chain.
		chain: String,
		/// Why, with the name of the field.
		reason: String,
	},
	/// Anybody could call unsafe methods.
	#[error(
		"unsafe RPC methods would be open to other machines ({options}): anybody could replace the keys of \
		 this node and choose its peers. Leave out --rpc-methods: without it, unsafe methods work from this \
		 machine only. From another machine use a tunnel: ssh -L 9944:127.0.0.1:9944 HOST"
	)]
	ExposedRpc {
		/// The options that open them.
		options: String,
	},
	/// A validator serves the public.
	#[error(
		"--rpc-external on a validator: its RPC server would be open to other machines, and their load would \
		 make it miss slots. Serve the public from another node, without --validator. If a firewall or a \
		 proxy protects the port, say so with --unsafe-rpc-external in place of --rpc-external"
	)]
	PublicValidator,
	/// The keys of a development account on a chain with value.
	#[error(
		"--{name} on {chain}: the keys of {name} are public, so anybody could sign in the place of this \
		 node. Use --validator, and make keys with `author_rotateKeysWithOwner`"
	)]
	PublicKeys {
		/// The option.
		name: String,
		/// The chain.
		chain: String,
	},
	/// The node was known under a key that is not there any more.
	#[error(
		"the node key {path} is missing, but this validator ran before: others know it by that key. Put the \
		 file back from your copy; or make a new key, and publish the new address:\n  {command}", path = .path.display()
	)]
	LostNodeKey {
		/// Where it should be.
		path: PathBuf,
		/// The command that makes another one.
		command: String,
	},
	/// The file that the user named is not there.
	#[error(
		"--node-key-file {path}: there is no such file. Correct the path, or make a key:\n  {command}", path = .path.display()
	)]
	NoNodeKey {
		/// The file.
		path: PathBuf,
		/// The command that makes it.
		command: String,
	},
	/// Two nodes have one key.
	#[error(
		"another node {place} uses the node key of this one, whose peer id is {peer}: other nodes would \
		 refuse one of the two. Stop the other node, or give this one a key of its own:\n  \
		 bittensor-node key generate-node-key --file NEW_KEY\nand start it with --node-key-file NEW_KEY"
	)]
	SharedNodeKey {
		/// The public half of the key.
		peer: PeerId,
		/// Where the other node is.
		place: String,
	},
	/// The system gave no name for the key.
	#[error("cannot claim the node key {peer} on this machine: {error}")]
	Claim {
		/// The public half of the key.
		peer: PeerId,
		/// Error of the system.
		error: io::Error,
	},
	/// The specification makes another first block than it states.
	#[error(
		"the specification of {chain} was changed after its hash was taken.\n  first block that it states \
		 (genesisHash): {stated:?}\n  first block that it makes: {built:?}\nAsk those who run the chain for \
		 the specification that was published"
	)]
	ForeignGenesis {
		/// Name of the chain.
		chain: String,
		/// The hash in the specification.
		stated: Hash,
		/// The hash of the first block.
		built: Hash,
	},
	/// The database holds another chain.
	#[error(
		"the database {path} belongs to another chain.\n  first block in the database: {stored:?}\n  first \
		 block of {chain}: {expected:?}\nGive the specification that the database was made from (--chain \
		 FILE), or another --base-path; or delete the database: the same command with `purge-chain`. \
		 Each build of the node makes its own `dev`, `local` and `testnet`: a chain that outlives an upgrade \
		 starts from a raw specification file"
	)]
	ForeignDatabase {
		/// Where it is.
		path: String,
		/// Hash of its first block.
		stored: Hash,
		/// The chain that was asked for.
		chain: String,
		/// Hash of the first block of that.
		expected: Hash,
	},
}

impl From<Refusal> for ServiceError {
	fn from(refusal: Refusal) -> Self {
		Self::Application(refusal.into())
	}
}

impl From<Refusal> for sc_cli::Error {
	fn from(refusal: Refusal) -> Self {
		Self::Application(refusal.into())
	}
}
