//! Accounts without stake have no effect, whatever their number and their bids.
//!
//! ```text
//!  funder, with stake ──► B1                    the same Grads for all three
//!             │  └──────► B2 ◄───── 100 accounts without stake: rows at the limit, Grads of
//!             └─────────► B3 ◄──┘   their own
//!
//!  flow of a bid = payout · share / self-share = 0 without stake: B2 steps as B1 does
//!  share alone, the letter of eq. 12: the crowd decides B3's steps
//! ```

use std::{
	sync::Arc,
	time::{Duration, Instant},
};

use crate::support::{corpus, edge, error, follows, silent, texts, with, Caller, Lab, SOON};
use anyhow::Context;
use bittensor_client::{AccountId, Call, Chain, Edge, SubxtChain, UNIT};
use bittensor_e2e::miner::{Miner, MinerSpec};
use bittensor_miner::{commands::run::prepare::CHECKPOINT, dendrite::Peer, identity::Identity};
use bittensor_nucleus::{kind, Config, Corpus, Setup, Tokenizer};
use bittensor_wire::proto::GradReason;
use futures::{stream, StreamExt, TryStreamExt};

/// Accounts without stake.
const CROWD: usize = 100;
/// Units that each of them gets, for the deposit of a component and for fees.
const ALLOWANCE: u64 = 10 * UNIT;
/// Half of what a row may give.
const HALF: u16 = 28_672;
/// The funder's share for each of the three.
const SHARE: u16 = 6_554;
/// Steps that the three make alone first, because the very first steps on Grads are too short to
/// measure. They are fewer than between two scored batches: which text a batch is drawn from depends on
/// the speed of the machine, and the scores weigh the answers.
const OWN_STEPS: u64 = 12;
/// Grads of the funder.
const ROUNDS: usize = 3;
/// Texts in a message.
const ROWS: usize = 16;
/// Accounts of the crowd that send at the same time.
const AT_A_TIME: usize = 8;
const NAMES: [&str; 3] = ["Bob", "Charlie", "Dave"];

/// The accounts without stake: their keys and their callers.
struct Crowd {
	members: Vec<Identity>,
	callers: Vec<Caller>,
}

impl Crowd {
	fn new(genesis: [u8; 32]) -> anyhow::Result<Self> {
		let member = |i| Identity::dev(&format!("//Ferdie//{i}"));
		let members: Vec<_> = (0..CROWD).map(member).collect::<Result<_, _>>()?;
		let callers = members.iter().map(|member| Caller::new(member, genesis)).collect();
		Ok(Self { members, callers })
	}

	/// Gives each an allowance, then registers all of them, each with a row of these edges.
	async fn register(&self, chain: &SubxtChain, edges: &[Edge]) -> anyhow::Result<()> {
		// Neither Ferdie nor the members have signed before: their nonces count from 0.
		let offline = chain.offline().await?;
		let ferdie = Identity::dev("//Ferdie")?;
		for (nonce, member) in (0..).zip(&self.members) {
			let call = Call::Transfer { to: member.account(), amount: ALLOWANCE };
			chain.submit_signed(&offline.sign(&call, &ferdie, nonce)?).await?;
		}
		let last = self.members.last().context("an empty crowd")?.account();
		let started = Instant::now();
		while chain.free_balance(last, None).await? == 0 {
			anyhow::ensure!(started.elapsed() < SOON, "the allowances are not there");
			tokio::time::sleep(Duration::from_millis(200)).await;
		}
		let calls = [
			Call::Register { endpoint: None, service_key: None },
			Call::PostRow { row: edges.to_vec() },
		];
		for member in &self.members {
			for (nonce, call) in (0..).zip(&calls) {
				chain.submit_signed(&offline.sign(call, member, nonce)?).await?;
			}
		}
		Ok(())
	}

	/// Each account sends all of `peers` a Spike and an error of its own. Returns how many of the
	/// Grads each peer accepted.
	async fn teach(&self, peers: [&Peer; 2], round: usize) -> anyhow::Result<[usize; 2]> {
		let texts = Arc::new(texts(ROWS, ROUNDS + round)?);
		let all = self.callers.iter().enumerate().map(|(i, caller)| {
			let texts = texts.clone();
			async move {
				let error = error(ROWS, (1_000 * (round + 1) + i) as u64)?;
				let mut accepted = [0; 2];
				for (peer, accepted) in peers.into_iter().zip(&mut accepted) {
					let answer = caller.teach(peer, 0, &texts, &error).await?;
					*accepted += usize::from(answer.accepted());
				}
				anyhow::Ok(accepted)
			}
		});
		let accepted = stream::iter(all).buffer_unordered(AT_A_TIME);
		accepted.try_fold([0; 2], |a, b| async move { Ok([a[0] + b[0], a[1] + b[1]]) }).await
	}
}

/// One of the three, which are alike. They follow Grads, at most one step per second, so that one
/// step has the errors of all senders.
fn follower(name: &'static str) -> anyhow::Result<MinerSpec> {
	let spec = with(follows(silent(name, "kjv", 8, &[])?), "--max-steps-per-second=1");
	Ok(match name {
		"Dave" => with(spec, "--bid-weight=share"),
		_ => spec,
	})
}

