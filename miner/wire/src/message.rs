//! The four bodies, checked: what a decoder returns is within every limit.
//!
//! A message is a [`Spike`] and everything that follows from it: the Spikes that its receivers send
//! on, and the Grads that come back for it. All carry the root's account, a random id and the same
//! texts, so the triple (root, id, [`digest`] of the texts) names the message wherever it goes, and
//! with the ttl it names one computation at one component: a message that arrives with ttl t is
//! computed from answers with ttl t − 1, so no computation ever waits for itself.

use crate::{
	blake2_256,
	envelope::fixed,
	limits::{check_texts, DIM, MAX_HOPS, MAX_PATH},
	proto::{self, DType, GradReason, HopStatus, SpikeStatus},
	AccountId, Hash, Vectors, WireError,
};
use prost::Message as _;
use std::sync::Arc;

/// Random bytes by which a root tells its messages apart.
pub type MessageId = [u8; 16];

/// blake2-256 of texts: for each its length in bytes (u64, little-endian), then its UTF-8 bytes.
pub fn digest<T: AsRef<str>>(texts: &[T]) -> Hash {
	let length = texts.iter().map(|text| text.as_ref().len() + 8).sum();
	let mut bytes = Vec::with_capacity(length);
	for text in texts {
		let text = text.as_ref().as_bytes();
		bytes.extend_from_slice(&u64::try_from(text.len()).unwrap_or(u64::MAX).to_le_bytes());
		bytes.extend_from_slice(text);
	}
	blake2_256(&bytes)
}

/// A forward query (§2): texts whose vectors the sender wants.
#[derive(Clone, Debug, PartialEq)]
pub struct Spike {
	/// Account that started the message.
	pub root: AccountId,
	/// The root's name for the message.
	pub id: MessageId,
	/// Accounts it went through: the root first, the sender last.
	pub path: Vec<AccountId>,
	/// Hops that the receiver may add; 0: it answers alone.
	pub ttl: u32,
	/// x: 1 to 256 texts.
	pub texts: Arc<[String]>,
	/// Type of the values that the sender wants back.
	pub dtype: DType,
}

impl Spike {
	/// A message of our own with a random id: `root` asks its downstream components, who may add `ttl`
	/// further hops. Checks the texts.
	pub fn new(root: AccountId, ttl: u32, texts: Vec<String>) -> Result<Self, WireError> {
		check_texts(&texts)?;
		let texts = texts.into();
		let id = rand::random();
		Ok(Self { root, id, path: vec![root], ttl, texts, dtype: DType::F32 })
	}

	/// The same message as `component`, which received it, sends it on: one hop further, one hop less
	/// to go. `None` when it must not go further.
	pub fn onward(&self, component: AccountId) -> Option<Self> {
		if self.ttl == 0 || self.path.len() >= MAX_PATH || self.path.contains(&component) {
			return None;
		}
		let mut next = self.clone();
		next.path.push(component);
		next.ttl -= 1;
		Some(next)
	}

	/// [`digest`] of its texts.
	pub fn digest(&self) -> Hash {
		digest(&self.texts)
	}

	/// The error signal for the answer that a receiver gave to this very Spike.
	pub fn grad(&self, error: Vectors) -> Grad {
		Grad {
			root: self.root,
			id: self.id,
			path: self.path.clone(),
			ttl: self.ttl,
			digest: self.digest(),
			error,
		}
	}

	/// The encoded body.
	pub fn encode(&self) -> Vec<u8> {
		proto::SpikeRequest {
			root: self.root.to_vec(),
			message_id: self.id.to_vec(),
			path: self.path.iter().map(|account| account.to_vec()).collect(),
			ttl: self.ttl,
			texts: self.texts.to_vec(),
			dtype: self.dtype.into(),
		}
		.encode_to_vec()
	}

