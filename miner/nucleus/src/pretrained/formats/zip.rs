//! Zip archives, such as NumPy's npz: entries by name, with their checksums.
//!
//! The crate `zip` reads the directory. Its feature that unpacks is off in the lock file (candle does
//! not need it), so entries are unpacked by `miniz_oxide` here.

use std::io::{Cursor, Read as _};

use miniz_oxide::inflate::decompress_to_vec_with_limit;
use zip::{result::ZipError, CompressionMethod, ZipArchive};

use super::{
	bytes::{damaged, other},
	Read,
};

/// An archive in memory.
#[derive(Clone, Debug)]
pub(in crate::pretrained) struct Zip<'b>(ZipArchive<Cursor<&'b [u8]>>);

impl<'b> Zip<'b> {
	pub(in crate::pretrained) fn parse(file: &'b [u8]) -> Read<Self> {
		let archive = ZipArchive::new(Cursor::new(file));
		archive.map(Self).map_err(|error| damaged(format!("the directory of the archive: {error}")))
	}

	/// The bytes of an entry.
	pub(in crate::pretrained) fn read(&self, name: &str) -> Read<Vec<u8>> {
		let damage = |reason: String| damaged(format!("entry `{name}`: {reason}"));
		let mut archive = self.0.clone();
		let found = archive.index_for_name(name).ok_or(ZipError::FileNotFound);
		let mut entry = match found.and_then(|index| archive.by_index_raw(index)) {
			Ok(entry) => entry,
			Err(ZipError::FileNotFound) => {
				return Err(other(format!("the archive has no entry `{name}`")))
			}
			Err(error) => return Err(damage(error.to_string())),
		};
		let (size, checksum, method) = (entry.size(), entry.crc32(), entry.compression());
		let mut packed = Vec::new();
		entry.read_to_end(&mut packed).map_err(|error| damage(error.to_string()))?;
		let data = match method {
			CompressionMethod::Stored => packed,
			CompressionMethod::DEFLATE => decompress_to_vec_with_limit(&packed, size as usize)
				.map_err(|error| damage(error.to_string()))?,
			method => return Err(other(format!("entry `{name}` is packed by method {method}"))),
		};
		match data.len() as u64 == size && crc32fast::hash(&data) == checksum {
			true => Ok(data),
			false => Err(damage("its size or its checksum is wrong".into())),
		}
	}
}

#[cfg(test)]
mod tests {
	use super::Zip;
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
}
