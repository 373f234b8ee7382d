//! The protocol between components: protobuf messages in signed envelopes.
//!
//! ```text
//!   Spike / Grad            typed, within all limits           (message, limits, tensor)
//!        │ encode
//!        ▼
//!   body bytes ──blake2-256──► Envelope { genesis, method, from, to, nonce,
//!        │                       issued_at_ms, deadline_ms, body_hash }
//!        │                          │ sr25519, context "bittensor/wire/1"   (envelope, keypair)
//!        ▼                          ▼
//!   Sealed { body, envelope, signature } ──gRPC──► receiver: open, ReplayGuard, decode
//!        ▲                                             │
//!        └──── Sealed answer, or a WireError ◄─────────┘   (error)
//! ```
//!
//! Invariants:
//! - A signature covers the sender, the receiver, the chain, the method, the times and every byte of
//!   the body. An answer also echoes the nonce of its request, so it answers that request only.
//! - [`Vectors`] are finite and of shape `[rows, 128]` once constructed; decoders return nothing else.
//! - A receiver accepts a request once ([`ReplayGuard`]), even if it restarts.
//! - Every refusal is a [`WireError`], which reaches the caller through gRPC with all its fields.
//!
//! ```
//! use bittensor_wire::{open, proto::Method, seal, Header, Keypair, Signer, WireError};
//!
//! let (sender, receiver) = (Keypair::from_seed(&[1; 32])?, Keypair::from_seed(&[2; 32])?);
//! let genesis = [7; 32];
//! let header = Header::request(genesis, Method::Spike, sender.account(), receiver.account(), 1_000);
//! let sealed = seal(&sender, &header, b"body".to_vec());
//!
//! let opened = open(sealed.clone(), &genesis, Method::Spike, &receiver.account())?;
//! assert_eq!(opened.body, b"body");
//! let on_another_chain = open(sealed, &[8; 32], Method::Spike, &receiver.account());
//! assert_eq!(on_another_chain, Err(WireError::WrongGenesis));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The crate contains no model, and no network code except the generated stubs.

pub mod clock;
pub mod envelope;
pub mod error;
pub mod keypair;
pub mod limits;
pub mod message;
pub mod proto;
pub mod replay;
pub mod tensor;

pub use envelope::{open, seal, Header, Opened, Unverified};
pub use error::WireError;
pub use keypair::{Keypair, Signer};
pub use limits::DIM;
pub use message::{Grad, GradAnswer, MessageId, Spike, SpikeAnswer};
pub use replay::{ReplayGuard, ReplayLimits};
pub use tensor::Vectors;

/// An account: the sr25519 public key of a component's service key, as on chain.
pub type AccountId = [u8; 32];

/// A blake2-256 hash.
pub type Hash = [u8; 32];

/// blake2b with 256 bits of output, as Substrate uses it.
pub fn blake2_256(bytes: &[u8]) -> Hash {
	use blake2::{digest::consts::U32, Blake2b, Digest};
	Blake2b::<U32>::digest(bytes).into()
}
