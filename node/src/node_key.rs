//! The node key: its public half is the node's name in the network, so two nodes must not share one.
//!
//! Others keep the connection of the node that was there first and refuse the streams of the second one.
//! It stays without peers, and no message over the network names the cause. So a node looks where it can:
//!
//! | the other node | how it is found |
//! |---|---|
//! | has the same base path | the lock of the database |
//! | runs on this machine | [`claim`]: both take the name of a socket |
//! | answers at the address of a boot node or reserved node | [`other_at`] calls it before the node itself listens |
//! | elsewhere | not at all; a node that finds no peer says what may be the cause |

use crate::refusal::Refusal;
use bittensor_runtime::opaque::Hash;
use litep2p::{
	config::ConfigBuilder,
	transport::{tcp, websocket},
	Litep2p, Litep2pEvent,
};
use sc_network::{config::MultiaddrWithPeerId, PeerId};
use std::time::Duration;

/// How long another node may take to answer.
const ANSWER: Duration = Duration::from_secs(5);
/// How long a node may take to find its first peer before it says what may be wrong.
const FIRST_PEER: Duration = Duration::from_secs(20);

/// The use of a node key on this machine, until it is dropped.
pub(crate) struct Claim {
	#[cfg(target_os = "linux")]
	_socket: std::os::unix::net::UnixDatagram,
}

/// Claims the key of `peer` on this machine. The kernel frees it when the process ends, however that is.
#[cfg(target_os = "linux")]
pub(crate) fn claim(peer: PeerId) -> Result<Claim, Refusal> {
	use std::os::{
		linux::net::SocketAddrExt,
		unix::net::{SocketAddr, UnixDatagram},
	};
	let failed = |error: std::io::Error| match error.kind() {
		std::io::ErrorKind::AddrInUse => {
			Refusal::SharedNodeKey { peer, place: "on this machine".into() }
		}
		_ => Refusal::Claim { peer, error },
	};
	// An abstract name: no file remains.
	let name = SocketAddr::from_abstract_name(format!("bittensor-node/{peer}")).map_err(failed)?;
	Ok(Claim { _socket: UnixDatagram::bind_addr(&name).map_err(failed)? })
}

/// Only Linux has names that vanish with the process.
#[cfg(not(target_os = "linux"))]
pub(crate) fn claim(_: PeerId) -> Result<Claim, Refusal> {
	Ok(Claim {})
}

/// The first of these addresses at which another node answers with the key of `peer`. Call it before the
/// node itself listens.
pub(crate) async fn other_at(
	peer: PeerId,
	nodes: impl IntoIterator<Item = &MultiaddrWithPeerId>,
) -> Option<String> {
	for node in nodes.into_iter().filter(|node| node.peer_id == peer) {
		if tokio::time::timeout(ANSWER, answers(peer, node)).await == Ok(true) {
			return Some(node.multiaddr.to_string());
		}
	}
	None
}

/// Whether a node with the key of `peer` answers at this address.
async fn answers(peer: PeerId, node: &MultiaddrWithPeerId) -> bool {
	// The caller has a key of its own, made for this call.
	let config = ConfigBuilder::new()
		.with_tcp(tcp::config::Config { listen_addresses: Vec::new(), ..Default::default() })
		.with_websocket(websocket::config::Config {
			listen_addresses: Vec::new(),
			..Default::default()
		})
		.build();
	let Ok(mut caller) = Litep2p::new(config) else { return false };
	if caller.dial_address(node.concat().into()).await.is_err() {
		return false;
	}
	// The handshake proves the key.
	match caller.next_event().await {
		Some(Litep2pEvent::ConnectionEstablished { peer: found, .. }) => {
			PeerId::from(found) == peer
		}
		_ => false,
	}
}

/// Says what may be wrong if this node, which knows `others` other nodes, finds none of them.
pub(crate) async fn wait_for_peer(
	peer: PeerId,
	others: usize,
	genesis: Hash,
	peers: impl Fn() -> usize,
) {
	tokio::time::sleep(FIRST_PEER).await;
	if peers() == 0 {
		log::warn!(
			"No peer after {} s, although {others} boot or reserved nodes are known. Either none of them runs \
			 at its address; or they are on another chain than this node, whose first block is {genesis:?}; \
			 or another node uses the node key of this one (peer id {peer}): then stop it, or give this one a \
			 key of its own with --node-key-file.",
			FIRST_PEER.as_secs()
		);
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use litep2p::crypto::ed25519::Keypair;

	/// A node that listens with this key, and its address without the peer id.
	fn listener(key: &Keypair) -> sc_network::Multiaddr {
		let tcp = tcp::config::Config {
			listen_addresses: vec!["/ip4/127.0.0.1/tcp/0".parse().expect("an address")],
			..Default::default()
		};
		let config = ConfigBuilder::new().with_keypair(key.clone()).with_tcp(tcp).build();
		let mut node = Litep2p::new(config).expect("a free port");
		let mut address = node.listen_addresses().next().expect("it listens").clone();
		address.pop();
		tokio::spawn(async move { while node.next_event().await.is_some() {} });
		address.into()
	}

	fn peer(key: &Keypair) -> PeerId {
		litep2p::PeerId::from_public_key(&key.public().into()).into()
	}

	#[tokio::test]
	async fn a_node_with_the_same_key_is_found_and_no_other() {
		let (ours, theirs) = (Keypair::generate(), Keypair::generate());
		let (twin, other) = (listener(&ours), listener(&theirs));
		let at = |multiaddr: &sc_network::Multiaddr, key: &Keypair| MultiaddrWithPeerId {
			multiaddr: multiaddr.clone(),
			peer_id: peer(key),
		};
		let us = peer(&ours);
		assert_eq!(other_at(us, [&at(&other, &theirs)]).await, None);
		// A node with another key answers at the address that names ours.
		assert_eq!(other_at(us, [&at(&other, &ours)]).await, None);
		// Nobody answers: this node is the boot node itself, and does not listen yet.
		let free = "/ip4/127.0.0.1/tcp/9".parse().expect("an address");
		assert_eq!(other_at(us, [&at(&free, &ours)]).await, None);
		let nodes = [at(&other, &theirs), at(&free, &ours), at(&twin, &ours)];
		assert_eq!(other_at(us, &nodes).await, Some(twin.to_string()));
	}

	#[cfg(target_os = "linux")]
	#[test]
	fn a_key_is_claimed_once_until_it_is_dropped() {
		let us = peer(&Keypair::generate());
		let claimed = claim(us).expect("it is free");
		assert!(matches!(claim(us), Err(Refusal::SharedNodeKey { .. })));
		claim(peer(&Keypair::generate())).expect("another key");
		drop(claimed);
		claim(us).expect("it is free again");
	}
}
