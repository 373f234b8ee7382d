//! Eq. 3 and 12: the gradients of several losses in one step.
//!
//! ```text
//!   Δθ ∝ a · ĝ_own + (1 − a) · Σ_u w_u ĝ_u / Σ_u w_u,        ĝ = g / ‖g‖₂
//! ```
//! w_u is the bid of upstream u, a the fixed own part (1 where nobody bids). Every g_u is summed
//! over the upstream's messages since the last step, then brought to unit length: what a source
//! moves depends on its bid alone. Only the parameters of f are shared; those of the decoder
//! follow the own loss.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::config::BidWeight;

/// A gradient summed to less than this part of its source's usual length is noise: left out
/// rather than blown up to unit length.
const FAINT: f64 = 1e-3;
/// Decay of a source's usual length.
const DECAY: f64 = 0.9;

/// What an upstream bids for training, as the chain charged it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Bid {
	/// Tokens per epoch along the edge: payout · share / self-share of the upstream.
	pub flow: f64,
	/// Share of the upstream's row, out of 1.
	pub share: f64,
}

impl Bid {
	/// The weight in eq. 12; 0 for anything that is not a positive number.
	pub fn weight(&self, kind: BidWeight) -> f64 {
		let weight = match kind {
			BidWeight::Flow => self.flow,
			BidWeight::Share => self.share,
		};
		if weight.is_finite() && weight > 0.0 {
			weight
		} else {
			0.0
		}
	}
}

/// The gradient of one parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
	/// Every entry.
	Dense(Vec<f32>),
	/// Some rows of a table; all others are 0.
	Rows {
		/// Entries per row.
		width: usize,
		/// Which rows, ascending.
		rows: Vec<u32>,
		/// Their entries.
		data: Vec<f32>,
	},
}

impl Values {
	/// Sums of scaled rows: (row, scale, entries), in any order.
	pub fn from_rows(width: usize, mut parts: Vec<(u32, f32, &[f32])>) -> Self {
		parts.sort_by_key(|&(row, ..)| row);
		let (mut rows, mut data): (Vec<u32>, Vec<f32>) = (Vec::new(), Vec::new());
		for (row, scale, entries) in parts {
			if rows.last() == Some(&row) {
				let start = data.len() - width;
				for (x, y) in data[start..].iter_mut().zip(entries) {
					*x += scale * y;
				}
			} else {
				rows.push(row);
				data.extend(entries.iter().map(|y| scale * y));
			}
		}
		Self::Rows { width, rows, data }
	}

	/// The rows of a dense table that are not all 0.
	pub(crate) fn sparse(width: usize, dense: &[f32]) -> Self {
		let (rows, data): (Vec<u32>, Vec<&[f32]>) = dense
			.chunks_exact(width)
			.zip(0..)
			.filter(|(row, _)| row.iter().any(|x| *x != 0.0))
			.map(|(row, i)| (i, row))
			.unzip();
		Self::Rows { width, rows, data: data.concat() }
	}

	/// Every entry, of a parameter with `len` of them.
	pub fn to_dense(&self, len: usize) -> Vec<f32> {
		match self {
			Self::Dense(data) => data.clone(),
			Self::Rows { width, rows, data } => {
				let mut dense = vec![0.0; len];
				for (row, data) in rows.iter().zip(data.chunks_exact(*width)) {
					let start = *row as usize * width;
					if let Some(to) = dense.get_mut(start..start + width) {
						to.copy_from_slice(data);
					}
				}
				dense
			}
		}
	}

	fn entries(&self) -> &[f32] {
		match self {
			Self::Dense(data) | Self::Rows { data, .. } => data,
		}
	}

	fn entries_mut(&mut self) -> &mut [f32] {
		match self {
			Self::Dense(data) | Self::Rows { data, .. } => data,
		}
	}

	fn squares(&self) -> f64 {
		let width = match self {
			Self::Dense(_) => 256,
			Self::Rows { width, .. } => (*width).max(1),
		};
		// Chunks in f32, their sums in f64: fast, and good to seven digits.
		let chunk = |chunk: &[f32]| {
			let mut sums = [0_f32; 8];
			let mut eights = chunk.chunks_exact(8);
			for eight in &mut eights {
				for (sum, x) in sums.iter_mut().zip(eight) {
					*sum += x * x;
				}
			}
			let rest: f32 = eights.remainder().iter().map(|x| x * x).sum();
			f64::from(sums.iter().sum::<f32>() + rest)
		};
		self.entries().chunks(width).map(chunk).sum()
	}

	fn add_scaled(&mut self, other: &Values, scale: f32) {
		let add = |to: &mut [f32], from: &[f32]| {
			for (x, y) in to.iter_mut().zip(from) {
				*x += scale * y;
			}
		};
		match (&mut *self, other) {
			(Self::Dense(mine), Self::Dense(theirs)) => add(mine, theirs),
			(Self::Dense(mine), Self::Rows { width, rows, data }) => {
				for (row, from) in rows.iter().zip(data.chunks_exact(*width)) {
					let start = *row as usize * width;
					if let Some(to) = mine.get_mut(start..start + width) {
						add(to, from);
					}
				}
			}
			(Self::Rows { width, rows, data }, Self::Rows { rows: others, data: theirs, .. }) => {
				let mine = rows.iter().zip(data.chunks_exact(*width)).map(|(r, d)| (*r, 1.0, d));
				let theirs =
					others.iter().zip(theirs.chunks_exact(*width)).map(|(r, d)| (*r, scale, d));
				*self = Self::from_rows(*width, mine.chain(theirs).collect());
			}
			(Self::Rows { .. }, Self::Dense(theirs)) => {
				let mut dense = self.to_dense(theirs.len());
				add(&mut dense, theirs);
				*self = Self::Dense(dense);
			}
		}
	}
}

