//! Words: served alone and cheaply, their Grads taken in later, each told what became of it.

use crate::axon_net::{account, eventually, key, within, Net, Node, GENESIS};
use bittensor_miner::{
	axon::{AxonConfig, QuotaConfig},
	dendrite::{DendriteError, TonicTransport, Transport, TransportConfig},
};
use bittensor_wire::{
	limits::MAX_TEXTS,
	proto::{DType, GradReason},
	Grad, GradAnswer, Spike, SpikeAnswer, Vectors, WireError, DIM,
};
use std::{sync::Arc, time::Duration};

fn words(from: u8, first: usize, count: usize) -> Spike {
	let words = (first..first + count).map(|number| format!("word{number}")).collect();
	let spike = Spike::new(account(from), 0, words).expect("good words");
	Spike { dtype: DType::F16, ..spike }
}

fn error(rows: usize) -> Vectors {
	Vectors::new(rows, vec![0.5; rows * DIM]).expect("finite")
}

fn transport(from: &Node) -> TonicTransport {
	TonicTransport::new(GENESIS, Arc::new(key(from.number)), TransportConfig::default())
}

async fn ask(from: &Node, to: u8, spike: &Spike) -> Result<SpikeAnswer, WireError> {
	match transport(from).spike(&from.peers(&[to])[0], spike, within(10.0)).await {
		Ok(answer) => Ok(answer),
		Err(DendriteError::Refused(error)) => Err(error),
		Err(error) => panic!("{error}"),
	}
}

async fn send(from: &Node, to: u8, grad: &Grad, seconds: f64) -> Result<GradAnswer, WireError> {
	match transport(from).grad(&from.peers(&[to])[0], grad, within(seconds)).await {
		Ok(answer) => Ok(answer),
		Err(DendriteError::Refused(error)) => Err(error),
		Err(error) => panic!("{error}"),
	}
}

fn told(answer: Result<GradAnswer, WireError>) -> GradReason {
	answer.expect("an answer").reason
}

#[tokio::test]
async fn words_are_answered_alone_and_their_errors_taken_in() {
	let net = Net::default();
	let (a, b, c) = (net.start(1).await, net.start(2).await, net.start(3).await);
	net.inputs(2, &[3]);
	net.bid(1, 2, 70);
	net.bid(2, 3, 30);
	let spike = words(1, 0, MAX_TEXTS);
	let answer = ask(&a, 2, &spike).await.expect("served");
	assert_eq!((answer.version, answer.hops.len(), c.nucleus.spikes()), (1, 0, 0));
	// Half precision on the wire.
	let (got, exact) = (answer.output.expect("vectors"), b.nucleus.output(&spike.texts, &[]));
	assert!(got.values().iter().zip(exact.values()).all(|(got, exact)| (got - exact).abs() < 1e-3));

	let answer = send(&a, 2, &spike.grad(error(MAX_TEXTS)), 10.0).await;
	assert_eq!(answer, Ok(GradAnswer { weight: 70.0, reason: GradReason::Accepted }));
	let grad = b.nucleus.grads().remove(0);
	assert_eq!((grad.texts, grad.version, grad.downstream.len()), (spike.texts.clone(), 1, 0));
	// Nothing goes on to C, and the error counts once.
	assert!(c.nucleus.grads().is_empty());
	let again = send(&a, 2, &spike.grad(error(MAX_TEXTS)), 10.0).await;
	assert_eq!(told(again), GradReason::Duplicate);
	assert_eq!((net.counter("words_served"), net.counter("word_grads_served")), (256, 1));
}

#[tokio::test]
async fn a_vocabulary_fits_into_the_free_tier() {
	let net = Net::default();
	let quota = QuotaConfig { grace_texts: 4_096.0, ..QuotaConfig::default() };
	let config = AxonConfig { quota, ..AxonConfig::default() };
	let (a, _b) = (net.start(1).await, net.start_with(2, "127.0.0.1:0", config).await);
	// 4,096 words are 512 texts: eight vocabularies are a grace of 4,096.
	for chunk in 0..8 * 16 {
		ask(&a, 2, &words(1, chunk % 16 * MAX_TEXTS, MAX_TEXTS)).await.expect("in the grace");
	}
	let mut more = 0;
	let refusal = loop {
		match ask(&a, 2, &words(1, 0, MAX_TEXTS)).await {
			Ok(_) => more += 1,
			Err(error) => break error,
		}
		assert!(more < 100, "the free tier ends");
	};
	assert!(matches!(refusal, WireError::RateLimited { .. }), "{refusal}");
}

