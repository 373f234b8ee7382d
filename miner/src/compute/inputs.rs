//! Which account is connected to which input.

use bittensor_wire::AccountId;

/// The accounts (service keys) at the inputs, by position.
pub type Inputs = Vec<Option<AccountId>>;
