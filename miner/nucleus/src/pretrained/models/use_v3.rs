//! Google's Universal Sentence Encoder, multilingual, version 3 (Yang et al. 2020): bags of n-grams.
//!
//! ```text
//!   text ─► 128,010 pieces ─► embedding [512] ─► projections [3 × 256], layer norm
//!     each of 2-, 3-, 5-grams: two residual convolutions   ─► [512 + 3 × 256], layer norm
//!     sum over tokens · W / √n ─► three dense layers ─► tanh, length 1              512 numbers
//! ```
//! The table of embeddings is 8 bits per entry in 17 parts: piece p is row p / 17 of part p mod 17,
//! and each part has its own scale and offset. The texts of a batch lie one after the other; an n-gram
//! that reaches beyond its text sees zeros. A text of more than 1,024 pieces is read at its end (the
//! original reads all of it).

use crate::{
	error::Result,
	pretrained::{
		formats::{npy::Npy, sentencepiece::SentencePiece, zip::Zip},
		layers::{add, normalize, relu, Dense, LayerNorm},
		package::{ModelFile, TextModel},
	},
};

use super::batches;

const PARTS: usize = 17;
const ROWS: usize = 7_530;
const WIDTH: usize = 512;
const GRAM: usize = 256;
/// n of an n-gram, and how many of its tokens precede the one it belongs to.
const ORDERS: [(usize, usize); 3] = [(2, 0), (3, 1), (5, 2)];
const ALL: usize = ORDERS.len() * GRAM;
const FEATURES: usize = WIDTH + ALL;
const HIDDEN: usize = 320;
const PIECES: usize = 128_000;
const MAX_TOKENS: usize = 1_024;
/// Ids before and after a text.
const START: u32 = 1;
const END: u32 = 2;
/// Tokens of the texts that are computed together: the weights are read once for all of them.
const TOGETHER: usize = 512;

#[derive(Debug)]
struct Use {
	pieces: SentencePiece,
	/// `[PARTS · ROWS, WIDTH]`, by piece.
	table: Vec<u8>,
	scales: Vec<f32>,
	offsets: Vec<f32>,
	projection: Dense,
	projection_norm: LayerNorm,
	grams: Vec<[Dense; 2]>,
	norm: LayerNorm,
	/// Without its bias, which each token adds once.
	output: Dense,
	output_bias: Vec<f32>,
	/// d0, p1, d1, d2, p3, d3 of the original.
	head: [Dense; 6],
	epsilon: f32,
}