/// All parameters in the checkpoint of a miner that has ended, entry by entry.
fn entries(miner: &Miner, tokenizer: &Arc<Tokenizer>) -> anyhow::Result<Vec<f32>> {
	let path = miner.place().folder.join(CHECKPOINT);
	let setup = Setup::new(Config::default()).with_tokenizer(tokenizer.clone());
	let model = kind("cbow")?.load(&path, &setup)?.model;
	let mut all = Vec::new();
	for parameter in model.parameters() {
		all.extend(parameter.tensor().flatten_all()?.to_vec1::<f32>()?);
	}
	Ok(all)
}

fn distance(a: &[f32], b: &[f32]) -> f64 {
	assert_eq!(a.len(), b.len());
	let squares = a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2));
	squares.sum::<f64>().sqrt()
}

#[tokio::test]
async fn a_hundred_accounts_without_stake_move_nothing_at_the_highest_bid() -> anyhow::Result<()> {
	let mut lab = Lab::start().await?;
	let tokenizer = Arc::new(Tokenizer::train(&Corpus::load(corpus())?, Config::default().vocab)?);

	// Three equal components.
	let alone = NAMES.map(|name| -> anyhow::Result<Miner> {
		let spec = with(silent(name, "kjv", 8, &[])?, format!("--max-steps={OWN_STEPS}"));
		let place = lab.network.place(&spec);
		Miner::start(spec, place)
	});
	let mut start = Vec::new();
	for miner in alone {
		let mut miner = miner?;
		let ended = miner.process().wait_for_end(SOON).await?;
		anyhow::ensure!(ended.success(), "{}", miner.process().tail());
		start.push(entries(&miner, &tokenizer)?);
	}
	assert!(start.iter().all(|entries| *entries == start[0]), "they differ before the first Grad");
	lab.start_miners(NAMES.map(follower).into_iter().collect::<anyhow::Result<_>>()?).await?;

	// The funder bids a little, the crowd as much as it may.
	let funder = lab.user("//Eve").await?;
	let crowd = Crowd::new(funder.genesis())?;
	let mut uids = [0; 3];
	for (uid, name) in uids.iter_mut().zip(NAMES) {
		*uid = lab.uid(name)?;
	}
	let eve = funder.register(100).await?;
	let edges = vec![edge(uids[1], HALF), edge(uids[2], HALF)];
	crowd.register(&lab.chain, &edges).await?;
	let funding: Vec<Edge> = uids.map(|uid| edge(uid, SHARE)).into();
	funder.post_row(&funding).await?;
	let owners: Vec<AccountId> = crowd.members.iter().map(Identity::account).collect();
	let mut rows = vec![(eve, funding)];
	rows.extend(lab.uids(&owners).await?.into_iter().map(|uid| (uid, edges.clone())));
	let epoch = lab.active(&rows).await?;
	let epoch = &lab.ledger.epochs()[epoch];
	assert!(epoch.reproduced && epoch.paid_to(eve).minted > 0, "{:?}", epoch.last);
	for (uid, _) in &rows[1..] {
		assert_eq!((epoch.inputs.stakes[*uid as usize], epoch.paid_to(*uid).minted), (0, 0));
	}

	let peers =
		[funder.peer(uids[0]).await?, funder.peer(uids[1]).await?, funder.peer(uids[2]).await?];
	for round in 0..ROUNDS {
		let names = &NAMES[..2];
		let mut before = Vec::new();
		for name in names {
			before.push(Some(lab.digest(name).await?));
		}
		let [by_flow, by_share] = crowd.teach([&peers[1], &peers[2]], round).await?;
		assert_eq!(by_flow, 0, "a Grad of the crowd has a weight");
		assert!(by_share > 0, "no Grad of the crowd has a weight by share");
		let (texts, error) = (texts(ROWS, round)?, error(ROWS, round as u64)?);
		let mut bought = Vec::new();
		for (name, peer) in NAMES.iter().zip(&peers) {
			let answer = funder.caller.teach(peer, 0, &texts, &error).await?;
			bought.push(answer.weight);
			// By shares the crowd may take all places, and the funder is told so.
			let told = answer.reason;
			let outbid = *name == NAMES[2] && told == GradReason::Outbid;
			assert!(outbid || told == GradReason::Accepted, "{name}: {told:?}");
		}
		assert_eq!(bought[0], bought[1], "they are not comparable");
		lab.until("steps of both", SOON, |lab| {
			let moved = |(name, before): (&&str, &Option<String>)| {
				let now = lab.status(name).parameters;
				now != *before
			};
			names.iter().zip(&before).all(moved).then_some(())
		})
		.await?;
		println!("round {round}: {by_share} Grads of the crowd have a weight by share");
	}

	let unclean = lab.network.stop().await;
	assert!(unclean.is_empty(), "{unclean:?}");
	let mut steps = Vec::new();
	for miner in &lab.network.miners {
		let end = entries(miner, &tokenizer)?;
		steps.push(end.iter().zip(&start[0]).map(|(end, start)| end - start).collect::<Vec<f32>>());
	}
	let step = distance(&steps[0], &vec![0.0; steps[0].len()]);
	let [by_flow, by_share] = [distance(&steps[0], &steps[1]), distance(&steps[0], &steps[2])];
	println!(
		"step {step:.3e}; the crowd moves it by {by_flow:.1e} by flow, {by_share:.3e} by share"
	);
	assert!(step > 1e-3, "the step is too small to measure: {step}");
	assert!(by_flow < 1e-6, "the crowd moved B's step by {by_flow}");
	// By shares, as eq. 12 is printed, the crowd decides the step: the comparison can fail.
	assert!(by_share > 0.1 * step, "{by_share} of {step}");
	Ok(())
}
