//! One error for everything that can be wrong with a message, and its trip through gRPC.
//!
//! A refusal travels as a gRPC status. Its metadata entry [`ERROR_METADATA`] holds the error's name
//! and numbers, such as `text-too-long 3 5000 4096`, from which the caller rebuilds the same
//! [`WireError`]; the status's message is the sentence for people.

use tonic::{metadata::MetadataValue, Code, Status};

/// Key of the metadata entry that names the error.
pub const ERROR_METADATA: &str = "bittensor-error";

/// What is wrong with a message, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
	/// There is no signature.
	#[error("the message carries no signature: sign the envelope with the sender's service key")]
	Unsigned,
	/// The signature is not the sender's over this envelope.
	#[error("the signature is not the sender's over this envelope: sign its exact bytes in the context bittensor/wire/1")]
	BadSignature,
	/// This nonce was here already.
	#[error("this message was received already: issue a new one with a new nonce")]
	Replayed,
	/// The deadline or the window of acceptance is over.
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
	/// Issued before the receiver started; it cannot know whether the message was here then.
	#[error("the message was issued before the receiver started: issue it again")]
	BeforeStart,
	/// The nonces of this sender fill the window.
	#[error("too many messages of this sender within the replay window: send fewer, with more texts each")]
	TooManyNonces,
	/// Addressed to another account.
	#[error("the message is addressed to another component: read the receiver's service key from the chain again")]
	WrongReceiver,
	/// An answer from another account than the one that was asked.
	#[error("the answer comes from another component than the one asked: read its endpoint from the chain again")]
	WrongResponder,
	/// Made for another chain.
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
		field: &'static str,
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
	/// A text of no or only blank characters.
	#[error("text {index} is empty: leave it out")]
	EmptyText {
		/// Position of the text in the Spike.
		index: usize,
	},
	/// A tensor of another shape than expected.
	#[error("the tensor has shape {got:?}, expected {expected:?}: one row of 128 values per text")]
	Shape {
		/// Shape that the receiver needs.
		expected: Vec<u32>,
		/// Shape that came.
		got: Vec<u32>,
	},
	/// The tensor's data do not have the length that shape and dtype ask for.
	#[error("the tensor's data have {got} bytes, its shape and dtype ask for {expected}")]
	DataLength {
		/// Bytes that shape and dtype ask for.
		expected: usize,
		/// Bytes that came.
		got: usize,
	},
	/// Unknown type of values.
	#[error("the tensor's dtype is unknown: use F32, BF16 or F16")]
	UnknownDType,
	/// A value that is NaN or infinite, or becomes infinite in the type asked for.
	#[error(
		"a value of the tensor is NaN or infinite (or too large for its dtype): nothing was used"
	)]
	NotFinite,
	/// The path does not run from the root to the sender.
	#[error(
		"the path must start at the root, end at the sender, repeat no account and hold at most 8"
	)]
	InvalidPath,
	/// A Grad for a message that this component did not answer to this sender, or forgot.
	#[error("this component holds no such message of yours: send the Grad soon after the Spike's answer, with the Spike's root, id, ttl and texts")]
	UnknownMessage,
	/// The sender is not registered.
	#[error("the sender is not registered on the chain: register it, or wait until the block is known here")]
	UnknownCaller,
	/// The sender's quota is used up.
	#[error("the quota is used up: wait {retry_ms} ms, or bid more for this component")]
	RateLimited {
		/// Milliseconds until the same request would be within the quota.
		retry_ms: u64,
	},
	/// All places in the queue are taken.
	#[error("the component is busy: try again, or bid more for it")]
	Busy,
	/// No result within the deadline.
	#[error("the component did not finish within the deadline: allow more time")]
	DeadlineExceeded,
	/// The component failed at this message.
	#[error("the component could not compute an answer: its operator finds the reason in its log")]
	Internal,
	/// A status that no component of this protocol sends: a proxy, another service, a transport.
	#[error("gRPC status {code}: {message}")]
	Other {
		/// The status code's number.
		code: i32,
		/// The status's message.
		message: String,
	},
}

