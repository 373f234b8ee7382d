//! The views of the chain that people and programs read, each defined once.
//!
//! ```text
//!                        bittensor-emission
//!        ┌──────────────┬───────┴──────┬──────────────────┐
//!   pallet-emission   runtime API     JSON-RPC       clients (subxt)
//!     builds them     SCALE           feature serde  feature decode
//! ```
//!
//! | view | content |
//! |---|---|
//! | [`ComponentInfo`], [`Endpoint`] | owner, keys, address, stake and payout of a component |
//! | [`RowInfo`], [`Row`], [`Edge`] | the shares of its loss reduction |
//! | [`Bid`] | the flow from one component to another |
//! | [`EpochStatus`], [`LastPayout`], [`Phase`] | the running epoch and the last payout |
//! | [`Parameters`], [`Halvings`] | the parameters that genesis fixes |
//! | [`ValidatorInfo`], [`CandidateInfo`], [`ValidatorStatus`] | who produces blocks, and who wants to |
//!
//! Units: amounts are in units ([`UNIT`] units are one BIT), shares out of [`SHARE_ONE`], uids are
//! `u32`, epochs count from 1, blocks are block numbers.
//!
//! ```
//! use bittensor_emission::{Edge, Row, RowInfo};
//!
//! let edges = vec![Edge { target: 0, share: 16_384 }];
//! let active = Row { posted: 5, self_share: 49_152, edges };
//! let row = RowInfo { uid: 3, active: Some(active), pending: None };
//! assert_eq!(row.newest().map(|row| row.posted), Some(5));
//! # #[cfg(feature = "serde")]
//! assert_eq!(
//!     serde_json::to_value(&row)?,
//!     serde_json::json!({
//!         "uid": 3,
//!         "active": { "posted": 5, "self_share": 49152, "edges": [{ "target": 0, "share": 16384 }] },
//!         "pending": null
//!     })
//! );
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! # Features
//!
//! - SCALE (`Encode`, `Decode`, `TypeInfo`) is always on.
//! - `serde`: JSON as the node's RPC gives it. Amounts and the residual are decimal strings, because
//!   they may exceed 2^53; `tls_spki` is `0x`-hex; shares, uids, epochs and blocks are numbers.
//!   [`Parameters`] are written as in a chain specification: camelCase, all numbers.
//! - `decode`: `DecodeAsType` by field name against a chain's metadata, and `EncodeAsType` for what
//!   calls carry ([`Endpoint`], [`Edge`]). Unknown fields are ignored, missing ones are errors.

#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

mod component;
mod endpoint;
mod epoch;
#[cfg(feature = "serde")]
mod json;
mod parameters;
mod row;
mod validator;

pub use component::{Bid, ComponentInfo};
pub use contribution::{Edge, MAX_COMPONENTS, MAX_EDGES, MAX_SWEEPS, MIN_SELF_SHARE, SHARE_ONE};
pub use endpoint::{Endpoint, Host, HostTooLong, MAX_HOST_LEN};
pub use epoch::{EpochStatus, LastPayout, Phase};
pub use parameters::{Halvings, Parameters};
pub use row::{Row, RowInfo};
pub use validator::{CandidateInfo, ValidatorInfo, ValidatorStatus};

/// Amounts, in units.
pub type Balance = u64;

/// Units in one BIT.
pub const UNIT: Balance = 1_000_000_000;

/// Maximum number of components per call of the runtime API.
pub const MAX_COMPONENTS_PER_READ: u32 = 256;

/// Maximum number of rows that one call of the runtime API returns, or searches for bids.
pub const MAX_ROWS_PER_READ: u32 = 1_024;

/// Maximum number of contributions per call of the runtime API.
pub const MAX_CONTRIBUTIONS_PER_READ: u32 = 4_096;
