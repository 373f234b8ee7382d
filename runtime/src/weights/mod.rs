//! Weights of calls and steps, measured by `make weights`.

pub mod pallet_emission;
pub mod pallet_validator_set;
