//! A transformer of two layers (Vaswani et al. 2017), with the norm before each part (Xiong et al. 2020).
//!
//! ```text
//!   x_0 = words[w] + c ⊙ position          position: sines of the distance from the end
//!   x  += W_o · attention(norm(x))         4 heads; every token sees all tokens
//!   x  += W_2 · gelu(W_1 · norm(x))        2m wide
//!   e(x) = mean over tokens                [B, m]
//! ```
//! There is no norm at the end, and no bias of W_o and W_2: the component centres and scales its own input.
//! A fresh encoder is close to the mean of the words, because the parts start small.
//!
//! candle's graph holds all of it but the table of words, of which a batch touches a few rows: they are
//! leaves of the graph. Norms, softmax and GELU have backward passes of their own (`layers.rs`).
//!
//! Invariants: texts are aligned at their ends, and padding before a text changes nothing; the cost of a
//! text is bounded, because at most [`MOST_TOKENS`] of it are read.

use std::sync::Arc;

use candle_core::{Device, Tensor, Var};

use crate::{
	config::{Config, DIM},
	dropout::Dropout,
	encoder::{layers, reader::Reader, Encoded, Encoder},
	error::{NucleusError, Result},
	learning::{Gradient, Values},
	parameters::{Builder, Handle, Part},
	tensors,
	tokenizer::{Tokenizer, UNKNOWN_ID},
};

/// Its name in checkpoints.
const NAME: &str = "transformer";
const LAYERS: usize = 2;
const HEADS: usize = 4;
/// Numbers of one head.
const HEAD: usize = DIM / HEADS;
/// Width of the feed-forward part.
const WIDE: usize = 2 * DIM;
/// Tokens read of a text at most: attention costs their square.
const MOST_TOKENS: usize = 256;
/// Deviation of the entries of a fresh table of words, and size of fresh positions.
const DEVIATION: f64 = 0.1;
/// Longest period of a position, in units of 2π tokens.
const LONGEST_PERIOD: f64 = 10_000.0;

/// A norm of rows. Its gain is kept less 1, so that weight decay pulls it to 1.
#[derive(Clone, Debug)]
struct Norm {
	gain: Handle,
	bias: Handle,
}

impl Norm {
	fn load(name: &str, builder: &mut Builder) -> Result<Self> {
		let mut zeros =
			|part| builder.dense(&format!("{name}.{part}"), &[1, DIM], 0.0, Part::Function);
		Ok(Self { gain: zeros("gain")?, bias: zeros("bias")? })
	}

	fn forward(&self, x: &Tensor) -> Result<Tensor> {
		layers::norm(x, self.gain.tensor(), self.bias.tensor())
	}
}

/// One layer.
#[derive(Clone, Debug)]
struct Layer {
	attention_norm: Norm,
	/// Queries, keys and values of all heads, `[m, 3m]`. Without a bias: one of the keys moves all
	/// scores of a query alike, and would have no gradient.
	attention: Handle,
	attention_output: Handle,
	wide_norm: Norm,
	wide: Handle,
	wide_bias: Handle,
	narrow: Handle,
}

impl Layer {
	fn load(layer: usize, builder: &mut Builder) -> Result<Self> {
		let name = |part: &str| format!("encoder.{layer}.{part}");
		let attention_norm = Norm::load(&name("attention.norm"), builder)?;
		let wide_norm = Norm::load(&name("wide.norm"), builder)?;
		let mut dense = |part: &str, shape: [usize; 2], deviation: f64| {
			builder.dense(&name(part), &shape, deviation, Part::Function)
		};
		let (whole, small) = (1.0 / (DIM as f64).sqrt(), DEVIATION / (DIM as f64).sqrt());
		Ok(Self {
			attention_norm,
			attention: dense("attention", [DIM, 3 * DIM], whole)?,
			attention_output: dense("attention.output", [DIM, DIM], small)?,
			wide_norm,
			wide: dense("wide", [DIM, WIDE], whole)?,
			wide_bias: dense("wide.bias", [1, WIDE], 0.0)?,
			narrow: dense("narrow", [WIDE, DIM], small)?,
		})
	}

	/// All of its parameters.
	fn handles(&self) -> [&Handle; 9] {
		let Self { attention_norm, wide_norm, .. } = self;
		[
			&attention_norm.gain,
			&attention_norm.bias,
			&wide_norm.gain,
			&wide_norm.bias,
			&self.attention,
			&self.attention_output,
			&self.wide,
			&self.wide_bias,
			&self.narrow,
		]
	}

