//! all-MiniLM-L6-v2 (Wang et al. 2020; Reimers and Gurevych 2019): BERT with 6 layers of 384.
//!
//! ```text
//!   text ─► WordPiece ids ─► embeddings ─► 6 × (attention, feed-forward) ─► mean over tokens ─► length 1
//! ```
//! The tokens of all texts of a batch lie one after the other, without padding; attention is within
//! a text. A text of more than 256 tokens is read at its end.

use candle_core::{Device, Tensor};
use safetensors::{tensor::Dtype, SafeTensors};
use tokenizers::Tokenizer;

use super::batches;
use crate::{
	error::{ModelFileError, NucleusError, Result},
	pretrained::{
		formats::bytes::{damaged, floats, other},
		layers::{add, gelu, normalize, softmax, Dense, LayerNorm},
		package::{ModelFile, TextModel},
	},
	tensors,
};

const LAYERS: usize = 6;
const WIDTH: usize = 384;
const HEADS: usize = 12;
const HEAD: usize = WIDTH / HEADS;
const INNER: usize = 1_536;
const VOCABULARY: usize = 30_522;
const POSITIONS: usize = 512;
/// Ids of `[CLS]` and `[SEP]`.
const AROUND: [u32; 2] = [101, 102];
/// Most tokens of a text, with `[CLS]` and `[SEP]`.
const MAX_TOKENS: usize = 256;
/// Tokens of the texts that are computed together.
const TOGETHER: usize = 1_024;
const EPSILON: f32 = 1e-12;

#[derive(Debug)]
struct MiniLm {
	tokenizer: Tokenizer,
	/// `[VOCABULARY, WIDTH]`.
	words: Vec<f32>,
	/// `[POSITIONS, WIDTH]`, with the embedding of the only token type added.
	positions: Vec<f32>,
	norm: LayerNorm,
	layers: Vec<Layer>,
}

#[derive(Debug)]
struct Layer {
	/// Queries, keys and values, side by side.
	attention: Dense,
	output: Dense,
	attention_norm: LayerNorm,
	up: Dense,
	down: Dense,
	norm: LayerNorm,
}

/// From the weights (safetensors) and the tokenizer (JSON).
pub(crate) fn load(files: &[ModelFile]) -> Result<Box<dyn TextModel>> {
	let [weights, tokenizer] = files else { unreachable!("the package names two files") };
	let tokenizer = tokenizer.parse(read_tokenizer)?;
	let file = weights
		.parse(|bytes| SafeTensors::deserialize(bytes).map_err(|e| damaged(e.to_string())))?;
	let get = |name: &str, shape: &[usize]| weights.parse(|_| entries(&file, name, shape));
	let norm = |name: &str| -> Result<LayerNorm> {
		let gain = get(&format!("{name}.weight"), &[WIDTH])?;
		let shift = get(&format!("{name}.bias"), &[WIDTH])?;
		Ok(LayerNorm { gain, shift, epsilon: EPSILON })
	};
	let matrix = |name: &str, inputs, outputs| -> Result<(Vec<f32>, Vec<f32>)> {
		let weight = get(&format!("{name}.weight"), &[outputs, inputs])?;
		Ok((weight, get(&format!("{name}.bias"), &[outputs])?))
	};
	let dense = |name: &str, inputs, outputs| -> Result<Dense> {
		let (weight, bias) = matrix(name, inputs, outputs)?;
		Dense::transposed(weight, inputs, bias)
	};
	let layer = |n: usize| -> Result<Layer> {
		let name = |part: &str| format!("encoder.layer.{n}.{part}");
		let (mut weight, mut bias) = (Vec::new(), Vec::new());
		for part in ["query", "key", "value"] {
			let (w, b) = matrix(&name(&format!("attention.self.{part}")), WIDTH, WIDTH)?;
			weight.extend(w);
			bias.extend(b);
		}
		Ok(Layer {
			attention: Dense::transposed(weight, WIDTH, bias)?,
			output: dense(&name("attention.output.dense"), WIDTH, WIDTH)?,
			attention_norm: norm(&name("attention.output.LayerNorm"))?,
			up: dense(&name("intermediate.dense"), WIDTH, INNER)?,
			down: dense(&name("output.dense"), INNER, WIDTH)?,
			norm: norm(&name("output.LayerNorm"))?,
		})
	};
	let mut positions = get("embeddings.position_embeddings.weight", &[POSITIONS, WIDTH])?;
	let types = get("embeddings.token_type_embeddings.weight", &[2, WIDTH])?;
	positions.chunks_exact_mut(WIDTH).for_each(|row| add(row, &types[..WIDTH]));
	Ok(Box::new(MiniLm {
		tokenizer,
		words: get("embeddings.word_embeddings.weight", &[VOCABULARY, WIDTH])?,
		positions,
		norm: norm("embeddings.LayerNorm")?,
		layers: (0..LAYERS).map(layer).collect::<Result<_>>()?,
	}))
}

fn read_tokenizer(bytes: &[u8]) -> std::result::Result<Tokenizer, ModelFileError> {
	let mut tokenizer = Tokenizer::from_bytes(bytes).map_err(|e| damaged(e.to_string()))?;
	// The file asks for 128 tokens, cut or padded; the model was made for more.
	tokenizer.with_truncation(None).map_err(|e| damaged(e.to_string()))?;
	tokenizer.with_padding(None);
	let ids = tokenizer.get_vocab(true);
	if ids.len() != VOCABULARY || ids.values().any(|id| *id as usize >= VOCABULARY) {
		return Err(other(format!("a vocabulary of {} pieces, not {VOCABULARY}", ids.len())));
	}
	let nothing = tokenizer.encode_fast("", true).map_err(|e| damaged(e.to_string()))?;
	match nothing.get_ids() == AROUND {
		true => Ok(tokenizer),
		false => Err(other("texts do not become `[CLS] … [SEP]`")),
	}
}