	/// Decodes and checks a body that `sender` sent.
	pub fn decode(body: &[u8], sender: &AccountId) -> Result<Self, WireError> {
		let request = proto::SpikeRequest::decode(body)
			.map_err(|_| WireError::Malformed { field: "body" })?;
		let root = fixed(&request.root, "root")?;
		let dtype = DType::try_from(request.dtype).map_err(|_| WireError::UnknownDType)?;
		check_texts(&request.texts)?;
		Ok(Self {
			root,
			id: fixed(&request.message_id, "message_id")?,
			path: path(&request.path, &root, sender)?,
			ttl: request.ttl,
			texts: request.texts.into(),
			dtype,
		})
	}
}

/// An error signal (§3): the derivative of the sender's loss by the receiver's output.
#[derive(Clone, Debug, PartialEq)]
pub struct Grad {
	/// Account that started the message.
	pub root: AccountId,
	/// The root's name for the message.
	pub id: MessageId,
	/// Accounts it went through: the root first, the sender last.
	pub path: Vec<AccountId>,
	/// The ttl of the Spike that it answers.
	pub ttl: u32,
	/// [`digest`] of the Spike's texts.
	pub digest: Hash,
	/// ∂L/∂y, one row per text.
	pub error: Vectors,
}

impl Grad {
	/// The Grad that `component`, which received this one, sends on with its own error. `None` when it
	/// must not go further.
	pub fn onward(&self, component: AccountId, error: Vectors) -> Option<Self> {
		if self.ttl == 0 || self.path.len() >= MAX_PATH || self.path.contains(&component) {
			return None;
		}
		let mut path = self.path.clone();
		path.push(component);
		let ttl = self.ttl - 1;
		Some(Self { root: self.root, id: self.id, path, ttl, digest: self.digest, error })
	}

	/// The encoded body. `NotFinite` if a value does not fit `dtype`.
	pub fn encode(&self, dtype: DType) -> Result<Vec<u8>, WireError> {
		Ok(proto::GradRequest {
			root: self.root.to_vec(),
			message_id: self.id.to_vec(),
			path: self.path.iter().map(|account| account.to_vec()).collect(),
			ttl: self.ttl,
			digest: self.digest.to_vec(),
			error: Some(self.error.encode(dtype)?),
		}
		.encode_to_vec())
	}

	/// Decodes and checks a body that `sender` sent. Whether the error has one row per text of the
	/// Spike is for the receiver to check, which alone knows the Spike.
	pub fn decode(body: &[u8], sender: &AccountId) -> Result<Self, WireError> {
		let request =
			proto::GradRequest::decode(body).map_err(|_| WireError::Malformed { field: "body" })?;
		let root = fixed(&request.root, "root")?;
		let error = request.error.ok_or(WireError::Malformed { field: "tensor" })?;
		Ok(Self {
			root,
			id: fixed(&request.message_id, "message_id")?,
			path: path(&request.path, &root, sender)?,
			ttl: request.ttl,
			digest: fixed(&request.digest, "digest")?,
			error: Vectors::decode_any(&error)?,
		})
	}
}

/// One call made on behalf of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
	/// Account that was called.
	pub account: AccountId,
	/// Account that called it.
	pub caller: AccountId,
	/// Index of the called component on chain.
	pub uid: u32,
	/// Microseconds from call to answer, as the caller saw it.
	pub micros: u64,
	/// How it ended.
	pub status: HopStatus,
}

/// The answer to a [`Spike`].
#[derive(Clone, Debug, PartialEq)]
pub struct SpikeAnswer {
	/// y, one row per text; `None` if the message was cut here.
	pub output: Option<Vectors>,
	/// Counts the changes of the component's parameters.
	pub version: u64,
	/// The calls made below the responder, at most [`MAX_HOPS`].
	pub hops: Vec<Hop>,
}

impl SpikeAnswer {
	/// The answer to a message that was here on its path.
	pub fn cut(version: u64) -> Self {
		Self { output: None, version, hops: Vec::new() }
	}

