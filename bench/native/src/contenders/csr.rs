//! Algorithm 1 in `f64`, over compressed sparse rows of `u32` and `f64`, as a numerical library does it.

use super::{normalised, nothing, sources, sweep_until, Contender, Run, Until};
use bench_graphs::Case;
use contribution::{THRESHOLD_BITS, WINDOW};

/// The rows: 12 bytes per edge.
#[derive(Debug)]
struct Rows {
	/// Where each row's edges begin; one more than there are rows.
	starts: Vec<usize>,
	targets: Vec<u32>,
	weights: Vec<f64>,
	/// What each row keeps.
	own: Vec<f64>,
	sources: Option<Vec<f64>>,
}

impl Rows {
	fn new(case: &Case) -> Self {
		let part = |share: u32| f64::from(share) / 65_536.0;
		let ends = case.ends.iter().map(|&end| end as usize);
		Self {
			starts: std::iter::once(0).chain(ends).collect(),
			targets: case.targets.iter().map(|&target| u32::from(target)).collect(),
			weights: case.shares.iter().map(|&share| part(u32::from(share))).collect(),
			own: (0..case.components()).map(|uid| part(case.self_share(uid))).collect(),
			sources: sources(case),
		}
	}

	/// Adds the parts of `mass` that row `uid` gives away to `to`.
	#[inline(always)]
	fn scatter(&self, uid: usize, mass: f64, to: &mut [f64]) {
		let range = self.starts[uid]..self.starts[uid + 1];
		for (&target, &weight) in self.targets[range.clone()].iter().zip(&self.weights[range]) {
			to[target as usize] += mass * weight;
		}
	}
}

/// The loop of Algorithm 1 as the paper prints it (Jacobi): each row gives its mass to a second vector,
/// and the parts that it keeps are summed.
#[derive(Debug)]
pub struct Csr(Rows);

impl Csr {
	/// Converts the rows.
	pub fn new(case: &Case) -> Self {
		Self(Rows::new(case))
	}
}

impl Contender for Csr {
	fn run(&mut self, until: Until) -> anyhow::Result<Run> {
		let rows = &self.0;
		let Some(mut mass) = rows.sources.clone() else { return Ok(nothing(rows.own.len())) };
		let mut next = vec![0.0; mass.len()];
		let mut contribution = vec![0.0; mass.len()];
		let (sweeps, seconds) = sweep_until(until, || {
			next.fill(0.0);
			// The sum of the mass that is given away: a difference to 1 would lose all below 2^-53.
			let mut residual = 0.0;
			for (uid, ((&mass, &own), absorbed)) in
				mass.iter().zip(&rows.own).zip(&mut contribution).enumerate()
			{
				let kept = mass * own;
				*absorbed += kept;
				residual += mass - kept;
				rows.scatter(uid, mass, &mut next);
			}
			std::mem::swap(&mut mass, &mut next);
			residual
		})?;
		Ok(Run { seconds, sweeps, vector: normalised(&contribution), digest: None })
	}
}

/// The engine's loop in `f64` (Gauss-Seidel): in place, so mass that arrives at a later row moves on in
/// the same sweep; of each window the rows below the threshold are skipped.
#[derive(Debug)]
pub struct CsrPush(Rows);

impl CsrPush {
	/// Converts the rows.
	pub fn new(case: &Case) -> Self {
		Self(Rows::new(case))
	}
}

impl Contender for CsrPush {
	fn run(&mut self, until: Until) -> anyhow::Result<Run> {
		let rows = &self.0;
		let Some(mut mass) = rows.sources.clone() else { return Ok(nothing(rows.own.len())) };
		let mut contribution = vec![0.0; mass.len()];
		let mut residual = 1.0;
		// The threshold, as a part of the residual; in the first sweep only rows without mass are skipped.
		let mut threshold = 0.0;
		let (sweeps, seconds) = sweep_until(until, || {
			for first in (0..mass.len()).step_by(WINDOW) {
				let window = first..mass.len().min(first + WINDOW);
				let mut waiting = u32::MAX;
				loop {
					let held = mass[window.clone()].iter().enumerate();
					let bit =
						|(k, &here): (usize, &f64)| u32::from(here > residual * threshold) << k;
					let mut heavy = waiting & held.map(bit).fold(0, |a, b| a | b);
					if heavy == 0 {
						break;
					}
					waiting &= !heavy;
					while heavy != 0 {
						let uid = first + heavy.trailing_zeros() as usize;
						heavy &= heavy - 1;
						let here = std::mem::take(&mut mass[uid]);
						let kept = here * rows.own[uid];
						contribution[uid] += kept;
						residual -= kept;
						rows.scatter(uid, here, &mut mass);
					}
				}
			}
			threshold = 2f64.powi(-(THRESHOLD_BITS as i32));
			residual
		})?;
		Ok(Run { seconds, sweeps, vector: normalised(&contribution), digest: None })
	}
}
