//! `post_row`, `set_edge`: checks, pending rows, and refunds.

use crate::{
	mock::*,
	types::{Edge, Phase, PostedRow, Row, RowInfo, MAX_EDGES, MAX_POSTED_EDGES},
	Error, Event, PendingRows, PendingSlots, Solve,
};
use codec::{Decode, Encode, MaxEncodedLen};
use contribution::{MIN_SELF_SHARE, MOVED, SHARE_ONE};
use frame_support::{assert_noop, assert_ok, dispatch::Pays, weights::Weight};
use scale_info::TypeInfo;

const LIMIT: u16 = (SHARE_ONE - MIN_SELF_SHARE) as u16;

#[test]
fn a_row_waits_and_the_last_one_wins() {
	Ext::with(3).run(|| {
		post(1, &[(1, 100), (2, 200)]);
		System::assert_last_event(
			Event::RowPosted { uid: 0, edges: 2, self_share: SHARE_ONE - 300 }.into(),
		);
		post(1, &[(2, 300)]);
		let pending = Row { posted: 1, self_share: SHARE_ONE - 300, edges: edges(&[(2, 300)]) };
		assert_eq!(
			Emission::row(0),
			Some(RowInfo { uid: 0, active: None, pending: Some(pending.clone()) })
		);
		pay_epoch();
		assert_eq!(
			Emission::row(0),
			Some(RowInfo { uid: 0, active: Some(pending), pending: None })
		);
	});
}

#[test]
fn marks_say_which_rows_are_pending() {
	Ext::with(40).run(|| {
		for owner in [1, 5, 32, 33, 5] {
			post(owner, &[(39, 7)]);
		}
		assert_eq!(PendingSlots::<Test>::get(0).into_inner(), [1 | 1 << 4 | 1 << 31, 1]);
		assert_ok!(Emission::deregister(signed(5)));
		assert_eq!(PendingSlots::<Test>::get(0).into_inner(), [1 | 1 << 31, 1]);
		pay_epoch();
		assert!(PendingSlots::<Test>::iter().next().is_none());
		for uid in [0, 31, 32] {
			let row = Emission::row(uid).unwrap();
			assert_eq!((row.active.unwrap().edges, row.pending), (edges(&[(39, 7)]), None));
		}
		assert_eq!(Emission::row(4), None);
	});
}

#[test]
fn a_row_posted_during_a_merge_waits_if_its_page_had_its_turn() {
	Ext::with(80).service(LEAST_SERVICE).run(|| {
		for owner in 1..=80 {
			post(owner, &[(owner as u32 % 80, 1_000)]);
		}
		run_to_phase(Phase::Merge);
		assert_eq!(Solve::<Test>::get().row_page, 2, "two of three pages are merged");
		post(1, &[(9, 5)]);
		post(80, &[(9, 5)]);
		run_to_phase(Phase::Sweep);
		let edges_of = |row: Option<Row>| row.map(|row| row.edges);
		let first = Emission::row(0).unwrap();
		assert_eq!(edges_of(first.active), Some(edges(&[(1, 1_000)])));
		assert_eq!(edges_of(first.pending), Some(edges(&[(9, 5)])));
		let last = Emission::row(79).unwrap();
		assert_eq!(edges_of(last.active), Some(edges(&[(9, 5)])));
		assert_eq!(edges_of(last.pending), None);
	});
}

#[test]
fn bad_rows_are_named() {
	Ext::with(3).run(|| {
		let bad = |edges: &[(u32, u16)], error: Error<Test>| {
			assert_noop!(Emission::post_row(signed(1), row(edges)), error);
		};
		bad(&[(0, 5)], Error::SelfEdge);
		bad(&[(1, 5), (2, 6), (1, 7)], Error::DuplicateTarget);
		bad(&[(3, 5)], Error::UnknownTarget);
		bad(&[(65_536, 5)], Error::UnknownTarget);
		bad(&[(u32::MAX, 5)], Error::UnknownTarget);
		bad(&[(1, 0)], Error::ZeroShare);
		bad(&[(1, LIMIT), (2, 1)], Error::SharesOverLimit);
		bad(&[(1, u16::MAX), (2, u16::MAX)], Error::SharesOverLimit);
		assert!(PendingRows::<Test>::iter().next().is_none());
		post(1, &[(1, LIMIT - 1), (2, 1)]);
	});
}

