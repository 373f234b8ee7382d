//! The files of a pretrained model are those of its package.

use crate::fetch::{check_files, find, Content, FetchError, Result};
use bittensor_nucleus::ModelFiles;

/// Checks the files of a model. Those that the user names are used as they are, with a warning.
///
/// Files that are not there are no error here: the model names them when it reads them.
///
/// # Errors
/// [`FetchError::Truncated`] or [`FetchError::WrongHash`] for a fetched file that has changed since.
pub(super) fn check(model: &str, files: &ModelFiles) -> Result<()> {
	let item = find(model).and_then(|items| items.first().copied());
	let Some(Content::Files(_, wanted)) = item.map(|item| &item.content) else { return Ok(()) };
	let given = files.folder.clone();
	let is_given = given.is_some();
	let Some(folder) = given.or_else(|| Some(files.root.as_ref()?.join(model))) else {
		return Ok(());
	};
	match check_files(wanted, &folder) {
		Err(FetchError::Io { .. }) => Ok(()),
		Err(error) if is_given => {
			tracing::warn!("--model is not the package {model}: {error}");
			Ok(())
		}
		result => result,
	}
}

#[cfg(test)]
mod tests {
	use super::check;
	use crate::fetch::{find, Content, FetchError};
	use bittensor_nucleus::{ModelFiles, KINDS};
	use std::fs;

	#[test]
	fn a_fetched_file_that_has_changed_is_named_for_every_model() {
		for package in KINDS.iter().filter_map(|kind| kind.package) {
			let root = tempfile::tempdir().expect("a folder");
			let files = ModelFiles::below(root.path().into());
			check(package.name, &files).expect("a missing file is named by the model");
			let items = find(package.name).expect(package.name);
			let Content::Files(_, wanted) = &items[0].content else { panic!("{}", package.name) };
			let folder = root.path().join(package.name);
			fs::create_dir(&folder).expect("a folder");
			for file in *wanted {
				fs::write(folder.join(file.name), vec![0; file.bytes as usize]).expect("written");
			}
			let error = check(package.name, &files).expect_err("zeros");
			assert!(matches!(error, FetchError::WrongHash { .. }), "{error}");
			fs::write(folder.join(wanted[0].name), b"short").expect("written");
			let error = check(package.name, &files).expect_err("cut off");
			assert!(matches!(error, FetchError::Truncated { .. }), "{error}");
			assert!(error.to_string().contains(wanted[0].name), "{error}");
			// A user's own weights.
			let given = ModelFiles { folder: Some(folder), ..files };
			check(package.name, &given).expect("a warning");
		}
	}
}
