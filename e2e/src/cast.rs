//! The miners of a local network, as a file.
//!
//! ```toml
//! learning = ["--weight-decay=8"]   # options of `bittensor-miner run` for all that learn
//!
//! [[miner]]
//! name = "Alice"          # and the development key //Alice, unless `key` says another one
//! profile = "trainable"   # or query, frozen, noise, selfish
//! kind = "cbow"           # default: that of the profile
//! documents = "1/4"       # default: all
//! seed = 1
//! stake = 1000            # BIT
//! extra = ["--twin"]      # further options of `bittensor-miner run`
//! ```
//! [`Cast::of_make_run`] is `cast.toml` beside this file.

use std::{collections::BTreeSet, path::Path};

use anyhow::Context;
use serde::Deserialize;

use crate::miner::MinerSpec;

/// The miners of `make run`.
const DEFAULT: &str = include_str!("cast.toml");

/// The miners of a network.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cast {
	/// Arguments of `bittensor-miner run` for all miners that learn, before those of their own.
	#[serde(default)]
	pub learning: Vec<String>,
	/// All of them, in the order in which they start.
	#[serde(rename = "miner")]
	pub miners: Vec<MinerSpec>,
}

impl Cast {
	/// Reads a file.
	///
	/// # Errors
	/// If it cannot be read, has no miner, an unknown key, or two miners of one name or key.
	pub fn read(path: &Path) -> anyhow::Result<Self> {
		let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
		Self::parse(&text).with_context(|| path.display().to_string())
	}

	/// The network of `make run`.
	///
	/// # Errors
	/// As [`Cast::read`], if the file that is compiled in is wrong.
	pub fn of_make_run() -> anyhow::Result<Self> {
		Self::parse(DEFAULT)
	}

	fn parse(text: &str) -> anyhow::Result<Self> {
		let mut cast: Self = toml::from_str(text)?;
		anyhow::ensure!(!cast.miners.is_empty(), "there is no [[miner]] in it");
		let (mut names, mut keys) = (BTreeSet::new(), BTreeSet::new());
		for spec in &cast.miners {
			// Folders and logs are named in lower case.
			anyhow::ensure!(
				names.insert(spec.name.to_lowercase()),
				"two miners are `{}`",
				spec.name
			);
			anyhow::ensure!(
				keys.insert(spec.account()?),
				"two miners have the key {}",
				spec.dev_key()
			);
		}
		for spec in cast.miners.iter_mut().filter(|spec| spec.learns()) {
			spec.extra.splice(0..0, cast.learning.iter().cloned());
		}
		Ok(cast)
	}
}

#[cfg(test)]
mod tests {
	use super::Cast;
	use crate::{miner::Profile, network::STAKE};

	#[test]
	fn the_network_of_make_run_has_six_miners_of_equal_stake() {
		let cast = Cast::of_make_run().expect("a cast");
		assert_eq!(cast.miners.len(), 6);
		assert!(cast.miners.iter().all(|spec| spec.stake == STAKE));
		let of = |profile| cast.miners.iter().filter(|spec| spec.profile == profile).count();
		assert_eq!([Profile::Trainable, Profile::Noise, Profile::Selfish].map(of), [4, 1, 1]);
	}

	#[test]
	fn all_that_learn_have_the_options_of_learning_before_their_own() {
		let text = "learning = [\"--weight-decay=8\"]\n\
			[[miner]]\nname = \"Alice\"\nseed = 1\nextra = [\"--twin\"]\n\
			[[miner]]\nname = \"Eve\"\nprofile = \"noise\"\nseed = 2\n";
		let cast = Cast::parse(text).expect("a cast");
		assert_eq!(cast.miners[0].extra, ["--weight-decay=8", "--twin"]);
		assert!(cast.miners[1].extra.is_empty());
	}

	#[test]
	fn a_cast_that_cannot_run_is_refused() {
		let error = |text: &str| format!("{:#}", Cast::parse(text).expect_err("refused"));
		let alice = "[[miner]]\nname = \"Alice\"\nseed = 1\n";
		assert!(error("").contains("miner"));
		assert!(error(&format!("{alice}{alice}")).contains("two miners are `Alice`"));
		let other = "[[miner]]\nname = \"Other\"\nkey = \"//Alice\"\nseed = 2\n";
		assert!(error(&format!("{alice}{other}")).contains("two miners have the key //Alice"));
		assert!(error(&format!("{alice}stakes = 3\n")).contains("unknown field"));
	}
}
