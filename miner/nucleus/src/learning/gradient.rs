//! Gradients: dense ones, and those of tables with a few rows.

use crate::parameters::Handle;

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
			let (eights, rest) = chunk.as_chunks::<8>();
			for eight in eights {
				for (sum, x) in sums.iter_mut().zip(eight) {
					*sum += x * x;
				}
			}
			let rest: f32 = rest.iter().map(|x| x * x).sum();
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
	/// Adds the gradient of one parameter: several paths of a model may reach the same one.
	pub fn add(&mut self, parameter: &Handle, values: Values) {
		let index = parameter.index();
		if self.parts.len() <= index {
			self.parts.resize(index + 1, None);
		}
		match &mut self.parts[index] {
			Some(mine) => mine.add_scaled(&values, 1.0),
			empty => *empty = Some(values),
		}
	}

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

	/// Takes over the parts of another gradient that this one lacks.
	pub(crate) fn fill(&mut self, from: Gradient) {
		if self.parts.len() < from.parts.len() {
			self.parts.resize(from.parts.len(), None);
		}
		for (into, from) in self.parts.iter_mut().zip(from.parts) {
			if into.is_none() {
				*into = from;
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

	/// Whether all entries are finite.
	pub fn is_finite(&self) -> bool {
		self.norm().is_finite()
	}
}
