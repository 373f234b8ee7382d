//! The digest of a result, and the digests that must never change.

use crate::Shape;

/// The units paid out for a digest: `σ = 10^12`.
pub const PINNED_SIGMA: u64 = 1_000_000_000_000;

/// FNV-1a of 64 bits over the little-endian bytes of the values.
///
/// It detects bits that a build, a machine or a resumed solve got wrong; it is not collision resistant.
pub fn digest(values: &[u64]) -> u64 {
	let bytes = values.iter().flat_map(|value| value.to_le_bytes());
	bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
		(hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
	})
}

/// The result of a graph's solve, in every build and on every machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pinned {
	/// The shape of the graph.
	pub shape: Shape,
	/// Its components; 64 edges in a row and [`SEED`](crate::SEED) as everywhere.
	pub components: usize,
	/// The sweeps made.
	pub sweeps: u16,
	/// The [`digest`] of the payouts of [`PINNED_SIGMA`] units.
	pub digest: u64,
}

const fn pin(shape: Shape, components: usize, sweeps: u16, digest: u64) -> Pinned {
	Pinned { shape, components, sweeps, digest }
}

/// The result of each shape at 256, 4,096 and 65,536 components.
pub const PINNED: [Pinned; 21] = [
	pin(Shape::U, 256, 17, 0xe62e_4653_9da5_d2f2),
	pin(Shape::U, 4_096, 17, 0xc1dd_b018_9b28_c828),
	pin(Shape::U, 65_536, 17, 0x8018_3458_c87d_2328),
	pin(Shape::Z, 256, 17, 0x2e1c_ec69_97c8_d484),
	pin(Shape::Z, 4_096, 18, 0x90e8_2830_fcd2_13ec),
	pin(Shape::Z, 65_536, 17, 0xbe98_cdd8_6deb_6b35),
	pin(Shape::D8, 256, 80, 0x76b9_5991_2ef5_fa9f),
	pin(Shape::D8, 4_096, 80, 0x9a28_4724_4183_358f),
	pin(Shape::D8, 65_536, 85, 0xa9ab_c0e6_dac6_af95),
	pin(Shape::C, 256, 73, 0xb310_0569_1804_cc4c),
	pin(Shape::C, 4_096, 71, 0xdbe3_4ff6_6980_311a),
	pin(Shape::C, 65_536, 76, 0xc33d_40cd_07ec_5bda),
	pin(Shape::R, 256, 155, 0x1838_41ec_4003_df34),
	pin(Shape::R, 4_096, 155, 0x9661_78d9_c7b1_f3ce),
	pin(Shape::R, 65_536, 155, 0x0329_e30f_c387_f3ce),
	pin(Shape::RS, 256, 156, 0xc4d4_868b_1967_852c),
	pin(Shape::RS, 4_096, 156, 0xbb9b_11c6_255d_432f),
	pin(Shape::RS, 65_536, 156, 0x7afe_9584_30ec_a6bc),
	pin(Shape::R8, 256, 151, 0x62d7_b368_5f05_f65b),
	pin(Shape::R8, 4_096, 156, 0x6f48_dbcd_eb51_64ee),
	pin(Shape::R8, 65_536, 156, 0x9aa3_7a03_61fb_4527),
];