	/// What attention adds to x, `[B·T, m]`. `padding` is the number of columns before each text.
	fn attend(&self, x: &Tensor, padding: &[usize]) -> Result<Tensor> {
		let (rows, columns) = (padding.len(), x.dim(0)? / padding.len());
		let all = self.attention_norm.forward(x)?.matmul(self.attention.tensor())?;
		// [B, heads, T, m / heads].
		let heads = |part: usize| -> Result<Tensor> {
			let part = all.narrow(1, part * DIM, DIM)?.reshape((rows, columns, HEADS, HEAD))?;
			Ok(part.transpose(1, 2)?.contiguous()?)
		};
		let queries = (heads(0)? * (1.0 / (HEAD as f64).sqrt()))?;
		let scores = queries.matmul(&heads(1)?.t()?)?;
		let seen = layers::softmax(&scores, padding)?.matmul(&heads(2)?)?;
		let seen = seen.transpose(1, 2)?.reshape((rows * columns, DIM))?;
		Ok(seen.matmul(self.attention_output.tensor())?)
	}

	/// What the feed-forward part adds to x.
	fn feed(&self, x: &Tensor) -> Result<Tensor> {
		let wide = self.wide_norm.forward(x)?.matmul(self.wide.tensor())?;
		Ok(layers::gelu(&wide, self.wide_bias.tensor())?.matmul(self.narrow.tensor())?)
	}
}

/// Tokenizer, table of words `[V, m]`, and layers.
#[derive(Clone, Debug)]
pub struct Transformer {
	reader: Reader,
	context: usize,
	device: Device,
	words: Handle,
	/// c, `[1, m]`.
	positions: Handle,
	layers: Vec<Layer>,
}

impl Transformer {
	/// Takes its parameters from `builder`.
	///
	/// # Errors
	/// Those of [`Builder::dense`].
	pub fn load(
		config: &Config,
		tokenizer: Arc<Tokenizer>,
		device: &Device,
		builder: &mut Builder,
	) -> Result<Self> {
		let words = builder.table("words", &[tokenizer.size(), DIM], DEVIATION)?;
		let size = DEVIATION as f32;
		Ok(Self {
			reader: Reader::new(tokenizer, config.max_tokens.min(MOST_TOKENS)),
			context: config.context,
			device: device.clone(),
			words,
			positions: builder.constant("encoder.positions", &[1, DIM], size, Part::Function)?,
			layers: (0..LAYERS).map(|n| Layer::load(n, builder)).collect::<Result<_>>()?,
		})
	}

	/// The [`Encoder::id`] of an encoder with this tokenizer.
	pub fn id_of(tokenizer: &Tokenizer) -> String {
		Reader::id_of(NAME, tokenizer)
	}

	/// Its table of words, for an objective that is tied to it.
	pub fn words(&self) -> &Handle {
		&self.words
	}

	/// The sines and cosines of the positions, `[T, m]`; the last row is the end of the text.
	fn sines(&self, columns: usize) -> Result<Tensor> {
		let pairs = DIM / 2;
		let data = (0..columns).rev().flat_map(|distance| {
			(0..pairs).flat_map(move |pair| {
				let period = LONGEST_PERIOD.powf(pair as f64 / pairs as f64);
				let angle = distance as f64 / period;
				[angle.sin() as f32, angle.cos() as f32]
			})
		});
		tensors::from_rows(data.collect(), &self.device)
	}
}

impl Encoder for Transformer {
	fn id(&self) -> String {
		self.reader.id(NAME)
	}

	fn configure(&mut self, config: &Config) {
		self.reader.most = config.max_tokens.min(MOST_TOKENS);
	}

	/// A mean of as many rows as a training text has.
	fn deviation(&self) -> f64 {
		DEVIATION / (self.context as f64).sqrt()
	}

	fn word(&self, text: &str) -> Result<Option<u32>> {
		self.reader.word(text)
	}

