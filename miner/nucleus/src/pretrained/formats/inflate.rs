//! DEFLATE (RFC 1951), whole and in memory.
//!
//! The crates that do it are compiled without optimisation in the project's profile, and changing
//! that would rebuild everything that depends on them.

use super::{
	bytes::{damaged, Bytes},
	Read,
};

/// Longest code.
const MAX_BITS: usize = 15;
/// Codes up to this length are found by one look-up.
const FAST_BITS: u32 = 10;
/// Order of the lengths of code lengths.
const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const LENGTH_BASE: [u16; 29] = [
	3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131,
	163, 195, 227, 258,
];
const LENGTH_BITS: [u8; 29] =
	[0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const DISTANCE_BASE: [u16; 30] = [
	1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1_025, 1_537,
	2_049, 3_073, 4_097, 6_145, 8_193, 12_289, 16_385, 24_577,
];
const DISTANCE_BITS: [u8; 30] = [
	0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13,
	13,
];

/// Decompresses to exactly `size` bytes.
pub(super) fn inflate(packed: &[u8], size: usize) -> Read<Vec<u8>> {
	let mut bits = Bits { bytes: Bytes::new(packed), held: 0, count: 0 };
	// The stated size is not trusted with more memory than the bytes can give (1032 each).
	let mut out = Vec::with_capacity(size.min(packed.len().saturating_mul(1_032)));
	loop {
		let last = bits.take(1)? == 1;
		match bits.take(2)? {
			0 => stored(&mut bits, &mut out, size)?,
			1 => {
				let lengths: Vec<u8> = (0..288)
					.map(|symbol| match symbol {
						144..256 => 9,
						256..280 => 7,
						_ => 8,
					})
					.collect();
				let (literals, distances) = (Code::new(&lengths)?, Code::new(&[5; 30])?);
				block(&mut bits, &literals, &distances, &mut out, size)?;
			}
			2 => {
				let (literals, distances) = codes(&mut bits)?;
				block(&mut bits, &literals, &distances, &mut out, size)?;
			}
			_ => return Err(damaged("a compressed block of an unknown kind")),
		}
		if last {
			break;
		}
	}
	match out.len() == size {
		true => Ok(out),
		false => Err(damaged(format!("{} of {size} bytes are there", out.len()))),
	}
}

/// Bits of a byte, the lowest first.
struct Bits<'b> {
	bytes: Bytes<'b>,
	held: u64,
	count: u32,
}

impl Bits<'_> {
	/// Holds at least `count` bits, zeros after the end.
	fn fill(&mut self) {
		while self.count <= 48 {
			let Ok(byte) = self.bytes.u8() else { break };
			self.held |= u64::from(byte) << self.count;
			self.count += 8;
		}
	}

	fn drop(&mut self, count: u32) -> Read<()> {
		if count > self.count {
			return Err(damaged("compressed bytes are cut off"));
		}
		self.held >>= count;
		self.count -= count;
		Ok(())
	}

	fn take(&mut self, count: u32) -> Read<usize> {
		self.fill();
		let value = self.held & ((1 << count) - 1);
		self.drop(count)?;
		Ok(value as usize)
	}
}

/// A Huffman code.
struct Code {
	/// By the next bits: symbol · 16 + length of its code, or 0.
	fast: Vec<u16>,
	/// Number of codes of each length.
	counts: [u16; MAX_BITS + 1],
	/// Symbols in the order of their codes.
	symbols: Vec<u16>,
}

impl Code {
	fn new(lengths: &[u8]) -> Read<Self> {
		let mut counts = [0_u16; MAX_BITS + 1];
		for length in lengths {
			counts[usize::from(*length)] += 1;
		}
		counts[0] = 0;
		let mut starts = [0_u16; MAX_BITS + 2];
		let mut codes = [0_u32; MAX_BITS + 2];
		for length in 1..=MAX_BITS {
			starts[length + 1] = starts[length] + counts[length];
			codes[length + 1] = (codes[length] + u32::from(counts[length])) << 1;
			if codes[length] + u32::from(counts[length]) > 1 << length {
				return Err(damaged("a compressed block with too many codes"));
			}
		}
		let mut symbols = vec![0; lengths.len()];
		let mut fast = vec![0_u16; 1 << FAST_BITS];
		for (symbol, length) in lengths.iter().enumerate().filter(|(_, length)| **length > 0) {
			let bits = u32::from(*length);
			let length = usize::from(*length);
			symbols[usize::from(starts[length])] = symbol as u16;
			starts[length] += 1;
			if bits <= FAST_BITS {
				let reversed = codes[length].reverse_bits() >> (32 - bits);
				for index in (reversed as usize..1 << FAST_BITS).step_by(1 << bits) {
					fast[index] = (symbol as u16) << 4 | length as u16;
				}
			}
			codes[length] += 1;
		}
		Ok(Self { fast, counts, symbols })
	}

