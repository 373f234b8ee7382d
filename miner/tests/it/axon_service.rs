//! Service that must be bought: what callers get with a bid, and what without.

use crate::axon_net::{account, key, refused, within, Net, Node, GENESIS};
use bittensor_miner::{
	axon::{AxonConfig, QuotaConfig},
	dendrite::{DendriteError, TonicTransport, Transport, TransportConfig},
};
use bittensor_wire::{limits::MAX_TEXTS, proto::HopStatus, Spike, WireError};
use std::{
	sync::{
		atomic::{AtomicUsize, Ordering::SeqCst},
		Arc,
	},
	time::Duration,
};
use tokio::time::Instant;

/// Texts in a batch, and steps before the first row, as in a network of default miners.
const BATCH: usize = 32;
const WARM_UP: usize = 150;
const ANY_PORT: &str = "127.0.0.1:0";

fn batch(from: u8, ttl: u32, texts: usize) -> Spike {
	Spike::new(account(from), ttl, vec!["x y".to_string(); texts]).expect("good texts")
}

/// A component that gives newcomers no grace.
async fn start_without_grace(net: &Net, number: u8) -> Node {
	let quota = QuotaConfig { grace_texts: 0.0, ..QuotaConfig::default() };
	net.start_with(number, ANY_PORT, AxonConfig { quota, ..AxonConfig::default() }).await
}

/// Spikes that `to` answers until it refuses one, at most `most`.
async fn until_refused(net: &Net, from: u8, to: u8, most: usize) -> usize {
	let transport = TonicTransport::new(GENESIS, Arc::new(key(from)), TransportConfig::default());
	for served in 0..most {
		let spike = batch(from, 0, BATCH);
		match transport.spike(&net.peer(to), &spike, within(10.0)).await {
			Ok(_) => {}
			Err(DendriteError::Refused(WireError::RateLimited { retry_ms: 1.. })) => return served,
			Err(error) => panic!("{error}"),
		}
	}
	most
}

#[tokio::test]
async fn a_bidder_is_served_while_a_free_caller_gets_the_free_tier() {
	let net = Net::default();
	let _node = start_without_grace(&net, 2).await;
	net.register(1);
	net.bid(3, 2, 1);
	net.register(3);
	let start = Instant::now();
	let free = until_refused(&net, 1, 2, 1_000).await;
	// At first the spare half of the tier, 256 texts, and what comes during the test.
	let most = 8 + start.elapsed().as_secs() as usize * 2 + 2;
	assert!((1..=most).contains(&free), "{free} batches without a bid");
	assert_eq!(until_refused(&net, 3, 2, 300).await, 300, "an idle server serves who pays at once");
	// The free caller pays from now on.
	net.bid(1, 2, 1);
	assert_eq!(until_refused(&net, 1, 2, 100).await, 100);
}

#[tokio::test]
async fn free_callers_share_one_tier_whatever_their_number() {
	let net = Net::default();
	let _node = start_without_grace(&net, 2).await;
	let callers: Vec<u8> = (10..110).collect();
	callers.iter().for_each(|number| net.register(*number));
	let start = Instant::now();
	let mut served = 0;
	for number in callers {
		served += until_refused(&net, number, 2, 1_000).await;
	}
	let quota = QuotaConfig::default();
	let tier = 512.0 + quota.free_texts_per_second * start.elapsed().as_secs_f64();
	assert!((served * BATCH) as f64 <= tier, "{served} batches to a hundred free callers");
}

#[tokio::test]
async fn a_free_caller_causes_no_onward_calls() {
	let net = Net::default();
	let (a, b, c) = (net.start(1).await, net.start(2).await, net.start(3).await);
	net.inputs(2, &[3]);
	net.bid(2, 3, 9);
	let message = a.message(2, &["x"]);
	let got = a.dendrite.spike(&a.peers(&[2]), &message, within(10.0)).await;
	// B's own answer, as with a ttl of 0.
	assert_eq!(got.vectors, [Some(b.nucleus.output(&message.texts, &[]))]);
	assert_eq!(got.hops.len(), 1);
	assert_eq!(c.nucleus.spikes(), 0);

	net.bid(1, 2, 1);
	let message = a.message(2, &["x"]);
	let got = a.dendrite.spike(&a.peers(&[2]), &message, within(10.0)).await;
	let below = c.nucleus.output(&message.texts, &[]);
	assert_eq!(got.vectors, [Some(b.nucleus.output(&message.texts, &[Some(below)]))]);
	assert_eq!((got.hops.len(), c.nucleus.spikes()), (2, 1));
}

