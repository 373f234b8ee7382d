//! Free space, looked at before a download.

use super::{FetchError, Result};
use std::{ffi::CString, mem::MaybeUninit, os::unix::ffi::OsStrExt, path::Path};

/// Refuses to start what cannot end for want of space.
pub(super) fn check(folder: &Path, needed: u64) -> Result<()> {
	match free(folder) {
		Some(free) if free < needed => Err(FetchError::DiskFull {
			path: folder.into(),
			needed: Some(needed),
			free: Some(free),
		}),
		_ => Ok(()),
	}
}

/// Bytes that this user may still write, if the file system says it.
fn free(folder: &Path) -> Option<u64> {
	let path = CString::new(folder.as_os_str().as_bytes()).ok()?;
	let mut stat = MaybeUninit::<libc::statvfs>::zeroed();
	// SAFETY: `path` ends with a zero byte, and statvfs() writes to `stat` only.
	let stat = unsafe {
		if libc::statvfs(path.as_ptr(), stat.as_mut_ptr()) != 0 {
			return None;
		}
		stat.assume_init()
	};
	Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}

#[cfg(test)]
mod tests {
	use super::{check, FetchError};

	#[test]
	fn a_download_that_does_not_fit_is_refused_with_figures() {
		let folder = tempfile::tempdir().expect("a folder");
		check(folder.path(), 1).expect("one byte fits");
		let error = check(folder.path(), u64::MAX).expect_err("it does not fit");
		let FetchError::DiskFull { needed: Some(u64::MAX), free: Some(free), .. } = error else {
			panic!("{error}");
		};
		assert!(free > 0);
	}
}
