//! Invalid answers: each costs its sender a strike and a missing answer, and nothing else.

use crate::axon_net::{account, key, texts, within, Net, GENESIS};
use bittensor_miner::dendrite::{
	Breaker, BreakerConfig, Decision, DendriteError, TonicTransport, Transport, TransportConfig,
};
use bittensor_wire::{
	open,
	proto::{ComponentRpc, ComponentServer, DType, HopStatus, Method, Sealed},
	seal, Header, Keypair, Spike, SpikeAnswer, Vectors, WireError, DIM,
};
use std::{sync::Arc, time::Duration};
use tokio::{net::TcpListener, time::Instant};
use tonic::{
	transport::server::{Server, TcpIncoming},
	Request, Response, Status,
};

/// How a server cheats.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cheat {
	Nothing,
	Nan,
	Rows,
	OtherNonce,
	OtherSigner,
	Unsigned,
	OtherChain,
	Reflect,
	Garbage,
	Silence,
}

struct Cheater(Keypair, Cheat);

#[tonic::async_trait]
impl ComponentRpc for Cheater {
	async fn spike(&self, request: Request<Sealed>) -> Result<Response<Sealed>, Status> {
		let request = request.into_inner();
		let reflected = request.clone();
		let opened = open(request, &GENESIS, Method::Spike, &account(2))?;
		let mut header = opened.header.answer().ok_or(WireError::WrongMethod)?;
		let rows = if matches!(self.1, Cheat::Rows) { 3 } else { 2 };
		let marker = 1234.5f32;
		let output = Vectors::new(rows, vec![marker; rows * DIM])?;
		let answer = SpikeAnswer { output: Some(output), version: 1, hops: Vec::new() };
		let mut body = answer.encode(DType::F32)?;
		let mut signer = self.0.clone();
		match self.1 {
			Cheat::Nan => {
				let marker = marker.to_le_bytes();
				let at = body.windows(4).position(|window| window == marker).unwrap_or(0);
				body[at..at + 4].copy_from_slice(&f32::NAN.to_le_bytes());
			}
			Cheat::OtherNonce => header.nonce[0] ^= 1,
			Cheat::OtherSigner => {
				signer = key(9);
				header.from = account(9);
			}
			Cheat::OtherChain => header.genesis[0] ^= 1,
			Cheat::Reflect => return Ok(Response::new(reflected)),
			Cheat::Garbage => body = vec![0xff; 33],
			Cheat::Silence => std::future::pending().await,
			Cheat::Nothing | Cheat::Rows | Cheat::Unsigned => {}
		}
		let mut sealed = seal(&signer, &header, body);
		if matches!(self.1, Cheat::Unsigned) {
			sealed.signature.clear();
		}
		Ok(Response::new(sealed))
	}

	async fn grad(&self, request: Request<Sealed>) -> Result<Response<Sealed>, Status> {
		// A Spike's answer to a Grad.
		self.spike(request).await
	}
}

/// A server in the name of component 2.
pub(crate) async fn cheater(net: &Net, cheat: Cheat) {
	let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
	net.announce(2, listener.local_addr().expect("bound").port());
	let server = Server::builder()
		.add_service(ComponentServer::new(Cheater(key(2), cheat)))
		.serve_with_incoming(TcpIncoming::from(listener));
	tokio::spawn(server);
}

fn message() -> Spike {
	Spike::new(account(1), 0, texts(&["x", "y"])).expect("good texts")
}

#[tokio::test]
async fn a_bad_answer_is_named_and_costs_a_strike() {
	let cases = [
		(Cheat::Nan, WireError::NotFinite),
		(Cheat::Rows, WireError::Shape { expected: vec![2, 128], got: vec![3, 128] }),
		(Cheat::OtherNonce, WireError::WrongNonce),
		(Cheat::OtherSigner, WireError::WrongResponder),
		(Cheat::Unsigned, WireError::Unsigned),
		(Cheat::OtherChain, WireError::WrongGenesis),
		(Cheat::Reflect, WireError::WrongMethod),
		(Cheat::Garbage, WireError::Malformed { field: "body" }),
	];
	for (cheat, expected) in cases {
		let net = Net::default();
		let dendrite = net.dendrite(1);
		cheater(&net, cheat).await;
		let honest = net.start(3).await;
		let transport = TonicTransport::new(GENESIS, Arc::new(key(1)), TransportConfig::default());
		let answer = transport.spike(&net.peer(2), &message(), within(10.0)).await;
		assert_eq!(answer, Err(DendriteError::Invalid(expected)), "{cheat:?}");

		let peers = [net.peer(2), net.peer(3)];
		let got = dendrite.spike(&peers, &message(), within(10.0)).await;
		assert_eq!(got.vectors[0], None);
		assert_eq!(got.hops[0].status, HopStatus::Invalid, "{cheat:?}");
		assert_eq!(got.vectors[1], Some(honest.nucleus.output(&texts(&["x", "y"]), &[])));
		assert_eq!(dendrite.breaker().strikes(&account(2)), 1);
		let got = dendrite.spike(&peers, &message(), within(10.0)).await;
		assert_eq!(got.hops[0].status, HopStatus::Suspended, "{cheat:?}");
		assert_eq!(got.hops[1].status, HopStatus::Ok);
	}
}

