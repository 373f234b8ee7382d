//! The gRPC server.

use super::{
	admission::{Admission, Admitted},
	cache::Cache,
	core::Core,
	fair::{Fair, Limits},
	grad, spike, AxonConfig, AxonError, ComponentService, Peers,
};
use crate::dendrite::Dendrite;
use bittensor_wire::{
	limits::MAX_GRPC_BYTES,
	proto::{ComponentRpc, ComponentServer, Method, Sealed},
	seal, Hash, Signer, WireError,
};
use metrics::counter;
use std::{
	io::ErrorKind,
	net::{IpAddr, SocketAddr},
	sync::Arc,
	time::Duration,
};
use tokio::{
	net::{lookup_host, TcpListener},
	task::JoinHandle,
};
use tokio_util::sync::CancellationToken;
use tonic::{
	transport::server::{Server, TcpIncoming},
	Request, Response, Status,
};

/// How long a stopping server waits for the answers in progress.
const SHUTDOWN_TIME: Duration = Duration::from_secs(2);

/// A running server. It stops when dropped.
pub struct Axon {
	local_addr: SocketAddr,
	stop: CancellationToken,
	server: JoinHandle<Result<(), tonic::transport::Error>>,
}

impl Axon {
	/// Listens on `listen` (`host:port`; port 0 takes any free one) and serves.
	///
	/// - `genesis`: genesis hash of the chain; messages for another chain are refused.
	/// - `signer`: the service key; messages for another account are refused.
	/// - `dendrite`: queries the downstream components, which `peers` names.
	///
	/// Errors: the address is bad or taken, or the system refuses it.
	pub async fn start(
		listen: &str,
		genesis: Hash,
		signer: Arc<dyn Signer>,
		peers: Arc<dyn Peers>,
		component: Arc<dyn ComponentService>,
		dendrite: Arc<Dendrite>,
		config: AxonConfig,
	) -> Result<Self, AxonError> {
		let listener = bind(listen).await?;
		let local_addr = listener
			.local_addr()
			.map_err(|source| AxonError::Bind { address: listen.to_string(), source })?;
		let account = signer.account();
		let AxonConfig { waiting_per_caller, waiting, .. } = config;
		let queue = |places| Fair::new(Limits { places, waiting_per_caller, waiting });
		let core = Core {
			account,
			config,
			admission: Admission::new(genesis, account, config, peers.clone()),
			peers,
			component,
			dendrite,
			cache: Cache::new(config.cache_bytes, config.cache_ttl),
			words: Cache::new(config.words_bytes, config.words_ttl),
			work: queue(config.concurrent_computations),
			onward: std::array::from_fn(|_| queue(config.concurrent_onward)),
			signer,
		};
		let service = ComponentServer::new(Service(Arc::new(core)))
			.max_decoding_message_size(MAX_GRPC_BYTES)
			.max_encoding_message_size(MAX_GRPC_BYTES);
		let stop = CancellationToken::new();
		let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
		let serving = Server::builder()
			.concurrency_limit_per_connection(256)
			.max_concurrent_streams(Some(1024))
			.timeout(Duration::from_millis(bittensor_wire::limits::MAX_DEADLINE_MS))
			.http2_keepalive_interval(Some(Duration::from_secs(20)))
			.initial_stream_window_size(1 << 20)
			.initial_connection_window_size(1 << 22)
			.add_service(service)
			.serve_with_incoming_shutdown(incoming, stop.clone().cancelled_owned());
		let server = tokio::spawn(serving);
		tracing::info!(%local_addr, "serving Spikes and Grads");
		Ok(Self { local_addr, stop, server })
	}

	/// The address on which it listens.
	pub fn local_addr(&self) -> SocketAddr {
		self.local_addr
	}

	/// Serves until `stop`, then shuts down. An error if the server ends before.
	pub async fn serve_until(mut self, stop: &CancellationToken) -> Result<(), AxonError> {
		let ended = tokio::select! {
			() = stop.cancelled() => {
				self.shutdown().await;
				return Ok(());
			}
			ended = &mut self.server => ended,
		};
		let reason = match ended {
			Ok(Ok(())) => "it returned".to_string(),
			Ok(Err(error)) => error.to_string(),
			Err(error) => error.to_string(),
		};
		Err(AxonError::Ended { reason })
	}

	/// Accepts no more requests, gives the answers in progress two seconds to finish, and ends.
	pub async fn shutdown(mut self) {
		self.stop.cancel();
		if tokio::time::timeout(SHUTDOWN_TIME, &mut self.server).await.is_err() {
			self.server.abort();
			let _ = (&mut self.server).await;
		}
	}
}

impl Drop for Axon {
	fn drop(&mut self) {
		self.server.abort();
	}
}

async fn bind(listen: &str) -> Result<TcpListener, AxonError> {
	let bad_address = |reason: String| AxonError::Address { address: listen.to_string(), reason };
	let addresses: Vec<SocketAddr> =
		lookup_host(listen).await.map_err(|error| bad_address(error.to_string()))?.collect();
	if addresses.is_empty() {
		return Err(bad_address("the host has no address".to_string()));
	}
	TcpListener::bind(addresses.as_slice()).await.map_err(|source| {
		let address = listen.to_string();
		match source.kind() {
			ErrorKind::AddrInUse => AxonError::PortInUse { address },
			_ => AxonError::Bind { address, source },
		}
	})
}

/// The gRPC service.
struct Service(Arc<Core>);

impl Service {
	fn admit(&self, method: Method, request: Request<Sealed>) -> Result<Admitted, WireError> {
		let address: Option<IpAddr> = request.remote_addr().map(|address| address.ip());
		self.0.admission.admit(method, request.into_inner(), address)
	}

	fn answer(&self, admitted: &Admitted, body: Vec<u8>) -> Result<Sealed, WireError> {
		let header = admitted.header.answer().ok_or(WireError::WrongMethod)?;
		Ok(seal(self.0.signer.as_ref(), &header, body))
	}

	async fn serve_spike(&self, request: Request<Sealed>) -> Result<Sealed, WireError> {
		let admitted = self.admit(Method::Spike, request)?;
		let (answer, dtype) = spike::serve(&self.0, &admitted).await?;
		self.answer(&admitted, answer.encode(dtype)?)
	}

	async fn serve_grad(&self, request: Request<Sealed>) -> Result<Sealed, WireError> {
		let admitted = self.admit(Method::Grad, request)?;
		let answer = grad::serve(&self.0, &admitted).await?;
		self.answer(&admitted, answer.encode())
	}

	fn refuse(&self, error: WireError) -> Status {
		counter!("bittensor_miner_requests_refused_total", "reason" => error.name()).increment(1);
		tracing::debug!(%error, "refused a request");
		error.to_status()
	}
}

#[tonic::async_trait]
impl ComponentRpc for Service {
	async fn spike(&self, request: Request<Sealed>) -> Result<Response<Sealed>, Status> {
		self.serve_spike(request).await.map(Response::new).map_err(|error| self.refuse(error))
	}

	async fn grad(&self, request: Request<Sealed>) -> Result<Response<Sealed>, Status> {
		self.serve_grad(request).await.map(Response::new).map_err(|error| self.refuse(error))
	}
}
