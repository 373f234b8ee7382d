use std::{
	collections::BTreeSet,
	fs,
	os::unix::fs::symlink,
	path::Path,
	process::Command,
	sync::{
		atomic::{AtomicUsize, Ordering::SeqCst},
		Arc,
	},
};

use bittensor_nucleus::{Corpus, Interrupt, NucleusError, Sampler, Split, Tokenizer, Unusable};

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
	assert!((0.15..0.5).contains(&part), "{part} of the text is held out");
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
	for bad in ["g/a.txt", "g/b.txt"] {
		fs::write(path.join(bad), [0xff, 0xfe, 0x00]).expect("written");
	}
	let error = Corpus::load(path).expect_err("nothing to read").to_string();
	assert!(error.contains("`g/a.txt` is not UTF-8"), "{error}");
}

const WORDS: &str = "one two three four five six seven eight nine ten eleven twelve";

/// Writes files below a folder.
fn write(folder: &Path, files: &[(&str, &[u8])]) {
	for (name, bytes) in files {
		let path = folder.join(name);
		fs::create_dir_all(path.parent().expect("below a folder")).expect("folders");
		fs::write(path, bytes).expect("written");
	}
}

fn names(corpus: &Corpus) -> Vec<&str> {
	corpus.documents().iter().map(|d| d.name()).collect()
}

