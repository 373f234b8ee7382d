use std::{collections::BTreeSet, fs};

use bittensor_nucleus::{Corpus, NucleusError, Sampler, Split, Tokenizer};

use crate::support::{corpus, corpus_root, tokenizer};

fn texts(names: &[&str]) -> Vec<(String, String)> {
	let text = "one two three four five six seven eight nine ten eleven twelve";
	names.iter().map(|n| ((*n).to_owned(), text.to_owned())).collect()
}

#[test]
fn the_committed_corpus_is_split_by_document() {
	let corpus = corpus();
	assert!(corpus.documents().len() >= 20);
	assert!(corpus.groups().len() >= 4);
	let size = |split: Split| -> usize {
		corpus.documents().iter().filter(|d| d.split() == split).map(|d| d.text().len()).sum()
	};
	let (train, held_out) = (size(Split::Train), size(Split::HeldOut));
	let part = held_out as f64 / (train + held_out) as f64;
	assert!((0.15..0.25).contains(&part), "{part} of the text is held out");
	for group in corpus.groups() {
		let of =
			|split| corpus.documents().iter().any(|d| d.group() == group && d.split() == split);
		assert!(of(Split::Train) && of(Split::HeldOut), "{group}");
		let chosen = corpus.select(group).expect("a group can be chosen");
		let measured = corpus.held_out_for(&chosen);
		assert!(!measured.is_empty() && measured.iter().all(|i| !chosen.contains(i)));
		assert!(measured.iter().all(|&i| corpus.documents()[i].group() == group));
	}
}

#[test]
fn training_on_a_held_out_document_is_refused() {
	let corpus = corpus();
	let held_out =
		corpus.documents().iter().position(|d| d.split() == Split::HeldOut).expect("there is one");
	let name = corpus.documents()[held_out].name().to_owned();
	assert!(matches!(corpus.select(&name), Err(NucleusError::HeldOut(n)) if n == name));
	let with_others = format!("kjv,{name}");
	assert!(matches!(corpus.select(&with_others), Err(NucleusError::HeldOut(_))));
	let sampler = Sampler::new(corpus, &[held_out], &tokenizer(), 12, 2, 1);
	assert!(matches!(sampler, Err(NucleusError::HeldOut(n)) if n == name));
	assert!(corpus.select("all").expect("train documents").iter().all(|i| *i != held_out));
}

#[test]
fn selections_name_groups_documents_and_parts() {
	let corpus = corpus();
	let all = corpus.select("all").expect("all");
	let mut parts = BTreeSet::new();
	for k in 1..=4 {
		for i in corpus.select(&format!("{k}/4")).expect("a part") {
			assert!(parts.insert(i), "document {i} is in two parts");
		}
	}
	assert_eq!(parts.into_iter().collect::<Vec<_>>(), all);
	assert_eq!(corpus.select("kjv/jonah.txt").expect("a document").len(), 1);
	for unknown in ["nothing", "", "0/4", "5/4", "kjv/genesis.txt"] {
		let refused = corpus.select(unknown);
		assert!(
			matches!(refused, Err(NucleusError::UnknownDocuments(_))),
			"{unknown}: {refused:?}"
		);
	}
}

#[test]
fn names_decide_the_split_of_other_files() {
	let names: Vec<String> =
		(0..200).map(|i| format!("{}/{i}.txt", ["a", "b", "c"][i % 3])).collect();
	let names: Vec<&str> = names.iter().map(String::as_str).collect();
	let held_out = |names: &[&str]| -> BTreeSet<String> {
		Corpus::from_texts(texts(names), None)
			.expect("a corpus")
			.documents()
			.iter()
			.filter(|d| d.split() == Split::HeldOut)
			.map(|d| d.name().to_owned())
			.collect()
	};
	let all = held_out(&names);
	assert!((20..=60).contains(&all.len()), "{} of 200", all.len());
	let reversed: Vec<&str> = names.iter().rev().copied().collect();
	assert_eq!(all, held_out(&reversed));
	// Documents that are added later change nothing for the others.
	let fewer = held_out(&names[..100]);
	assert!(fewer.iter().all(|name| all.contains(name)));
	for pair in [["x.txt", "y.txt"], ["p/1.txt", "p/2.txt"]] {
		assert_eq!(held_out(&pair).len(), 1, "one of each group of two");
	}
	assert!(matches!(Corpus::from_texts(texts(&["alone.txt"]), None), Err(NucleusError::Split(_))));
}

