use bittensor_nucleus::{
	attribution::row::{InputRow, MIN_SELF_SHARE, SHARE_ONE},
	attribution::Moments,
	InputShare,
};
use proptest::prelude::*;

fn edges(shares: &[(usize, u16)]) -> Vec<InputShare> {
	shares.iter().map(|&(input, share)| InputShare { input, share }).collect()
}

fn sum(row: &InputRow) -> u32 {
	row.self_share + row.shares.iter().map(|edge| u32::from(edge.share)).sum::<u32>()
}

proptest! {
	#[test]
	fn rows_sum_exactly(
		own in prop_oneof![Just(0.0), -1.0..1.0_f64, 1e-300..1e300_f64],
		inputs in prop::collection::vec(
			prop_oneof![Just(0.0), -1.0..1.0_f64, 0.0..1e-9_f64, 1e-300..1e300_f64, Just(f64::NAN),
				Just(f64::INFINITY)],
			0..64,
		),
	) {
		let row = InputRow::from_scores(own, &inputs);
		prop_assert_eq!(sum(&row), SHARE_ONE);
		prop_assert!(row.self_share >= MIN_SELF_SHARE);
		prop_assert!(row.shares.windows(2).all(|pair| pair[0].input < pair[1].input));
		for &InputShare { input, share } in &row.shares {
			prop_assert!(share > 0 && inputs[input] > 0.0);
		}
		prop_assert_eq!(row.distance(&row), 0.0);
	}

	#[test]
	fn a_higher_score_never_gets_less(
		own in 0.0..1.0_f64,
		inputs in prop::collection::vec(0.0..1.0_f64, 2..20),
	) {
		let row = InputRow::from_scores(own, &inputs);
		for a in 0..inputs.len() {
			for b in 0..inputs.len() {
				if inputs[a] > inputs[b] {
					prop_assert!(row.share(a) >= row.share(b));
				}
			}
		}
	}
}

#[test]
fn rows_follow_the_scores() {
	let row = InputRow::from_scores(0.5, &[0.25, 0.0, -3.0, 0.25]);
	assert_eq!(row, InputRow { self_share: 32_768, shares: edges(&[(0, 16_384), (3, 16_384)]) });
	// Of three equal parts of 57,344 the first gets the odd unit.
	let row = InputRow::from_scores(0.0, &[1.0; 3]);
	assert_eq!(row.self_share, MIN_SELF_SHARE);
	assert_eq!(row.shares, edges(&[(0, 19_115), (1, 19_115), (2, 19_114)]));
	assert_eq!(InputRow::from_scores(0.0, &[]), InputRow::own());
	assert_eq!(InputRow::from_scores(-1.0, &[0.0, -2.0]), InputRow::own());
	assert_eq!(InputRow::from_scores(1.0, &[1e-9]), InputRow::own(), "dust is no edge");
	let moved = InputRow::from_scores(0.5, &[0.5]).distance(&InputRow::own());
	assert!((moved - 0.5).abs() < 1e-12);
}

#[test]
fn moments_are_a_mean_and_its_error() {
	let mut moments = Moments::default();
	assert_eq!((moments.mean(), moments.standard_error()), (0.0, f64::INFINITY));
	for i in 0..2_000 {
		moments.observe(if i % 2 == 0 { 1.0 } else { 3.0 }, 0.98);
	}
	moments.observe(f64::NAN, 0.98);
	assert_eq!(moments.samples(), 2_000);
	assert!((moments.mean() - 2.0).abs() < 0.02);
	// Deviation 1 over the root of 99 effective batches less one.
	assert!((moments.standard_error() - 1.0 / 98_f64.sqrt()).abs() < 1e-3);
	assert!(moments.lower(1.0) < moments.mean() && moments.mean() < moments.upper(1.0));
}
