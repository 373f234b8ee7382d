//! One miner: `bittensor-miner run` with a key, a folder and a log of its own.
//!
//! ```text
//!  start ──► registers, announces, serves, trains ──► --status-file, rewritten as it goes
//!    └── niceness 10, one compute thread: the validator comes first
//! ```
//!
//! Invariant: everything known about a miner is read from the status file that it writes.

use std::{
	path::{Path, PathBuf},
	time::Duration,
};

use anyhow::Context;
use bittensor_client::{ss58, AccountId};
use serde::{Deserialize, Serialize};

use crate::{
	binaries,
	network::STAKE,
	process::{Process, Spec},
};

/// Niceness of a miner.
const NICE: i32 = 10;

/// What a miner is for: its name in reports, and the settings that make it so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
	/// Learns, queries, serves, attributes.
	#[default]
	Trainable,
	/// Learns, queries and attributes, and serves nobody.
	Query,
	/// Serves with the parameters that it has.
	Frozen,
	/// Answers every Spike with noise.
	Noise,
	/// Queries all and serves all, and attributes everything to itself.
	Selfish,
}

impl Profile {
	/// All of them, as reports list them.
	pub const ALL: [Self; 5] =
		[Self::Trainable, Self::Query, Self::Frozen, Self::Selfish, Self::Noise];

	/// Its name in reports.
	pub fn name(self) -> &'static str {
		match self {
			Self::Trainable => "trainable",
			Self::Query => "query",
			Self::Frozen => "frozen",
			Self::Noise => "noise",
			Self::Selfish => "selfish",
		}
	}

	/// The kind of its component, if none is given.
	pub fn kind(self) -> &'static str {
		match self {
			Self::Trainable | Self::Query | Self::Selfish => "cbow",
			Self::Frozen => "use",
			Self::Noise => "noise",
		}
	}

	/// Its options on the command line.
	fn options(self) -> &'static [&'static str] {
		match self {
			Self::Trainable | Self::Frozen => &[],
			Self::Query => &["--no-serve"],
			Self::Noise | Self::Selfish => &["--post=self"],
		}
	}
}

/// How to start a miner.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MinerSpec {
	/// Its name in reports. Without `key`, that of its development key, without slashes: `Alice`.
	pub name: String,
	/// Its development key, if it has not its name: `//Alice//stash`.
	#[serde(default)]
	pub key: Option<String>,
	/// What it is for.
	#[serde(default)]
	pub profile: Profile,
	/// Kind of its component, if not that of its profile.
	#[serde(default)]
	pub kind: Option<String>,
	/// Pattern of the documents that it trains on; `None` for all.
	#[serde(default)]
	pub documents: Option<String>,
	/// Seed of its weights and of its draws.
	pub seed: u64,
	/// Stake that it puts down, in BIT.
	#[serde(default = "equal_stake")]
	pub stake: u64,
	/// Further arguments of `bittensor-miner run`.
	#[serde(default)]
	pub extra: Vec<String>,
}

fn equal_stake() -> u64 {
	STAKE
}

impl MinerSpec {
	/// Its key: `//Alice`.
	pub fn dev_key(&self) -> String {
		self.key.clone().unwrap_or_else(|| format!("//{}", self.name))
	}

	/// Whether its component learns from its own loss.
	pub fn learns(&self) -> bool {
		!matches!(self.profile, Profile::Frozen | Profile::Noise)
	}

	/// Whether a twin trains beside its component.
	pub fn has_twin(&self) -> bool {
		self.extra.iter().any(|option| option == "--twin")
	}

	/// Kind of its component.
	pub fn kind(&self) -> &str {
		self.kind.as_deref().unwrap_or(self.profile.kind())
	}

	/// The account of its key.
	pub fn account(&self) -> anyhow::Result<AccountId> {
		let uri = self.dev_key().parse::<subxt_signer::SecretUri>()?;
		Ok(subxt_signer::sr25519::Keypair::from_uri(&uri)?.public_key().0)
	}