#[tokio::test]
async fn under_load_each_bidder_gets_its_part_by_flow() {
	const PARTS: [(u8, u64); 3] = [(3, 600), (4, 300), (5, 100)];
	let net = Net::default();
	let node = net.start(2).await;
	*node.nucleus.delay.lock() = Duration::from_millis(4);
	for (number, flow) in PARTS {
		net.register(number);
		net.bid(number, 2, flow);
	}
	let stop = Instant::now() + Duration::from_secs(3);
	let mut tasks = Vec::new();
	let counts = [(); 3].map(|()| Arc::new(AtomicUsize::new(0)));
	for ((number, _), count) in PARTS.iter().zip(&counts) {
		let transport =
			TonicTransport::new(GENESIS, Arc::new(key(*number)), TransportConfig::default());
		let transport = Arc::new(transport);
		for _ in 0..12 {
			let (number, peer) = (*number, net.peer(2));
			let (transport, count) = (transport.clone(), count.clone());
			tasks.push(tokio::spawn(async move {
				while Instant::now() < stop {
					let spike = batch(number, 0, BATCH);
					let answer = transport.spike(&peer, &spike, within(10.0)).await;
					assert!(answer.is_ok(), "{answer:?}");
					// The last answers come after the load has ended.
					count.fetch_add(usize::from(Instant::now() < stop), SeqCst);
				}
			}));
		}
	}
	for task in tasks {
		task.await.expect("no panic");
	}
	let counts = counts.map(|count| count.load(SeqCst));
	let all: usize = counts.iter().sum();
	for ((number, flow), count) in PARTS.into_iter().zip(counts) {
		let (part, bought) = (count as f64 / all as f64, flow as f64 / 1_000.0);
		assert!((part - bought).abs() < 0.05, "{number} got {part}: {counts:?}");
	}
}

#[tokio::test]
async fn a_refused_dendrite_waits_as_long_as_it_is_told() {
	let net = Net::default();
	let node = start_without_grace(&net, 2).await;
	let dendrite = net.dendrite(1);
	let peers = [net.peer(2)];
	let mut outcomes = Vec::new();
	while outcomes.last() != Some(&HopStatus::Refused) {
		let got = dendrite.spike(&peers, &batch(1, 1, 128), within(10.0)).await;
		outcomes.push(got.hops[0].status);
		assert!(outcomes.len() < 100, "{outcomes:?}");
	}
	// 128 texts at 32 per second: it stays away for seconds, and the server does not hear from it.
	let (served, start) = (node.nucleus.spikes(), Instant::now());
	while start.elapsed() < Duration::from_millis(300) {
		let got = dendrite.spike(&peers, &batch(1, 1, 128), within(10.0)).await;
		assert_eq!(got.hops[0].status, HopStatus::Refused);
		tokio::time::sleep(Duration::from_millis(5)).await;
	}
	let metrics = net.metrics();
	assert_eq!((refused(&metrics, "rate-limited"), node.nucleus.spikes()), (1, served));
	assert_eq!(net.counter("refused_by_peers"), 1);
	assert!(net.counter("spikes_held_back") > 10);
	assert!(!dendrite.breaker().is_open(&account(2)), "a refusal is no failure");
	// It pays now: after the time it was told, it is served as often as it asks.
	net.bid(1, 2, 1);
	let mut answers = 0;
	while answers < 50 {
		let got = dendrite.spike(&peers, &batch(1, 1, 128), within(10.0)).await;
		match got.hops[0].status {
			HopStatus::Ok => answers += 1,
			_ => assert_eq!(answers, 0, "{:?}", got.hops),
		}
		assert!(start.elapsed() < Duration::from_secs(30), "{:?}", got.hops);
	}
}

/// The first epochs of a network: nobody has posted a row, so nobody has a bid. All measure all, then
/// post; one does not.
#[tokio::test]
async fn a_network_without_bids_measures_posts_and_goes_on() {
	let net = Net::default();
	let numbers = [1, 2, 3, 4, 5, 6];
	let mut nodes = Vec::new();
	for number in numbers {
		nodes.push(net.start(number).await);
		let others: Vec<u8> = numbers.into_iter().filter(|other| *other != number).collect();
		net.inputs(number, &others);
	}
	// Nobody misses an answer of the warm-up, although Spikes ask for two hops.
	let rounds = |count: usize, texts: usize, node: Node| async move {
		let others: Vec<u8> = numbers.into_iter().filter(|other| *other != node.number).collect();
		let peers = node.peers(&others);
		let mut answered = 0;
		for _ in 0..count {
			let spike = batch(node.number, 1, texts);
			let got = node.dendrite.spike(&peers, &spike, within(30.0)).await;
			answered += got.vectors.iter().flatten().count();
		}
		(node, answered)
	};
	let warm_up =
		futures::future::join_all(nodes.into_iter().map(|node| rounds(WARM_UP, BATCH, node)));
	let mut nodes = Vec::new();
	for (node, answered) in warm_up.await {
		assert_eq!(answered, WARM_UP * (numbers.len() - 1), "component {}", node.number);
		nodes.push(node);
	}
	// Five post: their bids are active. The sixth keeps everything.
	for from in 1..=5 {
		for to in numbers.into_iter().filter(|to| *to != from) {
			net.bid(from, to, 10);
		}
	}
	// The grace counts texts: as few Spikes as it takes.
	let grace = QuotaConfig::default().grace_texts as usize / MAX_TEXTS;
	let (selfish, honest) = (nodes.pop().expect("six"), nodes.pop().expect("five"));
	let (_selfish, selfish_answered) = rounds(2 * grace, MAX_TEXTS, selfish).await;
	let asked = 2 * grace * (numbers.len() - 1);
	assert!(
		(selfish_answered as f64) < 0.6 * asked as f64,
		"the one that pays nothing got {selfish_answered} of {asked} answers"
	);
	let (_honest, answered) = rounds(grace, MAX_TEXTS, honest).await;
	assert_eq!(answered, grace * (numbers.len() - 1), "one that pays misses nothing");
}
