//! `minilm`: all-MiniLM-L6-v2, an encoder of sentences, pretrained and frozen.

use crate::{
	kinds::Kind,
	pretrained::{models::minilm, Package},
};

static PACKAGE: Package = Package {
	kind: "minilm",
	name: "minilm-l6",
	files: &["model.safetensors", "tokenizer.json"],
	load: minilm::load,
};

pub(super) const KIND: Kind = Kind {
	name: "minilm",
	about: "pretrained, frozen: all-MiniLM-L6-v2, an encoder of sentences",
	learns: false,
	package: Some(&PACKAGE),
	create: |setup| PACKAGE.create(setup),
	restore: |setup, saved| PACKAGE.restore(setup, saved),
};