	/// The encoded body. `NotFinite` if a value does not fit `dtype`.
	pub fn encode(&self, dtype: DType) -> Result<Vec<u8>, WireError> {
		let status = if self.output.is_some() { SpikeStatus::Ok } else { SpikeStatus::Cut };
		let output = self.output.as_ref().map(|output| output.encode(dtype)).transpose()?;
		let hops = self
			.hops
			.iter()
			.take(MAX_HOPS)
			.map(|hop| proto::Hop {
				account: hop.account.to_vec(),
				caller: hop.caller.to_vec(),
				uid: hop.uid,
				micros: hop.micros,
				status: hop.status.into(),
			})
			.collect();
		let answer =
			proto::SpikeResponse { status: status.into(), output, version: self.version, hops };
		Ok(answer.encode_to_vec())
	}

	/// Decodes the answer to a Spike with `rows` texts.
	pub fn decode(body: &[u8], rows: usize) -> Result<Self, WireError> {
		let answer = proto::SpikeResponse::decode(body)
			.map_err(|_| WireError::Malformed { field: "body" })?;
		let output = match (answer.status(), &answer.output) {
			(SpikeStatus::Ok, Some(tensor)) => Some(Vectors::decode(tensor, rows)?),
			(SpikeStatus::Ok, None) => {
				let expected = vec![u32::try_from(rows).unwrap_or(u32::MAX), DIM as u32];
				return Err(WireError::Shape { expected, got: Vec::new() });
			}
			(SpikeStatus::Cut, _) => None,
			(SpikeStatus::Unspecified, _) => return Err(WireError::Malformed { field: "body" }),
		};
		let hops = answer.hops.iter().take(MAX_HOPS).map(hop).collect::<Result<_, _>>()?;
		Ok(Self { output, version: answer.version, hops })
	}
}

fn hop(hop: &proto::Hop) -> Result<Hop, WireError> {
	Ok(Hop {
		account: fixed(&hop.account, "path")?,
		caller: fixed(&hop.caller, "path")?,
		uid: hop.uid,
		micros: hop.micros,
		status: hop.status(),
	})
}

/// The acknowledgement of a [`Grad`].
#[derive(Clone, Debug, PartialEq)]
pub struct GradAnswer {
	/// Weight of the sender in the receiver's next step; 0 when the error was not accepted.
	pub weight: f64,
	/// What became of it.
	pub reason: GradReason,
}

impl GradAnswer {
	/// Whether the error enters the receiver's next step.
	pub fn accepted(&self) -> bool {
		self.reason == GradReason::Accepted
	}

	/// The encoded body.
	pub fn encode(&self) -> Vec<u8> {
		proto::GradResponse {
			accepted: self.accepted(),
			weight: self.weight,
			reason: self.reason.into(),
		}
		.encode_to_vec()
	}

	/// Decodes the answer to a Grad.
	pub fn decode(body: &[u8]) -> Result<Self, WireError> {
		let answer = proto::GradResponse::decode(body)
			.map_err(|_| WireError::Malformed { field: "body" })?;
		if !answer.weight.is_finite() || answer.weight < 0.0 {
			return Err(WireError::NotFinite);
		}
		let reason = answer.reason();
		if reason == GradReason::Unspecified || answer.accepted != (reason == GradReason::Accepted)
		{
			return Err(WireError::Malformed { field: "body" });
		}
		Ok(Self { weight: answer.weight, reason })
	}
}

/// A path from the root to the sender, without repetition.
fn path(
	accounts: &[Vec<u8>],
	root: &AccountId,
	sender: &AccountId,
) -> Result<Vec<AccountId>, WireError> {
	if accounts.is_empty() || accounts.len() > MAX_PATH {
		return Err(WireError::InvalidPath);
	}
	let path: Vec<AccountId> =
		accounts.iter().map(|account| fixed(account, "path")).collect::<Result<_, _>>()?;
	let repeats = (1..path.len()).any(|at| path[..at].contains(&path[at]));
	if path.first() != Some(root) || path.last() != Some(sender) || repeats {
		return Err(WireError::InvalidPath);
	}
	Ok(path)
}
