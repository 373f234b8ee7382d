//! Held-out text: one half decides, the other reports.

use std::collections::BTreeSet;

use bittensor_nucleus::{Corpus, Half, NucleusError, Tokenizer};

use crate::support::{corpus, tokenizer};

const CONTEXT: usize = 6;
const HORIZON: usize = 2;

/// A document whose words are all different.
fn text(words: std::ops::Range<usize>) -> String {
	words.map(|n| format!("w{n} ")).collect()
}

fn of(texts: &[(&str, String)]) -> (Corpus, Tokenizer) {
	let held_out: BTreeSet<String> = texts.iter().map(|(name, _)| (*name).to_owned()).collect();
	let mut all: Vec<(String, String)> =
		texts.iter().map(|(name, text)| ((*name).to_owned(), text.clone())).collect();
	// The words of all are in the vocabulary.
	all.push(("train.txt".into(), all.iter().map(|(_, text)| &text[..]).collect()));
	let corpus = Corpus::from_texts(all, Some(held_out)).expect("a corpus");
	let tokenizer = Tokenizer::train(&corpus, 4_096).expect("words");
	(corpus, tokenizer)
}

fn halves((corpus, tokenizer): &(Corpus, Tokenizer)) -> Result<(Half, Half), NucleusError> {
	let documents = corpus.held_out_for(&[0]);
	Half::both(corpus, &documents, tokenizer, CONTEXT, HORIZON)
}

/// All words of a half, targets too.
fn words(half: &Half, tokenizer: &Tokenizer) -> BTreeSet<u32> {
	let all = half.spread(half.len()).examples;
	assert_eq!(all.len(), half.len());
	let of = |text: &str| tokenizer.encode(text).expect("words");
	all.iter().flat_map(|e| of(&e.text).into_iter().chain(e.target.iter().copied())).collect()
}

#[test]
fn no_word_is_in_both_halves() {
	let made = of(&[("a.txt", text(0..200)), ("b.txt", text(200..231)), ("c.txt", text(240..260))]);
	let (validation, reported) = halves(&made).expect("long enough");
	let (first, second) = (words(&validation, &made.1), words(&reported, &made.1));
	assert!(first.len() > 100 && second.len() > 100);
	assert_eq!(first.intersection(&second).count(), 0);
	// Both long documents are in both halves.
	let documents = |half: &Half| half.spread(1_000).documents.into_iter().collect::<BTreeSet<_>>();
	assert_eq!(documents(&reported).len(), 2);
	assert_eq!(documents(&validation).len(), 3, "the short one decides");
}

#[test]
fn short_documents_go_to_one_half_each() {
	let made = of(&[("a.txt", text(0..12)), ("b.txt", text(12..24)), ("c.txt", text(24..30))]);
	let (validation, reported) = halves(&made).expect("two are long enough for one example");
	assert_eq!((validation.len(), reported.len()), (5, 5));
	let too_short = of(&[("a.txt", text(0..12)), ("c.txt", text(24..30))]);
	let error = halves(&too_short).expect_err("nothing to report on");
	assert!(matches!(error, NucleusError::TooLittleHeldOut { least: 24, .. }), "{error}");
}

#[test]
fn draws_are_of_validation_text_and_by_seed() {
	let tokenizer = tokenizer();
	let documents = corpus().held_out_for(&corpus().select("all").expect("train documents"));
	let (validation, _) =
		Half::both(corpus(), &documents, &tokenizer, 12, 2).expect("long documents");
	let all: BTreeSet<String> =
		validation.spread(validation.len()).examples.into_iter().map(|e| e.text).collect();
	let batch = validation.draw(64, 5, 1);
	assert_eq!((batch.texts.len(), batch.targets.len()), (64, 64));
	assert!(batch.texts.iter().all(|text| all.contains(text)));
	assert!(batch == validation.draw(64, 5, 1));
	assert!(batch != validation.draw(64, 5, 2));
	assert!(batch != validation.draw(64, 6, 1));
}
