//! What a double vote costs: reports as nodes make them, by the runtime API.

use crate::{
	chain::{author, preset, sign},
	governance::{all_members, as_root},
	validators::{candidacy, charlie_joins, set_keys_of},
};
use bittensor_runtime::{
	configs::consensus::VoteKeys, governance, Balances, Block, Emission, Grandpa, Runtime,
	RuntimeCall, RuntimeEvent, RuntimeOrigin, Session, UncheckedExtrinsic, ValidatorSet, UNIT,
};
use codec::{Decode, Encode};
use frame_support::traits::KeyOwnerProofSystem;
use pallet_emission::Stake;
use pallet_validator_set::{types::Removal, Event};
use sp_consensus_grandpa::{
	localized_payload, runtime_decl_for_grandpa_api::GrandpaApiV3 as GrandpaApi, EquivocationProof,
	KEY_TYPE,
};
use sp_core::H256;
use sp_keyring::{
	Ed25519Keyring,
	Sr25519Keyring::{AliceStash, Charlie, Dave, Eve},
};
use sp_runtime::{
	traits::Dispatchable, transaction_validity::InvalidTransaction, ApplyExtrinsicResult,
	DispatchError,
};
use sp_session::MembershipProof;

/// The stake of Charlie, in units.
const STAKE: u64 = 5_000 * UNIT;

/// Two votes in one round of a set of finality, for different blocks.
fn equivocation(voter: Ed25519Keyring, set_id: u64, round: u64) -> EquivocationProof<H256, u32> {
	let vote = |hash: u8| {
		let target = (H256::repeat_byte(hash), 7u32);
		// Message number 0 is a prevote.
		let signature = voter.sign(&localized_payload(round, set_id, &(0u8, target)));
		(target, signature)
	};
	let proof = (set_id, 0u8, round, voter.public(), vote(1), vote(2)).encode();
	EquivocationProof::decode(&mut &proof[..]).expect("the encoding of a proof")
}

fn submit(
	equivocation_proof: EquivocationProof<H256, u32>,
	key_owner_proof: MembershipProof,
) -> UncheckedExtrinsic {
	UncheckedExtrinsic::new_bare(RuntimeCall::Grandpa(
		pallet_grandpa::Call::report_equivocation_unsigned {
			equivocation_proof: Box::new(equivocation_proof),
			key_owner_proof,
		},
	))
}

/// What the runtime tells a node about the owner of a key.
fn ownership(voter: Ed25519Keyring, set_id: u64) -> Option<MembershipProof> {
	let key = voter.public().into();
	<Runtime as GrandpaApi<Block>>::generate_key_ownership_proof(set_id, key)?.decode()
}

/// The report of a double vote, as a node makes it now.
fn report_of(voter: Ed25519Keyring, set_id: u64, round: u64) -> UncheckedExtrinsic {
	let owner = ownership(voter, set_id).expect("the key votes in this set");
	submit(equivocation(voter, set_id, round), owner)
}

/// The same of Charlie's first key in the running set.
fn report(round: u64) -> UncheckedExtrinsic {
	report_of(Ed25519Keyring::Charlie, Grandpa::current_set_id(), round)
}

fn blocks(numbers: core::ops::RangeInclusive<u32>) {
	numbers.for_each(|number| drop(author(number, vec![])));
}

fn charlie_rotates(number: u32) {
	let call = set_keys_of(Ed25519Keyring::Eve, Eve, &Charlie.to_account_id());
	let (results, _) = author(number, vec![sign(Charlie, 4, call)]);
	assert_eq!(results, [Ok(Ok(()))]);
}

fn alice_rotates(number: u32) {
	let call = set_keys_of(Ed25519Keyring::Dave, Dave, &AliceStash.to_account_id());
	let (results, _) = author(number, vec![sign(AliceStash, 0, call)]);
	assert_eq!(results, [Ok(Ok(()))]);
}

