//! Grads: sent on, ended in cycles, weighted by bids, refused by name.

use crate::axon_net::{account, eventually, key, refused, texts, within, Net, Node, GENESIS};
use bittensor_miner::{
	axon::AxonConfig,
	dendrite::{DendriteError, TonicTransport, Transport, TransportConfig},
};
use bittensor_wire::{proto::GradReason, Grad, GradAnswer, Spike, Vectors, WireError, DIM};
use std::{sync::Arc, time::Duration};

fn error(rows: usize, value: f32) -> Vectors {
	Vectors::new(rows, vec![value; rows * DIM]).expect("finite")
}

async fn ask(from: &Node, to: u8, message: &Spike) {
	let got = from.dendrite.spike(&from.peers(&[to]), message, within(10.0)).await;
	assert!(got.vectors[0].is_some());
}

async fn send(from: &Node, to: u8, grad: &Grad) -> Result<GradAnswer, WireError> {
	let transport =
		TonicTransport::new(GENESIS, Arc::new(key(from.number)), TransportConfig::default());
	match transport.grad(&from.peers(&[to])[0], grad, within(10.0)).await {
		Ok(answer) => Ok(answer),
		Err(DendriteError::Refused(error)) => Err(error),
		Err(error) => panic!("{error}"),
	}
}

#[tokio::test]
async fn an_error_signal_travels_on_downstream() {
	let net = Net::default();
	let (a, b, c) = (net.start(1).await, net.start(2).await, net.start(3).await);
	net.inputs(2, &[3]);
	net.bid(1, 2, 70);
	net.bid(2, 3, 30);
	let message = a.message(2, &["one", "two"]);
	ask(&a, 2, &message).await;
	let answers =
		a.dendrite.grads(&message, vec![(net.peer(2), error(2, 0.5))], within(10.0)).await;
	assert_eq!(answers, vec![Ok(GradAnswer { weight: 70.0, reason: GradReason::Accepted })]);

	assert!(eventually(|| !c.nucleus.grads().is_empty()).await, "the error reaches C");
	let at_b = b.nucleus.grads().remove(0);
	let at_c = c.nucleus.grads().remove(0);
	assert_eq!((at_b.source, at_b.push), (account(1), 70.0));
	assert_eq!((at_c.source, at_c.push), (account(2), 30.0));
	assert_eq!(at_b.error, error(2, 0.5));
	// ∂L/∂d_c = gain · ∂L/∂y_b.
	assert_eq!(at_c.error, error(2, 0.25));
	// B recomputes from the answers that its output was computed from.
	let x = texts(&["one", "two"]);
	assert_eq!(at_b.texts.to_vec(), x);
	assert_eq!(at_b.downstream[0].account, account(3));
	assert_eq!(at_b.downstream[0].vectors, Some(c.nucleus.output(&x, &[])));
	assert!(eventually(|| net.counter("grads_forwarded") == 1).await);
	// One at B, one at C.
	assert_eq!(net.counter("grads_served"), 2);
}

#[tokio::test]
async fn in_a_cycle_of_bids_an_error_signal_ends() {
	let net = Net::default();
	let config = AxonConfig { max_ttl: 4, ..AxonConfig::default() };
	let mut nodes = Vec::new();
	for number in 1..=3 {
		nodes.push(net.start_with(number, "127.0.0.1:0", config).await);
	}
	// Each component queries and pays all others.
	for from in 1..=3u8 {
		let others: Vec<u8> = (1..=3).filter(|to| *to != from).collect();
		net.inputs(from, &others);
		for to in others {
			net.bid(from, to, 10);
		}
	}
	let a = &nodes[0];
	let message = a.message(4, &["x"]);
	let got = a.dendrite.spike(&a.peers(&[2, 3]), &message, within(20.0)).await;
	assert!(got.vectors.iter().all(Option::is_some));
	let errors = vec![(net.peer(2), error(1, 1.0)), (net.peer(3), error(1, 1.0))];
	for answer in a.dendrite.grads(&message, errors, within(10.0)).await {
		assert_eq!(answer.map(|answer| answer.reason), Ok(GradReason::Accepted));
	}
	// A → B → C and A → C → B: each of B and C gets one from A and one from the other. A gets none,
	// and nothing goes round a second time.
	let counts = || -> Vec<usize> { nodes.iter().map(|node| node.nucleus.grads().len()).collect() };
	assert!(eventually(|| counts() == vec![0, 2, 2]).await, "{:?}", counts());
	tokio::time::sleep(Duration::from_millis(300)).await;
	assert_eq!(counts(), vec![0, 2, 2]);

	// A Grad that comes back to a component on its path is acknowledged and dropped there.
	let back =
		message.grad(error(1, 1.0)).onward(account(2), error(1, 1.0)).expect("has hops left");
	let answer = send(&nodes[1], 1, &back).await;
	assert_eq!(answer, Ok(GradAnswer { weight: 0.0, reason: GradReason::Cut }));
}