impl WireError {
	/// The error's name on the wire.
	pub fn name(&self) -> &'static str {
		match self {
			Self::Unsigned => "unsigned",
			Self::BadSignature => "bad-signature",
			Self::Replayed => "replayed",
			Self::Expired { .. } => "expired",
			Self::IssuedInFuture { .. } => "issued-in-future",
			Self::BeforeStart => "before-start",
			Self::TooManyNonces => "too-many-nonces",
			Self::WrongReceiver => "wrong-receiver",
			Self::WrongResponder => "wrong-responder",
			Self::WrongGenesis => "wrong-genesis",
			Self::WrongMethod => "wrong-method",
			Self::WrongNonce => "wrong-nonce",
			Self::BodyHash => "body-hash",
			Self::Malformed { .. } => "malformed",
			Self::TooLarge { .. } => "too-large",
			Self::NoTexts => "no-texts",
			Self::TooManyTexts { .. } => "too-many-texts",
			Self::TextTooLong { .. } => "text-too-long",
			Self::EmptyText { .. } => "empty-text",
			Self::Shape { .. } => "shape",
			Self::DataLength { .. } => "data-length",
			Self::UnknownDType => "unknown-dtype",
			Self::NotFinite => "not-finite",
			Self::InvalidPath => "invalid-path",
			Self::UnknownMessage => "unknown-message",
			Self::UnknownCaller => "unknown-caller",
			Self::RateLimited { .. } => "rate-limited",
			Self::Busy => "busy",
			Self::DeadlineExceeded => "deadline-exceeded",
			Self::Internal => "internal",
			Self::Other { .. } => "other",
		}
	}

	/// The gRPC code under which it travels.
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
		let mut entry = self.name().to_string();
		for argument in self.arguments() {
			entry.push(' ');
			entry.push_str(&argument);
		}
		if let Ok(value) = MetadataValue::try_from(entry) {
			status.metadata_mut().insert(ERROR_METADATA, value);
		}
		status
	}

	/// The error that a gRPC status carries; [`WireError::Other`] if it carries none of ours.
	pub fn from_status(status: &Status) -> Self {
		status
			.metadata()
			.get(ERROR_METADATA)
			.and_then(|value| value.to_str().ok())
			.and_then(Self::parse)
			.unwrap_or_else(|| Self::Other {
				code: status.code().into(),
				message: status.message().chars().take(256).collect(),
			})
	}

	fn arguments(&self) -> Vec<String> {
		match self {
			Self::Expired { late_ms } => vec![late_ms.to_string()],
			Self::IssuedInFuture { ahead_ms } => vec![ahead_ms.to_string()],
			Self::Malformed { field } => vec![field.to_string()],
			Self::TooLarge { bytes, limit } => vec![bytes.to_string(), limit.to_string()],
			Self::TooManyTexts { texts, limit } => vec![texts.to_string(), limit.to_string()],
			Self::TextTooLong { index, bytes, limit } => {
				vec![index.to_string(), bytes.to_string(), limit.to_string()]
			}
			Self::EmptyText { index } => vec![index.to_string()],
			Self::Shape { expected, got } => vec![write_shape(expected), write_shape(got)],
			Self::DataLength { expected, got } => vec![expected.to_string(), got.to_string()],
			Self::RateLimited { retry_ms } => vec![retry_ms.to_string()],
			_ => Vec::new(),
		}
	}

	fn parse(entry: &str) -> Option<Self> {
		let mut words = entry.split(' ');
		let name = words.next()?;
		let mut next = || words.next();
		Some(match name {
			"unsigned" => Self::Unsigned,
			"bad-signature" => Self::BadSignature,
			"replayed" => Self::Replayed,
			"expired" => Self::Expired { late_ms: next()?.parse().ok()? },
			"issued-in-future" => Self::IssuedInFuture { ahead_ms: next()?.parse().ok()? },
			"before-start" => Self::BeforeStart,
			"too-many-nonces" => Self::TooManyNonces,
			"wrong-receiver" => Self::WrongReceiver,
			"wrong-responder" => Self::WrongResponder,
			"wrong-genesis" => Self::WrongGenesis,
			"wrong-method" => Self::WrongMethod,
			"wrong-nonce" => Self::WrongNonce,
			"body-hash" => Self::BodyHash,
			"malformed" => Self::Malformed { field: known_field(next()?) },
			"too-large" => {
				Self::TooLarge { bytes: next()?.parse().ok()?, limit: next()?.parse().ok()? }
			}
			"no-texts" => Self::NoTexts,
			"too-many-texts" => {
				Self::TooManyTexts { texts: next()?.parse().ok()?, limit: next()?.parse().ok()? }
			}
			"text-too-long" => Self::TextTooLong {
				index: next()?.parse().ok()?,
				bytes: next()?.parse().ok()?,
				limit: next()?.parse().ok()?,
			},
			"empty-text" => Self::EmptyText { index: next()?.parse().ok()? },
			"shape" => Self::Shape { expected: read_shape(next()?)?, got: read_shape(next()?)? },
			"data-length" => {
				Self::DataLength { expected: next()?.parse().ok()?, got: next()?.parse().ok()? }
			}
			"unknown-dtype" => Self::UnknownDType,
			"not-finite" => Self::NotFinite,
			"invalid-path" => Self::InvalidPath,
			"unknown-message" => Self::UnknownMessage,
			"unknown-caller" => Self::UnknownCaller,
			"rate-limited" => Self::RateLimited { retry_ms: next()?.parse().ok()? },
			"busy" => Self::Busy,
			"deadline-exceeded" => Self::DeadlineExceeded,
			"internal" => Self::Internal,
			_ => return None,
		})
	}
}

impl From<WireError> for Status {
	fn from(error: WireError) -> Self {
		error.to_status()
	}
}

/// The fields that [`WireError::Malformed`] names.
const FIELDS: [&str; 16] = [
	"sealed",
	"envelope",
	"genesis",
	"method",
	"from",
	"to",
	"nonce",
	"deadline",
	"body_hash",
	"body",
	"signature",
	"root",
	"message_id",
	"path",
	"digest",
	"tensor",
];

fn known_field(name: &str) -> &'static str {
	FIELDS.iter().find(|field| **field == name).copied().unwrap_or("body")
}

/// `4x128`; `-` for no dimension at all. At most eight dimensions are written.
fn write_shape(shape: &[u32]) -> String {
	if shape.is_empty() {
		return "-".into();
	}
	let sides: Vec<String> = shape.iter().take(8).map(u32::to_string).collect();
	sides.join("x")
}

fn read_shape(text: &str) -> Option<Vec<u32>> {
	if text == "-" {
		return Some(Vec::new());
	}
	text.split('x').take(8).map(|side| side.parse().ok()).collect()
}
