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
