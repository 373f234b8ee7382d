//! The calls that a client signs: their arguments, encoded by the metadata of the chain.

use crate::{names::CallName, AccountId, Edge, Endpoint};
use subxt::{
	ext::scale_encode::{EncodeAsFields, EncodeAsType, Error, FieldIter, TypeResolver},
	tx::Payload,
	utils::{AccountId32, MultiAddress},
};

/// A call and its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
	/// Becomes a component; the caller is the owner, and the service key until `service_key` accepts.
	Register {
		/// Where it serves.
		endpoint: Option<Endpoint>,
		/// Another account that is to run the miner.
		service_key: Option<AccountId>,
	},
	/// Names the key that is to run the miner; the owner itself needs not accept.
	SetServiceKey {
		/// The key.
		service_key: AccountId,
	},
	/// Accepts to serve the component of an owner that names this key.
	AcceptServiceKey {
		/// The owner.
		owner: AccountId,
	},
	/// Stops serving; the owner of the component serves again.
	ResignServiceKey,
	/// Offers the component to another owner; `None` takes the offer back.
	OfferComponent {
		/// The account that can accept.
		new_owner: Option<AccountId>,
	},
	/// Accepts the component that its owner offers this account.
	AcceptComponent {
		/// The owner until now.
		owner: AccountId,
	},
	/// Adds to the stake.
	Stake {
		/// Units.
		amount: u64,
	},
	/// Takes from the stake; the units unlock some blocks later.
	Unstake {
		/// Units.
		amount: u64,
	},
	/// Moves all unlocked units to the balance.
	Withdraw,
	/// Removes the component at the next epoch; its stake unbonds, its deposit comes back.
	Deregister,
	/// Announces where the component serves, or that it does not.
	SetEndpoint {
		/// The endpoint.
		endpoint: Option<Endpoint>,
	},
	/// Replaces the row; the component keeps what the edges leave of 65,536.
	PostRow {
		/// The edges, in any order.
		row: Vec<Edge>,
	},
	/// Transfers units; the sender's account stays alive.
	Transfer {
		/// The receiver.
		to: AccountId,
		/// Units.
		amount: u64,
	},
	/// Registers session keys for the caller; the deposit for them is put on hold.
	SetKeys {
		/// The public keys, as the node's RPC gives them: Aura, then GRANDPA, 32 bytes each.
		keys: [[u8; 32]; 2],
		/// The proof that the node holds their private halves, made for the caller.
		proof: Vec<u8>,
	},
	/// Becomes a candidate for the set of validators.
	RegisterValidator,
	/// Stops being a candidate.
	LeaveValidators,
	/// Removes the session keys; the deposit for them comes back.
	PurgeKeys,
}

/// Session keys, with the names that the runtime gives them.
#[derive(EncodeAsType)]
#[encode_as_type(crate_path = "subxt::ext::scale_encode")]
struct SessionKeys {
	aura: [u8; 32],
	grandpa: [u8; 32],
}

impl Call {
	/// Which call it is.
	pub fn name(&self) -> CallName {
		match self {
			Self::Register { .. } => CallName::Register,
			Self::SetServiceKey { .. } => CallName::SetServiceKey,
			Self::AcceptServiceKey { .. } => CallName::AcceptServiceKey,
			Self::ResignServiceKey => CallName::ResignServiceKey,
			Self::OfferComponent { .. } => CallName::OfferComponent,
			Self::AcceptComponent { .. } => CallName::AcceptComponent,
			Self::Stake { .. } => CallName::Stake,
			Self::Unstake { .. } => CallName::Unstake,
			Self::Withdraw => CallName::WithdrawUnbonded,
			Self::Deregister => CallName::Deregister,
			Self::SetEndpoint { .. } => CallName::SetEndpoint,
			Self::PostRow { .. } => CallName::PostRow,
			Self::Transfer { .. } => CallName::TransferKeepAlive,
			Self::SetKeys { .. } => CallName::SetKeys,
			Self::RegisterValidator => CallName::RegisterValidator,
			Self::LeaveValidators => CallName::LeaveValidators,
			Self::PurgeKeys => CallName::PurgeKeys,
		}
	}
}

impl Payload for Call {
	type CallData = Self;

	fn pallet_name(&self) -> &str {
		self.name().pallet()
	}

	fn call_name(&self) -> &str {
		self.name().as_str()
	}

	fn call_data(&self) -> &Self {
		self
	}
}

impl EncodeAsFields for Call {
	fn encode_as_fields_to<R: TypeResolver>(
		&self,
		fields: &mut dyn FieldIter<'_, R::TypeId>,
		types: &R,
		out: &mut Vec<u8>,
	) -> Result<(), Error> {
		match self {
			Self::Register { endpoint, service_key } => {
				(endpoint, service_key).encode_as_fields_to(fields, types, out)
			}
			Self::Stake { amount } | Self::Unstake { amount } => {
				(amount,).encode_as_fields_to(fields, types, out)
			}
			Self::SetServiceKey { service_key: account }
			| Self::AcceptServiceKey { owner: account }
			| Self::AcceptComponent { owner: account } => (account,).encode_as_fields_to(fields, types, out),
			Self::OfferComponent { new_owner } => {
				(new_owner,).encode_as_fields_to(fields, types, out)
			}
			Self::Withdraw
			| Self::Deregister
			| Self::ResignServiceKey
			| Self::RegisterValidator
			| Self::LeaveValidators
			| Self::PurgeKeys => Ok(()),
			Self::SetKeys { keys: [aura, grandpa], proof } => {
				let keys = SessionKeys { aura: *aura, grandpa: *grandpa };
				(keys, proof).encode_as_fields_to(fields, types, out)
			}
			Self::SetEndpoint { endpoint } => (endpoint,).encode_as_fields_to(fields, types, out),
			Self::PostRow { row } => (row,).encode_as_fields_to(fields, types, out),
			Self::Transfer { to, amount } => {
				let to = MultiAddress::<AccountId32, ()>::Id(AccountId32(*to));
				(to, amount).encode_as_fields_to(fields, types, out)
			}
		}
	}
}
