//! HDF5, as Keras and h5py write it by default: superblock 0, groups as B-trees of symbol tables,
//! and datasets of little-endian f32 in one piece.

use super::{
	bytes::{damaged, floats, other, Bytes},
	Read,
};

const SIGNATURE: &[u8; 8] = b"\x89HDF\r\n\x1a\n";
/// Levels of a B-tree, and blocks of a header: far more than a file of weights has.
const MAX_DEPTH: usize = 16;
/// Messages of an object header, by type.
const SPACE: u16 = 1;
const TYPE: u16 = 3;
const LAYOUT: u16 = 8;
const CONTINUATION: u16 = 16;
const SYMBOLS: u16 = 17;

/// A file in memory.
#[derive(Clone, Debug)]
pub(in crate::pretrained) struct Hdf5<'b> {
	all: Bytes<'b>,
	/// Address of the header of the root group.
	root: u64,
}

impl<'b> Hdf5<'b> {
	pub(in crate::pretrained) fn parse(file: &'b [u8]) -> Read<Self> {
		let all = Bytes::new(file);
		let mut bytes = all.clone();
		if bytes.take(8)? != SIGNATURE {
			return Err(damaged("it is not an HDF5 file"));
		}
		let [version, _, _, _, _, offsets, lengths, _] = bytes.array()?;
		if version != 0 || offsets != 8 || lengths != 8 {
			return Err(other(format!("an HDF5 file of version {version}; version 0 is known")));
		}
		bytes.take(8)?;
		let [base, _, end, _] = [bytes.u64()?, bytes.u64()?, bytes.u64()?, bytes.u64()?];
		if base != 0 {
			return Err(other("an HDF5 file inside another file"));
		}
		if end > file.len() as u64 {
			return Err(damaged(format!("{} of {end} bytes are there", file.len())));
		}
		bytes.u64()?;
		Ok(Self { root: bytes.u64()?, all })
	}

	/// The numbers of a dataset, row by row; its shape must be `expected`.
	pub(in crate::pretrained) fn floats(&self, path: &str, expected: &[usize]) -> Read<Vec<f32>> {
		let mut at = self.root;
		for name in path.split('/') {
			let missing = || other(format!("the file has no dataset `{path}`"));
			at = self.member(at, name)?.ok_or_else(missing)?;
		}
		let messages = self.messages(at)?;
		let message = |kind| {
			let found = messages.iter().find(|(found, _)| *found == kind);
			found
				.map(|(_, data)| Bytes::new(data))
				.ok_or_else(|| damaged(format!("`{path}` is no dataset")))
		};
		let shape = shape(message(SPACE)?)?;
		if shape != expected {
			return Err(other(format!("`{path}` has shape {shape:?}, not {expected:?}")));
		}
		let [class, flags, _, _] = message(TYPE)?.array()?;
		let size = message(TYPE)?.seek(4)?.u32()?;
		if class & 0x0f != 1 || flags & 1 != 0 || size != 4 {
			return Err(other(format!("`{path}` holds no little-endian f32")));
		}
		let mut layout = message(LAYOUT)?;
		if layout.array()? != [3, 1] {
			return Err(other(format!("`{path}` is not stored in one piece")));
		}
		let (address, length) = (layout.u64()?, layout.u64()?);
		if length != expected.iter().product::<usize>() as u64 * 4 {
			return Err(damaged(format!("`{path}` has {length} bytes")));
		}
		let data = floats(self.all.seek(address)?.take(length as usize)?);
		match data.iter().all(|x| x.is_finite()) {
			true => Ok(data),
			false => Err(damaged(format!("`{path}` holds NaN or infinite numbers"))),
		}
	}

	/// Address of the header of a member of a group.
	fn member(&self, group: u64, name: &str) -> Read<Option<u64>> {
		let messages = self.messages(group)?;
		let Some((_, table)) = messages.iter().find(|(kind, _)| *kind == SYMBOLS) else {
			return Ok(None);
		};
		let mut table = Bytes::new(table);
		let (tree, heap) = (table.u64()?, table.u64()?);
		let mut heap = self.block(heap, b"HEAP")?;
		heap.take(20)?;
		let names = heap.u64()?;
		self.search(tree, names, name, MAX_DEPTH)
	}

	fn search(&self, node: u64, names: u64, name: &str, depth: usize) -> Read<Option<u64>> {
		let mut tree = self.block(node, b"TREE")?;
		let [kind, level] = tree.array()?;
		if kind != 0 || usize::from(level) > depth {
			return Err(damaged("a group is not a tree of names"));
		}
		let children = tree.u16()?;
		tree.take(16)?;
		for _ in 0..children {
			tree.u64()?;
			let child = tree.u64()?;
			let found = match level {
				0 => self.symbol(child, names, name)?,
				_ => self.search(child, names, name, usize::from(level) - 1)?,
			};
			if found.is_some() {
				return Ok(found);
			}
		}
		Ok(None)
	}

	fn symbol(&self, node: u64, names: u64, name: &str) -> Read<Option<u64>> {
		let mut symbols = self.block(node, b"SNOD")?;
		symbols.take(2)?;
		for _ in 0..symbols.u16()? {
			let (at, header) = (symbols.u64()?, symbols.u64()?);
			symbols.take(24)?;
			let found = self.all.seek(names.saturating_add(at))?.rest();
			if found.strip_prefix(name.as_bytes()).is_some_and(|rest| rest.first() == Some(&0)) {
				return Ok(Some(header));
			}
		}
		Ok(None)
	}

