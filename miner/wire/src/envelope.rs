//! The signed envelope around every request and answer.
//!
//! The checks run from cheap to expensive, so that a receiver can stop early:
//! [`Unverified::parse`] (sizes and field lengths) → [`Unverified::check_address`] (chain, method,
//! receiver) → [`Unverified::verify`] (signature, then the hash of the whole body). [`open`] does all
//! of them.

use crate::{
	blake2_256,
	keypair::{verify, WIRE_CONTEXT},
	limits::{check_body, MAX_DEADLINE_MS, MAX_ENVELOPE_BYTES},
	proto::{Envelope, Method, Sealed},
	AccountId, Hash, Signer, WireError,
};
use prost::Message as _;

/// A nonce: random bytes that no two requests of one sender share.
pub type Nonce = [u8; 16];

/// The fields of an envelope, except the body's hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
	/// Genesis hash of the chain that both sides are registered on.
	pub genesis: Hash,
	/// Type of the body.
	pub method: Method,
	/// Service key of the sender.
	pub from: AccountId,
	/// Service key of the receiver.
	pub to: AccountId,
	/// Random in a request, echoed in its answer.
	pub nonce: Nonce,
	/// Milliseconds since the Unix epoch.
	pub issued_at_ms: u64,
	/// Milliseconds since the Unix epoch.
	pub deadline_ms: u64,
}

impl Header {
	/// The header of a request with a fresh nonce, issued now, with a deadline after `patience_ms` (at
	/// most [`MAX_DEADLINE_MS`]).
	pub fn request(
		genesis: Hash,
		method: Method,
		from: AccountId,
		to: AccountId,
		patience_ms: u64,
	) -> Self {
		let issued_at_ms = crate::clock::now_ms();
		let deadline_ms = issued_at_ms.saturating_add(patience_ms.min(MAX_DEADLINE_MS));
		Self { genesis, method, from, to, nonce: rand::random(), issued_at_ms, deadline_ms }
	}

	/// The header of the answer to a request with this header: to the sender, with the same nonce and
	/// deadline. `None` if this header is not a request's.
	pub fn answer(&self) -> Option<Self> {
		Some(Self {
			genesis: self.genesis,
			method: answer_to(self.method)?,
			from: self.to,
			to: self.from,
			nonce: self.nonce,
			issued_at_ms: crate::clock::now_ms(),
			deadline_ms: self.deadline_ms,
		})
	}

	/// Checks that `answer` is the answer to a request with this header.
	pub fn check_answer(&self, answer: &Header) -> Result<(), WireError> {
		if answer.genesis != self.genesis {
			return Err(WireError::WrongGenesis);
		}
		if Some(answer.method) != answer_to(self.method) {
			return Err(WireError::WrongMethod);
		}
		if answer.from != self.to {
			return Err(WireError::WrongResponder);
		}
		if answer.to != self.from {
			return Err(WireError::WrongReceiver);
		}
		if answer.nonce != self.nonce {
			return Err(WireError::WrongNonce);
		}
		Ok(())
	}

	/// Milliseconds from `now_ms` to the deadline, limited to the time from issue to deadline in case
	/// the sender's clock is ahead.
	pub fn remaining_ms(&self, now_ms: u64) -> u64 {
		let allowed = self.deadline_ms.saturating_sub(self.issued_at_ms).min(MAX_DEADLINE_MS);
		self.deadline_ms.saturating_sub(now_ms).min(allowed)
	}
}

fn answer_to(method: Method) -> Option<Method> {
	match method {
		Method::Spike => Some(Method::SpikeAnswer),
		Method::Grad => Some(Method::GradAnswer),
		Method::Unspecified | Method::SpikeAnswer | Method::GradAnswer => None,
	}
}

