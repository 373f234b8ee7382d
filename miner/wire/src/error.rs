//! One error type for all faults of a message, and its way through gRPC.
//!
//! A refusal is a gRPC status. Its message is a sentence for people; its metadata entry
//! [`ERROR_METADATA`] is the [`WireError`] as JSON, such as
//! `{"error":"text-too-long","index":3,"bytes":5000,"limit":4096}`, from which the caller rebuilds it.
//! serde derives both directions; a protobuf oneof would need a table for each, and tonic-types'
//! `ErrorInfo` holds strings only.

use serde::{Deserialize, Deserializer, Serialize};
use tonic::{metadata::MetadataValue, Code, Status};

/// Key of the metadata entry that holds the error.
pub const ERROR_METADATA: &str = "bittensor-error";

/// Bytes of the metadata entry that are read; the longest of ours takes about 200.
const MAX_ENTRY_BYTES: usize = 1024;

/// Name of a message or field in `component.proto`.
// An alias, because serde would borrow a plain reference from the input.
pub type FieldName = &'static str;

/// What is wrong with a message, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "error", rename_all = "kebab-case")]
pub enum WireError {
	/// There is no signature.
	#[error("the message carries no signature: sign the envelope with the sender's service key")]
	Unsigned,
	/// The signature is not the sender's over this envelope.
	#[error("the signature is not the sender's over this envelope: sign its exact bytes in the context bittensor/wire/1")]
	BadSignature,
	/// The receiver has accepted this nonce before.
	#[error("this message was received already: issue a new one with a new nonce")]
	Replayed,
	/// The deadline or the replay window has passed.
	#[error("the message expired {late_ms} ms ago: allow more time, and check that both clocks are right")]
	Expired {
		/// Milliseconds since it could last be accepted.
		late_ms: u64,
	},
	/// The sender's clock is ahead.
	#[error("the message was issued {ahead_ms} ms in the future: set the sender's clock")]
	IssuedInFuture {
		/// Milliseconds by which the time of issue lies ahead.
		ahead_ms: u64,
	},
	/// Issued before the receiver started, which forgets accepted nonces when it restarts.
	#[error("the message was issued before the receiver started: issue it again")]
	BeforeStart,
	/// The memory for nonces within the replay window is full.
	#[error("too many messages of this sender within the replay window: send fewer, with more texts each")]
	TooManyNonces,
	/// Addressed to another account.
	#[error("the message is addressed to another component: read the receiver's service key from the chain again")]
	WrongReceiver,
	/// An answer from another account than the one that was asked.
	#[error("the answer comes from another component than the one asked: read its endpoint from the chain again")]
	WrongResponder,
	/// For another chain.
	#[error("the message is for a chain with another genesis hash: connect both sides to the same chain")]
	WrongGenesis,
	/// The envelope's method is not the one called.
	#[error("the envelope names another method than the one called")]
	WrongMethod,
	/// The answer does not echo the request's nonce.
	#[error("the answer does not echo the nonce of the request")]
	WrongNonce,
	/// The body is not the one that was signed.
	#[error("the body does not match the hash in the signed envelope")]
	BodyHash,
	/// Not decodable, or a field of the wrong length.
	#[error("the message is malformed at '{field}': encode it as component.proto says")]
	Malformed {
		/// Name of the message or field.
		#[serde(deserialize_with = "known_field")]
		field: FieldName,
	},
	/// More bytes than allowed.
	#[error("{bytes} bytes are more than the {limit} allowed: send fewer texts at once")]
	TooLarge {
		/// Bytes sent.
		bytes: usize,
		/// Bytes allowed.
		limit: usize,
	},
	/// A Spike without texts.
	#[error("the Spike holds no text: send at least one")]
	NoTexts,
	/// More texts than allowed.
	#[error("{texts} texts are more than the {limit} allowed: split them over several Spikes")]
	TooManyTexts {
		/// Texts sent.
		texts: usize,
		/// Texts allowed.
		limit: usize,
	},
	/// A text longer than allowed.
	#[error("text {index} has {bytes} bytes, more than the {limit} allowed: shorten or split it")]
	TextTooLong {
		/// Position of the text in the Spike.
		index: usize,
		/// Its length in bytes.
		bytes: usize,
		/// Bytes allowed.
		limit: usize,
	},
	/// A text without any visible character.
	#[error("text {index} is empty: leave it out")]
	EmptyText {
		/// Position of the text in the Spike.
		index: usize,
	},
	/// A tensor of another shape than expected.
	#[error("the tensor has shape {got:?}, expected {expected:?}: one row of 128 values per text")]
	Shape {
		/// Shape that the receiver expects.
		expected: Vec<u32>,
		/// Shape received.
		got: Vec<u32>,
	},
	/// The length of the tensor's data does not match its shape and dtype.
	#[error("the tensor has {got} bytes of data, but its shape and dtype require {expected}")]
	DataLength {
		/// Bytes required.
		expected: usize,
		/// Bytes received.
		got: usize,
	},
	/// Unknown type of values.
	#[serde(rename = "unknown-dtype")]
	#[error("the tensor's dtype is unknown: use F32, BF16 or F16")]
	UnknownDType,
	/// A value is NaN or infinite, or becomes infinite in the requested dtype.
	#[error("a value of the tensor is NaN, infinite or too large for its dtype: nothing was used")]
	NotFinite,
	/// The path does not run from the root to the sender.
	#[error(
		"the path must start at the root, end at the sender, repeat no account and hold at most 8"
	)]
	InvalidPath,
	/// A Grad for a message that this component never answered to this sender, or has forgotten.
	#[error("this component knows no such message from the sender: send the Grad soon after the Spike's answer, with the Spike's root, id, ttl and texts")]
	UnknownMessage,
	/// The sender is not registered.
	#[error("the sender is not registered on the chain: register it, or wait until the receiver has seen the block")]
	UnknownCaller,
	/// The sender's quota is used up.
	#[error("the quota is used up: wait {retry_ms} ms, or bid more for this component")]
	RateLimited {
		/// Milliseconds until the same request would be within the quota.
		retry_ms: u64,
	},
	/// The queue is full.
	#[error("the component is busy: try again, or bid more for it")]
	Busy,
	/// No result within the deadline.
	#[error("the component did not finish within the deadline: allow more time")]
	DeadlineExceeded,
	/// The computation failed.
	#[error("the component could not compute an answer: its log holds the reason")]
	Internal,
	/// A status from a proxy, another service or the transport rather than a component.
	#[serde(skip_deserializing)]
	#[error("gRPC status {code}: {message}")]
	Other {
		/// The status code's number.
		code: i32,
		/// The status's message.
		message: String,
	},
}

