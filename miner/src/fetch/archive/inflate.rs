//! DEFLATE in its three covers: bare (zip), zlib (R) and gzip.

use miniz_oxide::inflate::{
	core::{
		decompress,
		inflate_flags::{TINFL_FLAG_PARSE_ZLIB_HEADER, TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF},
		DecompressorOxide,
	},
	TINFLStatus,
};

/// Most bytes that one stream may unpack to.
const MOST: usize = 1 << 30;

/// Unpacks a bare stream to `size` bytes; also returns the bytes of input that it took.
pub(in crate::fetch) fn raw(packed: &[u8], size: usize) -> Result<(Vec<u8>, usize), String> {
	unpack(packed, size, 0)
}

/// Unpacks a zlib stream to `size` bytes; also returns the bytes of input that it took.
pub(in crate::fetch) fn inflate_zlib(
	packed: &[u8],
	size: usize,
) -> Result<(Vec<u8>, usize), String> {
	unpack(packed, size, TINFL_FLAG_PARSE_ZLIB_HEADER)
}

fn unpack(packed: &[u8], size: usize, flags: u32) -> Result<(Vec<u8>, usize), String> {
	if size > MOST {
		return Err(format!("{size} bytes are more than the {MOST} that a member may have"));
	}
	let mut out = vec![0; size];
	let flags = flags | TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
	let mut state = Box::<DecompressorOxide>::default();
	let (status, read, written) = decompress(&mut state, packed, &mut out, 0, flags);
	if status != TINFLStatus::Done || written != size {
		return Err(format!("the compressed data ends at {written} of {size} bytes ({status:?})"));
	}
	Ok((out, read))
}

/// Unpacks a gzip file of one part.
pub(in crate::fetch) fn gunzip(packed: &[u8]) -> Result<Vec<u8>, String> {
	const EXTRA: u8 = 4;
	const NAME: u8 = 8;
	const COMMENT: u8 = 16;
	const HEADER_CRC: u8 = 2;
	let short = || "the gzip header is cut off".to_owned();
	if !packed.starts_with(&[0x1f, 0x8b, 8]) {
		return Err("it is not a gzip file".into());
	}
	let flags = *packed.get(3).ok_or_else(short)?;
	let mut at = 10;
	if flags & EXTRA != 0 {
		let length = packed.get(at..at + 2).ok_or_else(short)?;
		at += 2 + usize::from(u16::from_le_bytes([length[0], length[1]]));
	}
	for flag in [NAME, COMMENT] {
		if flags & flag != 0 {
			let rest = packed.get(at..).ok_or_else(short)?;
			at += 1 + rest.iter().position(|byte| *byte == 0).ok_or_else(short)?;
		}
	}
	if flags & HEADER_CRC != 0 {
		at += 2;
	}
	let (body, size) =
		packed.get(at..).and_then(<[u8]>::split_last_chunk::<4>).ok_or_else(short)?;
	Ok(raw(body, u32::from_le_bytes(*size) as usize)?.0)
}

#[cfg(test)]
mod tests {
	use super::{gunzip, inflate_zlib};

	/// Python: gzip.compress(b"call me Ishmael " * 4, mtime=0).
	const GZIP: &[u8] = &[
		0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x4b, 0x4e, 0xcc, 0xc9, 0x51,
		0xc8, 0x4d, 0x55, 0xf0, 0x2c, 0xce, 0xc8, 0x4d, 0x4c, 0xcd, 0x51, 0x48, 0x26, 0x91, 0x0f,
		0x00, 0x1a, 0x7e, 0x62, 0x61, 0x40, 0x00, 0x00, 0x00,
	];
	/// Python: zlib.compress(b"call me Ishmael " * 4).
	const ZLIB: &[u8] = &[
		0x78, 0x9c, 0x4b, 0x4e, 0xcc, 0xc9, 0x51, 0xc8, 0x4d, 0x55, 0xf0, 0x2c, 0xce, 0xc8, 0x4d,
		0x4c, 0xcd, 0x51, 0x48, 0x26, 0x91, 0x0f, 0x00, 0xd7, 0x72, 0x16, 0x45,
	];

	#[test]
	fn streams_of_other_programs_are_unpacked_and_cut_ones_are_refused() {
		let text = "call me Ishmael ".repeat(4);
		assert_eq!(gunzip(GZIP).as_deref(), Ok(text.as_bytes()));
		let rest = [ZLIB, b"more"].concat();
		assert_eq!(inflate_zlib(&rest, 64), Ok((text.into_bytes(), ZLIB.len())));
		for end in 0..GZIP.len() {
			gunzip(&GZIP[..end]).expect_err("it is cut off");
		}
		inflate_zlib(&ZLIB[..ZLIB.len() - 6], 64).expect_err("it is cut off");
		inflate_zlib(ZLIB, 63).expect_err("it is longer");
		inflate_zlib(ZLIB, usize::MAX).expect_err("it is too long to try");
	}
}
