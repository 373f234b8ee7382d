//! The division of Algorithm 2: pays `σ` units in proportion to `N*`, exact to the unit.
//!
//! ```text
//!   N*      ├──── N*_0 ────┼─ N*_1 ─┼────────── N*_2 ──────────┤  T = Σ N*
//!   C                     C_0      C_1                        C_2 = T
//!   tokens  0 ─────── ⌊σ·C_0/T⌋ ⌊σ·C_1/T⌋ ──────────────────── σ
//!             e_0           e_1         e_2       e_i = ⌊σ·C_i/T⌋ − ⌊σ·C_(i−1)/T⌋
//! ```
//!
//! Rounding the running sum instead of each part makes `Σ e_i = σ` exact, without a carry. Each `e_i`
//! differs from its exact value by less than one unit.

/// The payment of one epoch, component by component in uid order. It can be stored between calls of
/// [`Payout::next`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payout {
	/// Total number of units to pay.
	pub sigma: u64,
	/// `T`: the sum of all contributions, in units of mass.
	pub total: u64,
	/// `C`: the sum of the contributions processed so far, in units of mass.
	pub paid_mass: u64,
	/// Units paid so far, `floor(σ·C / T)`. Stored so that a payment takes one division.
	pub paid: u64,
}

impl Payout {
	/// Starts paying `sigma` units over contributions that sum to `contribution_total`. If the sum is
	/// 0, all payments are 0.
	pub fn new(sigma: u64, contribution_total: u64) -> Self {
		Self { sigma, total: contribution_total, paid_mass: 0, paid: 0 }
	}

	/// Returns the units for the next component, which has this `contribution`.
	///
	/// When the contributions sum to `total`, exactly `sigma` has been paid. Contributions beyond
	/// that sum are paid 0.
	#[allow(clippy::should_implement_trait)]
	pub fn next(&mut self, contribution: u64) -> u64 {
		let before = self.paid_mass.min(self.total);
		let now = before.saturating_add(contribution).min(self.total);
		self.paid_mass = now;
		if now == before {
			return 0;
		}
		let paid = self.paid_until(now);
		let units = paid.saturating_sub(self.paid);
		self.paid = paid;
		units
	}

	/// `floor(σ·mass / T)` for `mass ≤ T`, so the result is at most `σ`.
	fn paid_until(&self, mass: u64) -> u64 {
		let scaled = u128::from(self.sigma) * u128::from(mass);
		scaled.checked_div(u128::from(self.total)).unwrap_or(0) as u64
	}
}

/// The flow of an edge, in units per epoch: `floor(payout · share / self_share)`, where `payout` and
/// `self_share` are those of the edge's owner. It is what the owner bids for the target.
///
/// 0 if the self-share is 0; `u64::MAX` if the flow does not fit.
pub fn flow(payout: u64, share: u32, self_share: u32) -> u64 {
	let scaled = u128::from(payout) * u128::from(share);
	scaled.checked_div(self_share.into()).unwrap_or(0).try_into().unwrap_or(u64::MAX)
}
