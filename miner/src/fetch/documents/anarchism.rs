//! The Anarchist FAQ, from Debian's anarchism: one document per section, Markdown made plain.

use super::{file_name, tidy, words, Documents};
use crate::fetch::{
	archive::gunzip,
	{Archive, Result},
};

/// Shorter sections are lists of links.
const LEAST_WORDS: usize = 1_000;
const FOLDER: &str = "usr/share/doc/anarchism/markdown/";

/// Sections, introductions and appendices.
pub(in crate::fetch) fn anarchism(archive: &Archive) -> Result<Documents> {
	let stem = |path: &str| {
		let file = path.strip_prefix(FOLDER)?;
		let stem = file.strip_suffix(".gz").unwrap_or(file).strip_suffix(".md")?;
		let kinds = ["sec", "append", "intro", "vol", "10years"];
		kinds.iter().any(|kind| stem.starts_with(kind)).then(|| file_name(stem))
	};
	let mut documents = Documents::new();
	for (path, bytes) in archive.members(|path| stem(path).is_some())? {
		let bytes = match path.ends_with(".gz") {
			true => gunzip(&bytes).map_err(|error| archive.damaged(format!("{path}: {error}")))?,
			false => bytes,
		};
		let text = tidy(&plain(&String::from_utf8_lossy(&bytes)));
		if words(&text) >= LEAST_WORDS {
			documents.extend(stem(&path).map(|stem| (stem, text)));
		}
	}
	Ok(documents)
}

/// Markdown without its signs; a link leaves its text.
fn plain(markdown: &str) -> String {
	let mut out = String::new();
	for line in unlinked(markdown).lines() {
		let line = line.trim_start_matches([' ', '>', '#']);
		out.extend(line.chars().filter(|letter| !matches!(letter, '*' | '_')));
		out.push('\n');
	}
	out
}

/// Replaces `[text](target)` by the text.
fn unlinked(markdown: &str) -> String {
	let mut out = String::new();
	let mut rest = markdown;
	while let Some(open) = rest.find('[') {
		let link = rest[open + 1..].find(['[', ']']).and_then(|end| {
			let (text, after) = rest[open + 1..].split_at(end);
			let (_, after) = after.strip_prefix("](")?.split_once(')')?;
			Some((text, after))
		});
		match link {
			Some((text, after)) => {
				out.push_str(rest[..open].trim_end_matches('!'));
				out.push_str(text);
				rest = after;
			}
			None => {
				out.push_str(&rest[..=open]);
				rest = &rest[open + 1..];
			}
		}
	}
	out + rest
}

#[cfg(test)]
mod tests {
	use super::plain;

	#[test]
	fn links_emphasis_and_quotes_become_plain() {
		let markdown = "# A\n> _\"the [absence](secA1.html#x) of **a master**\"_ [P-J Proudhon, p. 264]\n![](a.png)";
		let text = plain(markdown);
		assert_eq!(text, "A\n\"the absence of a master\" [P-J Proudhon, p. 264]\n");
	}
}
