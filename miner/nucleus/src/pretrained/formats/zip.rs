//! Zip archives, such as NumPy's npz: entries by name, with their checksums.

use std::collections::HashMap;

use super::{
	bytes::{damaged, other, Bytes},
	inflate::inflate,
	Read,
};

/// Longest comment after the last record of an archive, and that record.
const TAIL: usize = 65_535 + 22;

/// An archive in memory.
#[derive(Clone, Debug)]
pub(in crate::pretrained) struct Zip<'b> {
	all: Bytes<'b>,
	entries: HashMap<String, Entry>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
	method: u16,
	checksum: u32,
	packed: u32,
	size: u32,
	at: u32,
}

impl<'b> Zip<'b> {
	pub(in crate::pretrained) fn parse(file: &'b [u8]) -> Read<Self> {
		let all = Bytes::new(file);
		let from = file.len().saturating_sub(TAIL);
		let end = file[from..].windows(4).rposition(|window| window == b"PK\x05\x06");
		let end = end.ok_or_else(|| damaged("it does not end as a zip archive"))?;
		let mut record = all.seek((from + end + 10) as u64)?;
		let count = record.u16()?;
		record.u32()?;
		let mut directory = all.seek(u64::from(record.u32()?))?;
		if usize::from(record.u16()?) != record.rest().len() {
			return Err(damaged("bytes at its end are missing or are none of it"));
		}
		let mut entries = HashMap::new();
		for _ in 0..count {
			if directory.take(4)? != b"PK\x01\x02" {
				return Err(damaged("the directory of the archive is damaged"));
			}
			directory.take(6)?;
			let method = directory.u16()?;
			directory.take(4)?;
			let (checksum, packed, size) = (directory.u32()?, directory.u32()?, directory.u32()?);
			let lengths = [directory.u16()?, directory.u16()?, directory.u16()?].map(usize::from);
			directory.take(8)?;
			let at = directory.u32()?;
			let name = String::from_utf8_lossy(directory.take(lengths[0])?).into_owned();
			directory.take(lengths[1] + lengths[2])?;
			entries.insert(name, Entry { method, checksum, packed, size, at });
		}
		Ok(Self { all, entries })
	}

	/// The bytes of an entry.
	pub(in crate::pretrained) fn read(&self, name: &str) -> Read<Vec<u8>> {
		let missing = || other(format!("the archive has no entry `{name}`"));
		let entry = self.entries.get(name).ok_or_else(missing)?;
		let mut bytes = self.all.seek(u64::from(entry.at))?;
		if bytes.take(4)? != b"PK\x03\x04" {
			return Err(damaged(format!("entry `{name}` is not where it should be")));
		}
		bytes.take(22)?;
		let (name_length, extra) = (bytes.u16()?, bytes.u16()?);
		bytes.take(usize::from(name_length) + usize::from(extra))?;
		let packed = bytes.take(entry.packed as usize)?;
		let data = match entry.method {
			0 => packed.to_vec(),
			8 => inflate(packed, entry.size as usize)?,
			method => return Err(other(format!("entry `{name}` is packed by method {method}"))),
		};
		match crc32(&data) == entry.checksum {
			true => Ok(data),
			false => Err(damaged(format!("the checksum of entry `{name}` is wrong"))),
		}
	}
}

/// The checksum of zip archives (CRC-32, polynomial 0xEDB88320), four bytes at a time.
fn crc32(bytes: &[u8]) -> u32 {
	const TABLES: [[u32; 256]; 4] = tables();
	let mut crc = !0_u32;
	let mut words = bytes.chunks_exact(4);
	for word in &mut words {
		let x = crc ^ u32::from_le_bytes([word[0], word[1], word[2], word[3]]);
		crc = TABLES[3][(x & 0xff) as usize]
			^ TABLES[2][(x >> 8 & 0xff) as usize]
			^ TABLES[1][(x >> 16 & 0xff) as usize]
			^ TABLES[0][(x >> 24) as usize];
	}
	for byte in words.remainder() {
		crc = TABLES[0][((crc ^ u32::from(*byte)) & 0xff) as usize] ^ crc >> 8;
	}
	!crc
}