#[test]
fn rows_have_64_edges() {
	Ext::with(70).run(|| {
		let edges: Vec<(u32, u16)> = (1..=MAX_EDGES + 1).map(|uid| (uid, 10)).collect();
		assert_noop!(Emission::post_row(signed(1), row(&edges)), Error::<Test>::TooManyEdges);
		post(1, &edges[..MAX_EDGES as usize]);
		assert_noop!(Emission::set_edge(signed(1), MAX_EDGES + 1, 1), Error::<Test>::TooManyEdges);
		assert_ok!(Emission::set_edge(signed(1), MAX_EDGES, 1));
		pay_epoch();
		assert_eq!(Emission::row(0).unwrap().active.unwrap().edges.len() as u32, MAX_EDGES);
	});
}

#[test]
fn set_edge_changes_one_edge() {
	Ext::with(4).run(|| {
		let pending = |uid| Emission::row(uid).unwrap().pending.unwrap().edges;
		// Without a row.
		assert_noop!(Emission::set_edge(signed(1), 1, 0), Error::<Test>::NoSuchEdge);
		assert_ok!(Emission::set_edge(signed(1), 1, 100));
		assert_ok!(Emission::set_edge(signed(1), 2, 200));
		assert_eq!(pending(0), edges(&[(1, 100), (2, 200)]));
		assert_ok!(Emission::set_edge(signed(1), 1, 150));
		assert_eq!(pending(0), edges(&[(1, 150), (2, 200)]));
		assert_ok!(Emission::set_edge(signed(1), 1, 0));
		assert_eq!(pending(0), edges(&[(2, 200)]));
		assert_noop!(Emission::set_edge(signed(1), 1, 0), Error::<Test>::NoSuchEdge);
		assert_noop!(Emission::set_edge(signed(1), 0, 1), Error::<Test>::SelfEdge);
		assert_noop!(Emission::set_edge(signed(1), 4, 1), Error::<Test>::UnknownTarget);
		assert_noop!(Emission::set_edge(signed(1), 1, LIMIT), Error::<Test>::SharesOverLimit);
		// From the active row.
		pay_epoch();
		assert_ok!(Emission::set_edge(signed(1), 3, 300));
		assert_eq!(pending(0), edges(&[(2, 200), (3, 300)]));
		// A row without edges is a row too.
		assert_ok!(Emission::set_edge(signed(1), 2, 0));
		assert_ok!(Emission::set_edge(signed(1), 3, 0));
		assert_eq!(pending(0), []);
	});
}

fn fee(result: frame_support::dispatch::DispatchResultWithPostInfo) -> Pays {
	let info = result.unwrap();
	assert_eq!(info.actual_weight, None::<Weight>);
	info.pays_fee
}

fn post_fee(who: AccountId, edges: &[(u32, u16)]) -> Pays {
	fee(Emission::post_row(signed(who), row(edges)))
}

#[test]
fn the_first_post_of_an_epoch_is_free() {
	Ext::with(3).run(|| {
		assert_eq!(post_fee(1, &[(1, 10_000)]), Pays::No);
		assert_eq!(post_fee(1, &[(1, 20_000)]), Pays::Yes);
		assert_eq!(fee(Emission::set_edge(signed(1), 1, 30_000)), Pays::Yes);
		assert_eq!(fee(Emission::set_edge(signed(2), 0, 30_000)), Pays::No);
		assert_eq!(post_fee(2, &[]), Pays::Yes);
		pay_epoch();
		assert_eq!(post_fee(1, &[(1, 20_000)]), Pays::No);
		assert_eq!(post_fee(1, &[(1, 30_000)]), Pays::Yes);
	});
}

#[test]
fn free_posts_have_a_budget_per_block() {
	Ext::with(4).run(|| {
		MaxFreePosts::set(2);
		assert_eq!(post_fee(1, &[(1, 10_000)]), Pays::No);
		// What is paid anyway takes nothing from the budget.
		assert_eq!(post_fee(1, &[(1, 20_000)]), Pays::Yes);
		assert_eq!(fee(Emission::set_edge(signed(2), 0, 10_000)), Pays::No);
		assert_eq!(post_fee(3, &[(1, 10_000)]), Pays::Yes);
		assert_eq!(fee(Emission::set_edge(signed(4), 0, 10_000)), Pays::Yes);
		assert!(Emission::row(2).unwrap().pending.is_some(), "it is accepted all the same");
		pay_epoch();
		assert_eq!(post_fee(3, &[(1, 20_000)]), Pays::No);
	});
}

