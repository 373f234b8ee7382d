//! The text that bases are fitted on: train documents of the repository's corpus, compiled in, so that
//! every component with the same model has the same basis.
//!
//! Passages, and about as many single words, because a component answers both: with passages alone,
//! the 128 axes keep 56 % of the variance of words in USE; with both, 73 %, and of passages 2 % less.

use std::collections::HashSet;

const DOCUMENTS: [&str; 5] = [
	include_str!("../../../../corpus/addresses-early/1794-george-washington.txt"),
	include_str!("../../../../corpus/addresses-modern/1941-franklin-d-roosevelt.txt"),
	include_str!("../../../../corpus/kjv/ephesians.txt"),
	include_str!("../../../../corpus/moby-dick/003-the-spouter-inn.txt"),
	include_str!("../../../../corpus/moby-dick/048-the-first-lowering.txt"),
];

/// Words of the shortest and the longest passage.
const LENGTHS: std::ops::RangeInclusive<usize> = 4..=32;
/// Every third word is taken.
const EVERY: usize = 3;

/// Passages of different lengths, one after the other, and words.
pub(super) fn texts() -> Vec<&'static str> {
	let mut texts = passages();
	texts.extend(words());
	texts
}

fn passages() -> Vec<&'static str> {
	let mut lengths = LENGTHS.cycle();
	let mut passages = Vec::new();
	for mut rest in DOCUMENTS {
		while !rest.trim().is_empty() {
			let length = lengths.next().unwrap_or_default();
			let last = rest.split_whitespace().nth(length - 1);
			let end = last.map_or(rest.len(), |word| {
				word.as_ptr() as usize + word.len() - rest.as_ptr() as usize
			});
			let (passage, more) = rest.split_at(end);
			passages.push(passage.trim_start());
			rest = more;
		}
	}
	passages
}

/// Different words, as they are written, without punctuation around them.
fn words() -> impl Iterator<Item = &'static str> {
	let mut seen = HashSet::new();
	let all = DOCUMENTS.iter().flat_map(|text| text.split(|c: char| !c.is_alphanumeric()));
	all.filter(move |word| !word.is_empty() && seen.insert(*word)).step_by(EVERY)
}

#[cfg(test)]
mod tests {
	use super::{passages, texts, words, DOCUMENTS, LENGTHS};

	#[test]
	fn every_word_is_in_one_passage() {
		let passages = passages();
		let words = DOCUMENTS.iter().flat_map(|text| text.split_whitespace());
		assert!(passages.iter().flat_map(|text| text.split_whitespace()).eq(words));
		let longest = passages.iter().map(|text| text.split_whitespace().count()).max();
		assert_eq!(longest, Some(*LENGTHS.end()));
	}

	#[test]
	fn there_are_as_many_words_as_passages_or_so() {
		let (passages, words) = (passages().len(), words().count());
		assert!((1_000..1_500).contains(&passages), "{passages}");
		assert!((1_000..1_500).contains(&words), "{words}");
		assert_eq!(texts().len(), passages + words);
	}

	#[test]
	fn no_document_is_held_out() {
		let split = include_str!("../../../../corpus/split.json");
		let names = ["1794-", "1941-", "ephesians", "003-", "048-"];
		assert!(names.iter().all(|name| !split.contains(name)), "{split}");
	}
}
