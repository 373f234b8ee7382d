//! Limits of the axon: rates of addresses, forged requests, and addresses that cannot be used.

use crate::{
	axon_admission::{header, raw, sealed, serves, spike},
	axon_net::{key, Net, Node, GENESIS},
};
use bittensor_miner::{
	axon::{Axon, AxonConfig, AxonError, Peers, QuotaConfig, Standing},
	dendrite::Peer,
};
use bittensor_wire::{proto::Method, WireError};
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn forged_requests_do_not_use_up_the_quota_of_the_forged() {
	let net = Net::default();
	let quota = QuotaConfig {
		free_texts_per_second: 1.0,
		grace_texts: 0.0,
		burst_seconds: 1.0,
		..QuotaConfig::default()
	};
	let node =
		net.start_with(2, "127.0.0.1:0", AxonConfig { quota, ..AxonConfig::default() }).await;
	net.register(1);
	let words = vec!["x"; 200];
	for _ in 0..5 {
		let header = header(1, 2, Method::Spike);
		let forged = sealed(3, &header, spike(1, &words).encode());
		assert_eq!(raw(&node, Method::Spike, forged).await, Err(WireError::BadSignature));
	}
	let good = sealed(1, &header(1, 2, Method::Spike), spike(1, &words).encode());
	assert!(raw(&node, Method::Spike, good).await.is_ok());
}

#[tokio::test]
async fn an_address_that_floods_is_stopped_before_its_signatures_are_checked() {
	let net = Net::default();
	let quota =
		QuotaConfig { verifications_per_second: 1.0, burst_seconds: 3.0, ..QuotaConfig::default() };
	let node =
		net.start_with(2, "127.0.0.1:0", AxonConfig { quota, ..AxonConfig::default() }).await;
	net.register(1);
	let mut errors = Vec::new();
	for _ in 0..6 {
		let forged = sealed(3, &header(1, 2, Method::Spike), spike(1, &["x"]).encode());
		errors.push(raw(&node, Method::Spike, forged).await.expect_err("forged"));
	}
	assert_eq!(errors[..3], vec![WireError::BadSignature; 3]);
	assert!(errors[3..].iter().any(|error| matches!(error, WireError::RateLimited { .. })));
}

#[tokio::test]
async fn a_port_in_use_and_an_address_that_is_none() {
	let net = Net::default();
	let node = net.start(2).await;
	let start = |listen: String| async move {
		let net = Net::default();
		let other = net.start(3).await;
		let dendrite = other.dendrite.clone();
		let nucleus = other.nucleus.clone();
		let peers = Arc::new(Nobody);
		let signer = Arc::new(key(3));
		Axon::start(&listen, GENESIS, signer, peers, nucleus, dendrite, AxonConfig::default())
			.await
			.err()
	};
	let taken = node.axon.local_addr().to_string();
	match start(taken.clone()).await {
		Some(AxonError::PortInUse { address }) => assert_eq!(address, taken),
		other => panic!("{other:?}"),
	}
	for bad in ["127.0.0.1", "127.0.0.1:99999", "", "no such host:1"] {
		let error = start(bad.to_string()).await;
		assert!(matches!(error, Some(AxonError::Address { .. })), "{bad}: {error:?}");
	}
	serves(&net, &node).await;
}

#[tokio::test]
async fn a_server_serves_until_the_stop() {
	let Node { axon, .. } = Net::default().start(2).await;
	let stop = CancellationToken::new();
	let serving = axon.serve_until(&stop);
	let stopping = async {
		tokio::time::sleep(Duration::from_millis(50)).await;
		stop.cancel();
	};
	let (served, ()) = tokio::join!(serving, stopping);
	assert!(served.is_ok(), "{served:?}");
}

/// An empty chain.
struct Nobody;

impl Peers for Nobody {
	fn standing(&self, _: &[u8; 32]) -> Option<Standing> {
		None
	}

	fn total_flow(&self) -> u64 {
		0
	}

	fn downstream(&self) -> Vec<Peer> {
		Vec::new()
	}

	fn peer(&self, _: &[u8; 32]) -> Option<Peer> {
		None
	}
}
