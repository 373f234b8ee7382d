//! What stands on the chain, over its twin in memory: chain cache, inputs, poster, export.

use bittensor_client::{AccountId, Call, Chain, Edge, Endpoint, MemoryChain, Parameters, UNIT};
use bittensor_miner::{
	axon::Peers,
	chain::{
		cache::{ChainCache, Snapshot},
		earnings::Earnings,
		poster::Poster,
	},
	commands::{explain::Explanation, export::Export, query, status::Overview},
	compute::Inputs,
	config::Downstreams,
	learning::{
		choice::{Choice, Facts},
		inputs,
	},
	network::Network,
	telemetry::recorder::Reading,
};
use bittensor_nucleus::BidWeight;
use contribution::{Graph, Payout, Progress, Solve};
use metrics_exporter_prometheus::PrometheusBuilder;
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

fn parameters() -> Parameters {
	Parameters { epoch_length: 5, ..Parameters::default() }
}

fn account(number: u8) -> AccountId {
	[number; 32]
}

fn endpoint(port: u16) -> Option<Endpoint> {
	let host = "127.0.0.1".try_into().expect("short");
	Some(Endpoint { host, port, tls_spki: None, protocol: 1 })
}

/// Components 0 to n − 1 of the accounts 1 to n, each with `stake` BIT.
async fn chain(n: u8, stake: u64) -> MemoryChain {
	let balances = (1..=n).map(|number| (account(number), 1_000 * UNIT));
	let chain = MemoryChain::new(parameters(), balances, account(1));
	for number in 1..=n {
		let chain = chain.seen_by(account(number));
		let call = Call::Register { endpoint: endpoint(u16::from(number)), service_key: None };
		chain.submit(call).await.expect("registered");
		if stake > 0 {
			chain.submit(Call::Stake { amount: stake * UNIT }).await.expect("staked");
		}
	}
	chain
}

fn edges(row: &[(u32, u16)]) -> Vec<Edge> {
	row.iter().map(|&(target, share)| Edge { target, share }).collect()
}

async fn post(chain: &MemoryChain, number: u8, row: &[(u32, u16)]) {
	let call = Call::PostRow { row: edges(row) };
	chain.seen_by(account(number)).submit(call).await.expect("posted");
}

fn epoch(chain: &MemoryChain) {
	for _ in 0..parameters().epoch_length {
		chain.advance();
	}
}

#[tokio::test]
async fn an_export_solves_to_the_payouts() {
	let chain = chain(4, 100).await;
	post(&chain, 1, &[(1, 20_000), (2, 10_000)]).await;
	post(&chain, 2, &[(0, 30_000)]).await;
	post(&chain, 3, &[]).await;
	epoch(&chain);
	epoch(&chain);
	let head = chain.head(None).await.expect("a head");
	let export = Export::read(&chain, head).await.expect("paid");

	let stakes: Vec<u64> = export.stakes.iter().map(|(_, stake)| *stake).collect();
	let posted_none = 3;
	assert_eq!(stakes[posted_none], 0, "stake without a row is no source");
	assert!(
		stakes[..3].iter().all(|stake| *stake > 100 * UNIT),
		"with the first payout: {stakes:?}"
	);
	let mut graph = Graph::with_capacity(4, 3);
	for uid in 0..4 {
		let edges = export.edges.iter().filter(|(from, ..)| *from == uid);
		let (targets, shares): (Vec<u16>, Vec<u16>) =
			edges.map(|(_, to, share)| (*to as u16, *share)).unzip();
		graph.push_row(&targets, &shares, |_| true);
	}
	let (mut solve, mut vectors) = Solve::begin(&stakes).expect("stakes");
	let mut budget = u64::MAX;
	assert!(matches!(solve.advance(&graph, &mut vectors, &mut budget), Progress::Converged));
	let mut payout = Payout::new(export.payout.minted, vectors.contribution.iter().sum());
	let solved: Vec<(u32, u64)> =
		(0..4).map(|uid| (uid, payout.next(vectors.contribution[uid as usize]))).collect();
	assert_eq!(solved, export.payouts);
	assert_eq!(solved.iter().map(|(_, paid)| paid).sum::<u64>(), 5 * UNIT);

	let folder = tempfile::tempdir().expect("a folder");
	export.write(folder.path()).expect("written");
	let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).expect(name);
	assert!(read("stakes.csv").starts_with("uid,stake\n0,"), "{}", read("stakes.csv"));
	assert_eq!(read("edges.csv"), "uid,target,share\n0,1,20000\n0,2,10000\n1,0,30000\n");
	assert_eq!(read("payouts.csv").lines().count(), 5);
	let line = export.solve_line(folder.path());
	assert!(line.ends_with(&format!("/payouts.csv --sigma {}", 5 * UNIT)), "{line}");
	let line = export.solve_line("a folder, Bob's".as_ref());
	assert!(line.contains(r"--stakes 'a folder, Bob'\''s/stakes.csv' --edges"), "{line}");
}