	fn next(&self, bits: &mut Bits) -> Read<usize> {
		bits.fill();
		let entry = self.fast[(bits.held & ((1 << FAST_BITS) - 1)) as usize];
		if entry != 0 {
			bits.drop(u32::from(entry & 15))?;
			return Ok(usize::from(entry >> 4));
		}
		let (mut code, mut first, mut index) = (0_u32, 0_u32, 0_u32);
		for length in 1..=MAX_BITS {
			code |= (bits.held >> (length - 1) & 1) as u32;
			let count = u32::from(self.counts[length]);
			if code < first + count {
				bits.drop(length as u32)?;
				return Ok(usize::from(self.symbols[(index + code - first) as usize]));
			}
			index += count;
			first = (first + count) << 1;
			code <<= 1;
		}
		Err(damaged("compressed bytes that are no code"))
	}
}

fn stored(bits: &mut Bits, out: &mut Vec<u8>, size: usize) -> Read<()> {
	bits.drop(bits.count % 8)?;
	let (length, check) = (bits.take(16)?, bits.take(16)?);
	if length != check ^ 0xffff || out.len() + length > size {
		return Err(damaged("a stored block of a wrong length"));
	}
	for _ in 0..length {
		out.push(bits.take(8)? as u8);
	}
	Ok(())
}

/// The codes of a block that brings its own.
fn codes(bits: &mut Bits) -> Read<(Code, Code)> {
	let literals = bits.take(5)? + 257;
	let distances = bits.take(5)? + 1;
	let given = bits.take(4)? + 4;
	let mut lengths = [0_u8; 19];
	for at in &ORDER[..given] {
		lengths[*at] = bits.take(3)? as u8;
	}
	let code = Code::new(&lengths)?;
	let all = literals + distances;
	let mut lengths: Vec<u8> = Vec::with_capacity(all);
	while lengths.len() < all {
		let (value, times) = match code.next(bits)? {
			16 => {
				let last = lengths.last().copied();
				let last = last.ok_or_else(|| damaged("a compressed block repeats nothing"))?;
				(last, 3 + bits.take(2)?)
			}
			17 => (0, 3 + bits.take(3)?),
			18 => (0, 11 + bits.take(7)?),
			length => (length as u8, 1),
		};
		lengths.resize(lengths.len() + times, value);
	}
	if lengths.len() > all {
		return Err(damaged("a compressed block with too many code lengths"));
	}
	Ok((Code::new(&lengths[..literals])?, Code::new(&lengths[literals..])?))
}

fn block(
	bits: &mut Bits,
	literals: &Code,
	distances: &Code,
	out: &mut Vec<u8>,
	size: usize,
) -> Read<()> {
	loop {
		let symbol = literals.next(bits)?;
		match symbol {
			0..256 if out.len() < size => out.push(symbol as u8),
			256 => return Ok(()),
			257..=285 => {
				let entry = symbol - 257;
				let extra = u32::from(LENGTH_BITS[entry]);
				let length = usize::from(LENGTH_BASE[entry]) + bits.take(extra)?;
				let symbol = distances.next(bits)?;
				let base = DISTANCE_BASE.get(symbol).copied();
				let base = base.ok_or_else(|| damaged("a compressed distance of no meaning"))?;
				let distance = usize::from(base) + bits.take(u32::from(DISTANCE_BITS[symbol]))?;
				let from = out.len().checked_sub(distance);
				let from = from.ok_or_else(|| damaged("a compressed distance before the start"))?;
				if out.len() + length > size {
					return Err(damaged(format!("it holds more than {size} bytes")));
				}
				for at in from..from + length {
					out.push(out[at]);
				}
			}
			_ => return Err(damaged(format!("it holds more than {size} bytes"))),
		}
	}
}
