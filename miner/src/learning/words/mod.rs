//! The exchange of words with the components at our inputs.
//!
//! ```text
//!   every few steps, for each input:
//!     ∂L/∂d_j(w), the mean since the last exchange ─► Grads, in chunks, if our active row bids
//!     d_j(w) of the vocabulary ◄─ Spikes of words, in chunks, if the component has changed since
//!        │ complete? of one space with the passages? the same twice?
//!        ▼
//!     model: set_words (the input enters as an expert)
//! ```
//! A chunk that is not answered keeps its older vectors, and the errors of a chunk refer to the Spike
//! that its vectors came from. Parts may be of different versions: a component that trains changes
//! while it answers.
//!
//! Invariants: training never waits for an exchange; one exchange is in progress for each input, and
//! `AT_ONCE` in all; vectors that are bad in any way are removed from the model, named, counted, and
//! asked for again after a pause that grows; a component that does not change is asked once.

mod table;

pub use table::{Table, WordsError};

use super::{
	grads::{bids_for, count_answer},
	Learning,
};
use crate::{
	axon::Peers,
	compute::Compute,
	dendrite::{Dendrite, DendriteError, Known, Peer},
};
use bittensor_wire::{proto::DType, AccountId, Spike, SpikeAnswer, WireError};
use metrics::counter;
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use table::{check_stable, Chunk, Part, Vocabulary, CONTROLS};
use tokio::{
	task::JoinSet,
	time::{interval, Instant, MissedTickBehavior},
};

/// Exchanges in progress at the same time.
const AT_ONCE: usize = 4;
/// Time for the answer to one chunk. A large frozen model takes about a second.
const CHUNK_TIME: Duration = Duration::from_secs(10);
/// Time between two looks at what is due.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Pause after bad vectors; it doubles with each further time.
const BAD_PAUSE: Duration = Duration::from_secs(30);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(600);

/// When to exchange words.
#[derive(Clone, Copy, Debug)]
pub struct WordsConfig {
	/// Time between two exchanges with one component, at least.
	pub every: Duration,
	/// Training steps between them, at least.
	pub steps: u64,
}

impl Default for WordsConfig {
	fn default() -> Self {
		Self { every: Duration::from_secs(5), steps: 16 }
	}
}

/// Exchanges words for one component; clones share its parts.
#[derive(Clone)]
pub struct Exchange {
	account: AccountId,
	compute: Compute,
	dendrite: Arc<Dendrite>,
	config: WordsConfig,
	vocabulary: Arc<Vocabulary>,
}

/// The components at our inputs, with what our active row bids for them.
pub type Connected = Vec<(Peer, bool)>;

impl Exchange {
	/// For a model whose inputs can be given words; `None` for another one.
	pub async fn new(
		compute: Compute,
		dendrite: Arc<Dendrite>,
		config: WordsConfig,
	) -> anyhow::Result<Option<Self>> {
		let vocabulary = Arc::new(Vocabulary::new(&compute.vocabulary().await?));
		let account = dendrite.account();
		let exchange = Self { account, compute, dendrite, config, vocabulary };
		Ok((!exchange.vocabulary.chunks.is_empty()).then_some(exchange))
	}

	/// Exchanges words with all connected components whenever it is due.
	pub async fn run(self, connected: impl Fn() -> Connected) -> anyhow::Result<()> {
		let mut tables: BTreeMap<AccountId, Table> = BTreeMap::new();
		let mut running: JoinSet<(AccountId, Table)> = JoinSet::new();
		let mut busy: Vec<AccountId> = Vec::new();
		let mut ticks = interval(LOOK_EVERY);
		ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
		loop {
			ticks.tick().await;
			while let Some(done) = running.try_join_next() {
				// A panic is a bug of ours, and loses one table.
				let Ok((account, table)) = done else { continue };
				busy.retain(|other| *other != account);
				tables.insert(account, table);
			}
			if running.is_empty() {
				busy.clear();
			}
			let connected = connected();
			tables.retain(|account, _| connected.iter().any(|(peer, _)| peer.account == *account));
			let steps = self.compute.steps().await?;
			for (peer, bids) in connected {
				if running.len() >= AT_ONCE || busy.contains(&peer.account) {
					continue;
				}
				let now = Instant::now();
				let table = tables.entry(peer.account).or_insert_with(|| Table::new(now));
				if !self.is_due(table, steps, now) {
					continue;
				}
				let Some(mut table) = tables.remove(&peer.account) else { continue };
				busy.push(peer.account);
				let exchange = self.clone();
				running.spawn(async move {
					// Counted, logged, and noted in the table.
					let _ = exchange.exchange(&peer, bids, &mut table).await;
					(peer.account, table)
				});
			}
		}
	}

