//! Spikes over several components: values, cycles, diamonds, deadlines, deaths.

use crate::axon_net::{account, eventually, key, texts, within, Net, GENESIS};
use bittensor_miner::dendrite::{Peer, TonicTransport, Transport, TransportConfig};
use bittensor_wire::{message::Hop, proto::DType, proto::HopStatus, Vectors};
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

/// (caller, called, status) by number.
fn calls(hops: &[Hop]) -> Vec<(u8, u8, HopStatus)> {
	let number = |of: &[u8; 32]| (0..20).find(|number| account(*number) == *of).expect("a test's");
	let mut calls: Vec<_> =
		hops.iter().map(|hop| (number(&hop.caller), number(&hop.account), hop.status)).collect();
	calls.sort_by_key(|(caller, called, status)| (*caller, *called, *status as i32));
	calls
}

#[tokio::test]
async fn a_chain_computes_the_function_of_functions() {
	let net = Net::default();
	let (a, b, c) = (net.start(1).await, net.start(2).await, net.start(3).await);
	net.inputs(2, &[3]);
	net.bid(1, 2, 5);
	let message = a.message(2, &["one text", "another"]);
	let got = a.dendrite.spike(&a.peers(&[2]), &message, within(10.0)).await;

	let x = texts(&["one text", "another"]);
	let d_c = c.nucleus.output(&x, &[]);
	let d_b = b.nucleus.output(&x, &[Some(d_c)]);
	assert_eq!(got.vectors, vec![Some(d_b)]);
	assert_eq!(got.versions, vec![Some(1)]);
	assert_eq!(calls(&got.hops), vec![(1, 2, HopStatus::Ok), (2, 3, HopStatus::Ok)]);
	assert!(got.hops[0].micros >= got.hops[1].micros && got.hops[1].micros > 0);
	// Two at B, two at C.
	assert_eq!(net.counter("texts_served"), 4);

	// With a ttl of 0, B answers alone.
	let alone = a.dendrite.spike(&a.peers(&[2]), &a.message(0, &["one text"]), within(10.0)).await;
	assert_eq!(alone.vectors, vec![Some(b.nucleus.output(&texts(&["one text"]), &[]))]);
	assert_eq!(calls(&alone.hops), vec![(1, 2, HopStatus::Ok)]);
}

#[tokio::test]
async fn answers_come_in_the_type_asked_for() {
	let net = Net::default();
	let (a, b) = (net.start(1).await, net.start(2).await);
	let exact = b.nucleus.output(&texts(&["x"]), &[]);
	for (dtype, error) in [(DType::Bf16, 2f32.powi(-7)), (DType::F16, 2f32.powi(-10))] {
		let mut message = a.message(0, &["x"]);
		message.dtype = dtype;
		let got = a.dendrite.spike(&a.peers(&[2]), &message, within(10.0)).await;
		let got = got.vectors[0].clone().expect("answered");
		assert_ne!(got, exact);
		for (one, other) in got.values().iter().zip(exact.values()) {
			assert!((one - other).abs() <= error);
		}
	}
}

#[tokio::test]
async fn a_cycle_is_cut_and_both_sides_complete() {
	let net = Net::default();
	let (a, b) = (net.start(1).await, net.start(2).await);
	net.inputs(1, &[2]);
	net.inputs(2, &[1]);
	net.bid(1, 2, 5);
	net.bid(2, 1, 5);
	let (one, other) = (a.message(2, &["x"]), b.message(2, &["x"]));
	let (peers_a, peers_b) = (a.peers(&[2]), b.peers(&[1]));
	let start = Instant::now();
	let (from_b, from_a) = tokio::join!(
		a.dendrite.spike(&peers_a, &one, within(10.0)),
		b.dendrite.spike(&peers_b, &other, within(10.0)),
	);
	assert!(start.elapsed() < Duration::from_secs(5), "nobody waits for a deadline");
	let x = texts(&["x"]);
	assert_eq!(from_b.vectors, vec![Some(b.nucleus.output(&x, &[]))]);
	assert_eq!(from_a.vectors, vec![Some(a.nucleus.output(&x, &[]))]);
	assert_eq!(calls(&from_b.hops), vec![(1, 2, HopStatus::Ok), (2, 1, HopStatus::Cut)]);

	// If B calls A nevertheless, A's server answers CUT without vectors.
	let onward = one.onward(account(2)).expect("has hops left");
	let transport = TonicTransport::new(GENESIS, Arc::new(key(2)), TransportConfig::default());
	let answer = transport.spike(&net.peer(1), &onward, within(10.0)).await.expect("an answer");
	assert_eq!(answer.output, None);
	assert_eq!(net.counter("spikes_cut"), 1);
}

