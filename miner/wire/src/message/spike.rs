//! The forward query and its answer.

use super::{decode_path, digest, extend, malformed_body, to_bytes, Grad, MessageId};
use crate::{
	envelope::fixed,
	limits::{check_texts, DIM, MAX_HOPS},
	proto::{self, DType, HopStatus, SpikeStatus},
	AccountId, Hash, Vectors, WireError,
};
use prost::Message as _;
use std::sync::Arc;

/// A forward query (§2): texts whose vectors the sender wants.
#[derive(Clone, Debug, PartialEq)]
pub struct Spike {
	/// Account that started the message.
	pub root: AccountId,
	/// The root's id for the message.
	pub id: MessageId,
	/// Accounts that the message passed through: the root first, the sender last.
	pub path: Vec<AccountId>,
	/// Hops that the receiver may add; with 0 it answers alone.
	pub ttl: u32,
	/// x: 1 to 256 texts.
	pub texts: Arc<[String]>,
	/// Type of the values in the answer.
	pub dtype: DType,
}

impl Spike {
	/// A new message with a random id: `root` asks its downstream components, which may add `ttl`
	/// further hops. Errors: those of [`check_texts`].
	pub fn new(root: AccountId, ttl: u32, texts: Vec<String>) -> Result<Self, WireError> {
		check_texts(&texts)?;
		let texts = texts.into();
		let id = rand::random();
		Ok(Self { root, id, path: vec![root], ttl, texts, dtype: DType::F32 })
	}

	/// The same message as `component`, its receiver, sends it on: one hop further, ttl one less.
	/// `None` if it must not go further.
	pub fn onward(&self, component: AccountId) -> Option<Self> {
		let path = extend(&self.path, self.ttl, component)?;
		Some(Self { path, ttl: self.ttl - 1, ..self.clone() })
	}

	/// [`digest`] of its texts.
	pub fn digest(&self) -> Hash {
		digest(&self.texts)
	}

	/// The error signal for the answer that a receiver gave to this Spike.
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
			path: to_bytes(&self.path),
			ttl: self.ttl,
			texts: self.texts.to_vec(),
			dtype: self.dtype.into(),
		}
		.encode_to_vec()
	}

	/// Decodes and checks a body that `sender` sent.
	pub fn decode(body: &[u8], sender: &AccountId) -> Result<Self, WireError> {
		let request = proto::SpikeRequest::decode(body).map_err(malformed_body)?;
		let root = fixed(&request.root, "root")?;
		let dtype = DType::try_from(request.dtype).map_err(|_| WireError::UnknownDType)?;
		check_texts(&request.texts)?;
		Ok(Self {
			root,
			id: fixed(&request.message_id, "message_id")?,
			path: decode_path(&request.path, &root, sender)?,
			ttl: request.ttl,
			texts: request.texts.into(),
			dtype,
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
	/// Microseconds from call to answer, measured by the caller.
	pub micros: u64,
	/// How the call ended.
	pub status: HopStatus,
}

impl Hop {
	fn to_proto(&self) -> proto::Hop {
		proto::Hop {
			account: self.account.to_vec(),
			caller: self.caller.to_vec(),
			uid: self.uid,
			micros: self.micros,
			status: self.status.into(),
		}
	}

	fn from_proto(hop: &proto::Hop) -> Result<Self, WireError> {
		Ok(Self {
			account: fixed(&hop.account, "path")?,
			caller: fixed(&hop.caller, "path")?,
			uid: hop.uid,
			micros: hop.micros,
			status: hop.status(),
		})
	}
}

/// The answer to a [`Spike`].
#[derive(Clone, Debug, PartialEq)]
pub struct SpikeAnswer {
	/// y, one row per text; `None` if the message was cut here.
	pub output: Option<Vectors>,
	/// Counts the changes of the component's parameters.
	pub version: u64,
	/// The calls that the responder and the components below it made, at most [`MAX_HOPS`].
	pub hops: Vec<Hop>,
}

impl SpikeAnswer {
	/// The answer to a message whose path contains the receiver.
	pub fn cut(version: u64) -> Self {
		Self { output: None, version, hops: Vec::new() }
	}

	/// The encoded body. `NotFinite` if a value does not fit `dtype`.
	pub fn encode(&self, dtype: DType) -> Result<Vec<u8>, WireError> {
		let status = if self.output.is_some() { SpikeStatus::Ok } else { SpikeStatus::Cut };
		let answer = proto::SpikeResponse {
			status: status.into(),
			output: self.output.as_ref().map(|output| output.encode(dtype)).transpose()?,
			version: self.version,
			hops: self.hops.iter().take(MAX_HOPS).map(Hop::to_proto).collect(),
		};
		Ok(answer.encode_to_vec())
	}

	/// Decodes the answer to a Spike with `rows` texts.
	pub fn decode(body: &[u8], rows: usize) -> Result<Self, WireError> {
		let answer = proto::SpikeResponse::decode(body).map_err(malformed_body)?;
		let output = match (answer.status(), &answer.output) {
			(SpikeStatus::Ok, Some(tensor)) => Some(Vectors::decode(tensor, rows)?),
			(SpikeStatus::Ok, None) => {
				let expected = vec![u32::try_from(rows).unwrap_or(u32::MAX), DIM as u32];
				return Err(WireError::Shape { expected, got: Vec::new() });
			}
			(SpikeStatus::Cut, _) => None,
			(SpikeStatus::Unspecified, _) => return Err(WireError::Malformed { field: "body" }),
		};
		let hops = answer.hops.iter().take(MAX_HOPS).map(Hop::from_proto);
		Ok(Self { output, version: answer.version, hops: hops.collect::<Result<_, _>>()? })
	}
}
