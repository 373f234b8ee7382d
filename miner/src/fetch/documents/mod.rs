//! Documents from packages: one file per corpus, plain text out.
//!
//! All quotation marks become straight and all dashes `--` or `-`, so that the corpora share a
//! vocabulary; the wording is unchanged. [`digest`] over all documents is pinned in the table of
//! items: everybody has the same text and so the same split.

mod anarchism;
mod austen;
mod brown;
mod kjv;
mod stdlib;
mod wikipedia;

pub(super) use self::{
	anarchism::anarchism,
	austen::austen,
	brown::brown,
	kjv::kjv,
	stdlib::{moby_dick, sotu},
	wikipedia::wikipedia,
};

use super::{FetchError, Result};
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, fs, path::Path};

/// Texts by the names of their documents.
pub type Documents = BTreeMap<String, String>;

/// SHA-256 over all names and texts, each after its length.
pub fn digest(documents: &Documents) -> String {
	let mut hasher = Sha256::new();
	for part in documents.iter().flat_map(<[_; 2]>::from) {
		hasher.update((part.len() as u64).to_le_bytes());
		hasher.update(part.as_bytes());
	}
	hex::encode(hasher.finalize())
}

/// The documents of a folder; `None` if it is not there or holds something else.
pub(super) fn read(folder: &Path) -> Result<Option<Documents>> {
	let entries = match fs::read_dir(folder) {
		Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
		entries => entries.map_err(FetchError::io(folder))?,
	};
	let mut documents = Documents::new();
	for entry in entries {
		let path = entry.map_err(FetchError::io(folder))?.path();
		let name = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".txt"));
		match (name, fs::read_to_string(&path)) {
			(Some(name), Ok(text)) => documents.insert(name.to_owned(), text),
			_ => return Ok(None),
		};
	}
	Ok(Some(documents))
}

/// A text of the corpora: straight quotation marks, plain dashes, no white space at the ends of lines
/// and of the text, at most one empty line in a row.
fn tidy(text: &str) -> String {
	let mut out = String::with_capacity(text.len());
	let mut empty = 0;
	for line in text.lines() {
		let line = line.trim_end();
		if line.is_empty() {
			empty += 1;
			continue;
		}
		if !out.is_empty() {
			out.push_str(if empty > 0 { "\n\n" } else { "\n" });
		}
		empty = 0;
		for letter in line.chars() {
			match letter {
				'\u{2018}' | '\u{2019}' | '\u{201b}' => out.push('\''),
				'\u{201c}' | '\u{201d}' | '\u{201e}' => out.push('"'),
				'\u{2014}' | '\u{2015}' => out.push_str("--"),
				'\u{2010}'..='\u{2013}' => out.push('-'),
				'\u{a0}' | '\u{2009}' => out.push(' '),
				'\u{feff}' | '\u{200b}' => {}
				_ => out.push(letter),
			}
		}
	}
	out.push('\n');
	out
}

/// Lower case, with `-` for all that is neither a letter nor a digit.
fn file_name(title: &str) -> String {
	let words = title.to_lowercase();
	let words = words.split(|letter: char| !letter.is_ascii_alphanumeric());
	words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-")
}

fn words(text: &str) -> usize {
	text.split_whitespace().count()
}

#[cfg(test)]
mod tests {
	use super::{digest, file_name, tidy, Documents};

	#[test]
	fn text_is_tidied_and_named() {
		let text = "\n\u{201c}Don\u{2019}t\u{201d}  \n\n\n\nyes\u{2014}no\u{a0}\n";
		assert_eq!(tidy(text), "\"Don't\"\n\nyes--no\n");
		assert_eq!(file_name("A Modest Proposal (1729)"), "a-modest-proposal-1729");
	}

	#[test]
	fn the_digest_sees_names_texts_and_their_borders() {
		let of = |pairs: &[(&str, &str)]| {
			let owned = pairs.iter().map(|(name, text)| ((*name).into(), (*text).into()));
			digest(&owned.collect::<Documents>())
		};
		let all = [of(&[("a", "bc")]), of(&[("ab", "c")]), of(&[("a", "b"), ("c", "")]), of(&[])];
		for (k, one) in all.iter().enumerate() {
			assert!(all[k + 1..].iter().all(|other| other != one));
		}
	}
}