	fn block(&self, at: u64, signature: &[u8; 4]) -> Read<Bytes<'b>> {
		let mut bytes = self.all.seek(at)?;
		match bytes.take(4)? == signature {
			true => Ok(bytes),
			false => Err(damaged(format!(
				"no {} block at byte {at}",
				String::from_utf8_lossy(signature)
			))),
		}
	}

	/// Type and data of the messages of an object header.
	fn messages(&self, at: u64) -> Read<Vec<(u16, &'b [u8])>> {
		let mut header = self.all.seek(at)?;
		if header.u8()? != 1 {
			return Err(other(format!("no object header of version 1 at byte {at}")));
		}
		header.take(7)?;
		let size = header.u32()? as usize;
		header.take(4)?;
		let mut blocks = vec![Bytes::new(header.take(size)?)];
		let (mut messages, mut next) = (Vec::new(), 0);
		while let Some(mut block) = blocks.get(next).cloned() {
			while block.rest().len() >= 8 {
				let (kind, size) = (block.u16()?, block.u16()?);
				block.take(4)?;
				let data = block.take(usize::from(size))?;
				if kind == CONTINUATION && blocks.len() < MAX_DEPTH {
					let mut place = Bytes::new(data);
					let mut more = self.all.seek(place.u64()?)?;
					let length = usize::try_from(place.u64()?).unwrap_or(usize::MAX);
					blocks.push(Bytes::new(more.take(length)?));
				}
				messages.push((kind, data));
			}
			next += 1;
		}
		Ok(messages)
	}
}

fn shape(mut space: Bytes) -> Read<Vec<usize>> {
	let [version, rank, _] = space.array()?;
	match version {
		1 => space.take(5)?,
		2 => space.take(1)?,
		_ => return Err(other(format!("a dataspace of version {version}"))),
	};
	let sizes = (0..rank).map(|_| space.u64());
	sizes.map(|size| usize::try_from(size?).map_err(|_| damaged("a huge dataset"))).collect()
}

#[cfg(test)]
mod tests {
	use super::Hdf5;
	use crate::error::ModelFileError;

	/// A file that h5py 3 wrote, with the dataset `a/b:0`: the bytes that are not 0, by position.
	const FILE: &[(usize, &str)] = &[
		(0, "894844460d0a1a0a0000000000080800040010"),
		(32, "ffffffffffffffff9809"),
		(48, "ffffffffffffffff"),
		(64, "60"),
		(72, "01"),
		(80, "88"),
		(88, "a802"),
		(96, "010001000100000018"),
		(112, "110010000000000088"),
		(128, "a802"),
		(136, "5452454500000100ffffffffffffffffffffffffffffffff"),
		(168, "e005"),
		(176, "08"),
		(680, "484541500000000058"),
		(696, "10"),
		(704, "c802"),
		(720, "61"),
		(728, "01"),
		(736, "48"),
		(800, "010001000100000018"),
		(816, "11001000000000004803"),
		(832, "6805"),
		(840, "5452454500000100ffffffffffffffffffffffffffffffff"),
		(872, "3808"),
		(880, "08"),
		(1384, "484541500000000058"),
		(1400, "10"),
		(1408, "8805"),
		(1424, "623a30000000000001"),
		(1440, "48"),
		(1504, "534e4f440100010008"),
		(1520, "2003"),
		(1528, "01"),
		(1536, "4803"),
		(1544, "6805"),
		(1832, "01000500010000000001"),
		(1848, "0100280000000000010201000000000002"),
		(1872, "03"),
		(1880, "02"),
		(1888, "03"),
		(1896, "030018000100000011201f000400000000002000170800177f"),
		(1928, "05000800010000000202020100000000080018000000000003018009"),
		(1962, "18"),
		(1978, "78"),
		(2104, "534e4f440100010008"),
		(2120, "2807"),
		(2438, "803f0000004000004040000080400000a040"),
	];
	const SIZE: usize = 2456;

	fn file() -> Vec<u8> {
		let mut file = vec![0; SIZE];
		for (at, digits) in FILE {
			for (n, byte) in file[*at..].iter_mut().take(digits.len() / 2).enumerate() {
				*byte = u8::from_str_radix(&digits[2 * n..2 * n + 2], 16).expect("two digits");
			}
		}
		file
	}

	fn read(file: &[u8]) -> Result<Vec<f32>, ModelFileError> {
		Hdf5::parse(file)?.floats("a/b:0", &[2, 3])
	}

	#[test]
	fn a_dataset_is_read_by_path() {
		let file = file();
		assert_eq!(read(&file).expect("numbers"), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
		let hdf5 = Hdf5::parse(&file).expect("a file");
		for (path, shape) in [("a/b:0", [3, 2]), ("a/c", [2, 3]), ("a/b:0/c", [2, 3]), ("", [2, 3])]
		{
			let error = hdf5.floats(path, &shape).expect_err("another version");
			assert!(matches!(error, ModelFileError::OtherVersion(_)), "{path}: {error}");
		}
		let error = hdf5.floats("a", &[2, 3]).expect_err("a group");
		assert!(matches!(error, ModelFileError::Damaged(_)), "{error}");
	}

	#[test]
	fn a_damaged_file_is_an_error_or_reads_as_numbers() {
		let good = file();
		for end in 0..good.len() {
			let error = read(&good[..end]).expect_err("cut off");
			assert!(matches!(error, ModelFileError::Damaged(_)), "{end}: {error}");
		}
		for at in 0..good.len() * 8 {
			let mut bad = good.clone();
			bad[at / 8] ^= 1 << (at % 8);
			// The format has no checksum: other numbers are possible, a panic is not.
			if let Ok(numbers) = read(&bad) {
				assert_eq!(numbers.len(), 6);
			}
		}
	}
}
