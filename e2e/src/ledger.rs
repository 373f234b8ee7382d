//! Every payout of a running chain, replayed with the `contribution` crate.
//!
//! ```text
//!  EpochPaid k ──► stakes at `parent`, active rows at `paid_at` ──► replay ──► same payouts?
//!                                                                     │
//!                       payout_i = own part + through edges ◄─────────┘
//! ```
//!
//! **Through edges.** The solve moves each source's mass S_i along the rows until it rests in
//! some N\*_j. At its first visit the share d_i/65,536 of S_i rests at i itself: i pays itself for
//! its own stake. All other mass that rests at i came over at least one edge; this includes mass of
//! its own that went out and returned. So, of i's payout,
//!
//! ```text
//! through_edges_i = payout_i − ceil(payout_i · own_i / N*_i),   own_i = floor(S_i · d_i / 65,536)
//! ```
//!
//! in the solve's scaled units (the row's exact split differs from own_i by less than one scaled
//! unit per edge, 2^-55 of the total; rounding is against "through edges").
//!
//! Invariants: epochs are recorded once each, in order, without gaps; of the pallet's own results
//! only the amounts that are checked are read.

use anyhow::Context;
use bittensor_client::{Chain, Edge, Hash, LastPayout, Parameters, Row};
use contribution::{Graph, Payout, Progress, Solve, SHARE_ONE};

/// What the solve of one epoch read, one entry per uid.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
	/// Stake that counts, in units: 0 without a live row.
	pub stakes: Vec<u64>,
	/// Active rows; `None` for a uid that never posted.
	pub rows: Vec<Option<Row>>,
}

/// One uid's part of a payout, in units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Paid {
	/// All of it.
	pub minted: u64,
	/// What came over edges, see the [module](self).
	pub through_edges: u64,
}

/// One epoch that was paid.
#[derive(Clone, Debug)]
pub struct Epoch {
	/// What the chain says about it.
	pub last: LastPayout,
	/// Units that the schedule gives for it.
	pub scheduled: u64,
	/// What the solve read.
	pub inputs: Inputs,
	/// What each uid was paid.
	pub paid: Vec<Paid>,
	/// Whether the payouts of the replay equal those of the chain, to the unit.
	pub reproduced: bool,
}

impl Epoch {
	/// Whether an active row gave anything to another component.
	pub fn has_edges(&self) -> bool {
		self.edges().next().is_some()
	}

	/// The edges of all active rows, each with the uid of its owner.
	pub fn edges(&self) -> impl Iterator<Item = (u32, Edge)> + '_ {
		self.inputs.rows.iter().enumerate().flat_map(|(uid, row)| {
			let edges = row.as_ref().map_or(&[][..], |row| &row.edges);
			edges.iter().map(move |edge| (uid as u32, *edge))
		})
	}

	/// What the epoch paid to `uid`.
	pub fn paid_to(&self, uid: u32) -> Paid {
		self.paid.get(uid as usize).copied().unwrap_or_default()
	}

	/// The active row of `uid`.
	pub fn row(&self, uid: u32) -> Option<&Row> {
		self.inputs.rows.get(uid as usize)?.as_ref()
	}
}

/// All epochs that a chain has paid.
#[derive(Debug)]
pub struct Ledger {
	parameters: Parameters,
	epochs: Vec<Epoch>,
}

impl Ledger {
	/// An empty ledger of a chain with these parameters.
	pub fn new(parameters: Parameters) -> Self {
		Self { parameters, epochs: Vec::new() }
	}

	/// What genesis fixed about the emission.
	pub fn parameters(&self) -> &Parameters {
		&self.parameters
	}

	/// The epochs, oldest first.
	pub fn epochs(&self) -> &[Epoch] {
		&self.epochs
	}

	/// Records the epochs that were paid up to the block `at` and are not recorded yet. Returns how
	/// many are new.
	pub async fn follow(&mut self, chain: &dyn Chain, at: Hash) -> anyhow::Result<usize> {
		let known = self.epochs.last().map(|epoch| epoch.last.epoch);
		let mut new: Vec<LastPayout> = Vec::new();
		let mut last = chain.epoch_status(Some(at)).await?.last;
		while let Some(payout) = last {
			if known.is_some_and(|known| payout.epoch <= known) {
				break;
			}
			// The last payout of the block before the solve is the one before this payout.
			last = chain.epoch_status(Some(payout.parent)).await?.last;
			new.push(payout);
		}
		let count = new.len();
		for payout in new.into_iter().rev() {
			let epoch = self.read(chain, payout).await?;
			self.epochs.push(epoch);
		}
		Ok(count)
	}

