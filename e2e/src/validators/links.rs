//! Connections that can be cut: each node calls each other one through a relay of its own.
//!
//! ```text
//!   alice ──▶ relay alice→dave ──▶ dave        joined: bytes pass
//!   dave  ──▶ relay dave→alice ──▶ alice       cut: nothing passes and nobody is told, as when packets
//!                                              are lost; what was open then is closed when it is joined
//! ```
//!
//! A relay needs no rights, so this works as any user and in a container; a network namespace does not. The
//! nodes must not know each other's own address: they run with `--no-private-ip`, so that they call only
//! the addresses of their boot nodes.

use std::{collections::BTreeMap, io};

use tokio::{
	io::copy_bidirectional,
	net::{TcpListener, TcpStream},
	sync::watch,
	task::JoinHandle,
};

/// The relays between some nodes, by name of the caller and the called.
#[derive(Debug, Default)]
pub(super) struct Links(BTreeMap<(String, String), Relay>);

impl Links {
	/// Makes the relay through which `from` calls `to`, which listens on this port.
	pub(super) async fn add(&mut self, from: &str, to: &str, port: u16) -> io::Result<()> {
		self.0.insert((from.into(), to.into()), Relay::start(port).await?);
		Ok(())
	}

	/// The port at which `from` calls `to`.
	pub(super) fn port(&self, from: &str, to: &str) -> Option<u16> {
		Some(self.0.get(&(from.into(), to.into()))?.port)
	}

	/// Cuts what connects these nodes with others, and joins everything else.
	pub(super) fn cut(&self, apart: &[&str]) {
		let side = |name: &String| apart.contains(&name.as_str());
		for ((from, to), relay) in &self.0 {
			// Nobody listens if no connection is open.
			relay.joined.send_replace(side(from) == side(to));
		}
	}
}

/// Passes connections on to one port of 127.0.0.1.
#[derive(Debug)]
struct Relay {
	port: u16,
	joined: watch::Sender<bool>,
	task: JoinHandle<()>,
}

impl Relay {
	async fn start(to: u16) -> io::Result<Self> {
		let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
		let port = listener.local_addr()?.port();
		let (joined, state) = watch::channel(true);
		let task = tokio::spawn(async move {
			// An accepted connection that fails is the caller's to notice.
			while let Ok((caller, _)) = listener.accept().await {
				tokio::spawn(pass(caller, to, state.clone()));
			}
		});
		Ok(Self { port, joined, task })
	}
}

impl Drop for Relay {
	fn drop(&mut self) {
		self.task.abort();
	}
}

/// Passes bytes until either side closes. After a cut it is silent, and closes both when joined.
async fn pass(mut caller: TcpStream, to: u16, mut joined: watch::Receiver<bool>) {
	if joined.wait_for(|joined| *joined).await.is_err() {
		return;
	}
	let Ok(mut called) = TcpStream::connect(("127.0.0.1", to)).await else { return };
	let mut cut = joined.clone();
	tokio::select! {
		_ = copy_bidirectional(&mut caller, &mut called) => return,
		_ = cut.wait_for(|joined| !joined) => (),
	}
	let _ = joined.wait_for(|joined| *joined).await;
}

#[cfg(test)]
mod tests {
	use std::time::Duration;

	use tokio::io::{AsyncReadExt, AsyncWriteExt};

	use super::*;

	/// A server that answers each byte with the next one.
	async fn server() -> io::Result<u16> {
		let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
		let port = listener.local_addr()?.port();
		tokio::spawn(async move {
			while let Ok((mut caller, _)) = listener.accept().await {
				tokio::spawn(async move {
					while let Ok(byte) = caller.read_u8().await {
						let _ = caller.write_u8(byte.wrapping_add(1)).await;
					}
				});
			}
		});
		Ok(port)
	}

	async fn ask(stream: &mut TcpStream, byte: u8) -> io::Result<u8> {
		stream.write_u8(byte).await?;
		stream.read_u8().await
	}

	#[tokio::test]
	async fn a_cut_relay_is_silent_and_a_joined_one_takes_new_calls() -> io::Result<()> {
		let mut links = Links::default();
		let port = server().await?;
		for (from, to) in [("a", "b"), ("a", "c")] {
			links.add(from, to, port).await?;
		}
		let call = async |to: &str| {
			TcpStream::connect(("127.0.0.1", links.port("a", to).unwrap_or(0))).await
		};
		let (mut b, mut c) = (call("b").await?, call("c").await?);
		assert_eq!((ask(&mut b, 1).await?, ask(&mut c, 2).await?), (2, 3));

		links.cut(&["a", "c"]);
		let mut late = call("b").await?;
		for cut in [&mut b, &mut late] {
			let answer = tokio::time::timeout(Duration::from_millis(300), ask(cut, 4)).await;
			assert!(answer.is_err(), "{answer:?} passed");
		}
		assert_eq!(ask(&mut c, 5).await?, 6);

		links.cut(&[]);
		assert!(ask(&mut b, 7).await.is_err(), "a connection outlived the cut");
		// The call that waited gets through.
		assert_eq!(late.read_u8().await?, 5);
		assert_eq!(ask(&mut call("b").await?, 8).await?, 9);
		Ok(())
	}
}
