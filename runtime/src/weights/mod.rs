//! What calls and steps cost, as `make weights` measured it.

pub mod pallet_emission;
