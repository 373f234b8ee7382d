//! `cbow`: the trainable default. A bag-of-words encoder that predicts the next words as a bag, tied
//! to it by its table of words.

use crate::{
	checkpoint::Saved,
	component::{Component, Shape},
	config::Config,
	encoder::Cbow,
	error::Result,
	joiner::Joiner,
	kinds::{Kind, Setup},
	model::Model,
	objective::{Bag, Objective},
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
	let frequencies = setup.frequencies.as_ref().or(setup.prior.as_ref());
	build(setup.config.clone(), setup, builder, |objective| {
		if let Some(prior) = &setup.prior {
			objective.start_at(prior)?;
		}
		frequencies.map_or(Ok(()), |all| objective.weight_by(&setup.config, all))
	})
}

fn restore(setup: &Setup, saved: Saved) -> Result<Box<dyn Model>> {
	let state = saved.open(&Cbow::id_of(&*setup.tokenizer(KIND.name)?))?;
	let builder = Builder::saved(&state, &setup.device);
	let config = Component::saved_config(&state)?;
	let mut component = build(config, setup, builder, |objective| objective.load(&state))?;
	component.restore(&state)?;
	Ok(Box::new(component))
}

fn build(
	config: Config,
	setup: &Setup,
	mut builder: Builder,
	start: impl FnOnce(&mut Bag) -> Result<()>,
) -> Result<Component> {
	let tokenizer = setup.tokenizer(KIND.name)?;
	let encoder = Cbow::load(&config, tokenizer.clone(), &setup.device, &mut builder)?;
	let joiner = Joiner::load(&config, &mut builder)?;
	let mut objective = Bag::load(&config, &tokenizer, encoder.words().clone(), &mut builder)?;
	start(&mut objective)?;
	let shape = Shape { encoder: Box::new(encoder), joiner, objective: Box::new(objective) };
	Ok(Component::new(KIND.name, config, shape, builder.finish(), &setup.device))
}