/// Submits a report in this block and checks that it takes the whole stake: one of two voted twice.
fn is_slashed(number: u32, report: UncheckedExtrinsic) {
	assert_eq!(Emission::at_stake(&Charlie.to_account_id()), STAKE);
	let (results, _) = author(number, vec![report]);
	assert_eq!(results, [Ok(Ok(()))]);
	assert_eq!(Emission::at_stake(&Charlie.to_account_id()), 0);
}

/// A chain on which Charlie validates since session 2, which starts in block 20.
fn with_charlie(test: impl FnOnce()) {
	preset("development").execute_with(|| {
		assert_eq!(charlie_joins(5_000), 20);
		test();
	});
}

#[test]
fn an_equivocation_with_its_proof_slashes_and_removes() {
	with_charlie(|| {
		let charlie = Charlie.to_account_id();
		let issued = Balances::total_issuance();
		let (results, events) = author(21, vec![report(3)]);
		assert_eq!(results, [Ok(Ok(()))]);
		// One of two validators: min(3/2, 1)² of the stake.
		assert_eq!(Emission::at_stake(&charlie), 0);
		assert_eq!(Balances::total_issuance(), issued - STAKE);
		let events: Vec<_> = events
			.into_iter()
			.filter_map(|event| match event {
				RuntimeEvent::ValidatorSet(event) => Some(event),
				_ => None,
			})
			.collect();
		assert!(matches!(
			&events[0],
			Event::ValidatorSlashed { account, session: 2, amount: STAKE, .. } if *account == charlie
		));
		let removed =
			Event::CandidateRemoved { account: charlie.clone(), reason: Removal::Slashed };
		assert_eq!(events[1], removed);

		// The same again is refused, and nothing more is taken.
		let (results, _) = author(22, vec![report(3)]);
		assert!(results[0].is_err(), "{results:?}");
		blocks(23..=40);
		assert_eq!(Session::validators(), [AliceStash.to_account_id()]);
		let (results, _) = author(41, vec![sign(Charlie, 4, candidacy())]);
		assert_eq!(ValidatorSet::status(&charlie).barred_until, None);
		let refused: DispatchError =
			pallet_validator_set::Error::<Runtime>::StakeBelowMinimum.into();
		assert_eq!(results, [Ok(Err(refused))]);
	});
}

#[test]
fn an_equivocation_can_be_reported_until_the_next_session_ends() {
	with_charlie(|| {
		let charlie = Charlie.to_account_id();
		let leave = RuntimeCall::ValidatorSet(pallet_validator_set::Call::leave {});
		author(21, vec![sign(Charlie, 4, leave)]);
		blocks(22..=39);
		assert!(Session::validators().contains(&charlie));
		let late = report(8);
		author(40, vec![]);
		assert!(!Session::validators().contains(&charlie));
		let unstake = pallet_emission::Call::unstake { amount: STAKE };
		let (results, _) = author(41, vec![sign(Charlie, 5, RuntimeCall::Emission(unstake))]);
		assert_eq!(results, [Ok(Ok(()))], "it is free to unstake");
		blocks(42..=50);
		assert_eq!(Session::current_index(), 5);
		let (results, _) = author(51, vec![late]);
		assert!(results[0].is_err(), "the window of one session has ended: {results:?}");
		assert_eq!(Emission::at_stake(&charlie), STAKE);
	});
	with_charlie(|| {
		blocks(21..=29);
		let late = report(8);
		blocks(30..=38);
		is_slashed(39, late);
	});
}

