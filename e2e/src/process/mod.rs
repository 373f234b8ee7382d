//! One child process: its log file and its end.
//!
//! ```text
//! spawn ──► wait_for_line ──► … ──► stop: SIGINT, a while, SIGKILL to the whole group
//!   │
//!   └─ own process group: Ctrl-C reaches only this program, which stops its children in order
//!      PR_SET_PDEATHSIG: the kernel kills the child if this program vanishes
//! ```
//!
//! Invariants: dropping a [`Process`] ends it; so does the death of this program by any signal;
//! stdout and stderr of the child go to one file and nowhere else.

use std::{
	fs::File,
	io::{self, Read, Seek, SeekFrom},
	os::unix::process::{CommandExt, ExitStatusExt},
	path::{Path, PathBuf},
	process::{Child, Command, ExitStatus, Stdio},
	time::{Duration, Instant},
};

use thiserror::Error;

mod spawn;

/// How long [`Process::stop`] waits for a clean end before it kills.
pub const STOP_GRACE: Duration = Duration::from_secs(15);
/// Lines of the log that an error quotes.
const QUOTED_LINES: usize = 20;
const POLL: Duration = Duration::from_millis(50);

/// What can go wrong with a child process.
#[derive(Debug, Error)]
pub enum ProcessError {
	/// The operating system did not start it, or its log file could not be written or read.
	#[error("{name}: {action}: {source}")]
	Io {
		/// Name of the process.
		name: String,
		/// What was tried.
		action: &'static str,
		/// Why it failed.
		source: io::Error,
	},
	/// It ended although it should still run.
	#[error("{name} ended ({status}) while waiting for {waiting_for}. Log {}:\n{tail}", .log.display())]
	Ended {
		/// Name of the process.
		name: String,
		/// How it ended.
		status: ExitStatus,
		/// What was awaited.
		waiting_for: String,
		/// Its log file.
		log: PathBuf,
		/// The last lines of the log.
		tail: String,
	},
	/// It runs, but what was awaited did not come.
	#[error("{name}: no {waiting_for} within {seconds} s. Log {}:\n{tail}", .log.display())]
	TimedOut {
		/// Name of the process.
		name: String,
		/// What was awaited.
		waiting_for: String,
		/// How long.
		seconds: u64,
		/// Its log file.
		log: PathBuf,
		/// The last lines of the log.
		tail: String,
	},
}

/// What to start, and how.
#[derive(Clone, Debug)]
pub struct Spec {
	/// Short name for messages, such as `node` or `alice`.
	pub name: String,
	/// Path of the binary.
	pub program: PathBuf,
	/// Its arguments.
	pub args: Vec<String>,
	/// Environment variables that are added to those of this program.
	pub env: Vec<(String, String)>,
	/// File that receives stdout and stderr; appended to, so that a restart keeps the history.
	pub log: PathBuf,
	/// Niceness, 0 (as this program) to 19 (lowest priority).
	pub nice: i32,
}

/// How a process ended after it was asked to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
	/// It ended by itself, with success.
	Cleanly,
	/// It ended by itself, with an error.
	Failed(ExitStatus),
	/// It did not end in time and was killed.
	Killed,
}

/// A running child process. Dropping it kills it.
#[derive(Debug)]
pub struct Process {
	name: String,
	log: PathBuf,
	/// Length of the log when this process started: the earlier part is of another process.
	log_start: u64,
	child: Child,
	status: Option<ExitStatus>,
	/// It was asked to stop. A second request would end it at once.
	interrupted: bool,
}

impl Process {
	/// Starts `spec`. Returns as soon as the program is loaded.
	pub fn spawn(spec: &Spec) -> Result<Self, ProcessError> {
		let failed = |action| {
			let name = spec.name.clone();
			move |source| ProcessError::Io { name, action, source }
		};
		if let Some(folder) = spec.log.parent() {
			std::fs::create_dir_all(folder).map_err(failed("create the log's folder"))?;
		}
		let log = File::options()
			.create(true)
			.append(true)
			.open(&spec.log)
			.map_err(failed("open the log file"))?;
		let log_start = log.metadata().map_err(failed("read the log file"))?.len();
		let error_log = log.try_clone().map_err(failed("open the log file"))?;

		let mut command = Command::new(&spec.program);
		command
			.args(&spec.args)
			.envs(spec.env.iter().map(|(name, value)| (name, value)))
			.stdin(Stdio::null())
			.stdout(log)
			.stderr(error_log)
			.process_group(0);
		let child = spawn::child_that_dies_with_us(command, spec.nice).map_err(failed("start"))?;
		Ok(Self {
			name: spec.name.clone(),
			log: spec.log.clone(),
			log_start,
			child,
			status: None,
			interrupted: false,
		})
	}