#[tokio::test]
async fn an_error_for_words_never_served_is_unknown() {
	let net = Net::default();
	let (a, b, c) = (net.start(1).await, net.start(2).await, net.start(3).await);
	net.bid(1, 2, 5);
	net.bid(3, 2, 5);
	let spike = words(1, 0, 8);
	let grad = spike.grad(error(8));
	assert_eq!(send(&a, 2, &grad, 10.0).await, Err(WireError::UnknownMessage));
	ask(&a, 2, &spike).await.expect("served");
	// Other words, and another sender.
	let other = words(1, 8, 8).grad(error(8));
	assert_eq!(send(&a, 2, &other, 10.0).await, Err(WireError::UnknownMessage));
	let foreign = Grad { path: vec![account(1), account(3)], ..grad.clone() };
	assert_eq!(send(&c, 2, &foreign, 10.0).await, Err(WireError::UnknownMessage));
	assert!(b.nucleus.grads().is_empty());
	assert_eq!(told(send(&a, 2, &grad, 10.0).await), GradReason::Accepted);
}

#[tokio::test]
async fn a_grad_is_stale_by_time() {
	let net = Net::default();
	let config = AxonConfig {
		grad_ttl: Duration::from_millis(200),
		words_grad_ttl: Duration::from_millis(600),
		..AxonConfig::default()
	};
	let (a, b) = (net.start(1).await, net.start_with(2, "127.0.0.1:0", config).await);
	net.bid(1, 2, 5);
	let (passages, some, others) = (a.message(0, &["the whale"]), words(1, 0, 4), words(1, 4, 4));
	for spike in [&passages, &some, &others] {
		ask(&a, 2, spike).await.expect("served");
	}
	tokio::time::sleep(Duration::from_millis(300)).await;
	assert_eq!(told(send(&a, 2, &passages.grad(error(1)), 10.0).await), GradReason::Stale);
	assert_eq!(told(send(&a, 2, &some.grad(error(4)), 10.0).await), GradReason::Accepted);
	tokio::time::sleep(Duration::from_millis(400)).await;
	assert_eq!(told(send(&a, 2, &others.grad(error(4)), 10.0).await), GradReason::Stale);
	assert_eq!(b.nucleus.grads().len(), 1);
}

#[tokio::test]
async fn the_answer_says_what_became_of_a_grad() {
	let net = Net::default();
	let (a, b) = (net.start(1).await, net.start(2).await);
	net.bid(1, 2, 5);
	let mut first = 0;
	for reason in [
		GradReason::Stale,
		GradReason::Outbid,
		GradReason::Faint,
		GradReason::UnknownWords,
		GradReason::Suspended,
		GradReason::Accepted,
	] {
		*b.nucleus.reason.lock() = reason;
		let spike = words(1, first, 4);
		first += 4;
		ask(&a, 2, &spike).await.expect("served");
		let answer = send(&a, 2, &spike.grad(error(4)), 10.0).await.expect("an answer");
		let weight = if reason == GradReason::Accepted { 5.0 } else { 0.0 };
		assert_eq!(answer, GradAnswer { weight, reason });
		let dropped =
			format!(r#"bittensor_miner_grads_dropped_total{{reason="{}"}}"#, answer.name());
		assert_eq!(net.metrics().counter(&dropped), u64::from(!answer.accepted()));
	}
	// A slow component: the answer comes in time, the error counts later.
	let spike = words(1, first, 4);
	ask(&a, 2, &spike).await.expect("served");
	*b.nucleus.delay.lock() = Duration::from_millis(700);
	let answer = send(&a, 2, &spike.grad(error(4)), 0.4).await;
	assert_eq!(answer, Ok(GradAnswer { weight: 5.0, reason: GradReason::Queued }));
	assert!(eventually(|| b.nucleus.grads().len() == 2).await);
}
