//! The King James Version, from Debian's bible-kjv-text: parts of books, of eight chapters each.

use super::{tidy, Documents};
use crate::fetch::{
	archive::unpack_windows,
	{Archive, Result},
};

/// Chapters of one document.
const CHAPTERS: u32 = 8;

/// Names of the books, in their order.
const BOOKS: &str = "genesis exodus leviticus numbers deuteronomy joshua judges ruth first-samuel \
	second-samuel first-kings second-kings first-chronicles second-chronicles ezra nehemiah esther \
	job psalms proverbs ecclesiastes song-of-solomon isaiah jeremiah lamentations ezekiel daniel \
	hosea joel amos obadiah jonah micah nahum habakkuk zephaniah haggai zechariah malachi matthew \
	mark luke john acts romans first-corinthians second-corinthians galatians ephesians philippians \
	colossians first-thessalonians second-thessalonians first-timothy second-timothy titus philemon \
	hebrews james first-peter second-peter first-john second-john third-john jude revelation";

/// The parts of all books, `genesis-001` to `revelation-017`.
pub(in crate::fetch) fn kjv(archive: &Archive) -> Result<Documents> {
	let data = archive.member("usr/lib/bible.data")?;
	let text = unpack_windows(&data).map_err(|error| archive.damaged(error))?;
	parts(&String::from_utf8_lossy(&text)).map_err(|error| archive.damaged(error))
}

/// Parts from lines of `Book1:2 text`; other lines are remarks.
fn parts(text: &str) -> Result<Documents, String> {
	let mut names = BOOKS.split_whitespace();
	let (mut short, mut book) = (None, "");
	let mut documents = Documents::new();
	for (short_name, chapter, verse) in text.lines().filter_map(verse) {
		if short != Some(short_name) {
			short = Some(short_name);
			book = names.next().ok_or_else(|| format!("{short_name} is one book too many"))?;
		}
		let first = (chapter - 1) / CHAPTERS * CHAPTERS + 1;
		let part = documents.entry(format!("{book}-{first:03}")).or_default();
		part.push_str(verse);
		part.push('\n');
	}
	match names.next() {
		Some(missing) => Err(format!("there is no book {missing}")),
		None => Ok(documents.into_iter().map(|(name, text)| (name, tidy(&text))).collect()),
	}
}

/// Book, chapter and text.
fn verse(line: &str) -> Option<(&str, u32, &str)> {
	let (reference, text) = line.split_once(' ')?;
	let (place, number) = reference.split_once(':')?;
	number.parse::<u32>().ok()?;
	let book = place.trim_end_matches(|letter: char| letter.is_ascii_digit());
	let chapter = place[book.len()..].parse().ok().filter(|chapter| *chapter > 0)?;
	Some((book, chapter, text))
}

#[cfg(test)]
mod tests {
	use super::{parts, verse};

	#[test]
	fn verses_are_read_and_all_books_have_to_be_there() {
		assert_eq!(verse("1Sm12:3 Behold, here I am"), Some(("1Sm", 12, "Behold, here I am")));
		assert_eq!(verse("Holy Bible, Authorized (King James) Version."), None);
		let error = parts("Ge1:1 In the beginning").expect_err("65 books are missing");
		assert!(error.contains("exodus"), "{error}");
		let all: String = (0..66).map(|k| format!("B{k}x1:1 a\nB{k}x9:1 b\n")).collect();
		let documents = parts(&all).expect("all books");
		assert_eq!(documents.len(), 132);
		assert_eq!(documents["genesis-009"], "b\n");
		parts(&format!("{all}More1:1 c\n")).expect_err("67 books");
	}
}