	/// Name given in the [`Spec`].
	pub fn name(&self) -> &str {
		&self.name
	}

	/// Process id.
	pub fn id(&self) -> u32 {
		self.child.id()
	}

	/// Its log file.
	pub fn log(&self) -> &Path {
		&self.log
	}

	/// How it ended, or `None` while it runs.
	pub fn ended(&mut self) -> Option<ExitStatus> {
		if self.status.is_none() {
			self.status = self.child.try_wait().ok().flatten();
		}
		self.status
	}

	/// The log of this process so far, without that of an earlier one with the same file.
	pub fn output(&self) -> String {
		let read = || -> io::Result<String> {
			let mut file = File::open(&self.log)?;
			file.seek(SeekFrom::Start(self.log_start))?;
			let mut bytes = Vec::new();
			file.read_to_end(&mut bytes)?;
			Ok(String::from_utf8_lossy(&bytes).into_owned())
		};
		read().unwrap_or_else(|error| format!("(log not readable: {error})"))
	}

	/// The last lines of [`Process::output`].
	pub fn tail(&self) -> String {
		let output = self.output();
		let lines: Vec<&str> = output.lines().collect();
		lines[lines.len().saturating_sub(QUOTED_LINES)..].join("\n")
	}

	/// Polls `found` on each complete line of the log until it returns a value.
	///
	/// `waiting_for` is quoted in the error when the process ends first or `timeout` passes.
	pub async fn wait_for_line<T>(
		&mut self,
		waiting_for: &str,
		timeout: Duration,
		found: impl Fn(&str) -> Option<T>,
	) -> Result<T, ProcessError> {
		let started = Instant::now();
		loop {
			// The end is checked first, so that `output` has the last words.
			let ended = self.ended();
			let output = self.output();
			let complete = output.rfind('\n').map_or("", |end| &output[..end]);
			if let Some(value) = complete.lines().find_map(&found) {
				return Ok(value);
			}
			if let Some(status) = ended {
				return Err(ProcessError::Ended {
					name: self.name.clone(),
					status,
					waiting_for: waiting_for.into(),
					log: self.log.clone(),
					tail: self.tail(),
				});
			}
			if started.elapsed() > timeout {
				return Err(self.timed_out(waiting_for, timeout));
			}
			tokio::time::sleep(POLL).await;
		}
	}

	/// Waits until it ends by itself.
	pub async fn wait_for_end(&mut self, timeout: Duration) -> Result<ExitStatus, ProcessError> {
		let started = Instant::now();
		loop {
			if let Some(status) = self.ended() {
				return Ok(status);
			}
			if started.elapsed() > timeout {
				return Err(self.timed_out("end", timeout));
			}
			tokio::time::sleep(POLL).await;
		}
	}

	fn timed_out(&self, waiting_for: &str, timeout: Duration) -> ProcessError {
		ProcessError::TimedOut {
			name: self.name.clone(),
			waiting_for: waiting_for.into(),
			seconds: timeout.as_secs(),
			log: self.log.clone(),
			tail: self.tail(),
		}
	}

	/// Asks it to stop, as Ctrl-C would, once; does not wait.
	pub fn interrupt(&mut self) {
		if self.ended().is_none() && !self.interrupted {
			self.interrupted = true;
			self.signal(libc::SIGINT);
		}
	}

	/// Stops it: SIGINT, up to [`STOP_GRACE`], then SIGKILL to its group.
	pub async fn stop(&mut self) -> Stopped {
		self.interrupt();
		let stopped = match self.wait_for_end(STOP_GRACE).await {
			Ok(status) if status.success() || status.signal() == Some(libc::SIGINT) => {
				Stopped::Cleanly
			}
			Ok(status) => Stopped::Failed(status),
			Err(_) => Stopped::Killed,
		};
		self.kill();
		stopped
	}

	/// Ends it at once, together with all processes that it started.
	pub fn kill(&mut self) {
		if self.ended().is_none() {
			self.signal_group(libc::SIGKILL);
			self.status = self.child.wait().ok();
		}
	}

	fn signal(&self, signal: i32) {
		// Safety: a plain system call. The child is not yet reaped, so its id is not reused.
		unsafe {
			libc::kill(self.child.id() as i32, signal);
		}
	}

	fn signal_group(&self, signal: i32) {
		// Safety: as above; the group has the child's id.
		unsafe {
			libc::killpg(self.child.id() as i32, signal);
		}
	}
}

impl Drop for Process {
	fn drop(&mut self) {
		self.kill();
	}
}

/// A TCP port of 127.0.0.1 that is free now.
///
/// Another program may take the port before it is used.
pub fn free_port() -> io::Result<u16> {
	Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
