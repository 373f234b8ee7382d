//! The ports of the nodes: fixed ones, so that a person knows them, or any that are free.

use std::net::TcpListener;

use super::NAMES;
use crate::process::free_port;

/// The ports of one node on 127.0.0.1.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
	/// Of the peer-to-peer network.
	pub p2p: u16,
	/// Of the RPC server.
	pub rpc: u16,
	/// Of the metrics.
	pub prometheus: u16,
}

impl Ports {
	/// The usual ports of the SDK, and those above them: for each validator, and for a fifth node.
	pub fn fixed() -> [Self; 5] {
		[0, 1, 2, 3, 4].map(|place| Self {
			p2p: 30_333 + place,
			rpc: 9_944 + place,
			prometheus: 9_615 + place,
		})
	}

	/// Ports that are free now.
	pub fn free() -> std::io::Result<[Self; 5]> {
		let one = || -> std::io::Result<Self> {
			Ok(Self { p2p: free_port()?, rpc: free_port()?, prometheus: free_port()? })
		};
		Ok([one()?, one()?, one()?, one()?, one()?])
	}
}

/// Ports that other programs use.
#[derive(Debug, thiserror::Error)]
#[error(
	"these ports are taken: {}. Stop the programs that use them, such as another local network: \
	 `ss -ltnp 'sport = :{}'` names the one of the first",
	.0.iter().map(|(port, of)| format!("{port} ({of})")).collect::<Vec<_>>().join(", "),
	.0.first().map_or(0, |(port, _)| *port)
)]
pub(super) struct Taken(Vec<(u16, String)>);

/// Refuses ports if a program already listens at one of them. A node says so late, and for its RPC server
/// not at all: it takes any other port.
///
/// # Errors
/// [`Taken`] with all of these.
pub(super) fn ensure_free(ports: &[Ports; 5]) -> Result<(), Taken> {
	let nodes = NAMES.into_iter().chain(["the fifth node"]).zip(ports);
	let used = nodes.flat_map(|(node, ports)| {
		[(ports.rpc, "RPC"), (ports.p2p, "network"), (ports.prometheus, "metrics")]
			.map(|(port, what)| (port, format!("{what} of {node}")))
	});
	let taken = used.filter(|(port, _)| TcpListener::bind(("127.0.0.1", *port)).is_err());
	let taken: Vec<(u16, String)> = taken.collect();
	match taken.is_empty() {
		true => Ok(()),
		false => Err(Taken(taken)),
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn each_kind_of_port_is_named_if_it_is_taken() -> anyhow::Result<()> {
		let ports = Ports::free()?;
		ensure_free(&ports)?;
		let [alice, _, charlie, _, fifth] = ports;
		for (port, of) in [
			(alice.rpc, "RPC of alice"),
			(charlie.p2p, "network of charlie"),
			(fifth.prometheus, "metrics of the fifth node"),
		] {
			// On all addresses, as some programs listen.
			for address in ["127.0.0.1", "0.0.0.0"] {
				let _listener = TcpListener::bind((address, port))?;
				let said = ensure_free(&ports).expect_err("taken").to_string();
				let expected = format!("taken: {port} ({of}). Stop");
				assert!(said.contains(&expected), "{expected} is not in {said}");
				assert!(said.contains(&format!("`ss -ltnp 'sport = :{port}'`")), "{said}");
			}
		}
		let _listeners = [
			TcpListener::bind(("127.0.0.1", alice.p2p))?,
			TcpListener::bind(("127.0.0.1", fifth.rpc))?,
		];
		let said = ensure_free(&ports).expect_err("taken").to_string();
		let expected =
			format!("{} (network of alice), {} (RPC of the fifth node)", alice.p2p, fifth.rpc);
		assert!(said.contains(&expected), "{expected} is not in {said}");
		Ok(())
	}
}
