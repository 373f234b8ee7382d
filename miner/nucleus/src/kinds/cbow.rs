//! `cbow`: the trainable default. A bag-of-words encoder, one head per predicted token.

use crate::{
	checkpoint::Saved,
	component::{Component, Shape},
	config::Config,
	encoder::Cbow,
	error::Result,
	joiner::Joiner,
	kinds::{Kind, Setup},
	model::Model,
	objective::Heads,
	parameters::Builder,
};

pub(super) const KIND: Kind = Kind {
	name: "cbow",
	about: "trainable: a continuous bag of words that predicts the next words",
	learns: true,
	package: None,
	create: |setup| Ok(Box::new(component(setup)?)),
	restore,
};

/// A fresh `cbow` component as its own type, for tests and examples that look inside.
///
/// # Errors
/// As [`Kind::create`]; [`NucleusError::Shape`](crate::NucleusError::Shape) if the word
/// frequencies are those of another vocabulary.
pub fn component(setup: &Setup) -> Result<Component> {
	setup.config.validate()?;
	let builder = Builder::random(setup.config.seed, &setup.device);
	let (component, heads) = build(setup.config.clone(), setup, builder)?;
	if let Some(prior) = &setup.prior {
		heads.start_at(prior)?;
	}
	Ok(component)
}

fn restore(setup: &Setup, saved: Saved) -> Result<Box<dyn Model>> {
	let state = saved.open(&Cbow::id_of(&*setup.tokenizer(KIND.name)?))?;
	let builder = Builder::saved(&state, &setup.device);
	let (mut component, _) = build(Component::saved_config(&state)?, setup, builder)?;
	component.restore(&state)?;
	Ok(Box::new(component))
}

fn build(config: Config, setup: &Setup, mut builder: Builder) -> Result<(Component, Heads)> {
	let tokenizer = setup.tokenizer(KIND.name)?;
	let vocab = tokenizer.size();
	let encoder = Cbow::load(&config, tokenizer, &setup.device, &mut builder)?;
	let joiner = Joiner::load(&config, &mut builder)?;
	let heads = Heads::load(&config, vocab, &mut builder)?;
	let objective = Box::new(heads.clone());
	let shape = Shape { encoder: Box::new(encoder), joiner, objective };
	Ok((Component::new(KIND.name, config, shape, builder.finish(), &setup.device), heads))
}
