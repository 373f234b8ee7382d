//! What happened in a run, in two sentences.
//!
//! ```text
//!  report ──► what the chain paid, and how much of it moved over edges
//!         └─► what each kind of component gave, received, and had for it
//! ```

use bittensor_client::UNIT;

use crate::{
	miner::Profile,
	report::{ComponentReport, Report},
	table::cents,
};

impl Report {
	/// Two sentences for people who see a run for the first time.
	pub fn story(&self) -> [String; 2] {
		let paid: u64 = self.components.iter().map(|component| component.economy.paid).sum();
		let given: u64 = self.components.iter().map(|component| component.economy.given).sum();
		let first = match self.chain.epochs {
			0 => "The chain paid nothing yet: an epoch has to end first.".into(),
			epochs => format!(
				"In {epochs} epoch{} the chain paid {} BIT, and components gave {} BIT of it to others \
				 that lowered their loss.",
				if epochs == 1 { "" } else { "s" },
				cents(paid.into()),
				cents(given.into()),
			),
		};
		let kinds = Profile::ALL.map(Profile::name).into_iter().chain(["other"]);
		let kinds: Vec<String> = kinds.filter_map(|kind| self.kind(kind)).collect();
		[first, format!("{}.", kinds.join("; "))]
	}

	/// What the components of one kind gave, received and had for it.
	fn kind(&self, kind: &str) -> Option<String> {
		let all: Vec<&ComponentReport> =
			self.components.iter().filter(|component| component.kind == kind).collect();
		if all.is_empty() {
			return None;
		}
		let names: Vec<&str> = all.iter().map(|component| &*component.name).collect();
		let given: u64 = all.iter().map(|component| component.economy.given).sum();
		let received: u64 = all.iter().map(|component| component.economy.received).sum();
		let given = match given < UNIT / 100 {
			true => "nothing".into(),
			false => format!("{} BIT", cents(given.into())),
		};
		let mut text = format!(
			"{} ({kind}) gave {given} and received {} BIT",
			list(&names),
			cents(received.into())
		);
		if let Some(answered) = mean(all.iter().filter_map(|component| component.answered)) {
			text += &format!(", and {:.0} % of the queries were answered", 100.0 * answered);
		}
		for component in &all {
			if let Some(last) = component.ends_at() {
				text += &format!(
					"; {} ends at perplexity {:.0}, and its twin at {:.0}",
					component.name, last.perplexity, last.twin_perplexity
				);
			} else if let Some(gain) = component.gain {
				text += &format!("; the gain of {} over its twin is {gain}", component.name);
			}
		}
		Some(text)
	}
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
	let (sum, count) = values.fold((0.0, 0_u32), |(sum, count), value| (sum + value, count + 1));
	(count > 0).then(|| sum / f64::from(count))
}

/// `Alice, Bob and Charlie`.
fn list(names: &[&str]) -> String {
	match names {
		[] => String::new(),
		[name] => (*name).into(),
		[first @ .., last] => format!("{} and {last}", first.join(", ")),
	}
}
