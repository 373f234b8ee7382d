//! Vectors on disk by the hash of their text: pretrained models are slow, and texts come again.
//!
//! ```text
//!   NAME.new  ◄── appended, until it is full; then it becomes NAME.old, and NAME.old is removed
//!   NAME.old  ──► read; what is used of it is appended to NAME.new
//!   record: hash of the text (16 bytes), 128 × f32, checksum (8 bytes)
//! ```
//! So the two files together hold what was used last, within a bound. One process at a time writes; a
//! second one with the same files reads what was there at its start and keeps its own vectors in
//! memory, within the same bound. Invariants: a record that was cut off or changed is no record; an
//! error of the disk costs time, never an answer.

use std::{
	collections::HashMap,
	fs::{self, File, OpenOptions},
	io::{self, Read, Write},
	os::unix::fs::FileExt,
	path::{Path, PathBuf},
};

use blake2::{digest::consts::U16, Blake2b, Digest};

use crate::{config::DIM, fnv::Fnv};

const HASH: usize = 16;
const NUMBERS: usize = DIM * 4;
const RECORD: usize = HASH + NUMBERS + 8;
/// Vectors of one generation: 2 × 140 MB on disk.
const CAPACITY: usize = 1 << 18;

/// Names a text.
pub(super) type Key = [u8; HASH];

/// The key of a text.
pub(super) fn key(text: &str) -> Key {
	Blake2b::<U16>::digest(text.as_bytes()).into()
}

/// Where a vector is.
#[derive(Clone, Copy, Debug)]
enum Place {
	New(u64),
	Old(u64),
}

/// Vectors of the texts that were asked for last.
#[derive(Debug)]
pub(super) struct VectorCache {
	disk: Option<Disk>,
	/// Vectors of a cache without a file of its own.
	memory: HashMap<Key, Box<[f32]>>,
	capacity: usize,
}

#[derive(Debug)]
struct Disk {
	path: PathBuf,
	/// Held while this process may write; `None` for a reader.
	lock: Option<File>,
	new: File,
	old: Option<File>,
	count: u64,
	places: HashMap<Key, Place>,
}

impl VectorCache {
	/// Opens the cache `name` in a folder; without a folder, or if it cannot be used, in memory.
	pub(super) fn open(folder: Option<&Path>, name: &str) -> Self {
		Self::with_capacity(folder, name, CAPACITY)
	}

	fn with_capacity(folder: Option<&Path>, name: &str, capacity: usize) -> Self {
		let open = |folder: &Path| match Disk::open(folder, name) {
			Ok(disk) => Some(disk),
			Err(error) => {
				tracing::warn!("vectors are not kept on disk: {}: {error}", folder.display());
				None
			}
		};
		Self { disk: folder.and_then(open), memory: HashMap::new(), capacity }
	}

	/// The vector of a text.
	pub(super) fn get(&mut self, key: &Key) -> Option<Vec<f32>> {
		if let Some(vector) = self.memory.get(key) {
			return Some(vector.to_vec());
		}
		let disk = self.disk.as_mut()?;
		let place = *disk.places.get(key)?;
		let Some(vector) = disk.read(place, key) else {
			disk.places.remove(key);
			return None;
		};
		if matches!(place, Place::Old(_)) && disk.lock.is_some() {
			self.put(*key, &vector);
		}
		Some(vector)
	}

	/// Keeps the vector of a text.
	pub(super) fn put(&mut self, key: Key, vector: &[f32]) {
		if let Some(disk) = self.disk.as_mut().filter(|disk| disk.lock.is_some()) {
			match disk.append(key, vector, self.capacity) {
				Ok(()) => return,
				Err(error) => {
					tracing::warn!(
						"vectors are not kept on disk: {}: {error}",
						disk.path.display()
					);
					self.disk = None;
				}
			}
		}
		if self.memory.len() >= self.capacity {
			self.memory.clear();
		}
		self.memory.insert(key, vector.into());
	}
}

impl Disk {
	fn open(folder: &Path, name: &str) -> io::Result<Self> {
		fs::create_dir_all(folder)?;
		let path = folder.join(format!("{name}.new"));
		let lock = File::create(path.with_extension("lock"))?;
		let lock = lock.try_lock().is_ok().then_some(lock);
		let new = OpenOptions::new().read(true).append(true).create(true).open(&path)?;
		let old = File::open(path.with_extension("old")).ok();
		let mut places = HashMap::new();
		if let Some(old) = &old {
			index(old, |key, at| places.insert(key, Place::Old(at)))?;
		}
		let count = index(&new, |key, at| places.insert(key, Place::New(at)))?;
		if lock.is_some() {
			// What a crash left of a record.
			new.set_len(count * RECORD as u64)?;
		}
		Ok(Self { path, lock, new, old, count, places })
	}

	fn read(&self, place: Place, key: &Key) -> Option<Vec<f32>> {
		let (file, at) = match place {
			Place::New(at) => (&self.new, at),
			Place::Old(at) => (self.old.as_ref()?, at),
		};
		let mut record = [0; RECORD];
		file.read_exact_at(&mut record, at * RECORD as u64).ok()?;
		let (content, sum) = record.split_at(HASH + NUMBERS);
		let numbers = &content[HASH..];
		(content.starts_with(key) && checksum(content) == sum).then(|| {
			numbers.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
		})
	}

