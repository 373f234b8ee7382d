//! What trainable kinds share: a component whose objective is tied to its encoder by the table of words.

use std::sync::Arc;

use candle_core::Device;

use crate::{
	checkpoint::Saved,
	component::{Component, Shape},
	config::Config,
	encoder::Encoder,
	error::Result,
	joiner::Joiner,
	kinds::Setup,
	model::Model,
	objective::{Bag, Objective},
	parameters::{Builder, Handle},
	tokenizer::Tokenizer,
};

/// Makes an encoder, and names its table of words.
type Load =
	fn(&Config, Arc<Tokenizer>, &Device, &mut Builder) -> Result<(Box<dyn Encoder>, Handle)>;

/// A trainable kind: its encoder.
pub(super) struct Trainable {
	/// Name of the kind.
	pub(super) name: &'static str,
	/// [`Encoder::id`] of its encoder with a tokenizer.
	pub(super) id_of: fn(&Tokenizer) -> String,
	/// Takes the parameters of its encoder from a builder.
	pub(super) load: Load,
}

impl Trainable {
	/// A fresh component.
	pub(super) fn component(&self, setup: &Setup) -> Result<Component> {
		setup.config.validate()?;
		let builder = Builder::random(setup.config.seed, &setup.device);
		let frequencies = setup.frequencies.as_ref().or(setup.prior.as_ref());
		self.build(setup.config.clone(), setup, builder, |objective| {
			if let Some(prior) = &setup.prior {
				objective.start_at(prior)?;
			}
			frequencies.map_or(Ok(()), |all| objective.weight_by(&setup.config, all))
		})
	}

	/// The component of a checkpoint.
	pub(super) fn restore(&self, setup: &Setup, saved: Saved) -> Result<Box<dyn Model>> {
		let state = saved.open(&(self.id_of)(&*setup.tokenizer(self.name)?))?;
		let builder = Builder::saved(&state, &setup.device);
		let config = Component::saved_config(&state)?;
		let mut component =
			self.build(config, setup, builder, |objective| objective.load(&state))?;
		component.restore(&state)?;
		Ok(Box::new(component))
	}

	fn build(
		&self,
		config: Config,
		setup: &Setup,
		mut builder: Builder,
		start: impl FnOnce(&mut Bag) -> Result<()>,
	) -> Result<Component> {
		let tokenizer = setup.tokenizer(self.name)?;
		let (encoder, words) =
			(self.load)(&config, tokenizer.clone(), &setup.device, &mut builder)?;
		let joiner = Joiner::load(&config, &mut builder)?;
		let mut objective = Bag::load(&config, &tokenizer, words, &mut builder)?;
		start(&mut objective)?;
		let shape = Shape { encoder, joiner, objective: Box::new(objective) };
		Ok(Component::new(self.name, config, shape, builder.finish(), &setup.device))
	}
}