	fn is_due(&self, table: &Table, steps: u64, now: Instant) -> bool {
		now >= table.not_before
			&& table.exchanged.is_none_or(|(at, step)| {
				now.saturating_duration_since(at) >= self.config.every
					&& (table.version().is_none() || steps >= step + self.config.steps)
			})
	}

	/// Sends the errors of the words to a component, and fetches their vectors if it has changed.
	/// `false` if there was nothing to fetch, or the component has left its input.
	pub async fn exchange(
		&self,
		peer: &Peer,
		bids: bool,
		table: &mut Table,
	) -> Result<bool, WordsError> {
		let steps = self.compute.steps().await.unwrap_or_default();
		table.exchanged = Some((Instant::now(), steps));
		match self.compute.take_word_errors(peer.account).await {
			Ok(Some(errors)) if bids => self.send_errors(peer, table, &errors).await,
			Ok(_) => {}
			Err(error) => tracing::warn!("no errors of words for {}: {error}", peer.uid),
		}
		let known = self.dendrite.experience().of(&peer.account);
		if !table.is_old(&known) {
			return Ok(false);
		}
		let fetched = self.fetch(peer, table, &known).await;
		let outcome = match fetched {
			Ok(()) => self.install(peer, table).await,
			Err(error) => Err(error),
		};
		match &outcome {
			Ok(installed) => {
				table.bad = 0;
				if *installed {
					counter!("bittensor_miner_word_tables_total").increment(1);
				}
			}
			Err(error) => self.fail(peer, table, error).await,
		}
		outcome
	}

	/// Fetches the vectors of all chunks. A chunk that is not answered ends it, unless there are older
	/// vectors of all words. What is new is used only after it was checked.
	async fn fetch(&self, peer: &Peer, table: &mut Table, known: &Known) -> Result<(), WordsError> {
		let mut parts = table.parts.clone();
		parts.resize(self.vocabulary.chunks.len(), None);
		let (mut fetched, mut missing) = (0, None);
		for (number, chunk) in self.vocabulary.chunks.iter().enumerate() {
			match self.ask(peer, &chunk.texts).await {
				Ok((spike, answer)) => {
					let vectors = answer.output.ok_or(WordsError::Cut)?;
					let version = answer.version;
					parts[number] = Some(Part { spike, version, vectors });
					fetched += 1;
				}
				Err(error) => {
					missing = Some(self.unanswered(chunk, error));
					break;
				}
			}
		}
		match missing {
			Some(missing) if missing.is_bad() || parts.iter().any(Option::is_none) => {
				return Err(missing);
			}
			// Some parts are older than others, or all are.
			Some(missing) => count_failure(&missing),
			None => table.spent = false,
		}
		if fetched > 0 {
			self.ask_again(peer, &parts).await?;
			table.parts = parts;
		}
		table.check_scale(known)
	}

	/// Asks for a few words of the first chunk again.
	async fn ask_again(&self, peer: &Peer, parts: &[Option<Part>]) -> Result<(), WordsError> {
		let (Some(chunk), Some(Some(part))) = (self.vocabulary.chunks.first(), parts.first())
		else {
			return Ok(());
		};
		let few = &chunk.texts[..chunk.texts.len().min(CONTROLS)];
		match self.ask(peer, few).await {
			Ok((_, answer)) => check_stable(&part.vectors, &answer.output.ok_or(WordsError::Cut)?),
			Err(error) => Err(self.unanswered(chunk, error)),
		}
	}

