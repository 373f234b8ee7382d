//! Files that are replaced as a whole.

use std::{
	fs::{File, Permissions},
	io::{Result, Write},
	os::unix::fs::PermissionsExt,
	path::Path,
};
use tempfile::NamedTempFile;

/// Replaces the file at `path`: a reader sees the old content or `bytes`, never a part of them.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
	write_beside(path, bytes)?.persist(path)?;
	Ok(())
}

/// As [`replace`], and the new content survives a power failure once this returns.
pub fn replace_durably(path: &Path, bytes: &[u8]) -> Result<()> {
	let file = write_beside(path, bytes)?;
	file.as_file().sync_all()?;
	file.persist(path)?;
	// The rename is durable once its folder is.
	File::open(folder(path))?.sync_all()
}

fn folder(path: &Path) -> &Path {
	path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn write_beside(path: &Path, bytes: &[u8]) -> Result<NamedTempFile> {
	// The umask applies, as to any new file; the default of `tempfile` hides it from other users.
	let mut file = tempfile::Builder::new()
		.permissions(Permissions::from_mode(0o666))
		.tempfile_in(folder(path))?;
	file.write_all(bytes)?;
	Ok(file)
}

#[cfg(test)]
mod tests {
	use super::{replace, replace_durably};

	#[test]
	fn a_failure_leaves_the_old_content_and_no_other_file() {
		let folder = tempfile::tempdir().expect("a folder");
		let names = || -> Vec<String> {
			let entries = std::fs::read_dir(folder.path()).expect("read").flatten();
			entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
		};
		let path = folder.path().join("status.json");
		replace(&path, b"old").expect("written");
		assert_eq!(names(), ["status.json"]);
		// A folder with content cannot be replaced.
		let taken = folder.path().join("taken");
		std::fs::create_dir_all(taken.join("inside")).expect("created");
		for replace in [replace, replace_durably] {
			let error = replace(&taken, b"new").expect_err("a folder");
			assert!(!error.to_string().is_empty());
			let mut left = names();
			left.sort();
			assert_eq!(left, ["status.json", "taken"]);
		}
		assert_eq!(std::fs::read(&path).expect("read"), b"old");
	}
}
