//! Starts a child that the kernel kills when this program vanishes.
//!
//! ```text
//!   any task ── command ──► one thread for the life of this program ── fork ──► child
//! ```
//!
//! The kernel sends the death signal when the *thread* that forked ends, and a worker of an async
//! runtime may end; so all children are forked by one thread that does not.
//!
//! The calls are plain `libc`: the safe wrappers (`rustix::process`, `nix`) would enable further
//! features of crates that the node is built on, and build it again.

use std::{
	io,
	os::unix::process::CommandExt,
	process::{Child, Command},
	sync::{mpsc, OnceLock},
};

/// Starts `command` with this niceness.
pub(super) fn child_that_dies_with_us(mut command: Command, nice: i32) -> io::Result<Child> {
	let parent = std::process::id();
	// Safety: between fork and exec only calls that are safe there: prctl, getppid, setpriority, and
	// no allocation.
	unsafe {
		command.pre_exec(move || before_exec(parent, nice));
	}
	spawn_on_lasting_thread(command)
}

/// Runs in the child between fork and exec.
fn before_exec(parent: u32, nice: i32) -> io::Result<()> {
	// Safety: plain system calls, all safe after fork.
	unsafe {
		#[cfg(target_os = "linux")]
		{
			if libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) != 0 {
				return Err(io::Error::last_os_error());
			}
			// The parent may have died before the line above took effect.
			if libc::getppid() as u32 != parent {
				libc::_exit(1);
			}
		}
		#[cfg(not(target_os = "linux"))]
		let _ = parent;
		if nice != 0 && libc::setpriority(libc::PRIO_PROCESS as _, 0, nice) != 0 {
			return Err(io::Error::last_os_error());
		}
	}
	Ok(())
}

type Reply = mpsc::Sender<io::Result<Child>>;

fn spawn_on_lasting_thread(command: Command) -> io::Result<Child> {
	static SPAWNER: OnceLock<mpsc::Sender<(Command, Reply)>> = OnceLock::new();
	let spawner = SPAWNER.get_or_init(|| {
		let (sender, receiver) = mpsc::channel::<(Command, Reply)>();
		std::thread::spawn(move || {
			for (mut command, reply) in receiver {
				let _ = reply.send(command.spawn());
			}
		});
		sender
	});
	let (reply, answer) = mpsc::channel();
	let gone = |_| io::Error::other("the thread that starts processes has ended");
	spawner.send((command, reply)).map_err(|_| gone(mpsc::RecvError))?;
	answer.recv().map_err(gone)?
}
