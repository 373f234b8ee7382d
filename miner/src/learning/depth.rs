//! How many hops the Spikes of a batch may make: sampled, so that a component learns from its
//! downstream components both alone and with theirs.

/// Hops beyond our downstream components.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Depth {
	/// The most.
	pub most: u32,
	/// Part of the batches that go one hop further, and of those that go yet another one further.
	pub further: f64,
}

impl Depth {
	/// The ttl of one batch.
	pub fn sample(&self, mut draw: impl FnMut() -> f64) -> u32 {
		(0..self.most).take_while(|_| draw() < self.further).count() as u32
	}

	/// The most frequent ttl: for measurements, which are then comparable.
	pub fn usual(&self) -> u32 {
		if self.further >= 0.5 {
			self.most
		} else {
			0
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn a_quarter_goes_further_and_a_quarter_of_those_yet_further() {
		let depth = Depth { most: 2, further: 0.25 };
		let mut state = 0_u64;
		let mut draw = || {
			state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
			let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
			(mixed >> 11) as f64 / (1_u64 << 53) as f64
		};
		let mut counts = [0_u32; 3];
		for _ in 0..16_000 {
			counts[depth.sample(&mut draw) as usize] += 1;
		}
		let near = |count: u32, expected: f64| (f64::from(count) - expected).abs() < 300.0;
		assert!(near(counts[0], 12_000.0), "{counts:?}");
		assert!(near(counts[1], 3_000.0) && near(counts[2], 1_000.0), "{counts:?}");
		assert_eq!(depth.usual(), 0);
	}

	#[test]
	fn all_or_none_go_further() {
		let draw = || 0.999;
		assert_eq!(Depth { most: 3, further: 1.0 }.sample(draw), 3);
		assert_eq!(Depth { most: 3, further: 1.0 }.usual(), 3);
		assert_eq!(Depth { most: 3, further: 0.0 }.sample(|| 0.0), 0);
		assert_eq!(Depth { most: 0, further: 1.0 }.sample(draw), 0);
	}
}
