//! `use`: Google's Universal Sentence Encoder, multilingual, pretrained and frozen.
//!
//! The GoogleUSE of the paper's section 9.

use crate::{
	kinds::Kind,
	pretrained::{models::use_v3, Package},
};

static PACKAGE: Package = Package {
	kind: "use",
	name: "use-v3",
	files: &["weights.npz", "sp.model"],
	load: use_v3::load,
};

pub(super) const KIND: Kind = Kind {
	name: "use",
	about: "pretrained, frozen: Google's Universal Sentence Encoder",
	learns: false,
	package: Some(&PACKAGE),
	create: |setup| PACKAGE.create(setup),
	restore: |setup, saved| PACKAGE.restore(setup, saved),
};
