//! One HTTP request to a server on this machine, and how long it took.
//!
//! ```text
//!   connect ─► request ─► … ─► last byte of the answer     what is timed; nothing is parsed in it
//! ```
//!
//! HTTP/1.0, so that the answer is one piece that ends with the connection.

use std::time::{Duration, Instant};

use anyhow::{bail, Context};
use serde::de::DeserializeOwned;
use serde_json::{json, Value};
use tokio::{
	io::{AsyncReadExt, AsyncWriteExt},
	net::TcpStream,
};

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(60);

/// `GET path` from the server on `port`.
pub async fn get(port: u16, path: &str) -> anyhow::Result<String> {
	let request = format!("GET {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\n\r\n");
	Ok(exchange(port, &request).await?.0)
}

/// A JSON-RPC call to the server on `port`: the result, and the time until it was there.
pub async fn call<T: DeserializeOwned>(
	port: u16,
	method: &str,
	params: Value,
) -> anyhow::Result<(T, Duration)> {
	let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string();
	let request = format!(
		"POST / HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n\
		 Content-Length: {}\r\n\r\n{body}",
		body.len()
	);
	let (answer, took) = exchange(port, &request).await?;
	let mut answer: Value =
		serde_json::from_str(&answer).with_context(|| format!("{method} answered no JSON"))?;
	if let Some(error) = answer.get("error") {
		bail!("{method} failed: {error}");
	}
	let result = answer.get_mut("result").map(Value::take).unwrap_or_default();
	let result = serde_json::from_value(result)
		.with_context(|| format!("{method} answered something else than expected"))?;
	Ok((result, took))
}

async fn exchange(port: u16, request: &str) -> anyhow::Result<(String, Duration)> {
	let started = Instant::now();
	let mut answer = Vec::with_capacity(1 << 20);
	let exchanged = tokio::time::timeout(TIMEOUT, async {
		let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
		stream.set_nodelay(true)?;
		stream.write_all(request.as_bytes()).await?;
		stream.read_to_end(&mut answer).await
	})
	.await;
	let took = started.elapsed();
	exchanged
		.with_context(|| format!("port {port} gave no answer within {TIMEOUT:?}"))?
		.with_context(|| format!("no connection to port {port} of this machine"))?;
	Ok((body(&String::from_utf8_lossy(&answer))?.to_owned(), took))
}

/// The body of an answer with status 200.
pub fn body(answer: &str) -> anyhow::Result<&str> {
	let (head, body) = answer.split_once("\r\n\r\n").context("the answer is no HTTP")?;
	let status = head.lines().next().unwrap_or_default();
	if status.split(' ').nth(1) != Some("200") {
		bail!("the server answered `{status}`: {body}");
	}
	Ok(body)
}