#[tokio::test]
async fn an_honest_answer_of_the_same_server_passes() {
	// Otherwise the test above would prove nothing.
	let net = Net::default();
	cheater(&net, Cheat::Nothing).await;
	let got = net.dendrite(1).spike(&[net.peer(2)], &message(), within(10.0)).await;
	assert_eq!(got.hops[0].status, HopStatus::Ok);
}

#[tokio::test]
async fn silence_ends_at_the_deadline() {
	let net = Net::default();
	let dendrite = net.dendrite(1);
	cheater(&net, Cheat::Silence).await;
	for _ in 0..2 {
		let start = Instant::now();
		let got = dendrite.spike(&[net.peer(2)], &message(), within(0.5)).await;
		assert!(start.elapsed() < Duration::from_millis(900), "took {:?}", start.elapsed());
		assert_eq!((got.vectors, got.hops[0].status), (vec![None], HopStatus::Late));
	}
	assert!(dendrite.breaker().is_open(&account(2)));
}

#[tokio::test]
async fn the_answer_to_a_grad_is_checked_too() {
	let net = Net::default();
	let dendrite = net.dendrite(1);
	cheater(&net, Cheat::Nothing).await;
	let error = Vectors::new(2, vec![1.0; 2 * DIM]).expect("finite");
	let answer = dendrite.grad(&net.peer(2), &message().grad(error), within(10.0)).await;
	// The cheater opens a Grad as a Spike, which fails on its side.
	assert_eq!(answer, Err(DendriteError::Refused(WireError::WrongMethod)));
}

#[tokio::test]
async fn nobody_listens() {
	let net = Net::default();
	let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
	net.announce(2, listener.local_addr().expect("bound").port());
	drop(listener);
	let transport = TonicTransport::new(GENESIS, Arc::new(key(1)), TransportConfig::default());
	let answer = transport.spike(&net.peer(2), &message(), within(10.0)).await;
	assert!(matches!(answer, Err(DendriteError::Unreachable { .. })), "{answer:?}");
}

#[test]
fn a_breaker_opens_probes_and_closes() {
	let config = BreakerConfig {
		failures: 3,
		first_pause: Duration::from_secs(1),
		longest_pause: Duration::from_secs(4),
		strike_pause: Duration::from_secs(10),
		..BreakerConfig::default()
	};
	let breaker = Breaker::new(config);
	let peer = [1; 32];
	let start = Instant::now();
	let at = |seconds: f64| start + Duration::from_secs_f64(seconds);
	breaker.failed(&peer, at(0.0));
	breaker.failed(&peer, at(0.0));
	assert_eq!(breaker.decide(&peer, at(0.0)), Decision::Call);
	breaker.failed(&peer, at(0.0));
	assert_eq!(breaker.decide(&peer, at(0.9)), Decision::Suspend);
	// One probe per pause, even if its outcome is never reported.
	assert_eq!(breaker.decide(&peer, at(1.0)), Decision::Probe);
	assert_eq!(breaker.decide(&peer, at(1.0)), Decision::Suspend);
	assert_eq!(breaker.decide(&peer, at(2.0)), Decision::Probe);
	// Failed probes double the pause up to the longest: 2, 4, 4 seconds.
	breaker.failed(&peer, at(2.0));
	assert_eq!(breaker.decide(&peer, at(3.9)), Decision::Suspend);
	assert_eq!(breaker.decide(&peer, at(4.0)), Decision::Probe);
	breaker.failed(&peer, at(4.0));
	breaker.failed(&peer, at(4.0));
	assert_eq!(breaker.decide(&peer, at(7.9)), Decision::Suspend);
	assert_eq!(breaker.decide(&peer, at(8.0)), Decision::Probe);
	breaker.answered(&peer);
	assert!(!breaker.is_open(&peer));
	assert_eq!(breaker.decide(&peer, at(8.0)), Decision::Call);
	// It starts over, and peers do not share a breaker.
	breaker.failed(&peer, at(9.0));
	assert_eq!(breaker.decide(&peer, at(9.0)), Decision::Call);
	assert_eq!(breaker.decide(&[2; 32], at(9.0)), Decision::Call);
}

#[test]
fn strikes_add_up() {
	let config =
		BreakerConfig { strike_pause: Duration::from_secs(10), ..BreakerConfig::default() };
	let breaker = Breaker::new(config);
	let peer = [1; 32];
	let start = Instant::now();
	let at = |seconds: f64| start + Duration::from_secs_f64(seconds);
	breaker.strike(&peer, at(0.0));
	assert_eq!(breaker.decide(&peer, at(9.9)), Decision::Suspend);
	assert_eq!(breaker.decide(&peer, at(10.0)), Decision::Probe);
	breaker.answered(&peer);
	assert_eq!(breaker.decide(&peer, at(10.0)), Decision::Call);
	// A good answer in between does not erase earlier strikes.
	breaker.strike(&peer, at(20.0));
	assert_eq!(breaker.decide(&peer, at(39.9)), Decision::Suspend);
	assert_eq!(breaker.decide(&peer, at(40.0)), Decision::Probe);
	assert_eq!(breaker.strikes(&peer), 2);
}

#[test]
fn a_request_lives_no_longer_than_its_patience() {
	let header = Header::request(GENESIS, Method::Spike, account(1), account(2), u64::MAX);
	assert_eq!(header.deadline_ms - header.issued_at_ms, 60_000);
}