fn entries(
	file: &SafeTensors,
	name: &str,
	shape: &[usize],
) -> std::result::Result<Vec<f32>, ModelFileError> {
	let view = file.tensor(name).map_err(|_| other(format!("it has no `{name}`")))?;
	if view.dtype() != Dtype::F32 || view.shape() != shape {
		let found = format!("`{name}` is {:?} {:?}", view.dtype(), view.shape());
		return Err(other(format!("{found}, not F32 {shape:?}")));
	}
	let data = floats(view.data());
	match data.iter().all(|x| x.is_finite()) {
		true => Ok(data),
		false => Err(damaged(format!("`{name}` holds NaN or infinite numbers"))),
	}
}

impl MiniLm {
	/// Ids, at most [`MAX_TOKENS`]: the first one, and the last ones.
	fn ids(&self, text: &str) -> Result<Vec<u32>> {
		let encoding = self.tokenizer.encode_fast(text, true);
		let encoding = encoding.map_err(|e| NucleusError::Tokenizer(e.to_string()))?;
		let ids = encoding.get_ids();
		let left_out = ids.len().saturating_sub(MAX_TOKENS);
		Ok(ids.iter().take(1).chain(&ids[(1 + left_out).min(ids.len())..]).copied().collect())
	}

	/// Mean state of each text's tokens.
	fn states(&self, texts: &[Vec<u32>]) -> Result<Vec<f32>> {
		let mut x = Vec::with_capacity(texts.iter().map(Vec::len).sum::<usize>() * WIDTH);
		for text in texts {
			for (id, position) in text.iter().zip(self.positions.chunks_exact(WIDTH)) {
				let start = x.len();
				x.extend_from_slice(&self.words[*id as usize * WIDTH..][..WIDTH]);
				add(&mut x[start..], position);
			}
		}
		self.norm.apply(&mut x);
		for layer in &self.layers {
			x = layer.apply(x, texts)?;
		}
		let mut means = Vec::with_capacity(texts.len() * WIDTH);
		let mut rows = x.chunks_exact(WIDTH);
		for text in texts {
			let mut mean = [0.0; WIDTH];
			rows.by_ref().take(text.len()).for_each(|row| add(&mut mean, row));
			means.extend(mean.map(|x| x / text.len() as f32));
		}
		Ok(means)
	}
}

impl Layer {
	fn apply(&self, x: Vec<f32>, texts: &[Vec<u32>]) -> Result<Vec<f32>> {
		let projected = self.attention.apply(x.clone())?;
		let mut attended = Vec::with_capacity(x.len());
		let mut start = 0;
		for text in texts {
			let size = text.len() * 3 * WIDTH;
			attended.extend(attend(&projected[start..start + size])?);
			start += size;
		}
		let mut y = self.output.apply(attended)?;
		add(&mut y, &x);
		self.attention_norm.apply(&mut y);
		let mut inner = self.up.apply(y.clone())?;
		gelu(&mut inner);
		let mut z = self.down.apply(inner)?;
		add(&mut z, &y);
		self.norm.apply(&mut z);
		Ok(z)
	}
}

/// softmax(Q Kᵀ / √width of a head) V, head by head, of one text's projections `[n, 3 · WIDTH]`.
fn attend(projected: &[f32]) -> Result<Vec<f32>> {
	let tokens = projected.len() / (3 * WIDTH);
	// Part 0, 1 or 2 as [HEADS, n, HEAD].
	let part = |part: usize| {
		let rows = (0..HEADS).flat_map(|head| {
			let at = part * WIDTH + head * HEAD;
			projected.chunks_exact(3 * WIDTH).flat_map(move |row| &row[at..at + HEAD]).copied()
		});
		let mut data = Vec::with_capacity(tokens * WIDTH);
		data.extend(rows);
		Tensor::from_vec(data, (HEADS, tokens, HEAD), &Device::Cpu)
	};
	let mut scores = tensors::to_vec(&part(0)?.matmul(&part(1)?.transpose(1, 2)?)?)?;
	scores.iter_mut().for_each(|x| *x /= (HEAD as f32).sqrt());
	softmax(&mut scores, tokens);
	let scores = Tensor::from_vec(scores, (HEADS, tokens, tokens), &Device::Cpu)?;
	let heads = tensors::to_vec(&scores.matmul(&part(2)?)?)?;
	let mut joined = vec![0.0; tokens * WIDTH];
	for (head, rows) in heads.chunks_exact(tokens * HEAD).enumerate() {
		for (token, row) in rows.chunks_exact(HEAD).enumerate() {
			joined[token * WIDTH + head * HEAD..][..HEAD].copy_from_slice(row);
		}
	}
	Ok(joined)
}

impl TextModel for MiniLm {
	fn width(&self) -> usize {
		WIDTH
	}

	fn vectors(&self, texts: &[&str]) -> Result<Vec<f32>> {
		let texts = texts.iter().map(|text| self.ids(text)).collect::<Result<Vec<_>>>()?;
		let mut vectors = Vec::with_capacity(texts.len() * WIDTH);
		for batch in batches(&texts, TOGETHER) {
			vectors.extend(self.states(batch)?);
		}
		normalize(&mut vectors, WIDTH, 1e-24);
		Ok(vectors)
	}
}
