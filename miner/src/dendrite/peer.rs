//! A component on the network, as the chain describes it.

use bittensor_wire::AccountId;

/// Identity and endpoint of a component.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Peer {
	/// Index on chain.
	pub uid: u32,
	/// Service key, which signs its answers.
	pub account: AccountId,
	/// Host name or address of its endpoint.
	pub host: String,
	/// TCP port of its endpoint.
	pub port: u16,
	/// SHA-256 of the TLS key that its endpoint announces; `None` for plain HTTP/2.
	pub tls_spki: Option<[u8; 32]>,
}

impl Peer {
	/// The URI of its endpoint.
	pub fn uri(&self) -> String {
		let scheme = if self.tls_spki.is_some() { "https" } else { "http" };
		if self.host.contains(':') && !self.host.starts_with('[') {
			format!("{scheme}://[{}]:{}", self.host, self.port)
		} else {
			format!("{scheme}://{}:{}", self.host, self.port)
		}
	}
}
