//! Weights of calls and steps, measured by `make weights`. What was raised or set by hand since says so.

pub mod pallet_emission;
pub mod pallet_validator_set;