#[tokio::test]
async fn components_that_query_each_other_do_not_wait_in_a_circle() {
	let net = Net::default();
	let root = net.start(1).await;
	let mesh = [2, 3, 4, 5];
	let mut nodes = Vec::new();
	for number in mesh {
		nodes.push(net.start(number).await);
		let others: Vec<u8> = mesh.into_iter().filter(|other| *other != number).collect();
		net.inputs(number, &others);
		for other in others {
			net.bid(number, other, 5);
		}
		net.bid(1, number, 5);
	}
	let start = Instant::now();
	let message = root.message(2, &["x", "y"]);
	let got = root.dendrite.spike(&root.peers(&mesh), &message, within(20.0)).await;
	assert!(start.elapsed() < Duration::from_secs(10), "took {:?}", start.elapsed());
	assert!(got.vectors.iter().all(Option::is_some));
	assert!(got.hops.iter().all(|hop| hop.status != HopStatus::Late), "{:?}", calls(&got.hops));
	for node in &nodes {
		// At most once per ttl of 2, 1 and 0, however many paths lead there.
		assert!((2..=3).contains(&node.nucleus.spikes()), "{}", node.nucleus.spikes());
	}
}

#[tokio::test]
async fn a_diamond_is_served_on_both_paths() {
	let net = Net::default();
	let (a, b, c, d) =
		(net.start(1).await, net.start(2).await, net.start(3).await, net.start(4).await);
	net.inputs(2, &[4]);
	net.inputs(3, &[4]);
	net.bid(1, 2, 5);
	net.bid(1, 3, 5);
	// Slow enough that the second path arrives while the first is in progress.
	*d.nucleus.delay.lock() = Duration::from_millis(300);
	let got = a.dendrite.spike(&a.peers(&[2, 3]), &a.message(2, &["x"]), within(20.0)).await;
	let x = texts(&["x"]);
	let d_d = Some(d.nucleus.output(&x, &[]));
	let expected = vec![
		Some(b.nucleus.output(&x, std::slice::from_ref(&d_d))),
		Some(c.nucleus.output(&x, &[d_d])),
	];
	assert_eq!(got.vectors, expected);
	let ok = HopStatus::Ok;
	assert_eq!(calls(&got.hops), vec![(1, 2, ok), (1, 3, ok), (2, 4, ok), (3, 4, ok)]);
	assert_eq!(d.nucleus.spikes(), 1, "computed once for both");
	// One at B, one at C, two at D.
	assert_eq!(net.counter("spikes_served"), 4);
	assert_eq!(net.counter("spikes_cached"), 1);
}

#[tokio::test]
async fn a_finished_computation_is_answered_from_the_cache() {
	let net = Net::default();
	let (a, b) = (net.start(1).await, net.start(2).await);
	let message = a.message(1, &["x"]);
	let first = a.dendrite.spike(&a.peers(&[2]), &message, within(10.0)).await;
	let second = a.dendrite.spike(&a.peers(&[2]), &message, within(10.0)).await;
	assert_eq!(first.vectors, second.vectors);
	assert_eq!(b.nucleus.spikes(), 1);
	assert_eq!(net.counter("spikes_cached"), 1);
	// The same id with other texts is another message.
	let mut other = message;
	other.texts = texts(&["y"]).into();
	let third = a.dendrite.spike(&a.peers(&[2]), &other, within(10.0)).await;
	assert_eq!(third.vectors, vec![Some(b.nucleus.output(&texts(&["y"]), &[]))]);
	assert_eq!(b.nucleus.spikes(), 2);
}

#[tokio::test]
async fn a_stalled_component_costs_its_answer_but_no_deadline() {
	let net = Net::default();
	let (a, b, c) = (net.start(1).await, net.start(2).await, net.start(3).await);
	net.inputs(2, &[3]);
	net.bid(1, 2, 5);
	*c.nucleus.delay.lock() = Duration::from_secs(60);
	let start = Instant::now();
	let got = a.dendrite.spike(&a.peers(&[2]), &a.message(2, &["x"]), within(3.0)).await;
	assert!(start.elapsed() < Duration::from_secs(3));
	// B answers in time, as if C were not there.
	assert_eq!(got.vectors, vec![Some(b.nucleus.output(&texts(&["x"]), &[]))]);
	assert_eq!(calls(&got.hops), vec![(1, 2, HopStatus::Ok), (2, 3, HopStatus::Late)]);

	// Asked directly, C is late, and the fan-out ends at its deadline with the other answer.
	let start = Instant::now();
	let got = a.dendrite.spike(&a.peers(&[3, 2]), &a.message(0, &["x"]), within(1.0)).await;
	assert!(start.elapsed() < Duration::from_millis(1_500), "took {:?}", start.elapsed());
	assert_eq!(got.vectors, vec![None, Some(b.nucleus.output(&texts(&["x"]), &[]))]);
	assert_eq!(calls(&got.hops), vec![(1, 2, HopStatus::Ok), (1, 3, HopStatus::Late)]);
}

