//! Sends requests to peers and receives their answers.

use super::Peer;
use async_trait::async_trait;
use bittensor_wire::{
	limits::MAX_GRPC_BYTES,
	open,
	proto::{ComponentClient, DType, Method, Sealed},
	seal, Grad, GradAnswer, Hash, Header, Signer, Spike, SpikeAnswer, WireError,
};
use moka::sync::Cache;
use std::{sync::Arc, time::Duration};
use tokio::time::{timeout_at, Instant};
use tonic::{
	transport::{Channel, Endpoint},
	Code, Request, Response, Status,
};

/// Why a call returned no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DendriteError {
	/// No answer within the deadline.
	#[error("no answer within the deadline")]
	Late,
	/// No connection, or a broken one.
	#[error("cannot reach {uri}: {reason}; check that the component runs and announces the right endpoint")]
	Unreachable {
		/// The endpoint.
		uri: String,
		/// Reason given by the transport.
		reason: String,
	},
	/// The endpoint announces TLS, which this build does not support.
	#[error("{uri} announces TLS, which this miner does not support: ask its operator for a plain endpoint")]
	Tls {
		/// The endpoint.
		uri: String,
	},
	/// The peer answered with an error.
	#[error("refused: {0}")]
	Refused(WireError),
	/// The peer's answer is forged or malformed.
	#[error("invalid answer: {0}")]
	Invalid(WireError),
	/// Our own request cannot be encoded.
	#[error("the request cannot be sent: {0}")]
	Unsendable(WireError),
	/// The peer failed too often recently; calls to it pause.
	#[error("the component failed too often recently: it is tried again after a pause")]
	Suspended,
}

impl DendriteError {
	/// The peer works, but has no time for a caller who pays this little.
	pub fn is_unpaid(&self) -> bool {
		matches!(self, Self::Refused(WireError::RateLimited { .. } | WireError::Busy))
	}
}

/// Carries requests to peers. Implementations verify that an answer comes from the peer, answers
/// exactly this request and is well formed, and return no later than the deadline.
#[async_trait]
pub trait Transport: Send + Sync + 'static {
	/// Sends a Spike and returns its answer.
	async fn spike(
		&self,
		peer: &Peer,
		spike: &Spike,
		deadline: Instant,
	) -> Result<SpikeAnswer, DendriteError>;

	/// Sends a Grad and returns its acknowledgement.
	async fn grad(
		&self,
		peer: &Peer,
		grad: &Grad,
		deadline: Instant,
	) -> Result<GradAnswer, DendriteError>;
}

/// Settings of the gRPC transport.
#[derive(Clone, Copy, Debug)]
pub struct TransportConfig {
	/// Time limit for making a connection.
	pub connect_timeout: Duration,
	/// Type of the values of outgoing error signals.
	pub grad_dtype: DType,
	/// Connections kept open.
	pub channels: u64,
}

impl Default for TransportConfig {
	fn default() -> Self {
		Self { connect_timeout: Duration::from_secs(2), grad_dtype: DType::Bf16, channels: 1024 }
	}
}

/// gRPC over HTTP/2, with one cached connection per endpoint. Every request and answer travels in a
/// signed envelope.
pub struct TonicTransport {
	genesis: Hash,
	signer: Arc<dyn Signer>,
	config: TransportConfig,
	channels: Cache<String, Channel>,
}

impl TonicTransport {
	/// A transport that signs as `signer` for the chain with this genesis hash.
	pub fn new(genesis: Hash, signer: Arc<dyn Signer>, config: TransportConfig) -> Self {
		Self { genesis, signer, config, channels: Cache::new(config.channels) }
	}