#[test]
fn a_text_that_cannot_be_used_is_left_out_with_its_reason() {
	let folder = tempfile::tempdir().expect("a folder");
	let path = folder.path();
	let words = WORDS.as_bytes();
	let marked = [b"\xef\xbb\xbf", words].concat();
	let files: [(&str, &[u8]); 6] = [
		("a.txt", words),
		("b.TXT", &marked),
		("bad.txt", b"\xff\xfe\x00"),
		("empty.txt", b" \n"),
		("short.txt", b"one, two"),
		("split.json", br#"{"held_out": ["b.TXT", "bad.txt"]}"#),
	];
	write(path, &files);
	let made = Command::new("mkfifo").arg(path.join("pipe.txt")).status().expect("mkfifo");
	assert!(made.success());
	symlink("nowhere.txt", path.join("dangling.txt")).expect("a link");
	let corpus = Corpus::read(path, 4, Interrupt::default()).expect("two documents");
	assert_eq!(names(&corpus), ["a.txt", "b.TXT"]);
	assert!(corpus.documents().iter().all(|d| d.text() == WORDS), "no byte-order mark");
	let reason = |name: &str| {
		let found = corpus.left_out().iter().find(|text| text.name == name);
		&found.unwrap_or_else(|| panic!("{name} is not left out")).reason
	};
	assert_eq!(reason("bad.txt"), &Unusable::NotUtf8);
	assert_eq!(reason("empty.txt"), &Unusable::TooShort { tokens: 0, least: 4 });
	assert_eq!(reason("short.txt"), &Unusable::TooShort { tokens: 3, least: 4 });
	assert_eq!(reason("pipe.txt"), &Unusable::NotRegular);
	assert!(matches!(reason("dangling.txt"), Unusable::Unreadable(_)));
	assert_eq!(corpus.left_out().len(), 5, "each once: {:?}", corpus.left_out());
}

#[test]
fn links_give_a_document_no_second_name() {
	let folder = tempfile::tempdir().expect("a folder");
	let path = folder.path().join("corpus");
	let words = WORDS.as_bytes();
	write(&path, &[("g/a.txt", words), ("g/secret.txt", words), ("h/c.txt", words)]);
	write(folder.path(), &[("outside/d.txt", words)]);
	// Loops, a way out and back in, and other names of one file, of which one comes first.
	symlink("..", path.join("g/up")).expect("a link");
	symlink(".", path.join("h/self")).expect("a link");
	symlink("../outside", path.join("out")).expect("a link");
	symlink("../corpus", folder.path().join("outside/back")).expect("a link");
	symlink("g/secret.txt", path.join("alias.txt")).expect("a link");
	fs::hard_link(path.join("g/secret.txt"), path.join("h/hard.txt")).expect("a link");
	for held_out in ["g/secret.txt", "alias.txt", "h/hard.txt", "g/up/h/../g/secret.txt"] {
		write(&path, &[("split.json", format!(r#"{{"held_out": ["{held_out}"]}}"#).as_bytes())]);
		let corpus = match Corpus::load(&path) {
			Ok(corpus) => corpus,
			Err(error) if held_out.contains("..") => {
				assert!(error.to_string().contains("did you mean g/secret.txt?"), "{error}");
				continue;
			}
			Err(error) => panic!("{held_out}: {error}"),
		};
		assert_eq!(names(&corpus), ["g/a.txt", "g/secret.txt", "h/c.txt", "out/d.txt"]);
		let secret = &corpus.documents()[1];
		assert_eq!(secret.split(), Split::HeldOut, "as {held_out}");
	}
}

#[test]
fn messages_about_the_split_say_what_to_write() {
	let folder = tempfile::tempdir().expect("a folder");
	write(folder.path(), &[("g/a.txt", WORDS.as_bytes()), ("g/b.txt", WORDS.as_bytes())]);
	for (split, expected) in [
		("[]", r#"write {"held_out": ["folder/name.txt"]}"#),
		(r#"{"held_out": ["B"]}"#, "did you mean g/b.txt?"),
		(r#"{"held_out": ["c.txt"]}"#, "the documents are g/a.txt, g/b.txt"),
		(r#"{"held_out": []}"#, "left to measure on: none of the 2 is held out"),
		(r#"{"held_out": ["g/a.txt", "g/b.txt"]}"#, "left to train on: all 2 are held out"),
	] {
		fs::write(folder.path().join("split.json"), split).expect("written");
		let error = Corpus::load(folder.path()).expect_err(split).to_string();
		assert!(error.contains(expected), "{split}: {error}");
	}
	fs::remove_file(folder.path().join("split.json")).expect("removed");
	fs::write(folder.path().join("g/b.txt"), [0xff]).expect("written");
	let error = Corpus::load(folder.path()).expect_err("one document").to_string();
	assert!(error.contains("at least two") && error.contains("`g/b.txt` is not UTF-8"), "{error}");
}

#[test]
fn reading_training_and_cutting_can_be_interrupted() {
	let folder = tempfile::tempdir().expect("a folder");
	let long = format!("{WORDS} ").repeat(20_000);
	write(folder.path(), &[("a.txt", long.as_bytes()), ("b.txt", long.as_bytes())]);
	let interrupted = |result: Result<(), NucleusError>| {
		assert!(matches!(result, Err(NucleusError::Interrupted)), "{result:?}");
	};
	interrupted(Corpus::read(folder.path(), 1, Interrupt::when(|| true)).map(drop));
	// In the middle of the work, not only before it.
	let left = Arc::new(AtomicUsize::new(usize::MAX));
	let count = left.clone();
	let interrupt = Interrupt::when(move || {
		let one_less = |left: usize| Some(left.saturating_sub(1));
		count.fetch_update(SeqCst, SeqCst, one_less).is_ok_and(|left| left == 0)
	});
	let corpus = Corpus::read(folder.path(), 1, interrupt).expect("two documents");
	let tokenizer = Tokenizer::train(&corpus, 50).expect("words");
	left.store(5, SeqCst);
	interrupted(Tokenizer::train(&corpus, 50).map(drop));
	left.store(5, SeqCst);
	let train = corpus.select("all").expect("one");
	interrupted(Sampler::new(&corpus, &train, &tokenizer, 4, 2, 1).map(drop));
}

#[test]
fn a_long_text_is_read_in_pieces_as_a_whole() -> bittensor_nucleus::Result<()> {
	// Beyond ASCII, so that the library reads it: longer than one piece of 64 KiB.
	let long: String = (0..30_000).map(|i| format!("wörd{}\u{2003}x{i}, ", i % 50)).collect();
	let texts = vec![("a.txt".into(), long.clone()), ("b.txt".into(), long.clone())];
	let corpus = Corpus::from_texts(texts, Some(["b.txt".to_owned()].into()))?;
	let whole = Tokenizer::train_on(std::iter::once(long.as_str()), 200)?;
	let tokenizer = Tokenizer::train(&corpus, 200)?;
	assert_eq!(tokenizer.hash(), whole.hash());
	let sampler = Sampler::new(&corpus, &[0], &tokenizer, 4, 2, 1)?;
	assert!(sampler.tokens().eq(whole.encode(&long)?));
	Ok(())
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