impl WireError {
	/// The error's name on the wire and in metrics, such as `text-too-long`.
	pub fn name(&self) -> String {
		let json = serde_json::to_value(self).unwrap_or_default();
		json["error"].as_str().unwrap_or_default().to_owned()
	}

	/// Code of the gRPC status that carries this error.
	pub fn code(&self) -> Code {
		match self {
			Self::Unsigned
			| Self::BadSignature
			| Self::Replayed
			| Self::BeforeStart
			| Self::IssuedInFuture { .. }
			| Self::WrongResponder
			| Self::WrongNonce
			| Self::BodyHash => Code::Unauthenticated,
			Self::UnknownCaller => Code::PermissionDenied,
			Self::WrongReceiver | Self::WrongGenesis | Self::WrongMethod => {
				Code::FailedPrecondition
			}
			Self::Expired { .. } | Self::DeadlineExceeded => Code::DeadlineExceeded,
			Self::UnknownMessage => Code::NotFound,
			Self::TooManyNonces | Self::RateLimited { .. } | Self::Busy => Code::ResourceExhausted,
			Self::Malformed { .. }
			| Self::TooLarge { .. }
			| Self::NoTexts
			| Self::TooManyTexts { .. }
			| Self::TextTooLong { .. }
			| Self::EmptyText { .. }
			| Self::Shape { .. }
			| Self::DataLength { .. }
			| Self::UnknownDType
			| Self::NotFinite
			| Self::InvalidPath => Code::InvalidArgument,
			Self::Internal => Code::Internal,
			Self::Other { code, .. } => Code::from(*code),
		}
	}

	/// The gRPC status that carries this error.
	pub fn to_status(&self) -> Status {
		if let Self::Other { code, message } = self {
			return Status::new(Code::from(*code), message.clone());
		}
		let mut status = Status::new(self.code(), self.to_string());
		let entry = serde_json::to_string(self).unwrap_or_default();
		if let Ok(value) = MetadataValue::try_from(entry) {
			status.metadata_mut().insert(ERROR_METADATA, value);
		}
		status
	}

	/// The error that a gRPC status carries; [`WireError::Other`] if it carries none, or a malformed
	/// one.
	pub fn from_status(status: &Status) -> Self {
		let entry = status.metadata().get(ERROR_METADATA).map(|entry| entry.as_bytes());
		entry
			.filter(|entry| entry.len() <= MAX_ENTRY_BYTES)
			.and_then(|entry| serde_json::from_slice(entry).ok())
			.unwrap_or_else(|| Self::Other {
				code: status.code().into(),
				message: status.message().chars().take(256).collect(),
			})
	}
}

impl From<WireError> for Status {
	fn from(error: WireError) -> Self {
		error.to_status()
	}
}

/// The fields that [`WireError::Malformed`] names.
const FIELDS: &str =
	"envelope genesis method from to nonce deadline body_hash body root message_id \
                      path digest tensor";

/// A field that a peer names; an unknown one reads as `body`.
fn known_field<'de, D: Deserializer<'de>>(deserializer: D) -> Result<FieldName, D::Error> {
	let name = String::deserialize(deserializer)?;
	Ok(FIELDS.split(' ').find(|field| *field == name).unwrap_or("body"))
}
