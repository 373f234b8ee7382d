//! The rows that members of a network measure while they learn.

use serde::{Deserialize, Serialize};

use crate::{
	attribution::{parts::Removals, Attribution, InputRow},
	corpus::Corpus,
	error::Result,
	kinds::{kind, Setup},
	simulation::{
		data::{Data, Holding},
		network::Network,
		Mode, Settings,
	},
};

/// Who is in the network beside the members, and how often rows are measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Crowd {
	/// Kinds of components that learn nothing: the last inputs of every member, in this order.
	pub bystanders: Vec<String>,
	/// Whether there is a further member that trains on the documents of all, and sends no Grads.
	pub all: bool,
	/// Steps between two scored batches.
	pub score_every: u64,
	/// Scored batches between two rows that are told.
	pub tell_every: u64,
}

impl Default for Crowd {
	fn default() -> Self {
		Self { bystanders: Vec::new(), all: false, score_every: 8, tell_every: 8 }
	}
}

/// What one member measured, at one time.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MeasuredRow {
	/// Steps made.
	pub step: u64,
	/// Number of the member.
	pub member: usize,
	/// Mean losses of the batches scored since the row before.
	pub removals: Removals,
	/// Loss on test text.
	pub test: f64,
	/// The scores.
	pub attribution: Attribution,
	/// The row: inputs are the other members in order, and then the bystanders.
	pub row: InputRow,
}

/// Runs a network with Grads, and tells the row of each member at intervals.
///
/// # Errors
/// As [`run`](super::run).
pub fn rows(settings: &Settings, crowd: &Crowd, mut tell: impl FnMut(&MeasuredRow)) -> Result<()> {
	let data = Data::new(settings, &Corpus::load(&settings.corpus)?)?;
	let mut holdings: Vec<Holding> = data.members.clone();
	let mut settings = settings.clone();
	if crowd.all {
		let pushes = (0..settings.members).map(|member| settings.share_of(member));
		settings.shares = pushes.chain([0.0]).collect();
		holdings.push(data.joint.clone());
	}
	let bystanders = crowd
		.bystanders
		.iter()
		.map(|name| kind(name)?.create(&Setup::new(settings.config.clone())))
		.collect::<Result<_>>()?;
	let mut network = Network::new(&settings, &data, Mode::With, holdings, bystanders)?;
	let mut sums: Vec<(Removals, f64)> = vec![Default::default(); settings.members];
	for step in 0..settings.steps {
		if step.is_multiple_of(settings.refresh.max(1)) {
			network.refresh()?;
		}
		network.step()?;
		if !(step + 1).is_multiple_of(crowd.score_every.max(1)) {
			continue;
		}
		let scored = network.score(step)?;
		for ((sum, count), (one, _)) in sums.iter_mut().zip(&scored) {
			sum.neither += one.neither;
			sum.own += one.own;
			sum.inputs += one.inputs;
			sum.both += one.both;
			*count += 1.0;
		}
		if !(step + 1).is_multiple_of((crowd.score_every * crowd.tell_every).max(1)) {
			continue;
		}
		let test = network.test()?;
		for (member, (sum, count)) in sums.iter_mut().enumerate() {
			let removals = Removals {
				neither: sum.neither / *count,
				own: sum.own / *count,
				inputs: sum.inputs / *count,
				both: sum.both / *count,
			};
			let attribution = scored[member].1.clone();
			let row = attribution.row();
			let test = test[member];
			tell(&MeasuredRow { step: step + 1, member, removals, test, attribution, row });
			(*sum, *count) = Default::default();
		}
	}
	Ok(())
}
