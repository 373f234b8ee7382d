//! Pretrained models in tests: where their files are, and what is said where they are missing.

use std::{
	collections::HashSet,
	fs,
	io::Write,
	path::{Path, PathBuf},
	sync::{Mutex, OnceLock},
};

use bittensor_nucleus::{pretrained::Package, Config, ModelFiles, Setup, KINDS};

/// Files in the user's cache folder. Principal components are those of the cache folder, since they
/// take seconds to fit; vectors are not, so that every test computes its own.
pub(crate) fn files() -> &'static ModelFiles {
	static FILES: OnceLock<ModelFiles> = OnceLock::new();
	let make = || {
		let cached = ModelFiles::cached();
		let folder = empty_folder();
		let packages =
			|| KINDS.iter().filter(|kind| kind.package.is_some_and(|p| p.is_there(&cached)));
		let shared = cached.cache.as_deref();
		let bases = || {
			let entries = shared.and_then(|shared| fs::read_dir(shared).ok());
			let entries = entries.into_iter().flatten().flatten();
			entries.filter(|entry| entry.path().extension().is_some_and(|end| end == "basis"))
		};
		if bases().count() < packages().count() {
			for kind in packages() {
				let files = cached.clone();
				let setup = Setup { files, ..Setup::new(Config::default()) };
				kind.create(&setup).expect(kind.name);
			}
		}
		for basis in bases() {
			fs::copy(basis.path(), folder.join(basis.file_name())).expect("copied");
		}
		ModelFiles { cache: Some(folder), ..cached }
	};
	FILES.get_or_init(make)
}

/// An empty folder of this test, below the target folder. It is used again, since what lies in a static
/// is not removed at the end.
fn empty_folder() -> PathBuf {
	let thread = std::thread::current();
	let test = thread.name().unwrap_or("test").replace(':', "-");
	let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pretrained").join(test);
	fs::remove_dir_all(&folder).ok();
	fs::create_dir_all(&folder).expect("a folder");
	folder
}

/// Names of models, with spaces between them, whose files must be there: `make test-models` sets it.
const REQUIRED: &str = "BITTENSOR_REQUIRED_MODELS";

/// Whether the files of a model are there. If not, it says so, once, past the harness, which shows
/// the output of failed tests only.
///
/// # Panics
/// If they are not there and [`REQUIRED`] names the model.
pub(crate) fn is_there(package: &Package) -> bool {
	static SAID: Mutex<Option<HashSet<&str>>> = Mutex::new(None);
	let files = files();
	let there = package.is_there(files);
	let required = std::env::var(REQUIRED).unwrap_or_default();
	let is_required = required.split_whitespace().any(|name| name == package.name);
	assert!(there || !is_required, "{REQUIRED}: {} is not in {:?}", package.name, files.root);
	let mut said = SAID.lock().expect("no test panics here");
	if !there && said.get_or_insert_default().insert(package.name) {
		let folder = files.root.as_deref().unwrap_or("the cache folder".as_ref()).display();
		let name = package.name;
		let line = format!("skipped: {name} is not in {folder}: bittensor-miner fetch {name}\n");
		// Without a terminal or a pipe there is nobody to tell.
		let _ = std::io::stderr().write_all(line.as_bytes());
	}
	there
}
