//! Lines of metrics, logs and /proc.

use bittensor_bench_chain::{
	blocks::{discarded, missed, prepared_blocks},
	measure::{
		http::{body, call, get},
		largest,
		machine::Machine,
		median,
		metrics::{parse, Histogram, AUTHORED, IMPORTED},
		pace::{Pace, Probe},
		process::{parse_io, parse_peak, peak_rss_kib, reset_peak, written, Written},
		smallest,
	},
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
	assert_eq!(parse(PAGE, AUTHORED)?, Histogram { sum: 0.8125, count: 9 });
	assert_eq!(parse(PAGE, IMPORTED)?, Histogram { sum: 3.75, count: 7 });
	assert_eq!(parse(PAGE, "substrate_unknown")?, Histogram::default());
	parse("substrate_proposer_block_constructed_sum many", AUTHORED).expect_err("no number");
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
fn the_kernels_account_is_read() -> anyhow::Result<()> {
	let io = "rchar: 9\nwchar: 1234\nsyscr: 1\nread_bytes: 0\nwrite_bytes: 8192\n\
	          cancelled_write_bytes: 5\n";
	assert_eq!(parse_io(io)?, Written { passed: 1_234, stored: 8_192 });
	assert_eq!(parse_peak("VmPeak:\t 9 kB\nVmHWM:\t  2048 kB\nVmRSS:\t 1 kB\n")?, 2_048);
	parse_peak("VmRSS:\t 1 kB\n").expect_err("no peak");
	parse_io("wchar: many\nwrite_bytes: 1\n").expect_err("no number");
	Ok(())
}

#[test]
fn what_this_process_does_shows() -> anyhow::Result<()> {
	let id = std::process::id();
	let before = written(id)?;
	let file = tempfile::NamedTempFile::new()?;
	std::fs::write(file.path(), vec![1; 100_000])?;
	assert!(written(id)?.since(before).passed >= 100_000);

	reset_peak(id)?;
	let before = peak_rss_kib(id)?;
	let block = vec![1u8; 64 << 20];
	assert!(block.iter().map(|&byte| u64::from(byte)).sum::<u64>() == 64 << 20);
	assert!(peak_rss_kib(id)? >= before + (32 << 10));
	written(u32::MAX).expect_err("no such process");
	Ok(())
}

#[test]
fn medians_and_extremes() {
	assert_eq!(median([]), None);
	assert_eq!(median([3.0]), Some(3.0));
	assert_eq!(median([9.0, 1.0, 2.0]), Some(2.0));
	assert_eq!(median([4.0, 1.0, 2.0, 9.0]), Some(3.0));
	assert_eq!(largest([1.0, 5.0, 2.0]), Some(5.0));
	assert_eq!(largest([]), None);
	assert_eq!(smallest([2.0, 1.0, 5.0]), Some(1.0));
	assert_eq!(smallest([]), None);
}

#[test]
fn this_machine_has_a_processor_and_memory() {
	let machine = Machine::this();
	assert!(machine.cores > 0 && machine.memory_gib > 0.0, "{machine:?}");
}

#[test]
fn only_an_answer_with_status_200_has_a_body() -> anyhow::Result<()> {
	assert_eq!(body("HTTP/1.0 200 OK\r\na: b\r\n\r\nyes\r\n\r\nmore")?, "yes\r\n\r\nmore");
	let error = body("HTTP/1.0 403 Forbidden\r\n\r\nno").expect_err("forbidden");
	assert!(error.to_string().contains("403"), "{error}");
	body("yes").expect_err("no head");
	Ok(())
}

/// Answers one request with `answer`; gives back the request.
async fn serve(listener: TcpListener, answer: &'static str) -> std::io::Result<String> {
	let (mut stream, _) = listener.accept().await?;
	let mut request = vec![0; 4_096];
	let length = stream.read(&mut request).await?;
	let body = format!("HTTP/1.0 200 OK\r\n\r\n{answer}");
	stream.write_all(body.as_bytes()).await?;
	stream.shutdown().await?;
	Ok(String::from_utf8_lossy(&request[..length]).into_owned())
}

#[tokio::test]
async fn requests_reach_a_server_and_answers_come_back() -> anyhow::Result<()> {
	let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
	let port = listener.local_addr()?.port();
	let (request, answer) = tokio::join!(serve(listener, "metrics"), get(port, "/metrics"));
	assert!(request?.starts_with("GET /metrics HTTP/1.0\r\n"));
	assert_eq!(answer?, "metrics");

	let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
	let port = listener.local_addr()?.port();
	let (request, answer) = tokio::join!(
		serve(listener, r#"{"jsonrpc":"2.0","id":1,"result":[1,2]}"#),
		call::<Vec<u32>>(port, "numbers", json!(["x"]))
	);
	assert!(request?.ends_with(r#""method":"numbers","params":["x"]}"#));
	assert_eq!(answer?.0, [1, 2]);

	let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
	let port = listener.local_addr()?.port();
	let (_, answer) = tokio::join!(
		serve(listener, r#"{"error":{"code":-1,"message":"no such method"}}"#),
		call::<u32>(port, "numbers", json!([]))
	);
	let error = answer.expect_err("the server said so");
	assert!(error.to_string().contains("no such method"), "{error}");
	get(port, "/").await.expect_err("nobody listens any more");
	Ok(())
}

#[test]
fn the_pace_is_that_of_the_engine_beside_the_weights() -> anyhow::Result<()> {
	assert_eq!(Pace::of(&[]), None);
	let pace = Pace::of(&[4.0, 1.0, 2.0]).expect("there are samples");
	assert_eq!((pace.visit_ns, pace.samples), (2.0, 3));
	// No machine that this could run on takes a tenth or ten times of it.
	assert!((0.3..3.0).contains(&pace.weights_ns), "{pace:?}");
	assert_eq!(pace.slowness(), 2.0 / pace.weights_ns);

	let sample = Probe::new()?.sample()?;
	assert!((0.1..100.0).contains(&sample), "{sample} ns per visit");
	Ok(())
}