#[tokio::test]
async fn nothing_to_export_before_the_first_payout() {
	let chain = chain(1, 1).await;
	let head = chain.head(None).await.expect("a head");
	let error = Export::read(&chain, head).await.expect_err("nothing paid").to_string();
	assert!(error.contains("nothing had been paid") && error.contains("5 blocks"), "{error}");
}

#[tokio::test]
async fn the_table_shows_flows() {
	let chain = chain(3, 100).await;
	post(&chain, 1, &[(1, 32_768)]).await;
	post(&chain, 2, &[]).await;
	post(&chain, 3, &[(1, 16_384)]).await;
	epoch(&chain);
	let head = chain.head(None).await.expect("a head");
	let table = Overview::read(&chain, head).await.expect("read");
	let strongest = table.strongest[&1];
	let payout = table.components[0].payout;
	assert_eq!((strongest.uid, strongest.share), (0, 32_768));
	assert_eq!(strongest.flow, payout, "half given, half kept: as much flows as is paid");
	assert_eq!(table.self_share(2), Some(49_152));
	let json = table.json();
	assert_eq!(json["components"][0]["payout"], payout.to_string());
	assert_eq!(json["components"][1]["strongest_bid"]["flow"], payout.to_string());
	let text = table.table();
	assert!(text.contains("50.0 % from 0") && text.contains("75.0 %"), "{text}");
}

#[tokio::test]
async fn a_bid_buys_its_flow_over_reserve_and_all_flows() {
	let chain = chain(4, 100).await;
	// Component 0 keeps all; 1 and 2 bid for it, 3 does not.
	post(&chain, 1, &[]).await;
	post(&chain, 2, &[(0, 32_768)]).await;
	post(&chain, 3, &[(0, 8_192)]).await;
	post(&chain, 4, &[]).await;
	epoch(&chain);
	let network = |weight, learns| {
		let chain = Arc::new(chain.clone());
		async move {
			let (cache, _) = ChainCache::start(chain, account(1)).await.expect("read");
			Network::new(cache, weight, learns)
		}
	};
	let flows = network(BidWeight::Flow, true).await;
	let snapshot = flows.cache().snapshot();
	let flow = |number| snapshot.bid_of(&account(number)).map_or(0.0, |bid| bid.flow as f64);
	let payout = snapshot.mine().expect("registered").payout as f64;
	let total = flow(2) + flow(3);
	assert!(flow(2) > flow(3) && flow(3) > 0.0 && payout > total);
	let push = |network: &Network, number| network.standing(&account(number)).expect("known").push;
	for number in [2, 3] {
		let expected = (flow(number) / (payout + total)).min(0.25);
		assert!((push(&flows, number) - expected).abs() < 1e-9, "{}", push(&flows, number));
	}
	assert_eq!(push(&flows, 4), 0.0);
	// By shares the own bid is the own self-share, here 1, and the bids are 1/2 and 1/8.
	let shares = network(BidWeight::Share, true).await;
	assert_eq!(push(&shares, 2), 0.25);
	assert!((push(&shares, 3) - 0.125 / 1.625).abs() < 1e-9);
	assert_eq!(push(&network(BidWeight::Flow, false).await, 2), 0.0, "it takes no Grads");
}

