//! Apache parquet: the strings of a file with one column, as pyarrow writes it (pages of version 1,
//! Snappy or no compression, a dictionary or plain strings).

use super::{
	bytes::{damaged, other, Bytes},
	thrift::Value,
	Read,
};

/// Most bytes of a page before compression; pyarrow writes pages of 1 MiB.
const MAX_PAGE: usize = 64 << 20;

/// The strings of the only column, in order.
pub(in crate::pretrained) fn strings(file: &[u8]) -> Read<Vec<String>> {
	let all = Bytes::new(file);
	let tail = file.len().checked_sub(8).and_then(|at| file.get(at..)).unwrap_or_default();
	let [a, b, c, d, b'P', b'A', b'R', b'1'] = *tail else {
		return Err(damaged("it does not end as a parquet file"));
	};
	let length = u64::from(u32::from_le_bytes([a, b, c, d]));
	let start = (file.len() as u64 - 8).checked_sub(length);
	let start = start.ok_or_else(|| damaged("its footer is longer than the file"))?;
	let footer = Value::read(&mut all.seek(start)?)?;
	let rows = footer.field(3)?.count()?;
	let mut strings = Vec::new();
	for group in footer.field(4)?.list()? {
		let [column] = group.field(1)?.list()? else {
			return Err(other("more than one column"));
		};
		read_column(&all, column.field(3)?, &mut strings)?;
	}
	if strings.len() != rows {
		return Err(damaged(format!("{} of {rows} strings are there", strings.len())));
	}
	Ok(strings)
}

fn read_column(all: &Bytes, column: &Value, strings: &mut Vec<String>) -> Read<()> {
	if column.field(1)?.count()? != 6 {
		return Err(other("the column holds no strings"));
	}
	let snappy = match column.field(4)?.count()? {
		0 => false,
		1 => true,
		codec => return Err(other(format!("compression {codec}"))),
	};
	let count = column.field(5)?.count()?;
	let at = column.field(11).or_else(|_| column.field(9))?.count()?;
	let mut pages = all.seek(at as u64)?;
	let mut dictionary: Vec<&str> = Vec::new();
	let mut kept = Vec::new();
	let wanted = strings.len().saturating_add(count);
	while strings.len() < wanted {
		let header = Value::read(&mut pages)?;
		let packed = pages.take(header.field(3)?.count()?)?;
		let page = unpack(packed, snappy, header.field(2)?.count()?)?;
		match header.field(1)?.count()? {
			2 if kept.is_empty() => {
				let words = header.field(7)?.field(1)?.count()?;
				kept = page;
				let mut bytes = Bytes::new(&kept);
				dictionary = (0..words).map(|_| plain(&mut bytes)).collect::<Read<_>>()?;
			}
			0 => read_page(&page, header.field(5)?, &dictionary, strings)?,
			kind => return Err(other(format!("a page of kind {kind}"))),
		}
	}
	Ok(())
}

fn unpack(packed: &[u8], snappy: bool, size: usize) -> Read<Vec<u8>> {
	if !snappy {
		return Ok(packed.to_vec());
	}
	let bad = |e: snap::Error| damaged(format!("a page cannot be decompressed: {e}"));
	let found = snap::raw::decompress_len(packed).map_err(bad)?;
	if found != size || size > MAX_PAGE {
		return Err(damaged(format!("a page of {found} bytes, announced as {size}")));
	}
	snap::raw::Decoder::new().decompress_vec(packed).map_err(bad)
}

fn read_page(page: &[u8], header: &Value, words: &[&str], strings: &mut Vec<String>) -> Read<()> {
	let count = header.field(1)?.count()?;
	let mut bytes = Bytes::new(page);
	let length = bytes.u32()? as usize;
	let levels = runs(bytes.take(length)?, 1, count)?;
	if levels.contains(&0) {
		return Err(other("rows without a string"));
	}
	match header.field(2)?.count()? {
		0 => {
			for _ in 0..count {
				strings.push(plain(&mut bytes)?.to_owned());
			}
		}
		2 | 8 => {
			let width = u32::from(bytes.u8()?);
			for index in runs(bytes.rest(), width, count)? {
				let word = words.get(index as usize);
				let word = word.ok_or_else(|| damaged("a word outside of its dictionary"))?;
				strings.push((*word).to_owned());
			}
		}
		encoding => return Err(other(format!("strings in encoding {encoding}"))),
	}
	Ok(())
}

/// A string with its length before it.
fn plain<'b>(bytes: &mut Bytes<'b>) -> Read<&'b str> {
	let length = bytes.u32()? as usize;
	std::str::from_utf8(bytes.take(length)?).map_err(|_| damaged("a string that is not UTF-8"))
}

