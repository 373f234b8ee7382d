//! A program in a terminal: a pseudo terminal, and the part of a terminal's language that the screens
//! of this project use.

use std::{
	fs::File,
	io::{Read, Write},
	os::{
		fd::{AsRawFd, FromRawFd, OwnedFd},
		unix::process::CommandExt,
	},
	path::Path,
	process::{Child, Command, ExitStatus},
	sync::{
		atomic::{AtomicBool, Ordering},
		Arc, Mutex,
	},
	thread::JoinHandle,
	time::{Duration, Instant},
};

use anyhow::Context;

const POLL: Duration = Duration::from_millis(50);

/// A program that runs in a terminal of its own; dropping it kills the program.
pub(crate) struct Terminal {
	child: Child,
	/// Keyboard and screen; `None` once the terminal is closed.
	master: Option<File>,
	output: Arc<Mutex<Vec<u8>>>,
	reader: Option<JoinHandle<()>>,
	closed: Arc<AtomicBool>,
	size: (u16, u16),
}

impl Terminal {
	/// Starts a program in a terminal of this many columns and rows.
	pub(crate) fn start(program: &Path, args: &[&str], size: (u16, u16)) -> anyhow::Result<Self> {
		let window = window(size);
		let (mut master, mut slave) = (-1, -1);
		// Safety: fills two integers that outlive the call; the other pointers may be null.
		let opened = unsafe {
			libc::openpty(&mut master, &mut slave, std::ptr::null_mut(), std::ptr::null(), &window)
		};
		anyhow::ensure!(opened == 0, "no terminal: {}", std::io::Error::last_os_error());
		// Safety: both were just opened and have no other owner.
		let (master, slave) = unsafe { (File::from_raw_fd(master), OwnedFd::from_raw_fd(slave)) };
		// Only the program's copies of its end stay open, so that the terminal closes with it.
		// Safety: a plain system call.
		unsafe {
			libc::fcntl(master.as_raw_fd(), libc::F_SETFD, libc::FD_CLOEXEC);
			libc::fcntl(slave.as_raw_fd(), libc::F_SETFD, libc::FD_CLOEXEC);
		}
		let mut command = Command::new(program);
		command.args(args).env("TERM", "xterm-256color").env_remove("NO_COLOR");
		command.stdin(slave.try_clone()?).stdout(slave.try_clone()?).stderr(slave.try_clone()?);
		// Safety: two system calls, which are allowed between fork and exec.
		unsafe {
			command.pre_exec(|| {
				libc::setsid();
				match libc::ioctl(0, libc::TIOCSCTTY, 0) {
					0 => Ok(()),
					_ => Err(std::io::Error::last_os_error()),
				}
			});
		}
		let child = command.spawn().with_context(|| program.display().to_string())?;
		let (output, closed) = (Arc::default(), Arc::default());
		let reader = keep(master.try_clone()?, Arc::clone(&output), Arc::clone(&closed));
		Ok(Self { child, master: Some(master), output, reader: Some(reader), closed, size })
	}

	/// All that the program wrote, with control sequences.
	pub(crate) fn raw(&self) -> String {
		String::from_utf8_lossy(&self.output.lock().expect("no panic")).into_owned()
	}

	/// The lines of the screen now.
	pub(crate) fn screen(&self) -> Vec<String> {
		render(&self.raw(), self.size)
	}

	/// Waits until a line of the screen has `part`; its number.
	pub(crate) async fn wait_for(&mut self, part: &str, within: Duration) -> anyhow::Result<usize> {
		let started = Instant::now();
		loop {
			let screen = self.screen();
			if let Some(line) = screen.iter().position(|line| line.contains(part)) {
				return Ok(line);
			}
			let ended = self.child.try_wait()?;
			let waited = started.elapsed() < within;
			anyhow::ensure!(waited && ended.is_none(), "no `{part}` in\n{}", screen.join("\n"));
			tokio::time::sleep(POLL).await;
		}
	}

	/// Types keys.
	pub(crate) fn press(&mut self, keys: &str) -> anyhow::Result<()> {
		Ok(self.master.as_mut().context("it is closed")?.write_all(keys.as_bytes())?)
	}

	/// Changes the number of columns and rows, as a person does with a window.
	pub(crate) fn resize(&mut self, size: (u16, u16)) -> anyhow::Result<()> {
		let master = self.master.as_ref().context("it is closed")?;
		// Safety: reads a structure that outlives the call.
		let done = unsafe { libc::ioctl(master.as_raw_fd(), libc::TIOCSWINSZ, &window(size)) };
		anyhow::ensure!(done == 0, "{}", std::io::Error::last_os_error());
		self.size = size;
		Ok(())
	}

