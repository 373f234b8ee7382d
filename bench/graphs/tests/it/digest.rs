use bittensor_bench_graphs::{digest, Shape, PINNED};

#[test]
fn fnv_1a_as_published() {
	// The reference values of the empty input and of eight zero bytes' first steps: the offset
	// basis, and the basis times the prime once per byte.
	assert_eq!(digest(&[]), 0xcbf2_9ce4_8422_2325);
	let zeros =
		(0..8).fold(0xcbf2_9ce4_8422_2325u64, |hash, _| hash.wrapping_mul(0x0000_0100_0000_01b3));
	assert_eq!(digest(&[0]), zeros);
	// "foobar" is 0x85944171f73967e8; two more bytes follow it by the same rule.
	let tail = [b'!', b'?'].iter().fold(0x8594_4171_f739_67e8u64, |hash, &byte| {
		(hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
	});
	assert_eq!(digest(&[u64::from_le_bytes(*b"foobar!?")]), tail);
}

#[test]
fn one_bit_or_one_exchange_changes_it() {
	let values = [1, 2, 3];
	for bit in 0..64 {
		assert_ne!(digest(&[1, 2 ^ (1 << bit), 3]), digest(&values));
	}
	assert_ne!(digest(&[2, 1, 3]), digest(&values));
}

#[test]
fn the_table_has_every_shape_at_every_size() {
	for shape in Shape::ALL {
		let sizes: Vec<usize> = PINNED
			.iter()
			.filter(|pinned| pinned.shape == shape)
			.map(|pinned| pinned.components)
			.collect();
		assert_eq!(sizes, [256, 4_096, 65_536], "{shape}");
	}
}
