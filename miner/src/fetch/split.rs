//! `split.json` of the corpora: one rule for all, so that nobody trains on what another measures on.
//!
//! A document is held out iff the SHA-1 of `group/document` (no `.txt`), read as a number, is
//! divisible by ten.

use super::{FetchError, Result};
use bittensor_nucleus::files;
use serde_json::json;
use sha1::{Digest, Sha1};
use std::{collections::BTreeSet, fs, path::Path};

/// Whether a document of the corpora is held out.
pub(super) fn is_held_out(group: &str, document: &str) -> bool {
	let hash = Sha1::digest(format!("{group}/{document}").as_bytes());
	hash.iter().fold(0, |rest, byte| (rest * 256 + u32::from(*byte)) % 10) == 0
}

/// Lists the held-out documents of every group in the folder.
pub(super) fn write(corpora: &Path) -> Result<()> {
	let mut held_out = BTreeSet::new();
	for group in names(corpora)? {
		let folder = corpora.join(&group);
		if !folder.is_dir() {
			continue;
		}
		for file in names(&folder)? {
			if let Some(document) = file.strip_suffix(".txt") {
				if is_held_out(&group, document) {
					held_out.insert(format!("{group}/{file}"));
				}
			}
		}
	}
	let path = corpora.join("split.json");
	let text = format!("{:#}\n", json!({ "held_out": held_out }));
	files::replace(&path, text.as_bytes()).map_err(FetchError::io(&path))
}

fn names(folder: &Path) -> Result<Vec<String>> {
	let entries = fs::read_dir(folder).map_err(FetchError::io(folder))?;
	let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
	names.collect::<std::io::Result<_>>().map_err(FetchError::io(folder))
}

#[cfg(test)]
mod tests {
	use super::is_held_out;

	#[test]
	fn the_hash_is_read_as_one_number() {
		// Computed with Python: int(hashlib.sha1(name).hexdigest(), 16) % 10.
		assert!(is_held_out("brown", "ca16"));
		assert!(is_held_out("wikipedia", "actinopterygii"));
		assert!(is_held_out("austen", "northanger-abbey-07"));
		assert!(!is_held_out("brown", "cf44"));
		assert!(!is_held_out("austen", "persuasion-09"));
		assert!(!is_held_out("moby-dick", "chapter-067"));
	}
}