	fn unanswered(&self, chunk: &Chunk, error: DendriteError) -> WordsError {
		let from = chunk.rows.first().copied().unwrap_or_default();
		let to = chunk.rows.last().map_or(0, |last| last + 1);
		WordsError::Unanswered { from, to, all: self.vocabulary.size, error }
	}

	/// One Spike of words, answered in half precision.
	async fn ask(
		&self,
		peer: &Peer,
		words: &[String],
	) -> Result<(Spike, SpikeAnswer), DendriteError> {
		let spike =
			Spike::new(self.account, 0, words.to_vec()).map_err(DendriteError::Unsendable)?;
		let spike = Spike { dtype: DType::F16, ..spike };
		let answer = self.dendrite.ask(peer, &spike, Instant::now() + CHUNK_TIME).await?;
		Ok((spike, answer))
	}

	/// Gives the vectors to the model.
	async fn install(&self, peer: &Peer, table: &Table) -> Result<bool, WordsError> {
		let Some(vectors) = table.vectors(&self.vocabulary) else { return Ok(false) };
		let _turn = self.compute.turn().await;
		let installed = self.compute.set_words(peer.account, Some(vectors)).await;
		installed.map_err(|error| WordsError::Refused(error.to_string()))
	}

	/// Counts a failure. Bad vectors are removed from the model, and asked for again after a pause.
	async fn fail(&self, peer: &Peer, table: &mut Table, error: &WordsError) {
		count_failure(error);
		if !error.is_bad() {
			tracing::debug!("component {}: {error}", peer.uid);
			return;
		}
		tracing::warn!("component {}: {error}", peer.uid);
		table.parts.clear();
		let pause = BAD_PAUSE.saturating_mul(1 << table.bad.min(8)).min(LONGEST_PAUSE);
		(table.bad, table.not_before) = (table.bad.saturating_add(1), Instant::now() + pause);
		let _turn = self.compute.turn().await;
		if let Err(error) = self.compute.set_words(peer.account, None).await {
			tracing::warn!("the words of component {} were not removed: {error}", peer.uid);
		}
	}

	/// Sends the errors of each chunk, for the Spike that its vectors came from.
	async fn send_errors(&self, peer: &Peer, table: &mut Table, errors: &[f32]) {
		for (chunk, part) in self.vocabulary.chunks.iter().zip(&table.parts) {
			let Some(part) = part else { continue };
			let Some(error) = self.vocabulary.rows_of(chunk, errors) else { continue };
			let deadline = Instant::now() + CHUNK_TIME;
			// What is answered now cannot be answered again.
			table.spent = true;
			match self.dendrite.grad(peer, &part.spike.grad(error), deadline).await {
				Ok(answer) => count_answer(&answer, "words"),
				Err(DendriteError::Refused(WireError::UnknownMessage)) => {
					let (of, reason) = ("words", "unknown-message");
					counter!("bittensor_miner_grads_answered_total", "of" => of, "reason" => reason)
						.increment(1);
				}
				Err(error) => {
					tracing::debug!("errors of words did not reach {}: {error}", peer.uid);
					return;
				}
			}
		}
	}
}

impl Learning {
	/// Exchanges words with the components at our inputs, if the model can use them.
	pub(super) async fn exchange_words(self) -> anyhow::Result<()> {
		let (compute, dendrite) = (self.compute.clone(), self.dendrite.clone());
		let Some(exchange) = Exchange::new(compute, dendrite, self.config.words).await? else {
			return std::future::pending().await;
		};
		let connected = move || {
			let snapshot = self.network.cache().snapshot();
			let weight = self.config.bid_weight;
			let with_bid = |peer: Peer| {
				let bids = bids_for(&snapshot, &peer, weight);
				(peer, bids)
			};
			self.network.downstream().into_iter().map(with_bid).collect()
		};
		exchange.run(connected).await
	}
}

fn count_failure(error: &WordsError) {
	let reason = error.name();
	counter!("bittensor_miner_word_tables_failed_total", "reason" => reason).increment(1);
}
