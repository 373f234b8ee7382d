//! Batches (Utility), proxies (Proxy) and, if genesis names a key, Sudo.

use crate::{
	Balance, Balances, OriginCaller, Runtime, RuntimeCall, RuntimeEvent, System, MILLI, UNIT,
};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::traits::{ConstU32, ConstU64, InstanceFilter};
use scale_info::TypeInfo;
use sp_runtime::traits::BlakeTwo256;

/// Deposit for storing `items` entries with `bytes` bytes in total, in units.
pub(super) const fn deposit(items: u64, bytes: u64) -> Balance {
	items * (UNIT / 10) + bytes * MILLI
}

impl pallet_utility::Config for Runtime {
	type PalletsOrigin = OriginCaller;
	type RuntimeCall = RuntimeCall;
	type RuntimeEvent = RuntimeEvent;
	type WeightInfo = pallet_utility::weights::SubstrateWeight<Runtime>;
}

/// The calls that a proxy may make for the account that appointed it.
#[derive(
	Copy,
	Clone,
	Debug,
	Default,
	PartialEq,
	Eq,
	PartialOrd,
	Ord,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub enum ProxyType {
	/// Everything.
	#[default]
	Any,
	/// All calls that move no tokens to other accounts. Excludes transfers, handing over the component
	/// and Sudo; includes staking and unstaking.
	NonTransfer,
	/// Only post rows and announce the endpoint: `post_row`, `set_edge`, `set_endpoint`.
	Posting,
	/// Only take part in the technical committee: `propose`, `vote`, `close`. A member keeps its own key
	/// offline and votes with another.
	Governance,
}

impl InstanceFilter<RuntimeCall> for ProxyType {
	fn filter(&self, call: &RuntimeCall) -> bool {
		match self {
			Self::Any => true,
			Self::NonTransfer => match call {
				RuntimeCall::System(..)
				| RuntimeCall::Utility(..)
				| RuntimeCall::Proxy(..)
				| RuntimeCall::ValidatorSet(..) => true,
				RuntimeCall::Session(call) => {
					matches!(call, pallet_session::Call::set_keys { .. })
				}
				RuntimeCall::Emission(call) => {
					!matches!(call, pallet_emission::Call::offer_component { .. })
				}
				_ => false,
			},
			Self::Posting => matches!(
				call,
				RuntimeCall::Emission(
					pallet_emission::Call::post_row { .. }
						| pallet_emission::Call::set_edge { .. }
						| pallet_emission::Call::set_endpoint { .. }
				)
			),
			Self::Governance => matches!(
				call,
				RuntimeCall::TechnicalCommittee(
					pallet_collective::Call::propose { .. }
						| pallet_collective::Call::vote { .. }
						| pallet_collective::Call::close { .. }
				)
			),
		}
	}

	fn is_superset(&self, other: &Self) -> bool {
		match (self, other) {
			(Self::Any, _) => true,
			(Self::NonTransfer, other) => matches!(other, Self::NonTransfer | Self::Posting),
			(narrow, other) => narrow == other,
		}
	}
}

impl pallet_proxy::Config for Runtime {
	type AnnouncementDepositBase = ConstU64<{ deposit(1, 16) }>;
	type AnnouncementDepositFactor = ConstU64<{ deposit(0, 68) }>;
	type BlockNumberProvider = System;
	type CallHasher = BlakeTwo256;
	type Currency = Balances;
	type MaxPending = ConstU32<32>;
	type MaxProxies = ConstU32<32>;
	type ProxyDepositBase = ConstU64<{ deposit(1, 8) }>;
	type ProxyDepositFactor = ConstU64<{ deposit(0, 37) }>;
	type ProxyType = ProxyType;
	type RuntimeCall = RuntimeCall;
	type RuntimeEvent = RuntimeEvent;
	type WeightInfo = pallet_proxy::weights::SubstrateWeight<Runtime>;
}

impl pallet_sudo::Config for Runtime {
	type RuntimeCall = RuntimeCall;
	type RuntimeEvent = RuntimeEvent;
	type WeightInfo = pallet_sudo::weights::SubstrateWeight<Runtime>;
}