#[test]
fn new_keys_do_not_hide_a_double_vote_of_the_old_one() {
	let set_id = Grandpa::current_set_id;
	// In the session of the new keys, which vote from session 4; before, the old key votes.
	with_charlie(|| {
		charlie_rotates(21);
		is_slashed(22, report(3));
	});
	// In the next session.
	with_charlie(|| {
		charlie_rotates(21);
		blocks(22..=31);
		assert_eq!(ownership(Ed25519Keyring::Eve, set_id()), None, "it does not vote yet");
		is_slashed(32, report(3));
	});
	// The report is made before the old key stops voting, and included afterwards.
	with_charlie(|| {
		charlie_rotates(21);
		blocks(22..=39);
		let late = report(3);
		blocks(40..=41);
		is_slashed(42, late);
	});
	// The report is made by a node that sees the new set already.
	with_charlie(|| {
		charlie_rotates(21);
		let old = set_id();
		blocks(22..=41);
		assert_eq!(set_id(), old + 1);
		assert_eq!(ownership(Ed25519Keyring::Charlie, old + 1), None, "it votes no more");
		assert!(ownership(Ed25519Keyring::Eve, old + 1).is_some());
		is_slashed(42, report_of(Ed25519Keyring::Charlie, old, 3));
	});
	// After the window.
	with_charlie(|| {
		charlie_rotates(21);
		let old = set_id();
		blocks(22..=39);
		let late = report(3);
		blocks(40..=50);
		assert_eq!(ownership(Ed25519Keyring::Charlie, old), None);
		let (results, _) = author(51, vec![late]);
		assert_eq!(results, [Err(InvalidTransaction::BadProof.into())]);
		assert_eq!(Emission::at_stake(&Charlie.to_account_id()), STAKE);
	});
	// The new key is punished as the old one was.
	with_charlie(|| {
		charlie_rotates(21);
		blocks(22..=41);
		is_slashed(42, report_of(Ed25519Keyring::Eve, set_id(), 3));
	});
}

#[test]
fn new_keys_of_another_validator_do_not_hide_a_double_vote() {
	// The report is made in the session of the new keys, or in the next one, and used after its end.
	for (made, used) in [(25, 31), (35, 41), (29, 30), (39, 49)] {
		with_charlie(|| {
			alice_rotates(21);
			blocks(22..=made);
			let late = report(5);
			blocks(made + 1..=used - 1);
			is_slashed(used, late);
		});
	}
}

#[test]
fn a_forged_equivocation_costs_nothing() {
	with_charlie(|| {
		let set_id = Grandpa::current_set_id();
		let voter = Ed25519Keyring::Charlie;
		let owned = || ownership(voter, set_id).expect("Charlie is a validator");
		let refused = |report: UncheckedExtrinsic, number| -> ApplyExtrinsicResult {
			let (results, _) = author(number, vec![report]);
			assert_eq!(Emission::at_stake(&Charlie.to_account_id()), STAKE);
			results[0]
		};
		// Another signature under the second vote.
		let mut bytes = equivocation(voter, set_id, 3).encode();
		*bytes.last_mut().expect("not empty") ^= 1;
		let wrong = EquivocationProof::decode(&mut &bytes[..]).expect("the same length");
		let invalid: DispatchError =
			pallet_grandpa::Error::<Runtime>::InvalidEquivocationProof.into();
		assert_eq!(refused(submit(wrong, owned()), 21), Ok(Err(invalid)));
		// The votes of another set.
		let other = equivocation(voter, set_id - 1, 3);
		assert_eq!(refused(submit(other, owned()), 22), Ok(Err(invalid)));
		// Another number of validators, which lowers the fraction; another session; nodes of a trie; a key
		// that does not vote.
		let bad: ApplyExtrinsicResult = Err(InvalidTransaction::BadProof.into());
		let proofs = [
			MembershipProof { validator_count: 100, ..owned() },
			MembershipProof { session: owned().session + 1, ..owned() },
			MembershipProof { session: 1, ..owned() },
			MembershipProof { trie_nodes: vec![vec![0]], ..owned() },
		];
		for (proof, number) in proofs.into_iter().zip(23..) {
			assert_eq!(refused(submit(equivocation(voter, set_id, 3), proof), number), bad);
		}
		let stranger = equivocation(Ed25519Keyring::Dave, set_id, 3);
		assert_eq!(refused(submit(stranger, owned()), 27), bad);
		assert_eq!(VoteKeys::prove((KEY_TYPE, Ed25519Keyring::Dave.public().into())), None);
	});
}

