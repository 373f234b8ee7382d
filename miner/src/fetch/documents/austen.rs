//! Six novels of Jane Austen, from Debian's r-cran-janeaustenr: one document per chapter.
//!
//! `Rdata.rdb` is a row of blocks: length unpacked (4 bytes, big-endian), then a zlib stream of R's
//! serialization, here one vector of lines (`STRSXP`) per novel.

use super::{file_name, tidy, Documents};
use crate::fetch::{archive::inflate_zlib, Archive, Result};

const BLOCKS: &str = "usr/lib/R/site-library/janeaustenr/data/Rdata.rdb";

/// The chapters, `emma-01` to `sense-and-sensibility-50`.
pub(in crate::fetch) fn austen(archive: &Archive) -> Result<Documents> {
	let blocks = archive.member(BLOCKS)?;
	novels(&blocks).map_err(|error| archive.damaged(error))
}

fn novels(mut blocks: &[u8]) -> Result<Documents, String> {
	let mut documents = Documents::new();
	while let Some((size, rest)) = blocks.split_first_chunk::<4>() {
		let (novel, read) = inflate_zlib(rest, u32::from_be_bytes(*size) as usize)?;
		chapters(&lines(&novel).ok_or("a novel is not a vector of lines")?, &mut documents);
		blocks = &rest[read..];
	}
	Ok(documents)
}

/// The lines of a serialized vector of strings; `None` if it is anything else.
fn lines(bytes: &[u8]) -> Option<Vec<String>> {
	const STRSXP: u32 = 16;
	const CHARSXP: u32 = 9;
	let mut rest = bytes.strip_prefix(b"X\n")?;
	let number = |rest: &mut &[u8]| {
		let (bytes, after) = rest.split_first_chunk::<4>()?;
		*rest = after;
		Some(u32::from_be_bytes(*bytes))
	};
	// Version 3: two versions of R, and the name of the encoding.
	(number(&mut rest)? == 3).then_some(())?;
	number(&mut rest)?;
	number(&mut rest)?;
	let encoding = number(&mut rest)? as usize;
	rest = rest.get(encoding..)?;
	(number(&mut rest)? & 0xff == STRSXP).then_some(())?;
	let count = number(&mut rest)?;
	let mut lines = Vec::new();
	for _ in 0..count {
		(number(&mut rest)? & 0xff == CHARSXP).then_some(())?;
		let length = number(&mut rest)? as usize;
		lines.push(String::from_utf8_lossy(rest.get(..length)?).into_owned());
		rest = &rest[length..];
	}
	Some(lines)
}

/// Cuts a novel at its chapter headings; the first line is its title.
fn chapters(lines: &[String], documents: &mut Documents) {
	let Some(title) = lines.first().map(|line| file_name(line)) else { return };
	let mut chapter = 0;
	let mut text = String::new();
	let mut end = |chapter: u32, text: &mut String| {
		if chapter > 0 {
			documents.insert(format!("{title}-{chapter:02}"), tidy(text));
		}
		text.clear();
	};
	for line in lines {
		let upper = line.to_uppercase();
		if matches!(upper.as_str(), "FINIS" | "THE END") || upper == "A NOTE ON THE TEXT" {
			break;
		} else if is_heading(&upper, "CHAPTER ") {
			end(chapter, &mut text);
			chapter += 1;
		} else if !is_heading(&upper, "VOLUME ") {
			text.push_str(line);
			text.push('\n');
		}
	}
	end(chapter, &mut text);
}

/// A heading with a number, Arabic or Roman.
fn is_heading(line: &str, word: &str) -> bool {
	let number = line.strip_prefix(word).map(str::trim);
	number.is_some_and(|number| {
		!number.is_empty() && number.bytes().all(|letter| b"0123456789IVXLC".contains(&letter))
	})
}

#[cfg(test)]
mod tests {
	use super::{chapters, lines, Documents};

	#[test]
	fn a_serialized_novel_is_cut_into_its_chapters() {
		let strings =
			["EMMA", "", "CHAPTER I", "", "Emma", "VOLUME II", "Chapter 2", "b", "FINIS", "c"];
		let mut bytes = b"X\n".to_vec();
		let number = |n: u32, bytes: &mut Vec<u8>| bytes.extend(n.to_be_bytes());
		for n in [3, 0x4_0201, 0x3_0500, 5] {
			number(n, &mut bytes);
		}
		bytes.extend(b"UTF-8");
		for n in [16, strings.len() as u32] {
			number(n, &mut bytes);
		}
		for string in strings {
			number(0x4_0009, &mut bytes);
			number(string.len() as u32, &mut bytes);
			bytes.extend(string.as_bytes());
		}
		let found = lines(&bytes).expect("a vector of strings");
		assert_eq!(found, strings);
		let mut documents = Documents::new();
		chapters(&found, &mut documents);
		let expected = [("emma-01", "Emma\n"), ("emma-02", "b\n")];
		assert!(documents.iter().map(|(n, t)| (n.as_str(), t.as_str())).eq(expected));
		for end in 0..bytes.len() {
			assert_eq!(lines(&bytes[..end]), None);
		}
	}
}
