//! Weights of `pallet_validator_set`, set by hand until `make weights` has measured them.
//!
//! Each counts the reads and writes of its worst case, and a time that is several times that of the same
//! work in `pallet_emission`: 10 µs to look up and decode a page of stakes (`set_endpoint` takes 39 µs with
//! its checks and its event), 30 µs for the keys of a validator.

#![cfg_attr(rustfmt, rustfmt_skip)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// The most validators.
const VALIDATORS: u64 = 32;
/// Time to read the stake of a candidate: owner, component, page, keys and bond.
const STAKE: u64 = 40_000_000;

/// Estimated time, and the database's weights for reads and writes. No proof size: a solo chain has
/// none.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_validator_set::WeightInfo for WeightInfo<T> {
	// The stake of each candidate, to find the least.
	fn register(candidates: u32) -> Weight {
		let candidates = u64::from(candidates);
		Weight::from_parts(100_000_000 + STAKE * candidates, 0)
			.saturating_add(T::DbWeight::get().reads(16 + 5 * candidates))
			.saturating_add(T::DbWeight::get().writes(4))
	}
	fn leave() -> Weight {
		Weight::from_parts(70_000_000, 0)
			.saturating_add(T::DbWeight::get().reads(8))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	// As `purge_keys` of pallet_session, and three lookups.
	fn purge_keys() -> Weight {
		Weight::from_parts(150_000_000, 0)
			.saturating_add(T::DbWeight::get().reads(11))
			.saturating_add(T::DbWeight::get().writes(7))
	}
	fn set_invulnerables(accounts: u32) -> Weight {
		let accounts = u64::from(accounts);
		Weight::from_parts(50_000_000 + 10_000_000 * accounts, 0)
			.saturating_add(T::DbWeight::get().reads(2 + accounts))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	fn set_limits() -> Weight {
		Weight::from_parts(30_000_000, 0)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	fn block() -> Weight {
		Weight::from_parts(20_000_000, 0)
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(2))
	}
	// Twice the stake of each candidate, for those that are dropped and for the set. For each validator:
	// keys, their hash and bond; two sessions remembered, two forgotten, their slashes; absence, noted and
	// forgotten; Aura and GRANDPA.
	fn rotate(candidates: u32) -> Weight {
		let candidates = u64::from(candidates);
		Weight::from_parts(500_000_000 + 220_000_000 * VALIDATORS + 2 * STAKE * candidates, 0)
			.saturating_add(T::DbWeight::get().reads(42 + 14 * VALIDATORS + 5 * candidates))
			.saturating_add(T::DbWeight::get().writes(25 + 8 * VALIDATORS))
	}
	// A slash: stake, unbonding, pot and candidacy.
	fn on_offence(offenders: u32) -> Weight {
		let offenders = u64::from(offenders);
		Weight::from_parts(50_000_000 + 250_000_000 * offenders, 0)
			.saturating_add(T::DbWeight::get().reads(10 + 10 * offenders))
			.saturating_add(T::DbWeight::get().writes(4 + 8 * offenders))
	}
	// Three sets of accounts: two of earlier sessions, and the running one.
	fn reward() -> Weight {
		Weight::from_parts(50_000_000 + 3 * VALIDATORS * 40_000_000, 0)
			.saturating_add(T::DbWeight::get().reads(6 + 3 * VALIDATORS))
			.saturating_add(T::DbWeight::get().writes(4 + 3 * VALIDATORS))
	}
}