#[tokio::test]
async fn a_payout_is_explained_by_stake_bids_and_row() {
	let chain = chain(4, 100).await;
	post(&chain, 1, &[(1, 20_000), (2, 10_000)]).await;
	post(&chain, 2, &[(0, 32_768)]).await;
	post(&chain, 3, &[(0, 8_192)]).await;
	post(&chain, 4, &[]).await;
	let snapshot = Snapshot::read(&chain, account(1), None).await.expect("read");
	assert_eq!(Earnings::of(&snapshot), None, "nothing was paid yet");
	epoch(&chain);
	let snapshot = Snapshot::read(&chain, account(1), None).await.expect("read");
	let earnings = Earnings::of(&snapshot).expect("paid");
	// Four equal stakes of which all count.
	assert!(earnings.alone.abs_diff(5 * UNIT / 4) <= 20, "{earnings:?}");
	assert_eq!(earnings.paid, snapshot.mine().expect("registered").payout);
	let uids: Vec<u32> = earnings.bids.iter().map(|bid| bid.uid).collect();
	assert_eq!(uids, [1, 2], "the largest flow first");
	let row: Vec<(u32, u32)> = earnings.row.iter().map(|given| (given.uid, given.share)).collect();
	assert_eq!(row, [(1, 20_000), (2, 10_000)]);
	assert_eq!(earnings.received, earnings.bids.iter().map(|bid| bid.flow).sum::<u64>());
	let line = earnings.to_string();
	let start = format!("{} BIT in epoch 1: stake alone 1.2", bittensor_client::bit(earnings.paid));
	assert!(line.starts_with(&start) && line.contains("given to 1 ("), "{line}");

	let head = chain.head(None).await.expect("a head");
	let explained = Explanation::read(&chain, head, 0).await.expect("read");
	let text = explained.text();
	for part in ["Epoch 1 paid it", "for its stake", "Bids for it", "Its row costs it", "30.5 %"] {
		assert!(text.contains(part), "{part} is missing in\n{text}");
	}
	assert!(text.contains("101.3") && text.contains(", which counts"), "{text}");
	let json = explained.json(None);
	assert_eq!(json["payout"]["bids"][0]["uid"], 1);
	assert_eq!(json["payout"]["paid"], earnings.paid.to_string());
	let Err(error) = Explanation::read(&chain, head, 9).await else { panic!("uid 9 exists") };
	assert!(error.to_string().contains("no component has uid 9"), "{error}");
}

#[tokio::test]
async fn the_cache_follows_epochs_and_bids() {
	let chain = chain(2, 100).await;
	post(&chain, 2, &[(0, 32_768)]).await;
	let shared = Arc::new(chain.clone());
	let (mut cache, follower) = ChainCache::start(shared, account(1)).await.expect("read");
	tokio::spawn(follower);
	let first = cache.snapshot();
	assert_eq!((first.me, first.bids.len()), (Some(0), 0));
	epoch(&chain);
	let paid = loop {
		let snapshot = tokio::time::timeout(Duration::from_secs(5), cache.changed());
		let snapshot = snapshot.await.expect("in time");
		if snapshot.epoch.last.is_some() {
			break snapshot;
		}
	};
	let bid = paid.bid_of(&account(2)).expect("a bid");
	assert_eq!((bid.uid, bid.share), (1, 32_768));
	assert!(bid.flow > 0);
	assert_eq!(paid.strongest_bid(), Some(bid));
	let theirs = Snapshot::read(&chain, account(2), None).await.expect("read");
	assert_eq!((theirs.flow_to(0), theirs.share_of(0)), (bid.flow, 32_768));
	assert_eq!(theirs.flow_to(1), 0);
}

