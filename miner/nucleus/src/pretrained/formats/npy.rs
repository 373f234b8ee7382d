//! NumPy's npy: a magic number, a header in Python's syntax, and the entries.

use super::{
	bytes::{damaged, floats, other, Bytes},
	Read,
};

/// An array of a file.
#[derive(Clone, Debug)]
pub(in crate::pretrained) struct Npy<'b> {
	/// Its shape.
	pub(in crate::pretrained) shape: Vec<usize>,
	/// Type of an entry, such as `<f4`.
	kind: &'b str,
	columns_first: bool,
	data: &'b [u8],
}

impl<'b> Npy<'b> {
	pub(in crate::pretrained) fn parse(bytes: &'b [u8]) -> Read<Self> {
		let mut bytes = Bytes::new(bytes);
		if bytes.take(6)? != b"\x93NUMPY" {
			return Err(damaged("it is not a NumPy array"));
		}
		let [major, _] = bytes.array()?;
		let length = match major {
			1 => usize::from(bytes.u16()?),
			2 | 3 => bytes.u32()? as usize,
			_ => return Err(other(format!("NumPy format {major}; formats 1 to 3 are known"))),
		};
		let header = std::str::from_utf8(bytes.take(length)?)
			.map_err(|_| damaged("its header is not text"))?;
		let kind = value(header, "descr")?.trim_matches('\'');
		let columns_first = value(header, "fortran_order")? == "True";
		let shape = value(header, "shape")?
			.trim_matches(['(', ')'])
			.split(',')
			.map(str::trim)
			.filter(|part| !part.is_empty())
			.map(|part| part.parse().map_err(|_| damaged(format!("a shape of `{part}`"))))
			.collect::<Read<Vec<usize>>>()?;
		let size = match kind {
			"<f4" => 4,
			"<f8" => 8,
			"|u1" | "|i1" => 1,
			_ => return Err(other(format!("entries of type `{kind}`"))),
		};
		let length = shape.iter().try_fold(size, |all: usize, n| all.checked_mul(*n));
		let length = length.ok_or_else(|| damaged(format!("a shape of {shape:?}")))?;
		Ok(Self { kind, columns_first, data: bytes.take(length)?, shape })
	}

	/// The entries as f32, row by row; the shape must be `expected`.
	pub(in crate::pretrained) fn floats(&self, expected: &[usize]) -> Read<Vec<f32>> {
		self.check(expected)?;
		let data = match self.kind {
			"<f4" => floats(self.data),
			"<f8" => {
				let numbers = self.data.chunks_exact(8).map(|b| {
					f64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]]) as f32
				});
				numbers.collect()
			}
			_ => return Err(other(format!("entries of type `{}`, not floats", self.kind))),
		};
		if !data.iter().all(|x| x.is_finite()) {
			return Err(damaged("it holds NaN or infinite numbers"));
		}
		match *expected {
			[rows, columns] if self.columns_first => {
				let mut by_row = vec![0.0; data.len()];
				for (column, entries) in data.chunks_exact(rows.max(1)).enumerate() {
					for (row, entry) in entries.iter().enumerate() {
						by_row[row * columns + column] = *entry;
					}
				}
				Ok(by_row)
			}
			_ if self.columns_first && expected.len() > 2 => {
				Err(other("columns first in more than two dimensions"))
			}
			_ => Ok(data),
		}
	}

	/// The entries as bytes, row by row; the shape must be `expected`.
	pub(in crate::pretrained) fn bytes(&self, expected: &[usize]) -> Read<&'b [u8]> {
		self.check(expected)?;
		if self.kind != "|u1" || self.columns_first {
			return Err(other(format!("entries of type `{}`, not bytes by row", self.kind)));
		}
		Ok(self.data)
	}

	fn check(&self, expected: &[usize]) -> Read<()> {
		if self.shape == expected {
			return Ok(());
		}
		Err(other(format!("an array of shape {:?}, not {expected:?}", self.shape)))
	}
}

/// The value of a key of the header.
fn value<'h>(header: &'h str, key: &str) -> Read<&'h str> {
	let missing = || damaged(format!("its header has no `{key}`"));
	let (_, rest) = header.split_once(&format!("'{key}':")).ok_or_else(missing)?;
	let rest = rest.trim_start();
	let end = match rest.starts_with('(') {
		true => rest.find(')').map(|at| at + 1),
		false => rest.find([',', '}']),
	};
	end.and_then(|end| rest.get(..end)).map(str::trim_end).ok_or_else(missing)
}

#[cfg(test)]
mod tests {
	use super::Npy;
	use crate::error::ModelFileError;

	fn file(header: &str, data: &[u8]) -> Vec<u8> {
		let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
		bytes.extend((header.len() as u16).to_le_bytes());
		bytes.extend(header.as_bytes());
		bytes.extend(data);
		bytes
	}

	fn numbers() -> Vec<u8> {
		(0..6).flat_map(|n| (n as f32).to_le_bytes()).collect()
	}

	#[test]
	fn rows_and_columns_first_give_the_same_order() {
		let rows = file("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", &numbers());
		let read = Npy::parse(&rows).expect("an array").floats(&[2, 3]).expect("numbers");
		assert_eq!(read, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
		let columns =
			file("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }", &numbers());
		let read = Npy::parse(&columns).expect("an array").floats(&[2, 3]).expect("numbers");
		assert_eq!(read, [0.0, 2.0, 4.0, 1.0, 3.0, 5.0]);
		let one =
			file("{'descr': '<f8', 'fortran_order': False, 'shape': (), }", &2.5_f64.to_le_bytes());
		assert_eq!(Npy::parse(&one).expect("a number").floats(&[]).expect("numbers"), [2.5]);
	}

	#[test]
	fn files_that_do_not_fit_are_named() {
		let good = file("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", &numbers());
		for end in 0..good.len() {
			let error = Npy::parse(&good[..end]).expect_err("cut off");
			assert!(matches!(error, ModelFileError::Damaged(_)), "{end}: {error}");
		}
		let array = Npy::parse(&good).expect("an array");
		assert!(matches!(array.floats(&[3, 2]), Err(ModelFileError::OtherVersion(_))));
		assert!(matches!(array.bytes(&[2, 3]), Err(ModelFileError::OtherVersion(_))));
		let halves =
			file("{'descr': '<f2', 'fortran_order': False, 'shape': (2, 3), }", &numbers());
		assert!(matches!(Npy::parse(&halves), Err(ModelFileError::OtherVersion(_))));
		let huge = format!(
			"{{'descr': '<f4', 'fortran_order': False, 'shape': ({0}, {0}), }}",
			1_u64 << 60
		);
		assert!(matches!(Npy::parse(&file(&huge, &[])), Err(ModelFileError::Damaged(_))));
		let bad = f32::NAN.to_le_bytes();
		let nan = file("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", &bad);
		let error = Npy::parse(&nan).expect("an array").floats(&[1]).expect_err("NaN");
		assert!(matches!(error, ModelFileError::Damaged(_)), "{error}");
	}
}