/// Numbers of `width` bits in runs of equal ones and groups of eight (RLE / bit-packing hybrid).
fn runs(bytes: &[u8], width: u32, count: usize) -> Read<Vec<u32>> {
	if width > 32 {
		return Err(damaged(format!("numbers of {width} bits")));
	}
	let mut bytes = Bytes::new(bytes);
	let mut numbers = Vec::new();
	while numbers.len() < count {
		let head = bytes.varint()?;
		let left = count - numbers.len();
		if head & 1 == 0 {
			let mut value = [0; 4];
			let size = width.div_ceil(8) as usize;
			value[..size].copy_from_slice(bytes.take(size)?);
			let times = usize::try_from(head >> 1).unwrap_or(left).min(left);
			if times == 0 {
				return Err(damaged("a run of no numbers"));
			}
			numbers.resize(numbers.len() + times, u32::from_le_bytes(value));
		} else {
			let groups = usize::try_from(head >> 1).unwrap_or(usize::MAX);
			let size = groups.saturating_mul(width as usize).min(bytes.rest().len());
			let packed = bytes.take(size)?;
			let mut bits =
				0..(size * 8).checked_div(width as usize).unwrap_or(groups * 8).min(left);
			if bits.is_empty() {
				return Err(damaged("a group of no numbers"));
			}
			numbers.extend(bits.by_ref().map(|n| number(packed, n * width as usize, width)));
		}
	}
	Ok(numbers)
}

/// The number of `width` bits from bit `at` on, the lowest first.
fn number(packed: &[u8], at: usize, width: u32) -> u32 {
	(0..width as usize).fold(0, |number, bit| {
		let byte = packed.get((at + bit) / 8).copied().unwrap_or(0);
		number | u32::from(byte >> ((at + bit) % 8) & 1) << bit
	})
}

#[cfg(test)]
mod tests {
	use super::{runs, strings};
	use crate::error::ModelFileError;

	/// The words of [`words`], written by pyarrow 25: one page with a dictionary.
	const WITH_DICTIONARY: &str = concat!(
		"50415231150415c80115a6014c15201500120000642c03000000746865010000002c010c08646f67010720e2",
		"9883020000007730050600310506003205060033050600340506043502012400360506003705060038050638",
		"39030000007731300300000077313115001528152c2c15221510150615061c000000144c0200000022010407",
		"1002436587a9cbed0f0000001504192c35001806736368656d61150200150c25021805696e64657825004c1c",
		"0000001622191c191c26001c150c1935000610191805696e6465781502162216b60216980226ce012608292c",
		"15041500150200150015101502003c164e19061926002200000016b602162226081698020028207061727175",
		"65742d6370702d6172726f772076657273696f6e2032362e302e31191c1c0000009900000050415231",
	);
	/// The same words as plain strings.
	const PLAIN: &str = concat!(
		"50415231150015e20115be012c15221500150615061c00000071440200000022010300000074686501000000",
		"2c010c08646f67010708746865010708e2988301270477300506003105060032050600330506003405061835",
		"02000000773605060037050600380506383903000000773130030000007731311504192c3500180673636865",
		"6d61150200150c25021805696e64657825004c1c0000001622191c191c26001c150c19250600191805696e64",
		"657815021622168c0216e8012608491c150015001502003c164e190619260022000000168c021622260816e8",
		"01002820706172717565742d6370702d6172726f772076657273696f6e2032362e302e31191c1c0000008e00",
		"000050415231",
	);

	fn words() -> Vec<String> {
		let first = ["the", ",", "dog", "the", "☃"].map(String::from);
		first.into_iter().chain((0..12).map(|n| format!("w{n}"))).collect()
	}

	fn bytes(digits: &str) -> Vec<u8> {
		let pairs = (0..digits.len()).step_by(2).map(|at| &digits[at..at + 2]);
		pairs.map(|pair| u8::from_str_radix(pair, 16).expect("two digits")).collect()
	}

	#[test]
	fn strings_of_both_encodings_are_read() {
		for file in [WITH_DICTIONARY, PLAIN] {
			assert_eq!(strings(&bytes(file)).expect("strings"), words());
		}
	}

	#[test]
	fn a_damaged_file_is_an_error_or_reads_as_text() {
		for file in [WITH_DICTIONARY, PLAIN] {
			let good = bytes(file);
			for end in 0..good.len() {
				let error = strings(&good[..end]).expect_err("cut off");
				assert!(matches!(error, ModelFileError::Damaged(_)), "{end}: {error}");
			}
			for at in 0..good.len() {
				for bit in 0..8 {
					let mut bad = good.clone();
					bad[at] ^= 1 << bit;
					// The format has no checksum: other strings are possible, a panic is not.
					let _ = strings(&bad);
				}
			}
		}
	}

	#[test]
	fn runs_and_groups_are_read() {
		assert_eq!(runs(&[8, 5], 3, 4).expect("a run"), [5; 4]);
		assert_eq!(
			runs(&[3, 0b1000_1000, 0b1100_0110, 0b1111_1010], 3, 8).expect("a group"),
			[0, 1, 2, 3, 4, 5, 6, 7]
		);
		assert!(
			runs(&[3, 0], 3, 8).is_err() && runs(&[0], 0, 1).is_err() && runs(&[], 1, 1).is_err()
		);
	}
}