	fn forward(
		&self,
		texts: &[String],
		mut dropout: Option<&mut Dropout>,
	) -> Result<Box<dyn Encoded>> {
		if texts.is_empty() {
			return Err(NucleusError::EmptyBatch);
		}
		let texts = self.reader.read(texts, dropout.as_deref_mut())?;
		let (rows, columns) = (texts.len(), texts.iter().map(Vec::len).max().unwrap_or(1));
		let mut ids = Vec::with_capacity(rows * columns);
		let (mut padding, mut average) =
			(Vec::with_capacity(rows), Vec::with_capacity(ids.capacity()));
		for text in &texts {
			let before = columns - text.len();
			padding.push(before);
			ids.extend(std::iter::repeat_n(UNKNOWN_ID, before).chain(text.iter().copied()));
			let share = 1.0 / text.len().max(1) as f32;
			average.extend((0..columns).map(|n| if n < before { 0.0 } else { share }));
		}
		let ids = Tensor::from_vec(ids, rows * columns, &self.device)?;
		let average = Tensor::from_vec(average, (rows, 1, columns), &self.device)?;

		let words = Var::from_tensor(&self.words.value().index_select(&ids, 0)?)?;
		let positions = self.sines(columns)?.broadcast_mul(self.positions.tensor())?;
		let mut x = words.reshape((rows, columns, DIM))?.broadcast_add(&positions)?;
		x = x.reshape((rows * columns, DIM))?;
		let mut drop = |x: Tensor| match &mut dropout {
			Some(dropout) => dropout.entries(&x),
			None => Ok(x),
		};
		for layer in &self.layers {
			x = (&x + drop(layer.attend(&x, &padding)?)?)?;
			x = (&x + drop(layer.feed(&x)?)?)?;
		}
		let graph = average.matmul(&x.reshape((rows, columns, DIM))?)?.reshape((rows, DIM))?;
		let vectors = graph.detach();
		Ok(Box::new(Passages { encoder: self.clone(), texts, columns, words, graph, vectors }))
	}
}

/// The tokens of B texts, their vectors, and the graph between the two.
struct Passages {
	encoder: Transformer,
	texts: Vec<Vec<u32>>,
	/// T, the tokens of the longest.
	columns: usize,
	/// Rows of the table of words, `[B·T, m]`.
	words: Var,
	graph: Tensor,
	vectors: Tensor,
}

impl Encoded for Passages {
	fn vectors(&self) -> &Tensor {
		&self.vectors
	}

	fn backward(&self, error: &[f32], scale: f32, gradient: &mut Gradient) -> Result<()> {
		let Transformer { device, words, positions, layers, .. } = &self.encoder;
		let error = tensors::from_rows(error.to_vec(), device)?;
		// The gradient of Σ e ⊙ ∂e is ∂e at e.
		let grads = (&self.graph * error)?.sum_all()?.backward()?;
		for handle in layers.iter().flat_map(Layer::handles).chain([positions]) {
			if let Some(g) = grads.get(handle.tensor()) {
				let values = tensors::with_slice(g, |g| g.iter().map(|x| x * scale).collect())?;
				gradient.add(handle, Values::Dense(values));
			}
		}
		let Some(g) = grads.get(self.words.as_tensor()) else { return Ok(()) };
		let rows = tensors::with_slice(g, |g| {
			let mut rows = Vec::new();
			for (text, g) in self.texts.iter().zip(g.chunks_exact(self.columns * DIM)) {
				let own = g.chunks_exact(DIM).skip(self.columns - text.len());
				rows.extend(text.iter().zip(own).map(|(&id, row)| (id, scale, row)));
			}
			Values::from_rows(DIM, rows)
		})?;
		gradient.add(words, rows);
		Ok(())
	}
}

#[cfg(test)]
mod tests {
	use std::sync::Arc;

	use candle_core::Device;

	use super::Transformer;
	use crate::{
		config::Config, encoder::Encoder, parameters::Builder, tensors, tokenizer::Tokenizer,
	};

	fn vectors(texts: &[&str]) -> Vec<f32> {
		let words = std::iter::once("the cat sat on a mat and the dog lay by the door");
		let tokenizer = Arc::new(Tokenizer::train_on(words, 32).expect("words"));
		let device = Device::Cpu;
		let (config, mut builder) = (Config::default(), Builder::random(1, &device));
		let encoder = Transformer::load(&config, tokenizer, &device, &mut builder).expect("new");
		let texts: Vec<String> = texts.iter().map(|text| (*text).into()).collect();
		let encoded = encoder.forward(&texts, None).expect("vectors");
		tensors::to_vec(encoded.vectors()).expect("entries")
	}

	fn distance(a: &[f32], b: &[f32]) -> f32 {
		a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f32>().sqrt()
	}

	#[test]
	fn padding_changes_nothing_and_order_does() {
		let short = "the cat sat";
		let (alone, both) = (vectors(&[short]), vectors(&["the dog lay by the door", short]));
		let (length, far) = (distance(&alone, &[0.0; 128]), distance(&alone, &both[128..]));
		assert!(far < 1e-5 * length, "padding moves a vector of length {length} by {far}");
		let far = distance(&alone, &vectors(&["sat cat the"]));
		assert!(far > 1e-3 * length, "another order moves it by {far} only");
	}
}