/// From the weights (npz) and the pieces (SentencePiece).
pub(crate) fn load(files: &[ModelFile]) -> Result<Box<dyn TextModel>> {
	let [weights, pieces] = files else { unreachable!("the package names two files") };
	let pieces = pieces.parse(|bytes| SentencePiece::parse(bytes, PIECES))?;
	let zip = weights.parse(Zip::parse)?;
	let get = |name: &str, shape: &[usize]| {
		weights.parse(|_| Npy::parse(&zip.read(&format!("{name}.npy"))?)?.floats(shape))
	};
	let mut table = vec![0; PARTS * ROWS * WIDTH];
	for part in 0..PARTS {
		weights.parse(|_| {
			let file = zip.read(&format!("q{}.npy", part + 1))?;
			let rows = Npy::parse(&file)?;
			let rows = rows.bytes(&[ROWS, WIDTH])?.chunks_exact(WIDTH);
			let targets = table.chunks_exact_mut(WIDTH).skip(part).step_by(PARTS);
			targets.zip(rows).for_each(|(target, row)| target.copy_from_slice(row));
			Ok(())
		})?;
	}
	let epsilon = get("eps", &[])?.first().copied().unwrap_or_default();
	// The three projections side by side.
	let mut projection = vec![0.0; WIDTH * ALL];
	let (mut bias, mut gain, mut shift) = (Vec::new(), Vec::new(), Vec::new());
	let mut grams = Vec::new();
	for (at, (n, _)) in ORDERS.into_iter().enumerate() {
		let part = get(&format!("proj{n}"), &[WIDTH, GRAM])?;
		for (row, part) in projection.chunks_exact_mut(ALL).zip(part.chunks_exact(GRAM)) {
			row[at * GRAM..][..GRAM].copy_from_slice(part);
		}
		bias.extend(get(&format!("proj_b{n}"), &[GRAM])?);
		gain.extend(get(&format!("ln_g{n}"), &[GRAM])?);
		shift.extend(get(&format!("ln_b{n}"), &[GRAM])?);
		let convolution = |step| -> Result<Dense> {
			let weight = get(&format!("w{step}_{n}"), &[n * GRAM, GRAM])?;
			Dense::new(weight, n * GRAM, get(&format!("b{step}_{n}"), &[GRAM])?)
		};
		grams.push([convolution(1)?, convolution(2)?]);
	}
	let dense =
		|name, inputs, outputs| Dense::new(get(name, &[inputs, outputs])?, inputs, Vec::new());
	Ok(Box::new(Use {
		pieces,
		table,
		scales: get("scale", &[PARTS])?,
		offsets: get("lo", &[PARTS])?,
		projection: Dense::new(projection, WIDTH, bias)?,
		projection_norm: LayerNorm { gain, shift, epsilon },
		grams,
		norm: LayerNorm {
			gain: get("ln_g", &[FEATURES])?,
			shift: get("ln_b", &[FEATURES])?,
			epsilon,
		},
		output: dense("cnn_W", FEATURES, WIDTH)?,
		output_bias: get("cnn_b", &[WIDTH])?,
		head: [
			dense("d0", WIDTH, HIDDEN)?,
			dense("p1", WIDTH, HIDDEN)?,
			dense("d1", HIDDEN, HIDDEN)?,
			dense("d2", HIDDEN, WIDTH)?,
			dense("p3", HIDDEN, WIDTH)?,
			dense("d3", WIDTH, WIDTH)?,
		],
		epsilon,
	}))
}

impl Use {
	fn ids(&self, text: &str) -> Vec<u32> {
		let ids = self.pieces.encode(text);
		let read = &ids[ids.len().saturating_sub(MAX_TOKENS)..];
		std::iter::once(START).chain(read.iter().copied()).chain([END]).collect()
	}

	fn embed(&self, texts: &[Vec<u32>]) -> Vec<f32> {
		let mut rows = Vec::with_capacity(texts.iter().map(Vec::len).sum::<usize>() * WIDTH);
		for id in texts.iter().flatten().map(|id| *id as usize) {
			let (scale, offset) = (self.scales[id % PARTS], self.offsets[id % PARTS]);
			let row = &self.table[id * WIDTH..][..WIDTH];
			rows.extend(row.iter().map(|x| f32::from(*x) * scale + offset));
		}
		rows
	}

	/// The sum of each text's features, `[B, WIDTH]`, over the root of its number of tokens.
	fn bags(&self, texts: &[Vec<u32>]) -> Result<Vec<f32>> {
		let embedded = self.embed(texts);
		let mut projected = self.projection.apply(embedded.clone())?;
		self.projection_norm.apply(&mut projected);
		let mut features = Vec::with_capacity(embedded.len() / WIDTH * FEATURES);
		for row in embedded.chunks_exact(WIDTH) {
			features.extend_from_slice(row);
			features.resize(features.len() + ALL, 0.0);
		}
		for (at, ((n, before), [first, second])) in ORDERS.into_iter().zip(&self.grams).enumerate()
		{
			let mut x: Vec<f32> = projected
				.chunks_exact(ALL)
				.flat_map(|row| &row[at * GRAM..][..GRAM])
				.copied()
				.collect();
			for layer in [first, second] {
				let mut y = layer.apply(windows(&x, texts, n, before))?;
				relu(&mut y);
				add(&mut x, &y);
			}
			for (row, x) in features.chunks_exact_mut(FEATURES).zip(x.chunks_exact(GRAM)) {
				row[WIDTH + at * GRAM..][..GRAM].copy_from_slice(x);
			}
		}
		self.norm.apply(&mut features);
		let mut sums = vec![0.0; texts.len() * FEATURES];
		let mut rows = features.chunks_exact(FEATURES);
		for (text, sum) in texts.iter().zip(sums.chunks_exact_mut(FEATURES)) {
			rows.by_ref().take(text.len()).for_each(|row| add(sum, row));
		}
		let mut bags = self.output.apply(sums)?;
		for (text, bag) in texts.iter().zip(bags.chunks_exact_mut(WIDTH)) {
			let count = text.len() as f32;
			let terms = bag.iter_mut().zip(&self.output_bias);
			terms.for_each(|(x, bias)| *x = (*x + count * bias) / count.sqrt());
		}
		Ok(bags)
	}
}

