//! The tasks of a miner: their ends, a stop at any time, and a chain that stops.

use bittensor_client::{Call, Chain, ChainError, MemoryChain, Parameters, UNIT};
use bittensor_miner::{
	chain::cache::ChainCache,
	cli::{Cli, Command, RunArgs},
	commands::run::{
		prepare::{prepare, CHECKPOINT},
		run_on,
	},
	identity::Identity,
	supervisor::{Supervisor, TaskEnded},
	watchdog::{Change, Watchdog},
};
use bittensor_nucleus::{kind, Config, NucleusError, Setup};
use clap::Parser;
use std::{
	future::{pending, ready, Future},
	net::TcpListener,
	path::Path,
	sync::Arc,
	time::Duration,
};
use tokio::{
	io::{AsyncReadExt, AsyncWriteExt},
	net::TcpStream,
	time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

/// More than a stop takes.
const SOON: Duration = Duration::from_secs(20);

/// Runs a set with one task and returns how it ended.
async fn ends(task: impl Future<Output = anyhow::Result<()>> + Send + 'static) -> TaskEnded {
	let supervisor = Supervisor::default();
	supervisor.spawn("idle", pending());
	supervisor.spawn("tested", task);
	timeout(SOON, supervisor.stop().cancelled()).await.expect("it stops all");
	supervisor.finish(SOON).await.expect_err("an error")
}

#[tokio::test]
async fn a_task_that_ends_early_is_an_error_that_names_it() {
	let ended = ends(async { panic!("a bug") }).await;
	assert_eq!((ended.task, ended.reason.as_str()), ("tested", "it panicked: a bug"));
	let ended = ends(async { anyhow::bail!("the disk is full") }).await;
	assert_eq!((ended.task, ended.reason.as_str()), ("tested", "the disk is full"));
	let ended = ends(async { Ok(()) }).await;
	assert_eq!((ended.task, ended.reason.as_str()), ("tested", "it returned"));
	assert!(ended.to_string().contains("`tested` ended before"), "{ended}");
}

#[tokio::test]
async fn brief_tasks_may_end_but_not_panic() {
	let supervisor = Supervisor::default();
	supervisor.spawn_brief("brief", ready(()));
	sleep(Duration::from_millis(50)).await;
	assert!(!supervisor.stop().is_cancelled());
	supervisor.spawn_brief("brief", async { panic!("a bug") });
	timeout(SOON, supervisor.stop().cancelled()).await.expect("it stops all");
	assert_eq!(supervisor.finish(SOON).await.expect_err("an error").task, "brief");
}

#[tokio::test]
async fn a_stop_is_no_error_and_waits_for_what_is_under_way() {
	let supervisor = Supervisor::default();
	supervisor.spawn("idle", pending());
	let (stop, done) = (supervisor.stop().clone(), Arc::new(parking_lot::Mutex::new(false)));
	let set = done.clone();
	supervisor.spawn_until_done("saving", async move {
		stop.cancelled().await;
		sleep(Duration::from_millis(100)).await;
		*set.lock() = true;
		Ok(())
	});
	assert_eq!(supervisor.finish(SOON).await, Ok(()));
	assert!(*done.lock(), "it was waited for");
}

fn run_args(folder: &Path, extra: &[&str]) -> RunArgs {
	let base_path = format!("--base-path={}", folder.display());
	let mut words = vec!["bittensor-miner", "run", "--dev-key=//Alice", &base_path];
	words.extend(extra);
	match Cli::try_parse_from(words).map(|cli| cli.command) {
		Ok(Command::Run(args)) => *args,
		other => panic!("`run` expected: {other:?}"),
	}
}

/// Stops a miner after a moment and returns how it ended.
async fn stopped(
	chain: impl Future<Output = Result<Arc<dyn Chain>, ChainError>>,
	args: &RunArgs,
) -> anyhow::Result<()> {
	let supervisor = Supervisor::default();
	let identity = Identity::load(&args.key)?;
	let running = run_on(chain, &identity, args, false, &supervisor);
	let stop = async {
		sleep(Duration::from_millis(300)).await;
		supervisor.stop().cancel();
	};
	timeout(SOON, async { tokio::join!(running, stop).0 }).await?
}

#[tokio::test]
async fn a_stop_ends_the_wait_for_the_chain() {
	let folder = tempfile::tempdir().expect("a folder");
	let args = run_args(folder.path(), &["--kind=noise"]);
	stopped(pending(), &args).await.expect("an orderly end");
}

/// A corpus of one group, whose documents have `words` words each.
fn write_corpus(folder: &Path, words: usize) -> String {
	let text: String = (0..words).map(|i| format!("word{} ", i % 97)).collect();
	for name in ["a.txt", "b.txt", "c.txt"] {
		std::fs::write(folder.join(name), &text).expect("written");
	}
	format!("--corpus={}", folder.display())
}

#[tokio::test]
async fn a_stop_ends_the_reading_of_the_corpus() {
	let folder = tempfile::tempdir().expect("a folder");
	let corpus = write_corpus(folder.path(), 5_000);
	// Nobody writes to it: whoever opens it waits.
	let pipe = folder.path().join("endless.txt");
	let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo");
	assert!(made.success());
	let args = run_args(&folder.path().join("base"), &[&corpus]);
	stopped(pending(), &args).await.expect("an orderly end");

	let stop = CancellationToken::new();
	let read = timeout(SOON, prepare(&args, &stop)).await.expect("no wait for a writer");
	assert!(read.expect("the files can be used").text.is_some());
	stop.cancel();
	let read = timeout(SOON, prepare(&args, &stop)).await.expect("in time");
	let error = read.err().expect("interrupted");
	assert!(matches!(error.downcast_ref(), Some(NucleusError::Interrupted)), "{error}");
}

#[tokio::test]
async fn options_that_a_checkpoint_overrides_are_named() {
	let folder = tempfile::tempdir().expect("a folder");
	let corpus = write_corpus(folder.path(), 500);
	let given = |extra: &[&str]| {
		let words = [&[corpus.as_str()], extra].concat();
		run_args(&folder.path().join("base"), &words)
	};
	let stop = CancellationToken::new();
	let args = given(&["--inputs=3", "--seed=5"]);
	let new = prepare(&args, &stop).await.expect("a new model");
	assert_eq!((new.model.inputs(), new.ignored.len()), (3, 0));
	std::fs::create_dir(&args.component.base_path).expect("a folder");
	let path = args.component.base_path.join(CHECKPOINT);
	new.model.save(&path, None, &serde_json::Value::Null).expect("saved");

	let same = prepare(&args, &stop).await.expect("resumed").ignored;
	let without = prepare(&given(&[]), &stop).await.expect("resumed").ignored;
	assert_eq!([same.len(), without.len()], [0, 0], "{same:?} {without:?}");
	// A default that is given counts as given.
	let other = prepare(&given(&["--inputs=8", "--seed=6"]), &stop).await.expect("resumed");
	assert_eq!(
		other.ignored,
		["--seed 6 (the parameters have 5)", "--inputs 8 (it has 3)"].map(str::to_owned)
	);
	assert_eq!(other.model.inputs(), 3);
}

#[tokio::test]
async fn a_task_that_panics_ends_the_miner_after_its_checkpoint() {
	let alice = Identity::dev("//Alice").expect("well known").account();
	let chain = MemoryChain::new(Parameters::default(), [(alice, 1_000 * UNIT)], alice);
	let folder = tempfile::tempdir().expect("a folder");
	let args = run_args(folder.path(), &["--kind=noise"]);
	let supervisor = Supervisor::default();
	let identity = Identity::load(&args.key).expect("a key");
	let shared: Arc<dyn Chain> = Arc::new(chain);
	supervisor.spawn("broken", async {
		sleep(Duration::from_millis(300)).await;
		panic!("a bug")
	});
	let ended = run_on(ready(Ok(shared)), &identity, &args, false, &supervisor);
	let error = timeout(SOON, ended).await.expect("in time").expect_err("an error");
	assert_eq!(error.downcast_ref::<TaskEnded>().expect("a task").task, "broken");
	assert!(folder.path().join(CHECKPOINT).exists());
}

#[tokio::test]
async fn a_checkpoint_of_another_chain_ends_the_start_and_stays_as_it_is() {
	let folder = tempfile::tempdir().expect("a folder");
	let path = folder.path().join(CHECKPOINT);
	let noise = kind("noise").and_then(|kind| kind.create(&Setup::new(Config::default())));
	noise
		.and_then(|model| model.save(&path, Some([9; 32]), &serde_json::Value::Null))
		.expect("saved");
	let before = std::fs::read(&path).expect("bytes");
	let alice = Identity::dev("//Alice").expect("well known").account();
	let chain = MemoryChain::new(Parameters::default(), [(alice, UNIT)], alice);
	let chain: Arc<dyn Chain> = Arc::new(chain.seen_by(alice));
	let args = run_args(folder.path(), &["--kind=noise", "--no-serve"]);
	let error = stopped(ready(Ok(chain)), &args).await.expect_err("another chain").to_string();
	assert!(error.contains("connect to the chain that it was made on"), "{error}");
	assert!(error.contains(&path.display().to_string()), "{error}");
	assert_eq!(std::fs::read(&path).expect("bytes"), before);
}

/// The answer of a local HTTP server.
async fn get(port: u16, path: &str) -> std::io::Result<String> {
	let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
	let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
	stream.write_all(request.as_bytes()).await?;
	let mut answer = String::new();
	stream.read_to_string(&mut answer).await?;
	Ok(answer)
}

#[tokio::test]
async fn a_query_only_component_registers_posts_and_reports() {
	let alice = Identity::dev("//Alice").expect("well known").account();
	let chain = MemoryChain::new(Parameters::default(), [(alice, 1_000 * UNIT)], alice);
	let folder = tempfile::tempdir().expect("a folder");
	let file = folder.path().join("status.json");
	let status = format!("--status-file={}", file.display());
	let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
	let port = port.expect("a port").port();
	let metrics = format!("--prometheus-port={port}");
	let args = run_args(
		folder.path(),
		&["--kind=noise", "--post=self", "--no-serve", "--stake=7", &status, &metrics],
	);
	let supervisor = Supervisor::default();
	let identity = Identity::load(&args.key).expect("a key");
	let shared: Arc<dyn Chain> = Arc::new(chain.seen_by(alice));
	let running = run_on(ready(Ok(shared)), &identity, &args, false, &supervisor);
	let watching = async {
		// Blocks tell the miner that it is registered.
		while chain.row(0, None).await.expect("read").is_none_or(|row| row.pending.is_none()) {
			chain.advance();
			sleep(Duration::from_millis(50)).await;
		}
		sleep(Duration::from_millis(100)).await;
		let metrics = get(port, "/metrics").await.expect("an answer");
		supervisor.stop().cancel();
		metrics
	};
	let (ended, metrics) =
		timeout(SOON, async { tokio::join!(running, watching) }).await.expect("in time");
	ended.expect("an orderly end");

	let component = chain.components(None).await.expect("read").remove(0);
	assert_eq!((component.endpoint, component.stake), (None, 7 * UNIT));
	let row = chain.row(0, None).await.expect("read").expect("a row");
	assert!(row.pending.is_some_and(|row| row.edges.is_empty()), "all of it is its own");
	let status = std::fs::read_to_string(file).expect("a status");
	let status: serde_json::Value = serde_json::from_str(&status).expect("JSON");
	assert_eq!((&status["uid"], &status["posts"]), (&0.into(), &1.into()), "{status}");
	assert_eq!((&status["endpoint"], &status["kind"]), (&"".into(), &"noise".into()), "{status}");
	assert!(metrics.contains("\nbittensor_miner_posts_total 1\n"), "{metrics}");
}

#[tokio::test]
async fn the_end_of_the_cache_is_reported_by_its_own_task() {
	let chain = MemoryChain::new(Parameters::default(), [([1; 32], 10 * UNIT)], [1; 32]);
	let (mut cache, follower) = ChainCache::start(Arc::new(chain), [1; 32]).await.expect("read");
	drop(follower);
	let waits = timeout(Duration::from_millis(100), cache.changed()).await.is_err();
	assert!(waits, "a task that needs the cache does not end before the cache's own");
}

#[tokio::test]
async fn a_stale_cache_is_told_once_and_so_is_its_end() {
	let chain = MemoryChain::new(Parameters::default(), [([1; 32], 10 * UNIT)], [1; 32]);
	let shared = Arc::new(chain.clone());
	let (cache, follower) = ChainCache::start(shared, [1; 32]).await.expect("read");
	tokio::spawn(follower);
	let mut watchdog = Watchdog::new(Duration::from_millis(200));
	assert_eq!(watchdog.look(cache.age()), None);
	sleep(Duration::from_millis(300)).await;
	assert_eq!(watchdog.look(cache.age()), Some(Change::Stale));
	assert_eq!(watchdog.look(cache.age()), None, "one warning");

	chain.submit(Call::Register { endpoint: None, service_key: None }).await.expect("a block");
	chain.advance();
	sleep(Duration::from_millis(50)).await;
	assert_eq!(watchdog.look(cache.age()), Some(Change::Back));
	assert_eq!(watchdog.look(cache.age()), None);
}
