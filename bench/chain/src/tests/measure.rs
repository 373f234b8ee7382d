//! Lines of metrics, logs and /proc.

use crate::{
	blocks::{discarded, missed, prepared_blocks},
	measure::{account, call, histogram, reset_peak, written, Histogram, AUTHORED, IMPORTED},
	pace::{Pace, Probe},
};
use serde_json::json;
use tokio::{
	io::{AsyncReadExt, AsyncWriteExt},
	net::TcpListener,
};

const PAGE: &str = "\
# HELP substrate_proposer_block_constructed Histogram of time taken to construct new block
# TYPE substrate_proposer_block_constructed histogram
substrate_proposer_block_constructed_bucket{chain=\"bittensor_dev\",le=\"0.005\"} 2
substrate_proposer_block_constructed_sum{chain=\"bittensor_dev\"} 0.8125
substrate_proposer_block_constructed_count{chain=\"bittensor_dev\"} 9
substrate_block_verification_and_import_time_sum{chain=\"a\",x=\"1\"} 1.5
substrate_block_verification_and_import_time_sum{chain=\"a\",x=\"2\"} 2.25
substrate_block_verification_and_import_time_count{chain=\"a\",x=\"1\"} 3
substrate_block_verification_and_import_time_count{chain=\"a\",x=\"2\"} 4
substrate_block_verification_time_sum{chain=\"a\"} 100
";

#[test]
fn histograms_are_read_from_a_metrics_page() -> anyhow::Result<()> {
	assert_eq!(Histogram::parse(PAGE, AUTHORED)?, Histogram { sum: 0.8125, count: 9 });
	assert_eq!(Histogram::parse(PAGE, IMPORTED)?, Histogram { sum: 3.75, count: 7 });
	assert_eq!(Histogram::parse(PAGE, "substrate_unknown")?, Histogram::default());
	Histogram::parse("substrate_proposer_block_constructed_sum many", AUTHORED)
		.expect_err("no number");
	let later = Histogram { sum: 4.0, count: 10 };
	assert_eq!(later.since(Histogram { sum: 3.75, count: 7 }), Histogram { sum: 0.25, count: 3 });
	Ok(())
}

#[test]
fn the_validators_log_tells_its_blocks() {
	let log = "\
2026-01-01 10:00:00 🎁 Prepared block for proposing at 7 (412 ms) hash: 0x12…34; end: X; (9 ms)
2026-01-01 10:00:06 🙌 Starting consensus session on top of parent 0xab
2026-01-01 10:00:06 🎁 Prepared block for proposing at 8 (3 ms) hash: 0x12
2026-01-01 10:00:09 ⌛️ Discarding proposal for slot 297; block production took too long
2026-01-01 10:00:12 🎁 Prepared block for proposing at 8 (5 ms) hash: 0x99
2026-01-01 10:00:12 🎁 Prepared block for proposing at many (x ms)
";
	assert_eq!(prepared_blocks(log).into_iter().collect::<Vec<_>>(), [(7, 412), (8, 5)]);
	assert_eq!(discarded(log), 1);
}

#[test]
fn slots_between_blocks_are_missed_ones() {
	assert_eq!(missed(Some(10), Some(11)), 0);
	assert_eq!(missed(Some(10), Some(14)), 3);
	assert_eq!(missed(None, Some(14)), 0, "genesis has no slot");
}

#[test]
fn what_this_process_does_shows() -> anyhow::Result<()> {
	let id = std::process::id();
	let before = account(id, "io", "wchar")?;
	let file = tempfile::NamedTempFile::new()?;
	std::fs::write(file.path(), vec![1; 100_000])?;
	assert!(account(id, "io", "wchar")? >= before + 100_000);
	written(id)?;

	reset_peak(id)?;
	let before = account(id, "status", "VmHWM")?;
	let block = vec![1u8; 64 << 20];
	assert!(block.iter().map(|&byte| u64::from(byte)).sum::<u64>() == 64 << 20);
	assert!(account(id, "status", "VmHWM")? >= before + (32 << 10));
	written(u32::MAX).expect_err("no such process");
	account(id, "status", "Name").expect_err("not a number");
	Ok(())
}

/// Answers one request with status and body; gives back the request.
async fn serve(listener: TcpListener, status: &str, body: &str) -> std::io::Result<String> {
	let (mut stream, _) = listener.accept().await?;
	let mut request = vec![0; 4_096];
	let length = stream.read(&mut request).await?;
	let length_of = body.len();
	let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {length_of}\r\n\r\n{body}");
	stream.write_all(answer.as_bytes()).await?;
	Ok(String::from_utf8_lossy(&request[..length]).into_owned())
}

#[tokio::test]
async fn requests_reach_a_server_and_answers_come_back() -> anyhow::Result<()> {
	let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
	let port = listener.local_addr()?.port();
	let (request, found) = tokio::join!(serve(listener, "200 OK", PAGE), histogram(port, AUTHORED));
	assert!(request?.starts_with("GET /metrics HTTP/1.1\r\n"));
	assert_eq!(found?.count, 9);

	for (status, body, result) in [
		("200 OK", r#"{"jsonrpc":"2.0","id":1,"result":[1,2]}"#, Some(json!([1, 2]))),
		("200 OK", r#"{"jsonrpc":"2.0","id":1,"error":{"code":-1}}"#, None),
		("403 Forbidden", r#"{"jsonrpc":"2.0","id":1,"result":[1,2]}"#, None),
	] {
		let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
		let port = listener.local_addr()?.port();
		let (request, answer) =
			tokio::join!(serve(listener, status, body), call(port, "name", json!(["x"])));
		assert!(request?.starts_with("POST / HTTP/1.1\r\n"));
		assert_eq!(answer.ok().map(|(result, _)| result), result, "{status} {body}");
	}
	Ok(())
}

#[test]
fn the_pace_is_that_of_the_engine_beside_the_weights() -> anyhow::Result<()> {
	assert_eq!(Pace::of(&[]), None);
	let pace = Pace::of(&[4.0, 1.0, 2.0]).expect("there are samples");
	assert_eq!(pace.visit_ns, 2.0);
	// No machine that this could run on takes a tenth or ten times of it.
	assert!((0.3..3.0).contains(&pace.weights_ns), "{pace:?}");
	assert_eq!(pace.slowdown(), 2.0 / pace.weights_ns);

	let sample = Probe::new()?.sample()?;
	assert!((0.1..100.0).contains(&sample), "{sample} ns per visit");
	Ok(())
}
