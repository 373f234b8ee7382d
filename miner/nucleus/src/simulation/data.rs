//! Documents of the members, and the texts that they are measured on.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
	corpus::{held_out, Corpus, Example, Sampler, Split},
	error::{NucleusError, Result},
	perplexity::Unigram,
	simulation::{Holdings, Mode, Settings},
	tokenizer::Tokenizer,
};

/// Examples of one document.
#[derive(Clone, Debug)]
pub(super) struct Measure {
	pub(super) document: String,
	pub(super) examples: Vec<Example>,
}

/// What one component is given.
#[derive(Clone, Debug)]
pub(super) struct Holding {
	pub(super) sampler: Sampler,
	pub(super) prior: Unigram,
	/// Which of the measures it is measured by: those of its groups.
	pub(super) validation: Vec<Measure>,
	pub(super) test: Vec<Measure>,
}

/// All that is read once for all modes.
#[derive(Debug)]
pub(super) struct Data {
	pub(super) tokenizer: Arc<Tokenizer>,
	/// Of all train documents: losses of all components are weighted alike.
	pub(super) frequencies: Unigram,
	pub(super) members: Vec<Holding>,
	/// The documents of all members together.
	pub(super) joint: Holding,
}

impl Data {
	pub(super) fn new(settings: &Settings, corpus: &Corpus) -> Result<Self> {
		let config = &settings.config;
		let tokenizer = Arc::new(Tokenizer::train(corpus, config.vocab)?);
		let parts = parts(settings, corpus)?;
		let holding =
			|documents: &[usize], seed| holding(settings, corpus, &tokenizer, documents, seed);
		let members = parts
			.iter()
			.zip(0..)
			.map(|(documents, n)| holding(documents, settings.seed * 1_000 + n))
			.collect::<Result<Vec<_>>>()?;
		let mut all = parts.concat();
		all.sort_unstable();
		all.dedup();
		let joint = holding(&all, settings.seed * 1_000)?;
		let frequencies = Unigram::fit(joint.sampler.tokens(), tokenizer.size());
		Ok(Self { tokenizer, frequencies, members, joint })
	}

	/// What the components of a mode train on.
	pub(super) fn holdings(&self, mode: Mode) -> Vec<Holding> {
		match mode {
			Mode::Joint => vec![self.joint.clone()],
			_ => self.members.clone(),
		}
	}
}

/// Train documents of each member. Within a group, one after the other in turn.
fn parts(settings: &Settings, corpus: &Corpus) -> Result<Vec<Vec<usize>>> {
	let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
	for i in corpus.train_indices() {
		let group = corpus.documents()[i].group();
		if settings.groups.is_empty() || settings.groups.iter().any(|g| g == group) {
			groups.entry(group).or_default().push(i);
		}
	}
	let wanted = |n: usize| match settings.holdings {
		// The lists of all groups side by side, so that a limit takes a part of each.
		Holdings::Disjoint => {
			let mine: Vec<Vec<usize>> = groups
				.values()
				.map(|group| group.iter().skip(n).step_by(settings.members).copied().collect())
				.collect();
			in_turn(&mine)
		}
		Holdings::Groups => {
			groups.values().nth(n % groups.len().max(1)).cloned().unwrap_or_default()
		}
		Holdings::Same => in_turn(&groups.values().cloned().collect::<Vec<_>>()),
	};
	(0..settings.members)
		.map(|n| {
			let mut taken = 0;
			let enough = |i: &usize| {
				let more = settings.bytes == 0 || taken < settings.bytes;
				taken += corpus.documents()[*i].text().len();
				more
			};
			let chosen: Vec<usize> = wanted(n).into_iter().take_while(enough).collect();
			match chosen.is_empty() {
				true => Err(NucleusError::UnknownDocuments(settings.groups.join(","))),
				false => Ok(chosen),
			}
		})
		.collect()
}

/// The first of each list, the second of each list, and so on.
fn in_turn(lists: &[Vec<usize>]) -> Vec<usize> {
	let longest = lists.iter().map(Vec::len).max().unwrap_or(0);
	(0..longest).flat_map(|n| lists.iter().filter_map(move |list| list.get(n).copied())).collect()
}

fn holding(
	settings: &Settings,
	corpus: &Corpus,
	tokenizer: &Tokenizer,
	documents: &[usize],
	seed: u64,
) -> Result<Holding> {
	let config = &settings.config;
	let (context, horizon) = (config.context, config.horizon);
	let sampler = Sampler::new(corpus, documents, tokenizer, context, horizon, seed)?;
	let prior = Unigram::fit(sampler.tokens(), tokenizer.size());
	// Held-out documents of its groups: one to validate, the next to test.
	let group = |i: usize| corpus.documents()[i].group();
	let measured: Vec<usize> = (0..corpus.documents().len())
		.filter(|&i| corpus.documents()[i].split() == Split::HeldOut)
		.filter(|&i| documents.iter().any(|&own| group(own) == group(i)))
		.collect();
	let part = |odd: usize, count: usize| {
		let chosen: Vec<usize> = measured.iter().skip(odd).step_by(2).copied().collect();
		let bytes = |i: &usize| corpus.documents()[*i].text().len();
		let total = chosen.iter().map(bytes).sum::<usize>().max(1);
		let mut all = Vec::new();
		for i in chosen {
			let share = (count * bytes(&i)).div_ceil(total);
			match held_out(corpus, &[i], tokenizer, context, horizon, share) {
				Ok(examples) => {
					let document = corpus.documents()[i].name().to_owned();
					all.push(Measure { document, examples });
				}
				Err(NucleusError::TooShort { .. }) => {}
				Err(error) => return Err(error),
			}
		}
		match all.is_empty() {
			true => Err(NucleusError::TooShort { context, horizon }),
			false => Ok(all),
		}
	};
	let (validation, test) = (part(1, settings.validation)?, part(0, settings.test)?);
	Ok(Holding { sampler, prior, validation, test })
}
