//! Readers of the file formats that pretrained models come in. They read what those files use, and
//! name everything else as another version.
//!
//! | format | file | reads |
//! |---|---|---|
//! | npy | `npy.rs` | arrays of NumPy: f32, f64 and u8, rows or columns first |
//! | zip, npz | `zip.rs` | stored and deflated entries with their checksums |
//! | parquet | `parquet.rs`, `thrift.rs` | one column of strings |
//! | HDF5 | `hdf5.rs` | contiguous f32 datasets by path, as Keras writes them |
//! | SentencePiece | `sentencepiece.rs` | unigram models with their normalizer |
//!
//! Invariants: any bytes give a result or a named error, never a panic; memory is bounded by the
//! size of the file, or by a size that the reader states.

pub(super) mod bytes;
pub(super) mod hdf5;
pub(super) mod npy;
pub(super) mod parquet;
pub(super) mod sentencepiece;
mod thrift;
pub(super) mod zip;

/// The result of a reader; the caller adds the path.
pub(super) type Read<T> = std::result::Result<T, crate::error::ModelFileError>;