#[tokio::test]
async fn a_caller_that_hangs_up_does_not_take_the_answer_from_others() {
	let net = Net::default();
	let (a, b, c) = (net.start(1).await, net.start(2).await, net.start(3).await);
	*c.nucleus.delay.lock() = Duration::from_millis(800);
	// The same message by two paths; the first caller hangs up early, although its deadline is far.
	let message = a.message(2, &["x"]);
	let onward = message.onward(account(2)).expect("has hops left");
	let mut direct = message.clone();
	direct.ttl = onward.ttl;
	let peers = a.peers(&[3]);
	let hang_up = tokio::time::timeout(
		Duration::from_millis(300),
		a.dendrite.spike(&peers, &direct, within(10.0)),
	);
	assert!(hang_up.await.is_err());
	let got = b.dendrite.spike(&b.peers(&[3]), &onward, within(10.0)).await;
	assert_eq!(got.vectors, vec![Some(c.nucleus.output(&texts(&["x"]), &[]))]);
	assert_eq!(c.nucleus.spikes(), 1);
}

#[tokio::test]
async fn a_killed_component_is_left_alone_and_found_again() {
	let net = Net::default();
	let (a, b, c) = (net.start(1).await, net.start(2).await, net.start(3).await);
	let peers = a.peers(&[2, 3]);
	let before = a.dendrite.spike(&peers, &a.message(0, &["before"]), within(5.0)).await;
	assert!(before.vectors.iter().all(Option::is_some));

	let port = c.kill().await;
	let start = Instant::now();
	for round in 0..2 {
		let got = a.dendrite.spike(&peers, &a.message(0, &["x"]), within(5.0)).await;
		assert!(got.vectors[0].is_some(), "B goes on in round {round}");
		assert_eq!(got.vectors[1], None);
		assert_eq!(got.hops[1].status, HopStatus::Unreachable);
	}
	assert!(start.elapsed() < Duration::from_secs(5), "a refused connection is no deadline");
	assert!(a.dendrite.breaker().is_open(&account(3)));
	let got = a.dendrite.spike(&peers, &a.message(0, &["x"]), within(5.0)).await;
	assert_eq!(got.hops[1].status, HopStatus::Suspended);

	let c = net.start_with(3, &format!("127.0.0.1:{port}"), Default::default()).await;
	let mut found = None;
	for _ in 0..100 {
		let got = a.dendrite.spike(&peers, &a.message(0, &["x"]), within(5.0)).await;
		if got.vectors[1].is_some() {
			found = got.vectors[1].clone();
			break;
		}
		tokio::time::sleep(Duration::from_millis(50)).await;
	}
	assert_eq!(found, Some(c.nucleus.output(&texts(&["x"]), &[])));
	assert!(!a.dendrite.breaker().is_open(&account(3)));
	assert!(b.nucleus.spikes() >= 4);
}

#[tokio::test]
async fn hardly_any_time_does_not_make_peers_look_dead() {
	let net = Net::default();
	let (a, b) = (net.start(1).await, net.start(2).await);
	*b.nucleus.delay.lock() = Duration::from_millis(500);
	for _ in 0..5 {
		let got = a.dendrite.spike(&a.peers(&[2]), &a.message(0, &["x"]), within(0.02)).await;
		assert_eq!(got.vectors, vec![None]);
	}
	assert!(!a.dendrite.breaker().is_open(&account(2)));
	let got = a.dendrite.spike(&a.peers(&[2]), &a.message(0, &["x"]), within(10.0)).await;
	assert!(got.vectors[0].is_some());
}

#[tokio::test]
async fn an_endpoint_that_announces_tls_is_named() {
	let net = Net::default();
	let a = net.start(1).await;
	let peer = Peer { tls_spki: Some([1; 32]), ..net.peer(2) };
	let got = a.dendrite.spike(&[peer], &a.message(0, &["x"]), within(5.0)).await;
	assert_eq!(got.hops[0].status, HopStatus::Unreachable);
}

#[tokio::test]
async fn a_stopped_server_ends_with_its_clients_connected() {
	let net = Net::default();
	let (a, b) = (net.start(1).await, net.start(2).await);
	let got: Vec<Option<Vectors>> =
		a.dendrite.spike(&a.peers(&[2]), &a.message(0, &["x"]), within(10.0)).await.vectors;
	assert!(got[0].is_some());
	let start = Instant::now();
	let port = b.kill().await;
	assert!(start.elapsed() < Duration::from_secs(4));
	assert!(eventually(|| std::net::TcpListener::bind(("127.0.0.1", port)).is_ok()).await);
}