	/// Whether what is typed is shown and a line is read at once, as in a shell.
	pub(crate) fn is_ordinary(&self) -> anyhow::Result<bool> {
		let master = self.master.as_ref().context("it is closed")?;
		// Safety: all-zero bytes are a valid structure, which the call fills.
		let flags = unsafe {
			let mut settings: libc::termios = std::mem::zeroed();
			anyhow::ensure!(libc::tcgetattr(master.as_raw_fd(), &mut settings) == 0, "tcgetattr");
			settings.c_lflag
		};
		Ok(flags & libc::ECHO != 0 && flags & libc::ICANON != 0)
	}

	/// Sends a signal to the program.
	pub(crate) fn signal(&self, signal: i32) {
		// Safety: a plain system call on a child that was not waited for yet.
		unsafe {
			libc::kill(self.child.id() as i32, signal);
		}
	}

	/// Closes the terminal, as a person who closes its window.
	pub(crate) fn close(&mut self) {
		// The reader has its end open too.
		self.closed.store(true, Ordering::Relaxed);
		let _ = self.reader.take().map(JoinHandle::join);
		self.master = None;
	}

	/// Waits until the program ends by itself.
	pub(crate) async fn wait_for_end(&mut self, within: Duration) -> anyhow::Result<ExitStatus> {
		let started = Instant::now();
		loop {
			if let Some(status) = self.child.try_wait()? {
				return Ok(status);
			}
			anyhow::ensure!(
				started.elapsed() < within,
				"it runs on:\n{}",
				self.screen().join("\n")
			);
			tokio::time::sleep(POLL).await;
		}
	}
}

impl Drop for Terminal {
	fn drop(&mut self) {
		let _ = self.child.kill();
		let _ = self.child.wait();
		self.close();
	}
}

/// Reads what the program writes until its end, or until the terminal is closed.
fn keep(
	mut terminal: File,
	output: Arc<Mutex<Vec<u8>>>,
	closed: Arc<AtomicBool>,
) -> JoinHandle<()> {
	std::thread::spawn(move || {
		let mut bytes = [0; 4_096];
		while !closed.load(Ordering::Relaxed) {
			let mut wanted =
				libc::pollfd { fd: terminal.as_raw_fd(), events: libc::POLLIN, revents: 0 };
			// Safety: one structure, which outlives the call.
			if unsafe { libc::poll(&mut wanted, 1, 50) } <= 0 {
				continue;
			}
			// The read fails when the program has ended.
			let Ok(read @ 1..) = terminal.read(&mut bytes) else { break };
			output.lock().expect("no panic").extend_from_slice(&bytes[..read]);
		}
	})
}

fn window((columns, rows): (u16, u16)) -> libc::winsize {
	libc::winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }
}

/// The lines of a terminal after it got `output`.
fn render(output: &str, (columns, rows): (u16, u16)) -> Vec<String> {
	let (columns, rows) = (usize::from(columns), usize::from(rows));
	let mut cells = vec![vec![' '; columns]; rows];
	let (mut row, mut column) = (0, 0);
	let mut letters = output.chars();
	while let Some(letter) = letters.next() {
		match letter {
			'\r' => column = 0,
			'\n' => row += 1,
			'\x1b' => {
				if letters.next() != Some('[') {
					continue;
				}
				let mut parameters = String::new();
				let end = letters.by_ref().find(|letter| {
					parameters.push(*letter);
					letter.is_ascii_alphabetic()
				});
				parameters.pop();
				let numbers: Vec<usize> =
					parameters.split(';').map(|number| number.parse().unwrap_or(1)).collect();
				match end {
					Some('H') => {
						row = numbers.first().map_or(0, |row| row.saturating_sub(1));
						column = numbers.get(1).map_or(0, |column| column.saturating_sub(1));
					}
					Some('J') => cells.iter_mut().for_each(|line| line.fill(' ')),
					_ => (),
				}
			}
			letter => {
				if let Some(cell) = cells.get_mut(row).and_then(|line| line.get_mut(column)) {
					*cell = letter;
				}
				column += 1;
			}
		}
	}
	cells.into_iter().map(|line| line.into_iter().collect::<String>().trim_end().into()).collect()
}
