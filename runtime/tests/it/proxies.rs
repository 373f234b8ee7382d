//! The calls that each proxy type may make.

use bittensor_runtime::{configs::accounts::ProxyType, RuntimeCall};
use frame_support::traits::InstanceFilter;
use pallet_emission::Call as Emission;
use sp_keyring::Sr25519Keyring;

fn post_row() -> RuntimeCall {
	RuntimeCall::Emission(Emission::post_row { row: Default::default() })
}

fn transfer() -> RuntimeCall {
	RuntimeCall::Balances(pallet_balances::Call::transfer_keep_alive {
		dest: Sr25519Keyring::Bob.to_account_id().into(),
		value: 1,
	})
}

#[test]
fn posting_posts_and_announces_only() {
	let allowed = [
		post_row(),
		RuntimeCall::Emission(Emission::set_edge { target: 1, share: 1 }),
		RuntimeCall::Emission(Emission::set_endpoint { endpoint: None }),
	];
	for call in allowed {
		assert!(ProxyType::Posting.filter(&call), "{call:?}");
	}
	let refused = [
		transfer(),
		RuntimeCall::Emission(Emission::stake { amount: 1 }),
		RuntimeCall::Emission(Emission::unstake { amount: 1 }),
		RuntimeCall::Emission(Emission::deregister {}),
		RuntimeCall::Emission(Emission::withdraw_unbonded {}),
		RuntimeCall::Emission(Emission::set_service_key { service_key: [0; 32].into() }),
		RuntimeCall::Emission(Emission::accept_service_key { owner: [0; 32].into() }),
		RuntimeCall::Emission(Emission::offer_component { new_owner: None }),
		RuntimeCall::Emission(Emission::register { endpoint: None, service_key: None }),
		RuntimeCall::Utility(pallet_utility::Call::batch { calls: vec![post_row()] }),
		RuntimeCall::System(frame_system::Call::remark { remark: vec![] }),
	];
	for call in refused {
		assert!(!ProxyType::Posting.filter(&call), "{call:?}");
	}
}

#[test]
fn governance_votes_and_nothing_else() {
	let remark = RuntimeCall::System(frame_system::Call::remark { remark: vec![] });
	let propose = RuntimeCall::TechnicalCommittee(pallet_collective::Call::propose {
		threshold: 2,
		proposal: Box::new(remark.clone()),
		length_bound: 10,
	});
	assert!(ProxyType::Governance.filter(&propose));
	assert!(!ProxyType::NonTransfer.filter(&propose));
	// `execute` makes any call in the name of one member.
	let execute = RuntimeCall::TechnicalCommittee(pallet_collective::Call::execute {
		proposal: Box::new(remark.clone()),
		length_bound: 10,
	});
	for call in [execute, remark, post_row(), transfer()] {
		assert!(!ProxyType::Governance.filter(&call), "{call:?}");
	}
}

#[test]
fn non_transfer_moves_nothing_to_others() {
	assert!(ProxyType::NonTransfer.filter(&post_row()));
	assert!(ProxyType::NonTransfer.filter(&RuntimeCall::Emission(Emission::unstake { amount: 1 })));
	assert!(!ProxyType::NonTransfer.filter(&transfer()));
	// The stake goes with the component.
	let bob = Sr25519Keyring::Bob.to_account_id();
	let offer = Emission::offer_component { new_owner: Some(bob) };
	assert!(!ProxyType::NonTransfer.filter(&RuntimeCall::Emission(offer)));
	let remark = RuntimeCall::System(frame_system::Call::remark { remark: vec![] });
	let sudo = RuntimeCall::Sudo(pallet_sudo::Call::sudo { call: Box::new(remark) });
	assert!(!ProxyType::NonTransfer.filter(&sudo));
}

#[test]
fn a_proxy_cannot_appoint_one_that_may_do_more() {
	use ProxyType::{Any, Governance, NonTransfer, Posting};
	let pairs = [(Any, NonTransfer), (Any, Posting), (Any, Governance), (NonTransfer, Posting)];
	for (wider, narrower) in pairs {
		assert!(wider.is_superset(&narrower));
		assert!(!narrower.is_superset(&wider));
	}
	for kind in [Any, NonTransfer, Posting, Governance] {
		assert!(kind.is_superset(&kind));
	}
	for other in [NonTransfer, Posting] {
		assert!(!other.is_superset(&Governance) && !Governance.is_superset(&other));
	}
}
