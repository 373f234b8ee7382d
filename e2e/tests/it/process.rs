//! A child process ends when it should; an early end is an error with its reason.

use std::time::Duration;

use bittensor_e2e::process::{Process, ProcessError, Spec, Stopped};
use tempfile::TempDir;

fn shell(folder: &TempDir, script: &str) -> Spec {
	Spec {
		name: "shell".into(),
		program: "/bin/sh".into(),
		args: vec!["-c".into(), script.into()],
		env: vec![("GREETING".into(), "hello".into())],
		log: folder.path().join("shell.log"),
		nice: 10,
	}
}

fn exists(id: u32) -> bool {
	std::path::Path::new(&format!("/proc/{id}")).exists()
}

#[tokio::test]
async fn dropping_ends_the_process_and_what_it_started() -> anyhow::Result<()> {
	let folder = tempfile::tempdir()?;
	let mut process = Process::spawn(&shell(&folder, "sleep 600 & echo child $!; wait"))?;
	let child: u32 = process
		.wait_for_line("child", Duration::from_secs(5), |line| {
			line.strip_prefix("child ")?.trim().parse().ok()
		})
		.await?;
	let id = process.id();
	assert!(exists(id) && exists(child));
	drop(process);
	assert!(!exists(id));
	// The grandchild has another parent now; the kernel takes a moment.
	for _ in 0..100 {
		if !alive(child) {
			return Ok(());
		}
		tokio::time::sleep(Duration::from_millis(50)).await;
	}
	panic!("process {child} is still there");
}

/// Whether a process runs; a zombie does not.
fn alive(id: u32) -> bool {
	let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
	let state = stat.rsplit(") ").next().and_then(|rest| rest.chars().next());
	state.is_some_and(|state| state != 'Z' && state != 'X')
}

#[tokio::test]
async fn stopping_lets_it_end_by_itself_first() -> anyhow::Result<()> {
	let folder = tempfile::tempdir()?;
	let script = "trap 'echo $GREETING; exit 0' INT; echo ready; while :; do sleep 0.1; done";
	let mut process = Process::spawn(&shell(&folder, script))?;
	process
		.wait_for_line("ready", Duration::from_secs(5), |line| (line == "ready").then_some(()))
		.await?;
	assert_eq!(process.stop().await, Stopped::Cleanly);
	assert!(process.output().ends_with("hello\n"), "{}", process.output());
	Ok(())
}

#[tokio::test]
async fn an_early_end_is_an_error_that_quotes_the_log() -> anyhow::Result<()> {
	let folder = tempfile::tempdir()?;
	let mut process = Process::spawn(&shell(&folder, "echo no such database; exit 3"))?;
	let waited = process.wait_for_line("ready", Duration::from_secs(5), |_| None::<()>).await;
	let error = waited.expect_err("it never said so");
	assert!(matches!(&error, ProcessError::Ended { status, .. } if status.code() == Some(3)));
	assert!(error.to_string().contains("no such database"), "{error}");
	Ok(())
}

#[tokio::test]
async fn a_missing_binary_is_named() -> anyhow::Result<()> {
	let folder = tempfile::tempdir()?;
	let spec = Spec { program: "/no/such/binary".into(), ..shell(&folder, "") };
	let error = Process::spawn(&spec).expect_err("it does not exist");
	assert!(matches!(error, ProcessError::Io { action: "start", .. }), "{error}");
	Ok(())
}