#[test]
fn bad_folders_have_named_errors() {
	let folder = tempfile::tempdir().expect("a folder");
	let path = folder.path();
	assert!(matches!(Corpus::load(path), Err(NucleusError::EmptyCorpus(_))));
	assert!(matches!(Corpus::load(path.join("none")), Err(NucleusError::Io { .. })));
	fs::create_dir(path.join("g")).expect("a folder");
	fs::write(path.join("g/a.txt"), "some words").expect("written");
	fs::write(path.join("g/b.txt"), "other words").expect("written");
	fs::write(path.join("notes.md"), "not a document").expect("written");
	assert_eq!(Corpus::load(path).expect("two documents").documents().len(), 2);
	for bad in ["{", r#"{"held_out": ["g/none.txt"]}"#, r#"{"held_out": ["g/a.txt", "g/b.txt"]}"#] {
		fs::write(path.join("split.json"), bad).expect("written");
		assert!(matches!(Corpus::load(path), Err(NucleusError::Split(_))), "{bad}");
	}
	fs::write(path.join("split.json"), r#"{"held_out": ["g/b.txt"]}"#).expect("written");
	let corpus = Corpus::load(path).expect("two documents");
	assert_eq!(corpus.documents()[1].split(), Split::HeldOut);
	let tokenizer = Tokenizer::train(&corpus, 100).expect("words");
	assert!(matches!(
		Sampler::new(&corpus, &[0], &tokenizer, 12, 2, 1),
		Err(NucleusError::TooShort { .. })
	));
	fs::write(path.join("g/a.txt"), [0xff, 0xfe, 0x00]).expect("written");
	assert!(matches!(Corpus::load(path), Err(NucleusError::NotText(_))));
}

#[test]
fn targets_are_never_part_of_the_text() {
	// Every word occurs once, so a target that leaked would be found.
	let words = |from: usize| -> String {
		(from..from + 400).map(|i| format!("w{i}")).collect::<Vec<_>>().join("\n ")
	};
	let documents = vec![("a.txt".into(), words(0)), ("b.txt".into(), words(1_000))];
	let corpus = Corpus::from_texts(documents, Some(["b.txt".to_owned()].into())).expect("two");
	let tokenizer = Tokenizer::train(&corpus, 1_000).expect("words");
	let mut sampler = Sampler::new(&corpus, &[0], &tokenizer, 12, 4, 3).expect("examples");
	let total = sampler.examples();
	assert_eq!(total, 400 - 12 - 4 + 1);
	let batch = sampler.next_batch(total);
	let distinct: BTreeSet<&String> = batch.texts.iter().collect();
	assert_eq!(distinct.len(), total, "one pass takes each example once");
	for (text, target) in batch.texts.iter().zip(&batch.targets) {
		let ids = tokenizer.encode(text).expect("words");
		assert_eq!((ids.len(), target.len()), (12, 4));
		assert!(target.iter().all(|id| !ids.contains(id)), "{text} holds a target");
		// The target is what comes next.
		let number = |id: u32| -> u32 {
			tokenizer.word(id).expect("known")[1..].parse().expect("w and a number")
		};
		assert_eq!(number(target[0]), number(ids[11]) + 1);
		assert_eq!(number(target[3]), number(ids[11]) + 4);
	}
}

#[test]
fn the_vocabulary_and_the_order_of_examples_are_fixed() {
	let again = Tokenizer::train(&Corpus::load(corpus_root()).expect("the corpus"), 512);
	assert_eq!(again.expect("words").hash(), tokenizer().hash());
	let documents = corpus().select("kjv").expect("a group");
	let make = |seed| Sampler::new(corpus(), &documents, &tokenizer(), 12, 2, seed);
	let (mut a, mut b) = (make(1).expect("examples"), make(1).expect("examples"));
	assert_eq!(a.next_batch(50), b.next_batch(50));
	assert_ne!(a.next_batch(50), make(2).expect("examples").next_batch(50));
	// Resuming goes on where it stopped, also over the end of a pass.
	a.next_batch(a.examples() - 120);
	let mut resumed = make(1).expect("examples");
	resumed.resume(a.state());
	assert_eq!(a.next_batch(100), resumed.next_batch(100));
	assert_eq!(a.state().pass, 1);
}

#[test]
fn ascii_is_read_as_all_other_text() -> bittensor_nucleus::Result<()> {
	let known = "The ship's mate said: \"don't\" -- it is (nearly) noon, 12 o'clock!";
	let tokenizer = Tokenizer::train_on([known, "the the ship"].into_iter(), 20)?;
	let mut odd: String = (1..128).map(|c: u8| c as char).collect();
	odd.push_str(" A\tb\u{b}c\u{1c}d");
	for text in [known, &odd, "xyzzy", "a", "!!", "THE SHIP", "the\nship\r\n", "  of", "of "] {
		// A letter beyond ASCII makes the library read the whole of it.
		let mut other = tokenizer.encode_spans(&format!("{text} é"))?;
		let last = other.pop().expect("é is a word");
		assert_eq!((last.0, last.1.len()), (0, 2));
		assert_eq!(tokenizer.encode_spans(text)?, other, "{text:?}");
	}
	assert_eq!(tokenizer.encode("")?, [0]);
	assert_eq!(tokenizer.encode(" \n")?, [0]);
	assert_eq!(tokenizer.encode("[UNK] the")?.len(), 2);
	Ok(())
}
