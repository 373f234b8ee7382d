use bittensor_nucleus::{
	attribution::{
		parts::Removals,
		row::{InputRow, MIN_SELF_SHARE, SHARE_ONE},
		Moments,
	},
	Attribution, InputScore, InputShare,
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

fn score(mean: f64, bid: f64, proven: bool) -> InputScore {
	let samples = if proven { 128 } else { 5 };
	InputScore { mean, bid, proven, samples, ..InputScore::default() }
}

/// An attribution whose inputs have these (mean, bid, proven). The bounds of the two parts differ from
/// their means.
fn attribution(own: f64, network: f64, inputs: &[(f64, f64, bool)]) -> Attribution {
	Attribution {
		own: score(own, 0.4 * own, true),
		network: score(network, 0.9 * network, true),
		inputs: inputs.iter().map(|&(mean, bid, proven)| Some(score(mean, bid, proven))).collect(),
		exploring: 328,
		halves_in: 24,
		explore_batches: 128,
		..Attribution::default()
	}
}

proptest! {
	#[test]
	fn the_own_share_is_the_own_part_whatever_the_singles_sum_to(
		own in 0.01..1.0_f64,
		network in 0.001..1.0_f64,
		singles in prop::collection::vec(1e-6..1e3_f64, 1..16),
	) {
		let inputs: Vec<_> = singles.iter().map(|&single| (single, 0.9 * single, true)).collect();
		let row = attribution(own, network, &inputs).row();
		prop_assert_eq!(sum(&row), SHARE_ONE);
		let expected = (own / (own + network)).max(0.125);
		prop_assert!((f64::from(row.self_share) / 65_536.0 - expected).abs() < 1e-4, "{:?}", row);
		// Inputs share the rest in proportion to their bids.
		let total: f64 = singles.iter().sum();
		for (input, single) in singles.iter().enumerate() {
			let part = f64::from(row.share(input)) / 65_536.0;
			prop_assert!((part - (1.0 - expected) * single / total).abs() < 1e-4);
		}
	}

	#[test]
	fn a_row_has_no_unit(
		own in 0.01..1.0_f64,
		network in 0.001..1.0_f64,
		singles in prop::collection::vec((1e-3..1.0_f64, any::<bool>()), 1..16),
		unit in 1e-3..1e3_f64,
	) {
		let row = |unit: f64| {
			let of = |&(single, proven): &(f64, bool)| {
				(unit * single, if proven { 0.8 * unit * single } else { 0.0 }, proven)
			};
			let inputs: Vec<_> = singles.iter().map(of).collect();
			attribution(unit * own, unit * network, &inputs).row()
		};
		// Rounding may move a unit.
		prop_assert!(row(1.0).distance(&row(unit)) < 1e-3);
	}

	#[test]
	fn unproven_inputs_have_exploring_bids_and_no_others(
		own in 0.0..1.0_f64,
		network in 0.0..1.0_f64,
		singles in prop::collection::vec((0.0..1.0_f64, any::<bool>()), 0..64),
	) {
		let of = |&(single, proven): &(f64, bool)| (single, if proven { single } else { 0.0 }, proven);
		let inputs: Vec<_> = singles.iter().map(of).collect();
		let row = attribution(own, network, &inputs).row();
		prop_assert_eq!(sum(&row), SHARE_ONE);
		prop_assert!(row.self_share >= MIN_SELF_SHARE);
		prop_assert!(row.shares.windows(2).all(|pair| pair[0].input < pair[1].input));
		let unproven: Vec<usize> =
			(0..singles.len()).filter(|&input| !singles[input].1).collect();
		let each = 328_u32.checked_div(unproven.len() as u32).unwrap_or(0);
		prop_assert!(unproven.iter().all(|&input| u32::from(row.share(input)) == each && each > 0));
		let all: u32 = unproven.iter().map(|&input| u32::from(row.share(input))).sum();
		prop_assert!(all <= 328, "half a percent in all: {all}");
	}

	#[test]
	fn copies_scored_as_one_group_get_what_the_original_got(
		own in 0.01..1.0_f64,
		network in 0.01..1.0_f64,
		best in 0.1..1.0_f64,
		other in 0.01..1.0_f64,
		copies in 2..5_usize,
	) {
		let alone = attribution(own, network, &[(best, best, true), (other, other, true)]).row();
		let one = best / copies as f64;
		let mut inputs = vec![(one, one, true); copies];
		inputs.push((other, other, true));
		let row = attribution(own, network, &inputs).row();
		let all: u32 = (0..copies).map(|input| u32::from(row.share(input))).sum();
		prop_assert!(all.abs_diff(alone.share(0).into()) <= copies as u32, "{:?} {:?}", row, alone);
	}

	#[test]
	fn parts_add_up_and_treat_both_alike(
		neither in 0.0..9.0_f64, own in 0.0..9.0_f64, inputs in 0.0..9.0_f64, both in 0.0..9.0_f64,
	) {
		let parts = Removals { neither, own, inputs, both }.parts();
		prop_assert!((parts.own + parts.network - (neither - both)).abs() < 1e-9);
		let swapped = Removals { neither, own: inputs, inputs: own, both }.parts();
		prop_assert_eq!((swapped.own, swapped.network), (parts.network, parts.own));
	}
}

#[test]
fn an_input_that_is_not_proven_does_not_give_its_part_to_others() {
	// The second input is worth nine times as much, and is not proven: the first one gets a tenth.
	let row = attribution(1.0, 1.0, &[(0.1, 0.1, true), (0.9, 0.0, false)]).row();
	let part = f64::from(row.share(0)) / 65_536.0;
	assert!((part - 0.1 / 1.1).abs() < 2e-3, "{row:?}");
	assert_eq!(row.share(1), 328);
	// Nothing is proven: the row is the owner's, less the exploring bids.
	let row = attribution(1.0, 1.0, &[(0.1, 0.0, false), (0.9, 0.0, false)]).row();
	assert_eq!((row.self_share, row.share(0), row.share(1)), (SHARE_ONE - 328, 164, 164));
	// An input without use so far is explored for a while, less and less.
	let after = |samples| {
		let mut young = attribution(1.0, 1.0, &[(0.1, 0.1, true), (-0.1, 0.0, true)]);
		young.inputs[1] = Some(InputScore { samples, ..score(-0.1, 0.0, true) });
		young.row().share(1)
	};
	assert_eq!([24, 47, 48, 96, 127, 128].map(after), [164, 164, 82, 20, 10, 0]);
	// Harmful and useless inputs get nothing after that.
	let row = attribution(1.0, 1.0, &[(0.1, 0.1, true), (-0.2, 0.0, true), (0.0, 0.0, true)]).row();
	assert_eq!((row.share(0), row.share(1), row.share(2)), (32_768, 0, 0));
	// A network without use gets nothing, whatever the singles say.
	let row = attribution(1.0, 0.0, &[(0.1, 0.1, true)]).row();
	assert_eq!(row, InputRow::own());
}
