//! The error signal and its acknowledgement.

use super::{decode_path, extend, malformed_body, to_bytes, MessageId};
use crate::{
	envelope::fixed,
	proto::{self, DType, GradReason},
	AccountId, Hash, Vectors, WireError,
};
use prost::Message as _;

/// An error signal (§3): the derivative of the sender's loss by the receiver's output.
#[derive(Clone, Debug, PartialEq)]
pub struct Grad {
	/// Account that started the message.
	pub root: AccountId,
	/// The root's id for the message.
	pub id: MessageId,
	/// Accounts that the message passed through: the root first, the sender last.
	pub path: Vec<AccountId>,
	/// ttl of the Spike whose answer the error is for.
	pub ttl: u32,
	/// [`digest`](super::digest) of the Spike's texts.
	pub digest: Hash,
	/// ∂L/∂y, one row per text.
	pub error: Vectors,
}

impl Grad {
	/// The Grad that `component`, the receiver of this one, sends on with its own error. `None` if it
	/// must not go further.
	pub fn onward(&self, component: AccountId, error: Vectors) -> Option<Self> {
		let path = extend(&self.path, self.ttl, component)?;
		let ttl = self.ttl - 1;
		Some(Self { root: self.root, id: self.id, path, ttl, digest: self.digest, error })
	}

	/// The encoded body. `NotFinite` if a value does not fit `dtype`.
	pub fn encode(&self, dtype: DType) -> Result<Vec<u8>, WireError> {
		let request = proto::GradRequest {
			root: self.root.to_vec(),
			message_id: self.id.to_vec(),
			path: to_bytes(&self.path),
			ttl: self.ttl,
			digest: self.digest.to_vec(),
			error: Some(self.error.encode(dtype)?),
		};
		Ok(request.encode_to_vec())
	}

	/// Decodes and checks a body that `sender` sent. The receiver, which knows the Spike, must check
	/// that the error has one row per text.
	pub fn decode(body: &[u8], sender: &AccountId) -> Result<Self, WireError> {
		let request = proto::GradRequest::decode(body).map_err(malformed_body)?;
		let root = fixed(&request.root, "root")?;
		let error = request.error.ok_or(WireError::Malformed { field: "tensor" })?;
		Ok(Self {
			root,
			id: fixed(&request.message_id, "message_id")?,
			path: decode_path(&request.path, &root, sender)?,
			ttl: request.ttl,
			digest: fixed(&request.digest, "digest")?,
			error: Vectors::decode_any(&error)?,
		})
	}
}

/// The answer to a [`Grad`]: what became of the error.
#[derive(Clone, Debug, PartialEq)]
pub struct GradAnswer {
	/// s_u: the part of the receiver's next step that the sender's bid buys; 0 if the error was not
	/// accepted.
	pub weight: f64,
	/// Whether the error was accepted, and why not.
	pub reason: GradReason,
}

impl GradAnswer {
	/// The answer to an error that the receiver does not use.
	pub fn dropped(reason: GradReason) -> Self {
		Self { weight: 0.0, reason }
	}

	/// The reason's name in metrics, such as `nothing-to-learn`.
	pub fn name(&self) -> &'static str {
		match self.reason {
			GradReason::Unspecified => "unspecified",
			GradReason::Accepted => "accepted",
			GradReason::NoBid => "no-bid",
			GradReason::Duplicate => "duplicate",
			GradReason::Cut => "cut",
			GradReason::Busy => "busy",
			GradReason::Stale => "stale",
			GradReason::Outbid => "outbid",
			GradReason::Faint => "faint",
			GradReason::NothingToLearn => "nothing-to-learn",
			GradReason::Queued => "queued",
			GradReason::Failed => "failed",
			GradReason::UnknownWords => "unknown-words",
			GradReason::Suspended => "suspended",
		}
	}

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
		let answer = proto::GradResponse::decode(body).map_err(malformed_body)?;
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