/// `[n][byte]`: what a byte does to the checksum n bytes later.
const fn tables() -> [[u32; 256]; 4] {
	let mut tables = [[0_u32; 256]; 4];
	let mut byte = 0;
	while byte < 256 {
		let (mut crc, mut bit) = (byte as u32, 0);
		while bit < 8 {
			crc = crc >> 1 ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 };
			bit += 1;
		}
		tables[0][byte] = crc;
		byte += 1;
	}
	let mut later = 1;
	while later < 4 {
		byte = 0;
		while byte < 256 {
			let crc = tables[later - 1][byte];
			tables[later][byte] = crc >> 8 ^ tables[0][(crc & 0xff) as usize];
			byte += 1;
		}
		later += 1;
	}
	tables
}

#[cfg(test)]
mod tests {
	use super::{crc32, Zip};
	use crate::error::ModelFileError;

	/// Two entries, written by Python's zipfile: `stored` and `deflated`.
	const FILE: &str = concat!(
		"504b030414000000000000002100198b6e9a14000000140000000600000073746f7265646120636f6e737461",
		"6e7420636f6d706f6e656e74504b03041400000008000000210033b266d8b7000000d0070000080000006465",
		"666c61746564edcf5b8ec4200c44d1b5f208061c6c430838ac7ed2fdd94b18f159d25549c7d823d7855afc6c",
		"4cdc4219d0d3b2b35f3d6033779c2418a5f6c8da8ede4ba43217dd5ef193397bb2cb7624d0e54dca23d7e484",
		"08b0ca3a173c17171fb2e8830f8399e7494d835809dae8674c03fc662a39f8c2d703ef8154042271a9bed7c9",
		"f8a59086cd8e4feba65d09d5dfb466a1587a3f9a72ec55220acd789b86e1657cb20ea3842f70faa2b86a3eac",
		"d9f44ddff44ddff44dff2ff43f504b0102140314000000000000002100198b6e9a1400000014000000060000",
		"00000000000000000080010000000073746f726564504b010214031400000008000000210033b266d8b70000",
		"00d00700000800000000000000000000008001380000006465666c61746564504b050600000000020002006a",
		"000000150100000000",
	);

	fn file() -> Vec<u8> {
		let pairs = (0..FILE.len()).step_by(2).map(|at| &FILE[at..at + 2]);
		pairs.map(|pair| u8::from_str_radix(pair, 16).expect("two digits")).collect()
	}

	fn text() -> Vec<u8> {
		(0..2_000_u32).map(|n| (n * n % 251 % 26) as u8 + b'a').collect()
	}

	#[test]
	fn entries_are_read_by_name() {
		let file = file();
		let zip = Zip::parse(&file).expect("an archive");
		assert_eq!(zip.read("stored").expect("stored"), b"a constant component");
		assert_eq!(zip.read("deflated").expect("deflated"), text());
		assert!(matches!(zip.read("none"), Err(ModelFileError::OtherVersion(_))));
	}

	#[test]
	fn every_damage_is_found() {
		let good = file();
		let read = |file: &[u8]| {
			let zip = Zip::parse(file)?;
			Ok([zip.read("stored")?, zip.read("deflated")?])
		};
		let right: [Vec<u8>; 2] = read(&good).map_err(|e: ModelFileError| e).expect("both");
		for end in 0..good.len() {
			let error = read(&good[..end]).expect_err("cut off");
			assert!(matches!(error, ModelFileError::Damaged(_)), "{end}: {error}");
		}
		for at in 0..good.len() * 8 {
			let mut bad = good.clone();
			bad[at / 8] ^= 1 << (at % 8);
			// Times and attributes of entries are not read.
			assert!(read(&bad).map_or(true, |found| found == right), "bit {at}");
		}
	}

	#[test]
	fn the_checksum_is_that_of_zip() {
		assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
	}
}