/// Signs a body under a header. The signer must be the header's sender.
pub fn seal(signer: &dyn Signer, header: &Header, body: Vec<u8>) -> Sealed {
	let envelope = Envelope {
		genesis: header.genesis.to_vec(),
		method: header.method.into(),
		from: header.from.to_vec(),
		to: header.to.to_vec(),
		nonce: header.nonce.to_vec(),
		issued_at_ms: header.issued_at_ms,
		deadline_ms: header.deadline_ms,
		body_hash: blake2_256(&body).to_vec(),
	}
	.encode_to_vec();
	let signature = signer.sign(WIRE_CONTEXT, &envelope).to_vec();
	Sealed { envelope, body, signature }
}

/// A sealed message with a readable envelope and an unverified signature.
#[derive(Clone, Debug)]
pub struct Unverified {
	header: Header,
	body_hash: Hash,
	sealed: Sealed,
}

/// A message with a verified signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
	/// The envelope's fields.
	pub header: Header,
	/// The body, which matches the signed hash.
	pub body: Vec<u8>,
}

impl Unverified {
	/// Reads the envelope: sizes, then the lengths of its fields.
	pub fn parse(sealed: Sealed) -> Result<Self, WireError> {
		check_body(sealed.body.len())?;
		if sealed.envelope.len() > MAX_ENVELOPE_BYTES {
			let bytes = sealed.envelope.len();
			return Err(WireError::TooLarge { bytes, limit: MAX_ENVELOPE_BYTES });
		}
		let envelope = Envelope::decode(sealed.envelope.as_slice())
			.map_err(|_| WireError::Malformed { field: "envelope" })?;
		let header = Header {
			genesis: fixed(&envelope.genesis, "genesis")?,
			method: Method::try_from(envelope.method)
				.map_err(|_| WireError::Malformed { field: "method" })?,
			from: fixed(&envelope.from, "from")?,
			to: fixed(&envelope.to, "to")?,
			nonce: fixed(&envelope.nonce, "nonce")?,
			issued_at_ms: envelope.issued_at_ms,
			deadline_ms: envelope.deadline_ms,
		};
		if header.deadline_ms < header.issued_at_ms {
			return Err(WireError::Malformed { field: "deadline" });
		}
		let body_hash = fixed(&envelope.body_hash, "body_hash")?;
		Ok(Self { header, body_hash, sealed })
	}

	/// The envelope's fields, unverified.
	pub fn header(&self) -> &Header {
		&self.header
	}

	/// Checks that the message is a `method` for `receiver` on the chain with this genesis hash.
	pub fn check_address(
		&self,
		genesis: &Hash,
		method: Method,
		receiver: &AccountId,
	) -> Result<(), WireError> {
		if self.header.genesis != *genesis {
			return Err(WireError::WrongGenesis);
		}
		if self.header.method != method {
			return Err(WireError::WrongMethod);
		}
		if self.header.to != *receiver {
			return Err(WireError::WrongReceiver);
		}
		Ok(())
	}

	/// Checks the signature over the envelope, then the hash of the whole body.
	pub fn verify(self) -> Result<Opened, WireError> {
		let Sealed { envelope, body, signature } = self.sealed;
		if signature.is_empty() {
			return Err(WireError::Unsigned);
		}
		if !verify(&self.header.from, WIRE_CONTEXT, &envelope, &signature) {
			return Err(WireError::BadSignature);
		}
		if blake2_256(&body) != self.body_hash {
			return Err(WireError::BodyHash);
		}
		Ok(Opened { header: self.header, body })
	}
}

/// Opens a message that must be a `method` for `receiver` on this chain. The caller still has to check
/// times and replay ([`crate::ReplayGuard`]) or the answer ([`Header::check_answer`]).
pub fn open(
	sealed: Sealed,
	genesis: &Hash,
	method: Method,
	receiver: &AccountId,
) -> Result<Opened, WireError> {
	let parsed = Unverified::parse(sealed)?;
	parsed.check_address(genesis, method, receiver)?;
	parsed.verify()
}

/// The bytes as an array, or `Malformed` with the field's name if the length differs.
pub(crate) fn fixed<const N: usize>(
	bytes: &[u8],
	field: &'static str,
) -> Result<[u8; N], WireError> {
	bytes.try_into().map_err(|_| WireError::Malformed { field })
}