	async fn read(&self, chain: &dyn Chain, last: LastPayout) -> anyhow::Result<Epoch> {
		let paid_at = chain.head(Some(last.paid_at)).await?.hash;
		let inputs = self.inputs(chain, &last, paid_at).await?;
		let mut on_chain = vec![0; inputs.stakes.len()];
		for component in chain.components(Some(paid_at)).await? {
			let paid = on_chain.get_mut(component.uid as usize);
			*paid.context("a uid beyond the uid space")? = component.payout;
		}
		let previous = self.epochs.last().map_or(0, |epoch| epoch.last.started_at);
		let payable = inputs.stakes.iter().any(|&stake| stake > 0);
		let scheduled = match payable {
			true => self.parameters.schedule().between(previous.into(), last.started_at.into()),
			false => 0,
		};
		let paid = replay(&inputs, scheduled);
		let reproduced = paid.iter().map(|paid| paid.minted).eq(on_chain);
		Ok(Epoch { last, scheduled, inputs, paid, reproduced })
	}

	/// Stakes at the block before the solve began, and the rows that it made active.
	async fn inputs(
		&self,
		chain: &dyn Chain,
		last: &LastPayout,
		paid_at: Hash,
	) -> anyhow::Result<Inputs> {
		let space = chain.epoch_status(Some(paid_at)).await?.components;
		let mut inputs =
			Inputs { stakes: vec![0; space as usize], rows: vec![None; space as usize] };
		for row in chain.rows(Some(paid_at)).await? {
			let active = inputs.rows.get_mut(row.uid as usize);
			*active.context("a uid beyond the uid space")? = row.active;
		}
		for component in chain.components(Some(last.parent)).await? {
			let uid = component.uid as usize;
			let row = inputs.rows.get(uid).context("a uid beyond the uid space")?;
			let live =
				row.as_ref().is_some_and(|row| self.parameters.is_live(row.posted, last.epoch));
			if live {
				inputs.stakes[uid] = component.stake;
			}
		}
		Ok(inputs)
	}
}

/// Algorithm 1 and the payout on `inputs`: `sigma` units for all, one result per uid.
pub fn replay(inputs: &Inputs, sigma: u64) -> Vec<Paid> {
	let n = inputs.stakes.len();
	let Some((mut solve, mut vectors)) = Solve::begin(&inputs.stakes) else {
		return vec![Paid::default(); n];
	};
	let scaled = vectors.residual.clone();
	let edges = inputs.rows.iter().flatten().map(|row| row.edges.len()).sum();
	let mut graph = Graph::with_capacity(n, edges);
	let mut kept = vec![u64::from(SHARE_ONE); n];
	for (uid, row) in inputs.rows.iter().enumerate() {
		let edges = row.as_ref().map_or(&[][..], |row| &row.edges);
		let (targets, shares): (Vec<u16>, Vec<u16>) =
			edges.iter().map(|edge| (edge.target as u16, edge.share)).unzip();
		graph.push_row(&targets, &shares, |_| true);
		let (_, shares) = graph.row(uid);
		kept[uid] -= shares.iter().map(|&share| u64::from(share)).sum::<u64>();
	}
	let mut budget = u64::MAX;
	while solve.advance(&graph, &mut vectors, &mut budget) == Progress::Paused {
		budget = u64::MAX;
	}
	let total = vectors.contribution.iter().sum();
	let mut payout = Payout::new(sigma, total);
	let one = u128::from(SHARE_ONE);
	let uids = vectors.contribution.iter().zip(scaled).zip(kept);
	uids.map(|((&mass, stake), kept)| {
		let minted = payout.next(mass);
		let own = u128::from(stake) * u128::from(kept) / one;
		let own_paid = match mass {
			0 => 0,
			_ => (u128::from(minted) * own.min(mass.into())).div_ceil(mass.into()) as u64,
		};
		Paid { minted, through_edges: minted - own_paid.min(minted) }
	})
	.collect()
}
