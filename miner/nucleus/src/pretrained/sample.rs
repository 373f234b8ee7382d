//! The text that bases are fitted on: train documents of the repository's corpus, compiled in, so that
//! every component with the same model has the same basis.

const DOCUMENTS: [&str; 5] = [
	include_str!("../../../../corpus/addresses-early/1794-george-washington.txt"),
	include_str!("../../../../corpus/addresses-modern/1941-franklin-d-roosevelt.txt"),
	include_str!("../../../../corpus/kjv/ephesians.txt"),
	include_str!("../../../../corpus/moby-dick/003-the-spouter-inn.txt"),
	include_str!("../../../../corpus/moby-dick/048-the-first-lowering.txt"),
];

/// Words of the shortest and the longest passage.
const LENGTHS: std::ops::RangeInclusive<usize> = 4..=32;

/// Passages of different lengths, one after the other.
pub(super) fn passages() -> Vec<&'static str> {
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

#[cfg(test)]
mod tests {
	use super::{passages, DOCUMENTS, LENGTHS};

	#[test]
	fn every_word_is_in_one_passage() {
		let passages = passages();
		let words = DOCUMENTS.iter().flat_map(|text| text.split_whitespace());
		assert!(passages.iter().flat_map(|text| text.split_whitespace()).eq(words));
		assert!((1_000..2_000).contains(&passages.len()), "{}", passages.len());
		let longest = passages.iter().map(|text| text.split_whitespace().count()).max();
		assert_eq!(longest, Some(*LENGTHS.end()));
	}

	#[test]
	fn no_passage_is_held_out() {
		let split = include_str!("../../../../corpus/split.json");
		let names = ["1794-", "1941-", "ephesians", "003-", "048-"];
		assert!(names.iter().all(|name| !split.contains(name)), "{split}");
	}
}
