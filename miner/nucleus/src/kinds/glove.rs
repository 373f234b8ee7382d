//! `glove`: GloVe, static vectors of 400,000 words, pretrained and frozen.

use crate::{
	kinds::Kind,
	pretrained::{models::glove, Package},
};

static PACKAGE: Package = Package {
	kind: "glove",
	name: "glove-50",
	files: &["glove_6B_50d_emb.npy", "glove_6B_index.parquet"],
	load: glove::load,
};

pub(super) const KIND: Kind = Kind {
	name: "glove",
	about: "pretrained, frozen: GloVe, vectors of 400,000 words",
	learns: false,
	package: Some(&PACKAGE),
	create: |setup| PACKAGE.create(setup),
	restore: |setup, saved| PACKAGE.restore(setup, saved),
};