	/// The connection to a peer. It connects at its first use, and again after it broke.
	fn channel(&self, peer: &Peer) -> Result<Channel, DendriteError> {
		let uri = peer.uri();
		if peer.tls_spki.is_some() {
			return Err(DendriteError::Tls { uri });
		}
		if let Some(channel) = self.channels.get(&uri) {
			return Ok(channel);
		}
		let endpoint = Endpoint::from_shared(uri.clone()).map_err(|error| {
			DendriteError::Unreachable { uri: uri.clone(), reason: error.to_string() }
		})?;
		let connect = || {
			endpoint
				.connect_timeout(self.config.connect_timeout)
				.tcp_nodelay(true)
				.http2_keep_alive_interval(Duration::from_secs(20))
				.keep_alive_timeout(Duration::from_secs(10))
				.initial_stream_window_size(1 << 20)
				.initial_connection_window_size(1 << 22)
				.connect_lazy()
		};
		Ok(self.channels.get_with(uri, connect))
	}

	/// Seals and sends a request, and opens the answer.
	async fn call(
		&self,
		peer: &Peer,
		method: Method,
		body: Vec<u8>,
		deadline: Instant,
	) -> Result<Vec<u8>, DendriteError> {
		let channel = self.channel(peer)?;
		let patience = deadline.saturating_duration_since(Instant::now());
		let patience_ms = u64::try_from(patience.as_millis()).unwrap_or(u64::MAX);
		if patience_ms == 0 {
			return Err(DendriteError::Late);
		}
		let account = self.signer.account();
		let header = Header::request(self.genesis, method, account, peer.account, patience_ms);
		let mut request = Request::new(seal(self.signer.as_ref(), &header, body));
		request.set_timeout(patience);
		let mut client = ComponentClient::new(channel)
			.max_decoding_message_size(MAX_GRPC_BYTES)
			.max_encoding_message_size(MAX_GRPC_BYTES);
		let answer = async {
			match method {
				Method::Grad => client.grad(request).await,
				_ => client.spike(request).await,
			}
		};
		let answer: Sealed = timeout_at(deadline, answer)
			.await
			.map_err(|_| DendriteError::Late)?
			.map(Response::into_inner)
			.map_err(|status| from_status(peer, &status))?;
		self.open(&header, answer).map_err(DendriteError::Invalid)
	}

	fn open(&self, request: &Header, answer: Sealed) -> Result<Vec<u8>, WireError> {
		let expected = request.answer().ok_or(WireError::WrongMethod)?;
		let opened = open(answer, &self.genesis, expected.method, &request.from)?;
		request.check_answer(&opened.header)?;
		Ok(opened.body)
	}
}

#[async_trait]
impl Transport for TonicTransport {
	async fn spike(
		&self,
		peer: &Peer,
		spike: &Spike,
		deadline: Instant,
	) -> Result<SpikeAnswer, DendriteError> {
		let body = self.call(peer, Method::Spike, spike.encode(), deadline).await?;
		SpikeAnswer::decode(&body, spike.texts.len()).map_err(DendriteError::Invalid)
	}

	async fn grad(
		&self,
		peer: &Peer,
		grad: &Grad,
		deadline: Instant,
	) -> Result<GradAnswer, DendriteError> {
		let body = grad.encode(self.config.grad_dtype).map_err(DendriteError::Unsendable)?;
		let body = self.call(peer, Method::Grad, body, deadline).await?;
		GradAnswer::decode(&body).map_err(DendriteError::Invalid)
	}
}

/// Distinguishes a refusal, a missed deadline and a broken connection.
fn from_status(peer: &Peer, status: &Status) -> DendriteError {
	let error = WireError::from_status(status);
	match error {
		WireError::DeadlineExceeded => DendriteError::Late,
		WireError::Other { .. } => match status.code() {
			// The transport's own timer, which may fire before ours.
			Code::DeadlineExceeded | Code::Cancelled => DendriteError::Late,
			Code::Unavailable => unreachable_peer(peer, status),
			_ if std::error::Error::source(status).is_some() => unreachable_peer(peer, status),
			_ => DendriteError::Refused(error),
		},
		_ => DendriteError::Refused(error),
	}
}

fn unreachable_peer(peer: &Peer, status: &Status) -> DendriteError {
	DendriteError::Unreachable { uri: peer.uri(), reason: status.message().to_string() }
}