/// For each token its n-gram, `[N, n · GRAM]`: tokens beyond the text are zeros.
fn windows(x: &[f32], texts: &[Vec<u32>], n: usize, before: usize) -> Vec<f32> {
	let mut windows = vec![0.0; x.len() * n];
	let mut start = 0;
	for text in texts {
		for (token, window) in windows[start * n * GRAM..][..text.len() * n * GRAM]
			.chunks_exact_mut(n * GRAM)
			.enumerate()
		{
			let first = token.saturating_sub(before);
			let last = (token + n - before).min(text.len());
			let into = (first + before - token) * GRAM;
			let from = &x[(start + first) * GRAM..(start + last) * GRAM];
			window[into..into + from.len()].copy_from_slice(from);
		}
		start += text.len();
	}
	windows
}

impl TextModel for Use {
	fn width(&self) -> usize {
		WIDTH
	}

	fn vectors(&self, texts: &[&str]) -> Result<Vec<f32>> {
		let texts: Vec<Vec<u32>> = texts.iter().map(|text| self.ids(text)).collect();
		let mut bags = Vec::with_capacity(texts.len() * WIDTH);
		for batch in batches(&texts, TOGETHER) {
			bags.extend(self.bags(batch)?);
		}
		let [d0, p1, d1, d2, p3, d3] = &self.head;
		let mut hidden = d0.apply(bags.clone())?;
		relu(&mut hidden);
		let mut hidden = d1.apply(hidden)?;
		add(&mut hidden, &p1.apply(bags)?);
		relu(&mut hidden);
		let mut inner = d2.apply(hidden.clone())?;
		relu(&mut inner);
		let mut y = d3.apply(inner)?;
		add(&mut y, &p3.apply(hidden)?);
		y.iter_mut().for_each(|x| *x = x.tanh());
		normalize(&mut y, WIDTH, self.epsilon);
		Ok(y)
	}
}

#[cfg(test)]
mod tests {
	use super::{windows, GRAM};

	#[test]
	fn an_n_gram_ends_with_its_text() {
		let x: Vec<f32> = (1..=4).flat_map(|token| [token as f32; GRAM]).collect();
		let texts = [vec![0; 3], vec![0]];
		let grams = |n, before| -> Vec<Vec<f32>> {
			let rows = windows(&x, &texts, n, before);
			rows.chunks_exact(n * GRAM)
				.map(|row| row.iter().step_by(GRAM).copied().collect())
				.collect()
		};
		assert_eq!(grams(2, 0), [[1.0, 2.0], [2.0, 3.0], [3.0, 0.0], [4.0, 0.0]]);
		assert_eq!(
			grams(3, 1),
			[[0.0, 1.0, 2.0], [1.0, 2.0, 3.0], [2.0, 3.0, 0.0], [0.0, 4.0, 0.0]]
		);
		assert_eq!(grams(5, 2)[1], [0.0, 1.0, 2.0, 3.0, 0.0]);
		assert_eq!(grams(5, 2)[3], [0.0, 0.0, 4.0, 0.0, 0.0]);
	}
}