/// The inputs after one review at the start.
fn assign(current: &Inputs, snapshot: &Snapshot, wanted: &Downstreams) -> Inputs {
	let now = Instant::now();
	let mut choice = Choice::new(account(1), current.len(), now);
	let known = |_: &AccountId| Facts::default();
	let mut next = current.clone();
	for change in inputs::review(&mut choice, now, current, snapshot, wanted, known) {
		next[change.input] = change.account;
	}
	next
}

#[tokio::test]
async fn flows_stay_those_of_the_last_payout_while_a_solve_is_in_progress() {
	let chain = chain(2, 100).await;
	post(&chain, 2, &[(0, 32_768)]).await;
	epoch(&chain);
	let read = |number| Snapshot::read(&chain, account(number), None);
	let exact = read(1).await.expect("read").bid_of(&account(2)).expect("a bid");
	chain.set_solve_blocks(3);
	post(&chain, 2, &[(0, 100)]).await;
	epoch(&chain);
	let row = read(2).await.expect("read").row.and_then(|row| row.active).expect("a row");
	assert_eq!(row.edges, edges(&[(0, 100)]), "a solve with the new row is in progress");
	for _ in 0..2 {
		let snapshot = read(1).await.expect("read");
		assert_eq!(snapshot.bid_of(&account(2)), Some(exact));
		let theirs = read(2).await.expect("read");
		assert_eq!((theirs.flow_to(0), theirs.share_of(0)), (exact.flow, 32_768));
		let overview = Overview::read(&chain, snapshot.head).await.expect("read");
		assert_eq!(overview.strongest[&0], exact);
		chain.advance();
	}
	let paid = read(1).await.expect("read").bid_of(&account(2)).expect("a bid");
	assert_eq!(paid.share, 100);
}

#[tokio::test]
async fn inputs_are_sticky() {
	let chain = chain(4, 0).await;
	let see = || Snapshot::read(&chain, account(1), None);
	let snapshot = see().await.expect("read");
	let auto = Downstreams::Auto;
	let two = assign(&vec![None; 2], &snapshot, &auto);
	assert_eq!(two.iter().flatten().count(), 2);
	assert!(!two.contains(&Some(account(1))), "not oneself");
	assert_eq!(assign(&two, &snapshot, &auto), two);

	// One that stops announcing keeps its input: it may be back soon.
	let two = vec![Some(account(2)), Some(account(3))];
	let gone = chain.seen_by(account(2));
	gone.submit(Call::SetEndpoint { endpoint: None }).await.expect("set");
	let snapshot = see().await.expect("read");
	assert_eq!(assign(&two, &snapshot, &auto), two);
	let fresh = assign(&vec![None; 2], &snapshot, &auto);
	assert!(!fresh.contains(&Some(account(2))), "but it is given none: {fresh:?}");
	// One that the chain does not know loses it to the next.
	let stranger = vec![Some(account(9)), Some(account(3))];
	assert_eq!(assign(&stranger, &snapshot, &auto), [Some(account(4)), Some(account(3))]);
	let only = Downstreams::Only(vec![account(4), account(4), account(1)]);
	assert_eq!(assign(&vec![None; 3], &snapshot, &only), [Some(account(4)), None, None]);
	assert_eq!(assign(&two, &snapshot, &Downstreams::Only(vec![])), [None, None]);
}

#[tokio::test]
async fn a_query_chooses_by_payout() {
	let chain = chain(3, 0).await;
	chain.seen_by(account(3)).submit(Call::Stake { amount: UNIT }).await.expect("staked");
	post(&chain, 3, &[]).await;
	epoch(&chain);
	let snapshot = Snapshot::read(&chain, account(1), None).await.expect("read");
	let uids = |peers: Vec<bittensor_miner::dendrite::Peer>| -> Vec<u32> {
		peers.iter().map(|peer| peer.uid).collect()
	};
	assert_eq!(query::choose(&snapshot, None, 5).map(uids), Ok(vec![2, 1]));
	assert_eq!(query::choose(&snapshot, None, 1).map(uids), Ok(vec![2]));
	assert_eq!(query::choose(&snapshot, Some(1), 1).map(uids), Ok(vec![1]));
	assert_eq!(query::choose(&snapshot, Some(0), 1), Err(query::QueryError::Own(0)));
	assert_eq!(query::choose(&snapshot, Some(7), 1), Err(query::QueryError::NoSuchUid(7)));
}

