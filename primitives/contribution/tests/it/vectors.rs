//! Exact values of two small markets, in `f64` and with integer shares, and a digest of one result.
//!
//! If component `j` is the only source, `N*_k` is `A_jk`, the probability that mass from `j` is
//! absorbed at `k`. If row `i` keeps all of its mass, `N*_i` is `f_ji`, the probability that mass from
//! `j` ever visits `i`.

use crate::{
	algorithm::algorithm_1,
	case::{random, share, Case, Spread},
};

/// Maximum effect in these markets of rounding shares to 1/65,536.
const QUANTISED: f64 = 5e-5;
const EXACT: f64 = 1e-6;

/// Rows as `(d_i, [(j, w_ij)])`.
type Rows = Vec<(f64, Vec<(usize, f64)>)>;

/// `N* / Σ N*` in `f64` and with integer shares, each with its tolerance.
fn both(stakes: &[u64], rows: &Rows) -> [(Vec<f64>, f64); 2] {
	let real: Vec<f64> = stakes.iter().map(|&stake| stake as f64).collect();
	let quantised =
		|row: &Vec<(usize, f64)>| row.iter().map(|&(j, w)| (j as u16, share(w))).collect();
	let case = Case {
		stakes: stakes.to_vec(),
		rows: rows.iter().map(|(_, edges)| quantised(edges)).collect(),
	};
	[(algorithm_1(&real, rows, 1e-15), EXACT), (case.contribution(), QUANTISED)]
}

/// All stake at `source`.
fn from(source: usize, components: usize) -> Vec<u64> {
	(0..components).map(|uid| u64::from(uid == source) * 1_000_000_000).collect()
}

fn close(value: f64, expected: f64, tolerance: f64) {
	assert!((value - expected).abs() <= tolerance, "{value} is not {expected} ± {tolerance:e}");
}

/// 20 components of equal stake; each keeps 0.4 and gives 0.2 to each of the next three.
fn c20() -> (Vec<u64>, Rows) {
	let row = |i: usize| (0.4, (1..=3).map(|step| ((i + step) % 20, 0.2)).collect());
	(vec![5_000_000_000; 20], (0..20).map(row).collect())
}

#[test]
fn c20_all_earn_the_same() {
	let (stakes, rows) = c20();
	for (contribution, tolerance) in both(&stakes, &rows) {
		for part in contribution {
			close(part, 0.05, tolerance);
			// Visits: x_i = N*_i / d_i.
			close(part / 0.4, 0.125, tolerance / 0.4);
		}
	}
}

#[test]
fn c20_price_of_a_bid() {
	let (_, rows) = c20();
	let mut sink = rows.clone();
	sink[0] = (1.0, Vec::new());
	let kept = [0.998241, 0.997752, 0.997124];
	let missed = [0.995618, 0.994398, 0.992836];
	for target in 1..=3 {
		for (ends, tolerance) in both(&from(target, 20), &rows) {
			close(1.0 - ends[0], kept[target - 1], tolerance);
		}
		for (visits, tolerance) in both(&from(target, 20), &sink) {
			close(1.0 - visits[0], missed[target - 1], tolerance);
		}
	}
}

#[test]
fn c20_what_a_row_costs_its_poster() {
	// R_0 = d_0 / (d_0 + Σ_j w_0j (1 − f_j0)): the payout relative to that of self-share 1.
	let (stakes, rows) = c20();
	let mut selfish = rows.clone();
	selfish[0] = (1.0, Vec::new());
	let [honest, honest_quantised] = both(&stakes, &rows);
	let [alone, alone_quantised] = both(&stakes, &selfish);
	close(honest.0[0] / alone.0[0], 0.401377, EXACT);
	close(alone.0[0] / honest.0[0], 2.491426, EXACT);
	close(honest_quantised.0[0] / alone_quantised.0[0], 0.401377, QUANTISED);
	close(alone_quantised.0[0] / honest_quantised.0[0], 2.491426, 10.0 * QUANTISED);
}

/// p keeps half and gives half to q; q keeps 0.4 and gives 0.3 each to p and z; z and u keep all.
fn p4() -> Rows {
	vec![
		(0.5, vec![(1, 0.5)]),
		(0.4, vec![(0, 0.3), (2, 0.3)]),
		(1.0, Vec::new()),
		(1.0, Vec::new()),
	]
}

#[test]
fn p4_payouts() {
	for (contribution, tolerance) in both(&[1_000; 4], &p4()) {
		for (part, expected) in contribution.iter().zip([13.0, 12.0, 26.0, 17.0]) {
			close(*part, expected / 68.0, tolerance);
		}
	}
}

#[test]
fn p4_stake_decays_at_the_perron_root() {
	// λ of A on the transient part {p, q}.
	let rows = p4();
	let from_p = both(&from(0, 4), &rows);
	let from_q = both(&from(1, 4), &rows);
	for ((p, tolerance), (q, _)) in from_p.iter().zip(&from_q) {
		let trace = p[0] + q[1];
		let determinant = p[0] * q[1] - p[1] * q[0];
		let root = (trace + (trace * trace - 4.0 * determinant).sqrt()) / 2.0;
		close(root, 0.741503, *tolerance);
	}
}

/// FNV-1a over the bytes of both vectors, little-endian.
fn digest(words: impl Iterator<Item = u64>) -> u64 {
	words.flat_map(u64::to_le_bytes).fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
		(hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
	})
}

/// Every node must compute the same bits. A change of this digest breaks consensus.
#[test]
fn the_bits_are_the_same_everywhere() {
	let (solve, vectors, _) = random(2_019, 1_024, 48, Spread::Zipf).solve();
	let words = vectors.residual.iter().chain(&vectors.contribution).copied();
	assert_eq!((solve.sweep, digest(words)), (17, 18_370_438_955_786_765_431));
}
