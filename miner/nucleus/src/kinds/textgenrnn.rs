//! `textgenrnn`: a language model of characters, pretrained and frozen.
//!
//! It stands in for the ELMo of the paper's section 9, whose weights no package registry carries: it is
//! the only contextual recurrent language model that one does carry, and far smaller.

use crate::{
	kinds::Kind,
	pretrained::{models::char_lstm, Package},
};

static PACKAGE: Package = Package {
	kind: "textgenrnn",
	name: "textgenrnn",
	files: &["textgenrnn_weights.hdf5", "textgenrnn_vocab.json"],
	load: char_lstm::load,
};

pub(super) const KIND: Kind = Kind {
	name: "textgenrnn",
	about: "pretrained, frozen: a character LSTM, in place of ELMo",
	learns: false,
	package: Some(&PACKAGE),
	create: |setup| PACKAGE.create(setup),
	restore: |setup, saved| PACKAGE.restore(setup, saved),
};
