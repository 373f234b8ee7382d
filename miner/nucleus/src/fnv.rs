//! The hash behind the split of a corpus, the name of a vocabulary and the checksum of a checkpoint.

/// FNV-1a, 64 bits, for names and checksums: stable across versions, not cryptographic.
pub(crate) struct Fnv(u64);

impl Fnv {
	pub(crate) fn new() -> Self {
		Self(0xcbf2_9ce4_8422_2325)
	}

	pub(crate) fn write(&mut self, bytes: &[u8]) {
		for &byte in bytes {
			self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
		}
	}

	pub(crate) fn finish(&self) -> u64 {
		self.0
	}
}
