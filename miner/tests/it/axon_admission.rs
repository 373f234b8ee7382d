//! Requests that must be refused: each with its named error, without reaching the component, and
//! without harm to the next good request.

use crate::axon_net::{account, key, refused, texts, within, Net, Node, GENESIS};
use bittensor_wire::{
	open,
	proto::{ComponentClient, DType, Method, Sealed},
	seal, Header, Spike, SpikeAnswer, Vectors, WireError, DIM,
};
use tonic::Code;

/// Sends bytes as they are.
pub(crate) async fn raw(node: &Node, method: Method, sealed: Sealed) -> Result<Sealed, WireError> {
	let uri = format!("http://{}", node.axon.local_addr());
	let mut client = ComponentClient::connect(uri).await.expect("it listens");
	let answer = match method {
		Method::Grad => client.grad(sealed).await,
		_ => client.spike(sealed).await,
	};
	answer.map(tonic::Response::into_inner).map_err(|status| WireError::from_status(&status))
}

/// The header of a request with ten seconds' time.
pub(crate) fn header(from: u8, to: u8, method: Method) -> Header {
	Header::request(GENESIS, method, account(from), account(to), 10_000)
}

/// A message of component `from`, with unchecked texts.
pub(crate) fn spike(from: u8, words: &[&str]) -> Spike {
	let mut spike = Spike::new(account(from), 0, texts(&["x"])).expect("good texts");
	spike.texts = texts(words).into();
	spike
}

/// A body that component `from` signs.
pub(crate) fn sealed(from: u8, header: &Header, body: Vec<u8>) -> Sealed {
	seal(&key(from), header, body)
}

/// Component 2, which knows component 1.
struct Target {
	net: Net,
	node: Node,
}

impl Target {
	async fn start() -> Self {
		let net = Net::default();
		let node = net.start(2).await;
		net.register(1);
		Self { net, node }
	}

	/// The error for these bytes. Checks that they did not reach the component, and that component 1 is
	/// served afterwards.
	async fn refuses(&self, sealed: Sealed) -> WireError {
		let before = (self.node.nucleus.spikes(), self.net.metrics());
		let error = raw(&self.node, Method::Spike, sealed).await.expect_err("must be refused");
		assert_eq!(self.node.nucleus.spikes(), before.0, "{error}");
		if !matches!(error, WireError::Other { .. }) {
			let count = refused(&before.1, &error.name());
			assert_eq!(refused(&self.net.metrics(), &error.name()), count + 1);
		}
		serves(&self.net, &self.node).await;
		error
	}
}

/// Checks that component 1 is served.
pub(crate) async fn serves(net: &Net, node: &Node) {
	let got =
		net.dendrite(1).spike(&[net.peer(node.number)], &spike(1, &["good"]), within(10.0)).await;
	assert!(got.vectors[0].is_some(), "{:?}", got.hops);
}

#[tokio::test]
async fn unsigned_and_forged() {
	let target = Target::start().await;
	let header = header(1, 2, Method::Spike);
	let good = sealed(1, &header, spike(1, &["x"]).encode());
	let unsigned = Sealed { signature: Vec::new(), ..good.clone() };
	assert_eq!(target.refuses(unsigned).await, WireError::Unsigned);
	let foreign = Sealed { signature: sealed(3, &header, Vec::new()).signature, ..good.clone() };
	assert_eq!(target.refuses(foreign).await, WireError::BadSignature);
	let other_body = Sealed { body: spike(1, &["y"]).encode(), ..good.clone() };
	assert_eq!(target.refuses(other_body).await, WireError::BodyHash);
	let broken = Sealed { envelope: vec![1, 2, 3], ..good };
	assert_eq!(target.refuses(broken).await, WireError::Malformed { field: "envelope" });
}

#[tokio::test]
async fn addressed_to_somebody_else() {
	let target = Target::start().await;
	let body = spike(1, &["x"]).encode();
	let elsewhere = sealed(1, &header(1, 3, Method::Spike), body.clone());
	assert_eq!(target.refuses(elsewhere).await, WireError::WrongReceiver);
	let mut other_chain = header(1, 2, Method::Spike);
	other_chain.genesis = [0; 32];
	assert_eq!(
		target.refuses(sealed(1, &other_chain, body.clone())).await,
		WireError::WrongGenesis
	);
	let grad = sealed(1, &header(1, 2, Method::Grad), body);
	assert_eq!(target.refuses(grad).await, WireError::WrongMethod);
}

#[tokio::test]
async fn a_stranger() {
	let target = Target::start().await;
	let stranger = sealed(9, &header(9, 2, Method::Spike), spike(9, &["x"]).encode());
	assert_eq!(target.refuses(stranger).await, WireError::UnknownCaller);
}

#[tokio::test]
async fn out_of_time() {
	let target = Target::start().await;
	let body = spike(1, &["x"]).encode();
	let mut late = header(1, 2, Method::Spike);
	late.issued_at_ms -= 5_000;
	late.deadline_ms = late.issued_at_ms + 1_000;
	let error = target.refuses(sealed(1, &late, body.clone())).await;
	assert!(matches!(error, WireError::Expired { late_ms: 4_000.. }), "{error:?}");
	let mut old = header(1, 2, Method::Spike);
	old.issued_at_ms -= 60_000;
	let error = target.refuses(sealed(1, &old, body.clone())).await;
	assert!(matches!(error, WireError::Expired { .. }), "{error:?}");
	let mut early = header(1, 2, Method::Spike);
	early.issued_at_ms += 60_000;
	early.deadline_ms += 60_000;
	let error = target.refuses(sealed(1, &early, body.clone())).await;
	assert!(matches!(error, WireError::IssuedInFuture { .. }), "{error:?}");
	// Issued before the server started, like a replay after a restart.
	let mut before = header(1, 2, Method::Spike);
	before.issued_at_ms -= 1_000;
	assert_eq!(target.refuses(sealed(1, &before, body)).await, WireError::BeforeStart);
}

