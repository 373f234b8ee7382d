//! Sources of gradients in a checkpoint.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
	config::{Config, DIM},
	error::Result,
	learning::{
		guard::Guard,
		moments::{Moments, SavedMoments},
		sources::{Account, Moved, Source, Sources, Stream},
		Gradient, Values,
	},
	parameters::{Parameter, Parameters},
	state::State,
};

/// The state of one source that is not a tensor.
#[derive(Serialize, Deserialize)]
pub(super) struct SavedSource {
	account: Account,
	push: f64,
	seen: u64,
	passages: SavedStream,
	words: SavedStream,
	bought: f64,
	#[serde(default)]
	moved: Moved,
}

#[derive(Serialize, Deserialize)]
struct SavedStream {
	guard: Guard,
	messages: u64,
	covered: f64,
	/// Per parameter, the gradient that waits for a step.
	held: Vec<Option<Held>>,
	moments: SavedMoments,
}

/// Which entries of a parameter a tensor holds.
#[derive(Serialize, Deserialize)]
enum Held {
	All,
	Rows(Vec<u32>),
}

pub(super) fn save_sources(
	sources: &Sources,
	parameters: &Parameters,
	state: &mut State,
) -> Vec<SavedSource> {
	let mut saved = Vec::with_capacity(sources.all.len());
	for (n, (account, source)) in sources.all.iter().enumerate() {
		saved.push(SavedSource {
			account: *account,
			push: source.push,
			seen: source.seen,
			passages: save_stream(&source.passages, &format!("{n}.passages"), parameters, state),
			words: save_stream(&source.words, &format!("{n}.words"), parameters, state),
			bought: source.bought,
			moved: source.moved,
		});
	}
	saved
}

pub(super) fn load_sources(
	saved: Vec<SavedSource>,
	parameters: &Parameters,
	state: &State,
	config: &Config,
) -> Result<Sources> {
	let mut all = BTreeMap::new();
	for (n, saved) in saved.into_iter().enumerate() {
		let stream = |saved, name: &str| {
			load_stream(saved, &format!("{n}.{name}"), parameters, state, config)
		};
		let source = Source {
			push: saved.push,
			seen: saved.seen,
			passages: stream(saved.passages, "passages")?,
			words: stream(saved.words, "words")?,
			bought: saved.bought,
			moved: saved.moved,
		};
		all.insert(saved.account, source);
	}
	Ok(Sources { all })
}

fn save_stream(
	stream: &Stream,
	name: &str,
	parameters: &Parameters,
	state: &mut State,
) -> SavedStream {
	let mut held = Vec::new();
	for (part, parameter) in stream.held.parts.iter().zip(parameters.list()) {
		let tensor = name_of(name, parameter);
		held.push(match part {
			None => None,
			Some(Values::Dense(data)) => {
				state.put_tensor(tensor, parameter.tensor().dims(), data.clone());
				Some(Held::All)
			}
			Some(Values::Rows { width, rows, data }) => {
				state.put_tensor(tensor, &[rows.len(), *width], data.clone());
				Some(Held::Rows(rows.clone()))
			}
		});
	}
	SavedStream {
		guard: stream.guard,
		messages: stream.messages,
		covered: stream.covered,
		held,
		moments: stream.moments.save(&format!("source.{name}"), parameters, state),
	}
}

fn load_stream(
	saved: SavedStream,
	name: &str,
	parameters: &Parameters,
	state: &State,
	config: &Config,
) -> Result<Stream> {
	let mut parts = Vec::new();
	for (held, parameter) in saved.held.into_iter().zip(parameters.list()) {
		let tensor = name_of(name, parameter);
		parts.push(match held {
			None => None,
			Some(Held::Rows(rows)) => {
				let data = state.tensor(&tensor, &[rows.len(), DIM])?.to_vec();
				Some(Values::Rows { width: DIM, rows, data })
			}
			Some(Held::All) => {
				let data = state.tensor(&tensor, parameter.tensor().dims())?.to_vec();
				Some(Values::Dense(data))
			}
		});
	}
	let name = format!("source.{name}");
	Ok(Stream {
		guard: saved.guard,
		messages: saved.messages,
		covered: saved.covered,
		held: Gradient { parts },
		moments: Moments::load(saved.moments, &name, parameters, state, config)?,
	})
}

fn name_of(source: &str, parameter: &Parameter) -> String {
	format!("held.{source}.{}", parameter.name())
}