	fn append(&mut self, key: Key, vector: &[f32], capacity: usize) -> io::Result<()> {
		if self.count >= capacity as u64 {
			let old = self.path.with_extension("old");
			fs::rename(&self.path, &old)?;
			let options = &mut OpenOptions::new();
			let new = options.read(true).append(true).create(true).open(&self.path)?;
			self.old = Some(std::mem::replace(&mut self.new, new));
			self.count = 0;
			self.places.retain(|_, place| match *place {
				Place::New(at) => {
					*place = Place::Old(at);
					true
				}
				Place::Old(_) => false,
			});
		}
		let mut record = Vec::with_capacity(RECORD);
		record.extend(key);
		record.extend(vector.iter().flat_map(|x| x.to_le_bytes()));
		record.extend(checksum(&record));
		self.new.write_all(&record)?;
		self.places.insert(key, Place::New(self.count));
		self.count += 1;
		Ok(())
	}
}

/// Tells the key and the number of each whole record; returns how many there are.
fn index<T>(file: &File, mut found: impl FnMut(Key, u64) -> T) -> io::Result<u64> {
	let mut reader = io::BufReader::with_capacity(1 << 18, file);
	let mut record = [0; RECORD];
	let count = file.metadata()?.len() / RECORD as u64;
	for at in 0..count {
		reader.read_exact(&mut record)?;
		let mut key = [0; HASH];
		key.copy_from_slice(&record[..HASH]);
		found(key, at);
	}
	Ok(count)
}

fn checksum(content: &[u8]) -> [u8; 8] {
	let mut fnv = Fnv::new();
	fnv.write(content);
	fnv.finish().to_le_bytes()
}

#[cfg(test)]
mod tests {
	use super::{key, VectorCache, RECORD};
	use crate::config::DIM;
	use std::fs;

	fn vector(n: usize) -> Vec<f32> {
		(0..DIM).map(|k| (n * DIM + k) as f32).collect()
	}

	fn name(n: usize) -> [u8; 16] {
		key(&format!("text {n}"))
	}

	#[test]
	fn vectors_outlive_the_process_that_wrote_them() {
		let folder = tempfile::tempdir().expect("a folder");
		let open = || VectorCache::open(Some(folder.path()), "model");
		let mut cache = open();
		assert_eq!(cache.get(&name(1)), None);
		cache.put(name(1), &vector(1));
		// While the first has it, a second one reads and keeps its own.
		let mut second = open();
		assert_eq!(second.get(&name(1)), Some(vector(1)));
		second.put(name(2), &vector(2));
		assert_eq!((second.get(&name(2)), cache.get(&name(2))), (Some(vector(2)), None));
		drop((cache, second));
		let mut cache = open();
		assert_eq!((cache.get(&name(1)), cache.get(&name(2))), (Some(vector(1)), None));
		// Another model has another name.
		assert_eq!(VectorCache::open(Some(folder.path()), "other").get(&name(1)), None);
	}

	#[test]
	fn what_was_used_last_stays_within_the_bound() {
		let folder = tempfile::tempdir().expect("a folder");
		let mut cache = VectorCache::with_capacity(Some(folder.path()), "model", 10);
		for n in 0..100 {
			cache.put(name(n), &vector(n));
			// Asked for again and again, it stays.
			assert_eq!(cache.get(&name(0)), Some(vector(0)), "{n}");
		}
		assert_eq!(cache.get(&name(99)), Some(vector(99)));
		assert_eq!(cache.get(&name(50)), None);
		let size = |name| fs::metadata(folder.path().join(name)).expect("a file").len();
		assert!(size("model.new") + size("model.old") <= 20 * RECORD as u64);
		let mut memory = VectorCache::with_capacity(None, "model", 10);
		(0..100).for_each(|n| memory.put(name(n), &vector(n)));
		assert!(memory.memory.len() <= 10 && memory.get(&name(99)).is_some());
	}

	#[test]
	fn a_damaged_record_is_no_record() {
		let folder = tempfile::tempdir().expect("a folder");
		let path = folder.path().join("model.new");
		let mut cache = VectorCache::open(Some(folder.path()), "model");
		(0..3).for_each(|n| cache.put(name(n), &vector(n)));
		drop(cache);
		let mut bytes = fs::read(&path).expect("the file");
		bytes[RECORD + 100] ^= 1;
		// The third record is cut off.
		fs::write(&path, &bytes[..3 * RECORD - 1]).expect("written");
		let mut cache = VectorCache::open(Some(folder.path()), "model");
		let found = [0, 1, 2].map(|n| cache.get(&name(n)));
		assert_eq!(found, [Some(vector(0)), None, None]);
		(1..3).for_each(|n| cache.put(name(n), &vector(n)));
		drop(cache);
		let mut cache = VectorCache::open(Some(folder.path()), "model");
		assert_eq!([0, 1, 2].map(|n| cache.get(&name(n))), [0, 1, 2].map(|n| Some(vector(n))));
	}

	#[test]
	fn a_folder_that_cannot_be_written_costs_time_only() {
		let folder = tempfile::tempdir().expect("a folder");
		let file = folder.path().join("file");
		fs::write(&file, "").expect("written");
		let mut cache = VectorCache::open(Some(&file), "model");
		cache.put(name(1), &vector(1));
		assert_eq!(cache.get(&name(1)), Some(vector(1)));
	}
}
