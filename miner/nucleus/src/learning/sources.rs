//! Sources of gradients: the own loss, and upstreams.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::learning::{guard::Guard, moments::Moments, Gradient};

/// Service key of an upstream.
pub type Account = [u8; 32];

/// A gradient shorter than this part of its source's usual length is noise. It is left out instead
/// of being scaled up.
const FAINT: f64 = 1e-3;
/// An upstream that has not sent anything for this many steps gives way to any other.
const IDLE: u64 = 1_000;
/// Steps in which the words of a source move the whole vocabulary once, at most.
pub const WORD_EVERY: u64 = 16;

/// The gradients of one upstream of one sort, and their optimizer state.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Stream {
	/// Usual length of its gradients per message.
	pub(crate) guard: Guard,
	/// Messages since the last step.
	pub(crate) messages: u64,
	/// Sum of their gradients.
	pub(crate) held: Gradient,
	/// Sum of the parts of the vocabulary that they covered; 1 for each message of passages.
	pub(crate) covered: f64,
	/// Its moments.
	pub(crate) moments: Moments,
}

impl Stream {
	/// Takes out what came since the last step: the mean of the gradients, in units of their usual
	/// length and at most `clip` of them, so that the scale of errors has no effect; and how much
	/// of the vocabulary they covered, at most 1. A vocabulary in parts counts as one message.
	/// `None` if nothing came, or if the sum is not a finite number.
	pub(crate) fn take(&mut self, clip: f64) -> Option<(Gradient, f64)> {
		let messages = std::mem::take(&mut self.messages);
		let covered = std::mem::take(&mut self.covered);
		let mut sum = std::mem::take(&mut self.held);
		if messages == 0 {
			return None;
		}
		let norm = sum.norm();
		let usable = self.guard.unit(&mut sum, norm, covered.max(1.0), clip);
		usable.then_some((sum, covered.min(1.0)))
	}

	/// Whether a gradient of this length would count: it is finite and not far fainter than usual.
	fn hears(&self, norm: f64) -> bool {
		norm.is_finite() && norm > FAINT * self.guard.usual_or(0.0)
	}

	fn add(&mut self, gradient: &Gradient, norm: f64, scale: f64, covers: f64) {
		self.guard.observe(norm);
		self.held.add_scaled(gradient, scale);
		self.covered += covers;
		self.messages += 1;
	}
}

/// One upstream: what it sent since the last step, and its optimizer state.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Source {
	/// s_u of its latest bid.
	pub(crate) push: f64,
	/// The step before which it sent its latest Grad.
	pub(crate) seen: u64,
	/// Errors of passages.
	pub(crate) passages: Stream,
	/// Errors of words.
	pub(crate) words: Stream,
	/// Sum of s_u over the steps at which its passages were present.
	pub(crate) bought: f64,
	/// How much of its vocabulary has moved lately.
	pub(crate) moved: Moved,
}

/// How much of a vocabulary the words of a source have moved: it is whole again [`WORD_EVERY`] steps
/// after it was used up, however often words are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Moved {
	/// The part that was moved, 0 to 1, at the step `at`.
	part: f64,
	at: u64,
}

impl Moved {
	/// Takes this part of a vocabulary; returns how much of the part is left to move, 0 to 1.
	pub(crate) fn take(&mut self, covered: f64, step: u64) -> f64 {
		let rested = step.saturating_sub(self.at) as f64 / WORD_EVERY as f64;
		let moved = (self.part - rested).max(0.0);
		let taken = covered.min(1.0 - moved).max(0.0);
		*self = Self { part: moved + taken, at: step };
		taken / covered.max(f64::MIN_POSITIVE)
	}
}

/// What a message asks the parameters to do.
#[derive(Debug)]
pub struct Message<'g> {
	/// Who sent it.
	pub source: Account,
	/// s_u of its bid.
	pub push: f64,
	/// Weight by its age.
	pub scale: f64,
	/// Gradient of its passages.
	pub passages: Option<&'g Gradient>,
	/// Gradient of its words, and the part of the vocabulary that they are.
	pub words: Option<(&'g Gradient, f64)>,
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

	/// Adds the gradients of one message. `false`: they are too faint, or not finite.
	pub(crate) fn add(&mut self, message: &Message, step: u64, limit: usize) -> bool {
		let known = self.all.get(&message.source);
		let audible = |norm: f64, stream: Option<&Stream>| match stream {
			Some(stream) => stream.hears(norm),
			None => norm.is_finite() && norm > 0.0,
		};
		let passages = message
			.passages
			.map(|g| (g, g.norm()))
			.filter(|(_, norm)| audible(*norm, known.map(|source| &source.passages)));
		let words = message
			.words
			// As long as that of the whole vocabulary would be.
			.map(|(g, covers)| (g, g.norm() / covers.max(1e-9).sqrt(), covers))
			.filter(|(_, norm, _)| audible(*norm, known.map(|source| &source.words)));
		if passages.is_none() && words.is_none() {
			return false;
		}
		while !self.all.contains_key(&message.source) && self.all.len() >= limit.max(1) {
			let Some((lowest, _)) = self.lowest(step) else { break };
			self.all.remove(&lowest);
		}
		let held = self.all.entry(message.source).or_default();
		(held.push, held.seen) = (message.push, step);
		if let Some((gradient, norm)) = passages {
			held.passages.add(gradient, norm, message.scale, 1.0);
		}
		if let Some((gradient, norm, covers)) = words {
			held.words.add(gradient, norm, message.scale, covers);
		}
		true
	}

	/// The source that gives way first, and its push; 0 for one that is idle.
	fn lowest(&self, step: u64) -> Option<(Account, f64)> {
		let push = |source: &Source| {
			let silent = source.passages.messages + source.words.messages == 0;
			let idle = silent && step.saturating_sub(source.seen) > IDLE;
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