#[tokio::test]
async fn replayed() {
	let net = Net::default();
	let node = net.start(2).await;
	net.register(1);
	let request = header(1, 2, Method::Spike);
	let message = sealed(1, &request, spike(1, &["x"]).encode());
	let answer = raw(&node, Method::Spike, message.clone()).await.expect("good");
	let opened = open(answer, &GENESIS, Method::SpikeAnswer, &account(1)).expect("signed");
	assert_eq!(request.check_answer(&opened.header), Ok(()));
	let answer = SpikeAnswer::decode(&opened.body, 1).expect("one row");
	assert_eq!(answer.output, Some(node.nucleus.output(&texts(&["x"]), &[])));

	for _ in 0..3 {
		let again = raw(&node, Method::Spike, message.clone()).await;
		assert_eq!(again.expect_err("a replay"), WireError::Replayed);
	}
	assert_eq!(node.nucleus.spikes(), 1);
	serves(&net, &node).await;
}

#[tokio::test]
async fn bad_texts() {
	let target = Target::start().await;
	let send = |words: Vec<String>| {
		let mut message = spike(1, &["x"]);
		message.texts = words.into();
		target.refuses(sealed(1, &header(1, 2, Method::Spike), message.encode()))
	};
	assert_eq!(send(vec![]).await, WireError::NoTexts);
	assert_eq!(send(vec![String::new()]).await, WireError::EmptyText { index: 0 });
	assert_eq!(send(vec!["x".into(), "  ".into()]).await, WireError::EmptyText { index: 1 });
	let (index, bytes, limit) = (0, 1_000_000, 4_096);
	let long = send(vec!["x".repeat(bytes)]).await;
	assert_eq!(long, WireError::TextTooLong { index, bytes, limit });
	let (texts, limit) = (257, 256);
	assert_eq!(send(vec!["x".into(); texts]).await, WireError::TooManyTexts { texts, limit });
}

#[tokio::test]
async fn too_large() {
	let target = Target::start().await;
	let message = |bytes: usize| sealed(1, &header(1, 2, Method::Spike), vec![0; bytes]);
	let (bytes, limit) = (2_000_000, 1_048_576);
	assert_eq!(target.refuses(message(bytes)).await, WireError::TooLarge { bytes, limit });
	// Beyond the hard limit the message is not read.
	let error = target.refuses(message(5_000_000)).await;
	assert!(matches!(error, WireError::Other { code, .. } if code == i32::from(Code::OutOfRange)));
}

#[tokio::test]
async fn bad_bodies_and_paths() {
	let target = Target::start().await;
	let send = |body| target.refuses(sealed(1, &header(1, 2, Method::Spike), body));
	assert_eq!(send(vec![0xff; 40]).await, WireError::Malformed { field: "body" });
	assert_eq!(send(Vec::new()).await, WireError::Malformed { field: "root" });
	let mut message = spike(1, &["x"]);
	message.root = account(5);
	assert_eq!(send(message.encode()).await, WireError::InvalidPath);
	let mut message = spike(1, &["x"]);
	message.path = vec![account(1), account(5)];
	assert_eq!(send(message.encode()).await, WireError::InvalidPath);
}

#[tokio::test]
async fn bad_vectors_in_a_grad() {
	let net = Net::default();
	let node = net.start(2).await;
	net.bid(1, 2, 5);
	let message = spike(1, &["x", "y"]);
	let got = net.dendrite(1).spike(&[net.peer(2)], &message, within(10.0)).await;
	assert!(got.vectors[0].is_some());

	let marker = 1234.5f32;
	let error = Vectors::new(2, vec![marker; 2 * DIM]).expect("finite");
	let body = message.grad(error).encode(DType::F32).expect("fits");
	let patched = |from: &[u8], to: &[u8]| {
		let mut body = body.clone();
		let at = body.windows(from.len()).position(|window| window == from).expect("is there");
		body[at..at + to.len()].copy_from_slice(to);
		sealed(1, &header(1, 2, Method::Grad), body)
	};
	for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
		let bad = patched(&marker.to_le_bytes(), &value.to_le_bytes());
		assert_eq!(raw(&node, Method::Grad, bad).await, Err(WireError::NotFinite));
	}
	// The shape field, [2, 128], as packed numbers.
	let bad = patched(&[0x12, 3, 2, 0x80, 1], &[0x12, 3, 2, 0x81, 1]);
	let (expected, got) = (vec![2, 128], vec![2, 129]);
	assert_eq!(raw(&node, Method::Grad, bad).await, Err(WireError::Shape { expected, got }));
	let bad = patched(&[0x12, 3, 2, 0x80, 1], &[0x12, 3, 1, 0x80, 1]);
	let (expected, got) = (512, 1024);
	assert_eq!(raw(&node, Method::Grad, bad).await, Err(WireError::DataLength { expected, got }));

	assert!(node.nucleus.grads().is_empty());
	let good = sealed(1, &header(1, 2, Method::Grad), body.clone());
	assert!(raw(&node, Method::Grad, good).await.is_ok());
}