	/// Address of its key, SS58.
	pub fn address(&self) -> anyhow::Result<String> {
		Ok(ss58(&self.account()?))
	}
}

/// The part of a miner's status file that is read here. A number that was not measured is `None`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct MinerStatus {
	/// Its index on the chain, once registered.
	pub uid: Option<u32>,
	/// HOST:PORT where it serves.
	pub endpoint: String,
	/// Seconds since its start.
	pub uptime: u64,
	/// Block of the chain that it knows.
	pub block: u32,
	/// Training steps in the component's life.
	pub steps: u64,
	/// Training steps that failed in this run.
	pub failed_steps: u64,
	/// Digest of its parameters: equal digests, equal parameters.
	pub parameters: Option<String>,
	/// Running mean of the training loss, in nats per target.
	pub loss: Option<f64>,
	/// Held-out perplexity.
	pub perplexity: Perplexity,
	/// Its gain over its twin, if it has one and both were measured.
	pub gain: Option<Gain>,
	/// The components that it asks.
	pub inputs: Vec<InputStatus>,
	/// Rows posted in this run.
	pub posts: u64,
	/// Spikes answered in this run.
	pub spikes_served: u64,
	/// Grads accepted in this run.
	pub grads_served: u64,
	/// Grads that others accepted from it in this run.
	pub grads_sent: u64,
	/// Vectors of its vocabulary that it has from others and uses, in this run.
	pub word_tables: u64,
	/// Grads for words that others accepted from it in this run.
	pub word_grads_sent: u64,
	/// Grads for words accepted in this run.
	pub word_grads_served: u64,
	/// Its last error.
	pub last_error: Option<String>,
}

/// Held-out perplexity, as a miner measures it.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Perplexity {
	/// The first measurement, with the vectors of other components.
	pub start: Option<f64>,
	/// The last one.
	pub now: Option<f64>,
	/// The last one without its inputs.
	pub without_inputs: Option<f64>,
	/// Training steps made before the last one.
	pub steps: Option<u64>,
	/// The unigram model's.
	pub unigram: Option<f64>,
	/// Held-out tokens that are measured.
	pub tokens: Option<u64>,
	/// Part of all held-out tokens that the tokenizer does not know, 0 to 1.
	pub unknown: Option<f64>,
}

/// A comparison of a component with its twin, which trains alone, each at its best parameters.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gain {
	/// The part of the twin's perplexity that the component saves.
	pub gain: f64,
	/// Lower end of the 95 % interval.
	pub low: f64,
	/// Upper end.
	pub high: f64,
	/// Held-out documents that were measured.
	pub documents: u64,
	/// Perplexity of the component.
	pub perplexity: f64,
	/// Perplexity of the twin.
	pub twin_perplexity: f64,
	/// Training steps of the component then.
	pub steps: u64,
	/// Training steps of the twin then.
	pub twin_steps: u64,
	/// Both after the last step.
	#[serde(default)]
	pub last: Option<LastGain>,
}

/// A component and its twin after the same step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LastGain {
	/// The part of the twin's perplexity that the component saves.
	pub gain: f64,
	/// Lower end of the 95 % interval.
	pub low: f64,
	/// Upper end.
	pub high: f64,
	/// Perplexity of the component.
	pub perplexity: f64,
	/// Perplexity of the twin.
	pub twin_perplexity: f64,
}

/// Whether an interval excludes 0.
pub fn is_measured(low: f64, high: f64) -> bool {
	low > 0.0 || high < 0.0
}

impl std::fmt::Display for Gain {
	fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		let (gain, low, high) = (100.0 * self.gain, 100.0 * self.low, 100.0 * self.high);
		match is_measured(self.low, self.high) {
			true => write!(f, "{gain:.1} % [{low:.1}, {high:.1}]"),
			false => write!(f, "none measured [{low:.1}, {high:.1}] %"),
		}
	}
}