#[tokio::test]
async fn the_poster_posts_when_due() {
	let chain = chain(3, 100).await;
	let shared: Arc<dyn Chain> = Arc::new(chain.clone());
	let (cache, follower) = ChainCache::start(shared.clone(), account(1)).await.expect("read");
	let (poster, posting) = Poster::start(shared, cache, parameters().row_lifetime);
	tokio::spawn(follower);
	tokio::spawn(posting);
	// The tasks run on the thread of this test, and so do their counters.
	let recorder = PrometheusBuilder::new().build_recorder();
	let handle = recorder.handle();
	let _guard = metrics::set_default_local_recorder(&recorder);
	let count = |name: &str| Reading::of(&handle).counter(name);
	let posts = async |number: u64| {
		for _ in 0..250 {
			if count("bittensor_miner_posts_total") >= number {
				return;
			}
			tokio::time::sleep(Duration::from_millis(20)).await;
		}
		panic!("no post number {number}: {:?}", poster.posted());
	};
	// Accounts become uids; one that is not registered, and we ourselves, are left out.
	poster.want(vec![(account(3), 9_000), (account(9), 5_000), (account(1), 100)]);
	posts(1).await;
	let row = chain.row(0, None).await.expect("read").expect("a row");
	assert_eq!(row.pending.expect("it waits").edges, edges(&[(2, 9_000)]));

	// Within the epoch nothing more is posted, however far the row moves.
	poster.want(vec![(account(2), 30_000)]);
	tokio::time::sleep(Duration::from_millis(200)).await;
	assert_eq!(count("bittensor_miner_posts_total"), 1);
	epoch(&chain);
	posts(2).await;
	let row = chain.row(0, None).await.expect("read").expect("a row");
	assert_eq!(row.active.expect("active").edges, edges(&[(2, 9_000)]));
	assert_eq!(row.pending.expect("it waits").edges, edges(&[(1, 30_000)]));
	assert_eq!(poster.posted().row, Some(edges(&[(1, 30_000)])));
	assert_eq!(count("bittensor_miner_post_failures_total"), 0);
}

#[tokio::test]
async fn a_row_that_another_process_posted_is_replaced() {
	let chain = chain(3, 100).await;
	let shared: Arc<dyn Chain> = Arc::new(chain.clone());
	let (cache, follower) = ChainCache::start(shared.clone(), account(1)).await.expect("read");
	let (poster, posting) = Poster::start(shared, cache, parameters().row_lifetime);
	tokio::spawn(follower);
	tokio::spawn(posting);
	let own = edges(&[(2, 9_000)]);
	let newest = async || {
		let row = chain.row(0, None).await.expect("read").unwrap_or_default();
		row.newest().map(|row| row.edges.clone()).unwrap_or_default()
	};
	let ours = async || {
		for _ in 0..250 {
			if newest().await == own {
				return;
			}
			tokio::time::sleep(Duration::from_millis(20)).await;
		}
		panic!("the row is {:?}: {:?}", newest().await, poster.posted());
	};
	poster.want(vec![(account(3), 9_000)]);
	ours().await;
	// In the epoch of our own post: the next epoch is the first in which a post is free.
	post(&chain, 1, &[(1, 20_000)]).await;
	chain.advance();
	tokio::time::sleep(Duration::from_millis(100)).await;
	assert_eq!(newest().await, edges(&[(1, 20_000)]));
	epoch(&chain);
	ours().await;
	// In a later epoch.
	epoch(&chain);
	epoch(&chain);
	post(&chain, 1, &[]).await;
	epoch(&chain);
	ours().await;
	assert_eq!(poster.posted().last_error, None);
}
