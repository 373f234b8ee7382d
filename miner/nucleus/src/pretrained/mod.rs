//! Pretrained models, frozen: text to vectors that never change.
//!
//! ```text
//!   package (files in a folder) ─► formats ─► models: TextModel, text ─► D numbers
//!   text ─► cache, by hash ──────────────────────────┐                 │
//!              └─ not there ─► TextModel ─► basis: PCA to m = 128 ─────┴─► y
//! ```
//! | file | subject |
//! |---|---|
//! | `package.rs` | what a model is made of: its files, and where they are |
//! | `formats/` | readers of the formats of those files |
//! | `layers.rs` | layers of neural networks for inference |
//! | `models/` | one file per model: weights, shape, tokenizer |
//! | `basis.rs`, `eigen.rs`, `sample.rs` | principal components of the model's vectors, fitted on a fixed sample of text |
//! | `cache.rs` | vectors on disk by the hash of their text |
//! | `frozen.rs` | the component: all of it as a [`Model`](crate::Model) |
//!
//! A word is a text of one word, so that words and passages have vectors in one space. Invariants: a
//! model file that does not fit is a named error; equal files and texts give equal vectors, also
//! after a restart; what a cache lost or damaged is computed again.

mod basis;
mod cache;
mod eigen;
mod formats;
mod frozen;
pub(crate) mod layers;
pub(crate) mod models;
mod package;
mod sample;

pub use package::{default_cache, ModelFiles, Package, TextModel};

/// The end of a text, at most this many bytes of it: more than any model reads.
const MAX_BYTES: usize = 16 << 10;

/// The last [`MAX_BYTES`] of a text: as every kind, a pretrained one reads a long text at its end.
fn tail(text: &str) -> &str {
	let start = (text.len().saturating_sub(MAX_BYTES)..).find(|at| text.is_char_boundary(*at));
	start.and_then(|start| text.get(start..)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
	use super::{tail, MAX_BYTES};

	#[test]
	fn a_long_text_is_read_at_its_end() {
		assert_eq!(tail("short"), "short");
		let long = format!("{}{}", "☃".repeat(MAX_BYTES), "end");
		let read = tail(&long);
		assert!(read.ends_with("☃end") && (MAX_BYTES - 3..=MAX_BYTES).contains(&read.len()));
	}
}