#[tokio::test]
async fn a_second_error_for_the_same_message_is_dropped() {
	let net = Net::default();
	let (a, b) = (net.start(1).await, net.start(2).await);
	net.bid(1, 2, 5);
	let message = a.message(1, &["x"]);
	ask(&a, 2, &message).await;
	let grad = message.grad(error(1, 1.0));
	assert_eq!(send(&a, 2, &grad).await.map(|answer| answer.reason), Ok(GradReason::Accepted));
	assert_eq!(send(&a, 2, &grad).await.map(|answer| answer.reason), Ok(GradReason::Duplicate));
	assert!(eventually(|| b.nucleus.grads().len() == 1).await);
	tokio::time::sleep(Duration::from_millis(100)).await;
	assert_eq!(b.nucleus.grads().len(), 1);
}

#[tokio::test]
async fn without_a_bid_an_error_moves_nothing() {
	let net = Net::default();
	let (a, b) = (net.start(1).await, net.start(2).await);
	let message = a.message(1, &["x"]);
	ask(&a, 2, &message).await;
	let answer = send(&a, 2, &message.grad(error(1, 1.0))).await;
	assert_eq!(answer, Ok(GradAnswer { weight: 0.0, reason: GradReason::NoBid }));
	tokio::time::sleep(Duration::from_millis(100)).await;
	assert!(b.nucleus.grads().is_empty());
	assert_eq!(net.counter("grads_dropped"), 1);
	// Once the bid is active, the same error is accepted.
	net.bid(1, 2, 5);
	let answer = send(&a, 2, &message.grad(error(1, 1.0))).await;
	assert_eq!(answer, Ok(GradAnswer { weight: 5.0, reason: GradReason::Accepted }));
}

#[tokio::test]
async fn bad_errors_are_named_and_never_learnt() {
	let net = Net::default();
	let (a, b, c) = (net.start(1).await, net.start(2).await, net.start(3).await);
	net.bid(1, 2, 5);
	net.bid(3, 2, 5);
	let message = a.message(1, &["one", "two"]);
	let grad = message.grad(error(2, 1.0));
	// Not asked yet.
	assert_eq!(send(&a, 2, &grad).await, Err(WireError::UnknownMessage));
	ask(&a, 2, &message).await;
	// Another computation of the message, other texts, another message.
	let mut other = grad.clone();
	other.ttl = 0;
	assert_eq!(send(&a, 2, &other).await, Err(WireError::UnknownMessage));
	let mut other = grad.clone();
	other.digest = [0; 32];
	assert_eq!(send(&a, 2, &other).await, Err(WireError::UnknownMessage));
	let mut other = grad.clone();
	other.id = [0; 16];
	assert_eq!(send(&a, 2, &other).await, Err(WireError::UnknownMessage));
	// A bidder that was never answered.
	let mut foreign = grad.clone();
	foreign.path = vec![account(1), account(3)];
	assert_eq!(send(&c, 2, &foreign).await, Err(WireError::UnknownMessage));
	// One row too many.
	let shape = WireError::Shape { expected: vec![2, 128], got: vec![3, 128] };
	assert_eq!(send(&a, 2, &message.grad(error(3, 1.0))).await, Err(shape));

	assert!(b.nucleus.grads().is_empty());
	let metrics = net.metrics();
	assert_eq!((refused(&metrics, "unknown-message"), refused(&metrics, "shape")), (5, 1));
	// Afterwards a good error is accepted.
	assert_eq!(send(&a, 2, &grad).await.map(|answer| answer.reason), Ok(GradReason::Accepted));
}

#[tokio::test]
async fn a_peer_that_was_cut_gets_no_error() {
	let net = Net::default();
	let (a, _b) = (net.start(1).await, net.start(2).await);
	net.inputs(2, &[1]);
	net.bid(1, 2, 5);
	net.bid(2, 1, 5);
	let message = a.message(2, &["x"]);
	ask(&a, 2, &message).await;
	let grad = message.grad(error(1, 1.0));
	assert_eq!(send(&a, 2, &grad).await.map(|answer| answer.reason), Ok(GradReason::Accepted));
	assert!(eventually(|| net.counter("grads_served") == 1).await);
	tokio::time::sleep(Duration::from_millis(100)).await;
	assert!(a.nucleus.grads().is_empty());
	assert_eq!(net.counter("grads_forwarded"), 0);
}
