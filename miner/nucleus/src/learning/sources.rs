//! Sources of gradients: the own loss, and upstreams.

use std::collections::BTreeMap;

use crate::learning::{guard::Guard, moments::Moments, Gradient};

/// Service key of an upstream.
pub type Account = [u8; 32];

/// A gradient shorter than this part of its source's usual length is noise. It is left out instead
/// of being scaled up.
const FAINT: f64 = 1e-3;
/// An upstream that has not sent anything for this many steps gives way to any other.
const IDLE: u64 = 1_000;

/// One upstream: what it sent since the last step, and its optimizer state.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Source {
	/// s_u of its latest bid.
	pub(crate) push: f64,
	/// The step before which it sent its latest Grad.
	pub(crate) seen: u64,
	/// Usual length of its gradients per message.
	pub(crate) guard: Guard,
	/// Messages since the last step.
	pub(crate) messages: u64,
	/// Sum of their gradients.
	pub(crate) held: Gradient,
	/// Its moments.
	pub(crate) moments: Moments,
}

impl Source {
	/// Takes out what it sent since the last step: the mean of its gradients, in units of its usual
	/// length and at most `clip` of them, so that the scale of errors has no effect. `None` if it
	/// is absent, or if the sum is not a finite number.
	pub(crate) fn take(&mut self, clip: f64) -> Option<Gradient> {
		let messages = std::mem::take(&mut self.messages);
		let mut sum = std::mem::take(&mut self.held);
		(messages > 0 && self.guard.unit(&mut sum, messages as f64, clip)).then_some(sum)
	}
}

/// The upstreams of a component.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sources {
	pub(crate) all: BTreeMap<Account, Source>,
}

impl Sources {
	/// Whether a source of this push would be held at this step: it is known, there is room, or it
	/// outbids another source.
	pub(crate) fn admits(&self, source: &Account, push: f64, limit: usize, step: u64) -> bool {
		push > 0.0
			&& (self.all.contains_key(source)
				|| self.all.len() < limit
				|| self.lowest(step).is_some_and(|(_, lowest)| lowest < push))
	}

	/// Adds the gradient of one message. `false`: it is too faint, or not finite.
	pub(crate) fn add(
		&mut self,
		source: Account,
		(push, step): (f64, u64),
		gradient: &Gradient,
		scale: f64,
		limit: usize,
	) -> bool {
		let norm = gradient.norm();
		let usual = self.all.get(&source).map_or(0.0, |source| source.guard.usual_or(0.0));
		if !(norm.is_finite() && norm > FAINT * usual) {
			return false;
		}
		while !self.all.contains_key(&source) && self.all.len() >= limit.max(1) {
			let Some((lowest, _)) = self.lowest(step) else { break };
			self.all.remove(&lowest);
		}
		let held = self.all.entry(source).or_default();
		(held.push, held.seen) = (push, step);
		held.guard.observe(norm);
		held.held.add_scaled(gradient, scale);
		held.messages += 1;
		true
	}

	/// The source that gives way first, and its push; 0 for one that is idle.
	fn lowest(&self, step: u64) -> Option<(Account, f64)> {
		let push = |source: &Source| {
			let idle = source.messages == 0 && step.saturating_sub(source.seen) > IDLE;
			if idle {
				0.0
			} else {
				source.push
			}
		};
		let all = self.all.iter().map(|(account, source)| (*account, push(source)));
		all.min_by(|a, b| a.1.total_cmp(&b.1))
	}
}
