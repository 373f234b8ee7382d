//! `transformer`: as `cbow`, with an encoder that reads the order of words: a transformer of two layers.

use crate::{
	encoder::Transformer,
	kinds::{trainable::Trainable, Kind},
};

static TRAINABLE: Trainable = Trainable {
	name: "transformer",
	id_of: Transformer::id_of,
	load: |config, tokenizer, device, builder| {
		let encoder = Transformer::load(config, tokenizer, device, builder)?;
		let words = encoder.words().clone();
		Ok((Box::new(encoder), words))
	},
};

pub(super) const KIND: Kind = Kind {
	name: "transformer",
	about: "trainable: a transformer of two layers that predicts the next words",
	learns: true,
	package: None,
	create: |setup| Ok(Box::new(TRAINABLE.component(setup)?)),
	restore: |setup, saved| TRAINABLE.restore(setup, saved),
};
