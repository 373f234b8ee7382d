//! `cbow`: the trainable default. A bag-of-words encoder that predicts the next words as a bag, tied
//! to it by its table of words.

use crate::{
	component::Component,
	encoder::Cbow,
	error::Result,
	kinds::{trainable::Trainable, Kind, Setup},
};

static TRAINABLE: Trainable = Trainable {
	name: "cbow",
	id_of: Cbow::id_of,
	load: |config, tokenizer, device, builder| {
		let encoder = Cbow::load(config, tokenizer, device, builder)?;
		let words = encoder.words().clone();
		Ok((Box::new(encoder), words))
	},
};

pub(super) const KIND: Kind = Kind {
	name: "cbow",
	about: "trainable: a continuous bag of words that predicts the next words",
	learns: true,
	package: None,
	create: |setup| Ok(Box::new(component(setup)?)),
	restore: |setup, saved| TRAINABLE.restore(setup, saved),
};

/// A fresh `cbow` component as its own type, for tests and examples that look inside.
///
/// # Errors
/// As [`Kind::create`]; [`NucleusError::Shape`](crate::NucleusError::Shape) if the word
/// frequencies are those of another vocabulary.
pub fn component(setup: &Setup) -> Result<Component> {
	TRAINABLE.component(setup)
}
