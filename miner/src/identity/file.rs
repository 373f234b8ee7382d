//! Key files: one line with the secret, readable by its owner only.

use super::{IdentityError, Secret};
use std::{
	fs::OpenOptions,
	io::{ErrorKind, Write},
	os::unix::fs::{OpenOptionsExt, PermissionsExt},
	path::Path,
};

/// Permissions of a key file: its owner reads and writes it.
const MODE: u32 = 0o600;

/// Writes a new key file. A file that exists is never replaced.
pub fn create(path: &Path, secret: &Secret) -> Result<(), IdentityError> {
	let place = || path.display().to_string();
	let opened = OpenOptions::new().write(true).create_new(true).mode(MODE).open(path);
	let mut file = opened.map_err(|error| match error.kind() {
		ErrorKind::AlreadyExists => IdentityError::Exists { path: place() },
		_ => IdentityError::Write { path: place(), reason: error.to_string() },
	})?;
	let written = writeln!(file, "{}", secret.line()).and_then(|()| file.sync_all());
	written.map_err(|error| {
		// Half a secret is none; the first error is the one to report.
		let _ = std::fs::remove_file(path);
		IdentityError::Write { path: place(), reason: error.to_string() }
	})
}

/// Reads a key file, and warns if other users can read it.
pub fn read(path: &Path) -> Result<Secret, IdentityError> {
	let place = path.display().to_string();
	let failed = |reason| IdentityError::File { path: place.clone(), reason };
	let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
	if std::fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0) {
		tracing::warn!("other users can read {place}: run chmod 600 {place}");
	}
	Secret::parse(&text, &place)
}