#[test]
fn a_post_pays_for_the_merge_that_it_causes() {
	let call = RuntimeCall::Emission(crate::Call::post_row { row: row(&[(1, 10_000)]) });
	let weight = frame_support::dispatch::GetDispatchInfo::get_dispatch_info(&call).call_weight;
	assert_eq!(weight.ref_time(), (10 + 1) + (8 + 2));
}

#[test]
fn a_post_that_moves_little_is_paid() {
	Ext::with(3).run(|| {
		post(1, &[(1, 10_000)]);
		pay_epoch();
		assert_eq!(post_fee(1, &[(1, 10_000)]), Pays::Yes);
		pay_epoch();
		assert_eq!(post_fee(1, &[(1, 10_000 + MOVED as u16 - 1)]), Pays::Yes);
		pay_epoch();
		assert_eq!(fee(Emission::set_edge(signed(1), 2, MOVED as u16)), Pays::No);
	});
}

#[test]
fn a_heartbeat_is_free() {
	// Lifetime 8: due after 4 epochs.
	Ext::with(2).run(|| {
		post(1, &[(1, 10_000)]);
		post(2, &[(0, 10_000)]);
		for _ in 0..3 {
			pay_epoch();
		}
		assert_eq!(post_fee(1, &[(1, 10_000)]), Pays::Yes);
		pay_epoch();
		assert_eq!(post_fee(2, &[(0, 10_000)]), Pays::No);
		// The paid post counts as a heartbeat.
		assert_eq!(post_fee(1, &[(1, 10_000)]), Pays::Yes);
	});
}

#[test]
fn rows_that_never_expire_need_no_heartbeat() {
	Ext::with(2).parameters(|p| p.row_lifetime = 0).run(|| {
		post(1, &[(1, 10_000)]);
		for _ in 0..12 {
			pay_epoch();
		}
		assert_eq!(Emission::component(0).unwrap().source, stakes()[0]);
		assert_eq!(post_fee(1, &[(1, 10_000)]), Pays::Yes);
	});
}

#[test]
fn a_free_post_needs_stake() {
	Ext::default().run(|| {
		assert_ok!(Emission::register(signed(1), None, None));
		assert_ok!(Emission::register(signed(2), None, None));
		assert_eq!(post_fee(1, &[(1, 10_000)]), Pays::Yes);
		assert_ok!(Emission::stake(signed(2), MIN_STAKE));
		assert_eq!(post_fee(2, &[(0, 10_000)]), Pays::No);
	});
}

#[test]
fn a_post_in_a_batch_of_others_pays_like_them() {
	// The refund is in the result of the call; a wrapping call decides on its own fee.
	use sp_runtime::traits::Dispatchable;
	Ext::with(2).run(|| {
		let call = RuntimeCall::Emission(crate::Call::post_row { row: row(&[(1, 10_000)]) });
		assert_eq!(call.dispatch(signed(1)).unwrap().pays_fee, Pays::No);
		let failing = RuntimeCall::Emission(crate::Call::post_row { row: row(&[(1, 10_000)]) });
		let error = failing.dispatch(signed(2)).unwrap_err();
		assert_eq!(error.post_info.pays_fee, Pays::Yes);
	});
}

#[test]
fn a_posted_row_is_a_plain_list_with_a_bound() {
	let edges = |count: u32| vec![Edge { target: 1, share: 1 }; count as usize];
	let bytes = edges(MAX_POSTED_EDGES).encode();
	let row = PostedRow::decode(&mut &bytes[..]).unwrap();
	assert_eq!((row.len() as u32, row.encode()), (MAX_POSTED_EDGES, bytes.clone()));
	assert_eq!(PostedRow::max_encoded_len(), bytes.len());
	assert!(PostedRow::decode(&mut &edges(MAX_POSTED_EDGES + 1).encode()[..]).is_err());
	assert_eq!(PostedRow::type_info(), Vec::<Edge>::type_info());
}
