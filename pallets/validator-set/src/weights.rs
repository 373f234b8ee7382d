//! Weights of calls and hooks: the trait that the benchmarks implement.
//!
//! The proof size is 0: a solo chain has no proofs.

use frame_support::weights::Weight;

/// Maximum weight of each call and each hook.
pub trait WeightInfo {
	/// `register`, in a full list.
	fn register() -> Weight;
	/// `leave`.
	fn leave() -> Weight;
	/// `purge_keys`.
	fn purge_keys() -> Weight;
	/// `set_invulnerables` of this many accounts.
	fn set_invulnerables(accounts: u32) -> Weight;
	/// `set_limits`.
	fn set_limits() -> Weight;
	/// Every block: count the slots since the last one.
	fn block() -> Weight;
	/// End a session and plan one, with this many candidates and as many validators as there can be.
	fn rotate(candidates: u32) -> Weight;
	/// Slash this many validators.
	fn on_offence(offenders: u32) -> Weight;
	/// Pay twice as many accounts as there can be validators.
	fn reward() -> Weight;
}
