//! The names by which the client finds things in a runtime's metadata, each written once.
//!
//! ```text
//!   Emission     register, stake, unstake, post_row, …        CallName
//!                EpochStarted, EpochPaid, EndpointSet, …      Event
//!                EmissionParameters, Unbonding                Item
//!   EmissionApi  components, row, bids, epoch_status, …       Method
//!   ValidatorSetApi  validators, candidates, status           Method
//!   ValidatorSet register, leave, purge_keys                  CallName
//!   Session      set_keys                                     CallName
//!                NextKeys                                     Item
//!   Balances     transfer_keep_alive                          CallName
//!   System       Account                                      Item
//!   Timestamp    Now                                          Item
//! ```
//!
//! [`check`] compares the list with the metadata of a node before anything is read: that of components
//! for every program, that of validators for those who validate.

use crate::ChainError;
use strum::{EnumString, IntoStaticStr, VariantArray};
use subxt::metadata::Metadata;

/// The pallet of stakes, rows and payouts.
pub const EMISSION: &str = "Emission";
/// Its runtime API.
pub const API: &str = "EmissionApi";
/// The pallet of validators and candidates.
pub const VALIDATOR_SET: &str = "ValidatorSet";
/// Its runtime API.
pub const VALIDATOR_SET_API: &str = "ValidatorSetApi";
/// The pallet of session keys.
pub const SESSION: &str = "Session";

/// What a program does on a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
	/// It reads and runs components.
	Components,
	/// It validates, or reads the set of validators.
	Validators,
}

/// The part that needs this pallet or runtime API.
fn part_of(owner: &str) -> Part {
	match owner {
		VALIDATOR_SET | VALIDATOR_SET_API | SESSION => Part::Validators,
		_ => Part::Components,
	}
}

/// A call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum CallName {
	/// Registers a component.
	Register,
	/// Names the service key.
	SetServiceKey,
	/// Accepts to serve a component.
	AcceptServiceKey,
	/// Stops serving a component.
	ResignServiceKey,
	/// Offers the component to another owner.
	OfferComponent,
	/// Accepts a component that is offered.
	AcceptComponent,
	/// Adds to the stake.
	Stake,
	/// Takes from the stake.
	Unstake,
	/// Moves unlocked stake to the balance.
	WithdrawUnbonded,
	/// Removes the component.
	Deregister,
	/// Announces where the component serves.
	SetEndpoint,
	/// Replaces the row.
	PostRow,
	/// Transfers units to another account.
	TransferKeepAlive,
	/// Registers the session keys of a validator.
	SetKeys,
	/// Becomes a candidate.
	#[strum(serialize = "register")]
	RegisterValidator,
	/// Stops being a candidate.
	#[strum(serialize = "leave")]
	LeaveValidators,
	/// Removes session keys.
	PurgeKeys,
}

impl CallName {
	/// The pallet of the call.
	pub fn pallet(self) -> &'static str {
		match self {
			Self::TransferKeepAlive => "Balances",
			Self::SetKeys => SESSION,
			Self::RegisterValidator | Self::LeaveValidators | Self::PurgeKeys => VALIDATOR_SET,
			_ => EMISSION,
		}
	}

	/// The name in the metadata.
	pub fn as_str(self) -> &'static str {
		self.into()
	}
}

/// A method of [`API`] or [`VALIDATOR_SET_API`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Method {
	/// The uid of an account.
	ComponentOf,
	/// A page of components.
	Components,
	/// The rows of one component.
	Row,
	/// A page of rows.
	Rows,
	/// A page of bids.
	Bids,
	/// The running epoch.
	EpochStatus,
	/// The validators.
	Validators,
	/// The candidates.
	Candidates,
	/// What the set of validators knows of an account.
	Status,
}

impl Method {
	/// The runtime API of the method.
	pub fn api(self) -> &'static str {
		match self {
			Self::Validators | Self::Candidates | Self::Status => VALIDATOR_SET_API,
			_ => API,
		}
	}

	/// The name in the metadata.
	pub fn as_str(self) -> &'static str {
		self.into()
	}
}

/// A storage item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, VariantArray)]
pub enum Item {
	/// What genesis fixed about the emission.
	EmissionParameters,
	/// Stake of an account that unbonds.
	Unbonding,
	/// Nonce and balances of an account.
	Account,
	/// The time of the block.
	Now,
	/// Session keys of an account.
	NextKeys,
}

impl Item {
	/// The pallet of the item.
	pub fn pallet(self) -> &'static str {
		match self {
			Self::EmissionParameters | Self::Unbonding => EMISSION,
			Self::Account => "System",
			Self::Now => "Timestamp",
			Self::NextKeys => SESSION,
		}
	}

	/// The name in the metadata.
	pub fn as_str(self) -> &'static str {
		self.into()
	}
}

/// An event of [`EMISSION`] that changes what a client knows of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
pub enum Event {
	/// A solve began: the pending rows are active.
	EpochStarted,
	/// All components were paid: flows are new.
	EpochPaid,
	/// A component was registered.
	ComponentRegistered,
	/// A component asked to leave.
	ComponentLeaving,
	/// A component that was leaving is gone.
	ComponentRemoved,
	/// A component changed where it serves.
	EndpointSet,
	/// A component has another service key.
	ServiceKeySet,
	/// A component has another owner.
	OwnerSet,
	/// A component names a key that can accept to serve it.
	ServiceKeyNamed,
}

/// Checks that a runtime has everything in this list that a part needs.
///
/// # Errors
/// [`ChainError::Incompatible`], which names the first thing that is missing.
pub fn check(metadata: &Metadata, part: Part) -> Result<(), ChainError> {
	let need = |found: bool, what: String| match found {
		true => Ok(()),
		false => Err(ChainError::Incompatible {
			what,
			reason: "it is not in the metadata of the node's runtime".into(),
		}),
	};
	let calls = CallName::VARIANTS.iter().filter(|call| part_of(call.pallet()) == part);
	let items = Item::VARIANTS.iter().filter(|item| part_of(item.pallet()) == part);
	let methods = Method::VARIANTS.iter().filter(|method| part_of(method.api()) == part);
	for call in calls {
		let (pallet, name) = (call.pallet(), call.as_str());
		let found = metadata.pallet_by_name(pallet).and_then(|p| p.call_variant_by_name(name));
		need(found.is_some(), format!("call {pallet}.{name}"))?;
	}
	for item in items {
		let (pallet, name) = (item.pallet(), item.as_str());
		let storage = metadata.pallet_by_name(pallet).and_then(|pallet| pallet.storage());
		let found = storage.and_then(|storage| storage.entry_by_name(name));
		need(found.is_some(), format!("storage {pallet}.{name}"))?;
	}
	for method in methods {
		let (api, name) = (method.api(), method.as_str());
		let found = metadata.runtime_api_trait_by_name(api);
		let found = found.as_ref().and_then(|api| api.method_by_name(name));
		need(found.is_some(), format!("runtime API {api}.{name}"))?;
	}
	let events = metadata.pallet_by_name(EMISSION).and_then(|pallet| pallet.event_variants());
	let known = if part == part_of(EMISSION) { Event::VARIANTS } else { &[] };
	for event in known {
		let name: &str = event.into();
		let found = events.is_some_and(|events| events.iter().any(|event| event.name == name));
		need(found, format!("event {EMISSION}.{name}"))?;
	}
	Ok(())
}