/// `governance.shift_set_id` by the committee as Root.
fn shift(by: i32) -> Result<(), DispatchError> {
	let call = RuntimeCall::Governance(governance::Call::shift_set_id { by });
	as_root(call).dispatch(all_members()).map(|_| ()).map_err(|error| error.error)
}

/// A chain that stalls in set `n`, before it changes twice; the second change is forced at block 50, with
/// other keys of Charlie. So nodes count this set as `n + 1`, and the chain as `n + 2`.
fn with_forced_change(test: impl FnOnce(u64)) {
	with_charlie(|| {
		let stalled = Grandpa::current_set_id();
		alice_rotates(21);
		blocks(22..=30);
		charlie_rotates(31);
		blocks(32..=41);
		assert_eq!(Grandpa::current_set_id(), stalled + 1);
		assert_eq!(Grandpa::note_stalled(RuntimeOrigin::root(), 3, 25), Ok(()));
		blocks(42..=53);
		assert_eq!((Grandpa::stalled(), Grandpa::current_set_id()), (None, stalled + 2));
		test(stalled + 1);
	});
}

#[test]
fn double_votes_are_reported_after_a_forced_change_when_the_number_of_the_set_is_that_of_nodes() {
	let charlie = Ed25519Keyring::Eve;
	with_forced_change(|counted| {
		assert_eq!(ownership(charlie, counted), None, "nodes can report nothing");
		assert_eq!(shift(-1), Ok(()));
		assert_eq!(Grandpa::current_set_id(), counted);
		is_slashed(54, report_of(charlie, counted, 3));
	});
	// Later sets are counted on: in the session after, and after another change.
	with_forced_change(|counted| {
		assert_eq!(shift(-1), Ok(()));
		blocks(54..=61);
		assert_eq!(Grandpa::current_set_id(), counted);
		is_slashed(62, report_of(charlie, counted, 4));
		blocks(63..=80);
		assert_eq!(Grandpa::current_set_id(), counted + 1, "Charlie has left");
		assert!(ownership(Ed25519Keyring::Dave, counted + 1).is_some(), "it is a key of Alice");
	});
	// A shift that was wrong is taken back.
	for (wrong, right) in [(-2, 1), (1, -2), (1_000, -1_001), (-3, 2)] {
		with_forced_change(|counted| {
			assert_eq!(counted, 2, "the chain counts 3");
			assert_eq!(shift(wrong), Ok(()));
			assert_eq!(ownership(charlie, counted), None, "after {wrong}");
			let back =
				if right < -1_000 { shift(-1_000).and_then(|()| shift(-1)) } else { shift(right) };
			assert_eq!(back, Ok(()));
			is_slashed(54, report_of(charlie, counted, 3));
			let entries = pallet_grandpa::SetIdSession::<Runtime>::iter().count();
			assert!(entries <= 4, "{entries} sets are known");
		});
	}
}

#[test]
fn the_number_of_the_set_is_shifted_by_few_and_by_root_alone() {
	with_forced_change(|_| {
		let before = Grandpa::current_set_id();
		let out: DispatchError = governance::Error::<Runtime>::ShiftOutOfRange.into();
		for by in [0, 1_001, -1_001, i32::MIN, i32::MAX, -1 - before as i32] {
			assert_eq!(shift(by), Err(out), "{by}");
		}
		let call = RuntimeCall::Governance(governance::Call::shift_set_id { by: -1 });
		for origin in [all_members(), RuntimeOrigin::signed(Charlie.to_account_id())] {
			let refused = call.clone().dispatch(origin).map_err(|error| error.error);
			assert_eq!(refused, Err(DispatchError::BadOrigin));
		}
		assert_eq!(Grandpa::current_set_id(), before);
	});
}