/// A component that a miner asks.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct InputStatus {
	/// Its uid, if it is registered.
	pub uid: Option<u32>,
	/// Its share of the row that the miner wants, out of 65,536.
	pub share: u32,
	/// Answers in time, in this run.
	pub answered: u64,
	/// Missing answers, in this run.
	pub missing: u64,
}

/// Where a miner connects and what it reads.
#[derive(Clone, Debug)]
pub struct Place {
	/// Address of the node: `ws://…`.
	pub url: String,
	/// Folder of text documents.
	pub corpus: PathBuf,
	/// Folder of its checkpoint and status file.
	pub folder: PathBuf,
	/// Its log file.
	pub log: PathBuf,
}

/// A running miner.
#[derive(Debug)]
pub struct Miner {
	spec: MinerSpec,
	place: Place,
	owner: AccountId,
	process: Process,
}

impl Miner {
	/// Starts the miner; does not wait until it serves.
	pub fn start(spec: MinerSpec, place: Place) -> anyhow::Result<Self> {
		let owner = spec.account()?;
		std::fs::create_dir_all(&place.folder)
			.with_context(|| format!("could not create {}", place.folder.display()))?;
		// The status of an earlier process would be taken for that of this one.
		match std::fs::remove_file(status_file(&place)) {
			Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
			_ => (),
		}
		let process = Process::spawn(&process_spec(&spec, &place)?)?;
		Ok(Self { spec, place, owner, process })
	}

	/// How it was started.
	pub fn spec(&self) -> &MinerSpec {
		&self.spec
	}

	/// Where it connects and what it reads.
	pub fn place(&self) -> &Place {
		&self.place
	}

	/// The account of its key: the owner of its component.
	pub fn owner(&self) -> AccountId {
		self.owner
	}

	/// Its process.
	pub fn process(&mut self) -> &mut Process {
		&mut self.process
	}

	/// Its status file as it is now; `None` before the first one is written.
	pub fn status(&self) -> Option<MinerStatus> {
		read_status(&status_file(&self.place))
	}
}

/// Path of a miner's status file.
pub fn status_file(place: &Place) -> PathBuf {
	place.folder.join("status.json")
}

fn read_status(path: &Path) -> Option<MinerStatus> {
	serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

/// The command that runs a miner.
pub fn process_spec(spec: &MinerSpec, place: &Place) -> Result<Spec, binaries::NotBuilt> {
	let mut args: Vec<String> = vec![
		"run".into(),
		format!("--chain={}", place.url),
		format!("--dev-key={}", spec.dev_key()),
		format!("--corpus={}", place.corpus.display()),
		format!("--base-path={}", place.folder.display()),
		format!("--status-file={}", status_file(place).display()),
		format!("--seed={}", spec.seed),
		format!("--stake={}", spec.stake),
		format!("--kind={}", spec.kind()),
	];
	args.extend(spec.profile.options().iter().map(|option| option.to_string()));
	args.extend(spec.documents.iter().map(|documents| format!("--documents={documents}")));
	args.extend(spec.extra.iter().cloned());
	Ok(Spec {
		name: spec.name.to_lowercase(),
		program: binaries::find(binaries::MINER)?,
		args,
		env: vec![
			// One thread for matrix products and one for messages.
			("RAYON_NUM_THREADS".into(), "1".into()),
			("TOKIO_WORKER_THREADS".into(), "1".into()),
			// The log is a file.
			("NO_COLOR".into(), "1".into()),
		],
		log: place.log.clone(),
		nice: NICE,
	})
}

/// Runs `bittensor-miner` with `args` until it ends. Returns whether it succeeded, its standard
/// output and its standard error.
pub async fn run_to_end(
	args: &[&str],
	timeout: Duration,
) -> anyhow::Result<(bool, String, String)> {
	let mut command = tokio::process::Command::new(binaries::find(binaries::MINER)?);
	command.args(args).kill_on_drop(true);
	let output = tokio::time::timeout(timeout, command.output())
		.await
		.with_context(|| format!("bittensor-miner {} did not end", args.join(" ")))??;
	let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
	Ok((output.status.success(), text(&output.stdout), text(&output.stderr)))
}
