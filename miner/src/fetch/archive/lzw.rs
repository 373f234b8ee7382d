//! The compressed text of bible-kjv: LZW codes as `compress` writes them, with a fresh dictionary for
//! every window.
//!
//! ```text
//!   0 EC02, remarks │ 84 window size, windows n │ 92 n + 1 offsets │ 1f 9d 90 │ window 0 │ window 1 …
//! ```
//! Numbers are big-endian; codes are little-endian, 9 to 16 bits wide, in groups of eight.

const SIZE_AT: usize = 84;
const OFFSETS_AT: usize = 92;
const CLEAR: usize = 256;
const WIDEST: u32 = 16;
/// Most bytes of a window.
const MOST: usize = 1 << 24;

/// The text of all windows.
pub(in crate::fetch) fn windows(data: &[u8]) -> Result<Vec<u8>, String> {
	let number = |at: usize| {
		let bytes = data.get(at..at + 4).ok_or("the header is cut off")?;
		Ok::<_, String>(u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize)
	};
	if !data.starts_with(b"EC02") {
		return Err("it does not begin with EC02".into());
	}
	let (size, count) = (number(SIZE_AT)?, number(SIZE_AT + 4)?);
	if size > MOST {
		return Err(format!("a window of {size} bytes is too large"));
	}
	let mut text = Vec::new();
	for window in 0..count {
		let at = OFFSETS_AT + 4 * window;
		let (begin, end) = (number(at)?, number(at + 4)?);
		let codes = data.get(begin..end).ok_or_else(|| format!("window {window} is cut off"))?;
		let before = text.len();
		unpack(codes, size, &mut text).map_err(|error| format!("window {window}: {error}"))?;
		if window + 1 < count && text.len() - before != size {
			return Err(format!("window {window} has {} of {size} bytes", text.len() - before));
		}
	}
	Ok(text)
}

/// Unpacks the codes of one window, at most `size` bytes.
fn unpack(codes: &[u8], size: usize, text: &mut Vec<u8>) -> Result<(), String> {
	let limit = text.len() + size;
	// Entry k of the dictionary, from 257: where in the text it begins, and its length.
	let mut entries: Vec<(usize, usize)> = Vec::new();
	let mut previous: Option<(usize, usize)> = None;
	let (mut width, mut at, mut group) = (9, 0, 0);
	while text.len() < limit && at + width as usize <= 8 * codes.len() {
		let code = (0..3)
			.map(|k| usize::from(codes.get(at / 8 + k).copied().unwrap_or(0)) << (8 * k))
			.sum::<usize>()
			>> (at % 8)
			& ((1 << width) - 1);
		at += width as usize;
		if code == CLEAR {
			(at, width, previous) = (aligned(at, group, width), 9, None);
			group = at;
			entries.clear();
			continue;
		}
		let begin = text.len();
		match (code.checked_sub(CLEAR + 1).map(|k| entries.get(k).copied()), previous) {
			(None, _) => text.push(code as u8),
			(Some(Some((from, length))), _) => text.extend_from_within(from..from + length),
			// The entry that this very code completes: the previous text and its first byte.
			(Some(None), Some((from, length))) if code == CLEAR + 1 + entries.len() => {
				text.extend_from_within(from..from + length);
				text.push(text[from]);
			}
			(Some(None), _) => return Err(format!("there is no code {code}")),
		}
		if let Some((from, length)) = previous {
			if CLEAR + 1 + entries.len() < 1 << WIDEST {
				// The text that follows the previous one begins with the new one.
				entries.push((from, length + 1));
			}
		}
		previous = Some((begin, text.len() - begin));
		if CLEAR + 1 + entries.len() >= 1 << width && width < WIDEST {
			at = aligned(at, group, width);
			(group, width) = (at, width + 1);
		}
	}
	text.truncate(limit);
	Ok(())
}

/// The end of the group of eight codes that holds bit `at`.
fn aligned(at: usize, group: usize, width: u32) -> usize {
	group + (at - group).next_multiple_of(8 * width as usize)
}

#[cfg(test)]
mod tests {
	use super::{aligned, windows, CLEAR, OFFSETS_AT, SIZE_AT, WIDEST};
	use std::collections::HashMap;

	/// The codes of one window, as `compress` writes them.
	fn pack(text: &[u8]) -> Vec<u8> {
		let mut dictionary: HashMap<Vec<u8>, usize> =
			(0..=255_u8).map(|byte| (vec![byte], usize::from(byte))).collect();
		let (mut width, mut at, mut group, mut next) = (9_u32, 0, 0, CLEAR + 1);
		let mut bits = Vec::new();
		let mut word = Vec::new();
		let mut put = |code: usize, next: usize| {
			bits.resize(at + width as usize, false);
			for bit in 0..width as usize {
				bits[at + bit] = code >> bit & 1 == 1;
			}
			at += width as usize;
			// `next` is what the reader has after this code.
			if next >= 1 << width && width < WIDEST {
				at = aligned(at, group, width);
				(group, width) = (at, width + 1);
			}
		};
		for byte in text {
			let longer = [&word[..], &[*byte]].concat();
			if dictionary.contains_key(&longer) {
				word = longer;
				continue;
			}
			put(dictionary[&word], next);
			if next < 1 << WIDEST {
				dictionary.insert(longer, next);
				next += 1;
			}
			word = vec![*byte];
		}
		put(dictionary[&word], next);
		bits.resize(bits.len().next_multiple_of(8), false);
		bits.chunks(8)
			.map(|bits| bits.iter().enumerate().map(|(k, bit)| u8::from(*bit) << k).sum())
			.collect()
	}

	fn file(text: &[u8], size: usize) -> Vec<u8> {
		let windows: Vec<_> = text.chunks(size).map(pack).collect();
		let mut data = b"EC02".to_vec();
		data.resize(SIZE_AT, 0);
		let mut number = |n: usize| data.extend((n as u32).to_be_bytes());
		number(size);
		number(windows.len());
		let mut offset = OFFSETS_AT + 4 * (windows.len() + 1);
		number(offset);
		for window in &windows {
			offset += window.len();
			number(offset);
		}
		data.extend(windows.concat());
		data
	}

	#[test]
	fn windows_are_unpacked_through_every_width_of_code() {
		// Words of a small generator, so that the dictionary grows past 9, 10, 11 and 12 bits.
		let mut state = 7_u32;
		let text: Vec<u8> = (0..60_000)
			.map(|_| {
				state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
				b"abcdef "[(state >> 16) as usize % 7]
			})
			.collect();
		for size in [60_000, 17_000, 512] {
			assert_eq!(windows(&file(&text, size)).as_deref(), Ok(&text[..]), "{size}");
		}
		// A code that is completed by itself.
		let text = b"aaaaaaaaaaaaaaaaaaaa";
		assert_eq!(windows(&file(text, 20)).as_deref(), Ok(&text[..]));
	}

	#[test]
	fn damaged_data_is_refused() {
		let data = file(b"in the beginning", 16);
		for end in [0, 3, SIZE_AT + 2, OFFSETS_AT + 5, data.len() - 1] {
			windows(&data[..end]).expect_err("it is cut off");
		}
		let mut other = data;
		let last = other.len() - 1;
		other[last] = 0xff;
		other[last - 1] = 0xff;
		windows(&other).expect_err("no such code");
	}
}