/// A gradient: the values of each parameter in order, `None` where there are none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gradient {
	/// Per parameter.
	pub parts: Vec<Option<Values>>,
}

impl Gradient {
	/// ‖g‖₂.
	pub fn norm(&self) -> f64 {
		self.parts.iter().flatten().map(Values::squares).sum::<f64>().sqrt()
	}

	/// self += scale · other.
	pub fn add_scaled(&mut self, other: &Gradient, scale: f64) {
		if self.parts.len() < other.parts.len() {
			self.parts.resize(other.parts.len(), None);
		}
		let scale = scale as f32;
		for (mine, theirs) in self.parts.iter_mut().zip(&other.parts) {
			let Some(theirs) = theirs else { continue };
			match mine {
				Some(mine) => mine.add_scaled(theirs, scale),
				None => {
					let mut copy = theirs.clone();
					copy.entries_mut().iter_mut().for_each(|x| *x *= scale);
					*mine = Some(copy);
				}
			}
		}
	}

	/// self *= scale.
	pub fn scale(&mut self, scale: f64) {
		let scale = scale as f32;
		for part in self.parts.iter_mut().flatten() {
			part.entries_mut().iter_mut().for_each(|x| *x *= scale);
		}
	}

	/// Whether every entry is a number.
	pub fn is_finite(&self) -> bool {
		self.norm().is_finite()
	}
}

/// Eq. 12. `sources` are (weight, gradient summed over the interval); those with weight 0, without
/// length or with entries that are not finite are left out. `own` is the gradient of the own loss,
/// if it has one. The result has at most length `scale`; with no source left it is `own` itself.
pub fn combine(
	own: Option<&Gradient>,
	sources: &[(f64, &Gradient)],
	own_share: f64,
	scale: f64,
) -> Gradient {
	let usable: Vec<(f64, f64, &Gradient)> = sources
		.iter()
		.map(|&(weight, gradient)| (weight, gradient.norm(), gradient))
		.filter(|(weight, norm, _)| *weight > 0.0 && norm.is_finite() && *norm > 0.0)
		.collect();
	// Relative to the largest, so that neither huge nor tiny bids lose precision.
	let largest = usable.iter().map(|&(weight, ..)| weight).fold(0.0, f64::max);
	let own = own.map(|own| (own, own.norm())).filter(|(_, n)| n.is_finite() && *n > 0.0);
	if usable.is_empty() {
		return own.map(|(own, _)| own.clone()).unwrap_or_default();
	}
	let total: f64 = usable.iter().map(|(weight, ..)| weight / largest).sum();
	let own_share = if own.is_some() { own_share } else { 0.0 };
	let mut step = Gradient::default();
	if let Some((own, norm)) = own {
		step.add_scaled(own, scale * own_share / norm);
	}
	for (weight, norm, gradient) in usable {
		let part = (1.0 - own_share) * (weight / largest) / total;
		step.add_scaled(gradient, scale * part / norm);
	}
	step
}

/// What one upstream has sent since the last step.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Source {
	/// Weight of its latest bid.
	pub(crate) weight: f64,
	/// Sum of its gradients.
	pub(crate) gradient: Gradient,
	/// Messages in the sum.
	pub(crate) messages: u64,
}

/// The upstreams of a component.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sources {
	/// Gradients since the last step.
	pub(crate) pending: BTreeMap<[u8; 32], Source>,
	/// Usual length of each source's gradient per message.
	pub(crate) lengths: BTreeMap<[u8; 32], f64>,
}

impl Sources {
	/// Whether a source of this weight would be held: there is room, or it outbids another.
	pub(crate) fn admits(&self, source: &[u8; 32], weight: f64, limit: usize) -> bool {
		weight > 0.0
			&& (self.pending.contains_key(source)
				|| self.pending.len() < limit
				|| self.pending.values().any(|held| held.weight < weight))
	}

	/// Adds one message's gradient. `false`: too faint, left out.
	pub(crate) fn add(
		&mut self,
		source: [u8; 32],
		weight: f64,
		gradient: &Gradient,
		scale: f64,
		limit: usize,
	) -> bool {
		let norm = gradient.norm();
		let usual = self.lengths.get(&source).copied().unwrap_or(norm);
		if !(norm.is_finite() && norm > FAINT * usual) {
			return false;
		}
		self.lengths.insert(source, DECAY * usual + (1.0 - DECAY) * norm);
		if !self.pending.contains_key(&source) && self.pending.len() >= limit {
			let lowest = self
				.pending
				.iter()
				.min_by(|a, b| a.1.weight.total_cmp(&b.1.weight))
				.map(|(account, _)| *account);
			if let Some(lowest) = lowest {
				self.pending.remove(&lowest);
			}
		}
		// Lengths are remembered for as many accounts as can be pending a few times over.
		while self.lengths.len() > 4 * limit {
			let Some(gone) = self
				.lengths
				.keys()
				.find(|account| **account != source && !self.pending.contains_key(*account))
				.copied()
			else {
				break;
			};
			self.lengths.remove(&gone);
		}
		let held = self.pending.entry(source).or_default();
		held.weight = weight;
		held.gradient.add_scaled(gradient, scale);
		held.messages += 1;
		true
	}

	/// All pending sources, which are then no longer pending.
	pub(crate) fn take(&mut self) -> BTreeMap<[u8; 32], Source> {
		std::mem::take(&mut self.pending)
	}
}
