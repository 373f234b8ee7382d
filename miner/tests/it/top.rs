//! The screen of `top`, drawn from a component of the chain's twin in memory and a status file that a
//! real miner wrote.

use bittensor_client::{bit, AccountId, Call, Chain, Edge, MemoryChain, Parameters, UNIT};
use bittensor_miner::{
	commands::{
		explain::{learning_text, Explanation},
		top::{draw, Controls, FromMiner, Sort, View},
	},
	identity::Identity,
	telemetry::{Status, UpstreamStatus},
};
use ratatui::{
	backend::TestBackend,
	crossterm::event::{KeyCode, KeyEvent, KeyModifiers},
	Terminal,
};
use std::{path::Path, sync::Arc, time::Duration};

/// What the miner of Alice wrote in a network of six.
const STATUS: &str = "tests/it/data/status.json";
/// The components of that network, by uid.
const NAMES: [&str; 6] = ["Eve", "Alice", "Bob", "Ferdie", "Charlie", "Dave"];
/// The uid of Alice.
const ALICE: u32 = 1;

fn account(name: &str) -> AccountId {
	Identity::dev(&format!("//{name}")).expect("a development key").account()
}

/// That network: all but Eve and Ferdie give to all others.
async fn chain(paid: bool) -> MemoryChain {
	let parameters = Parameters { epoch_length: 5, ..Parameters::default() };
	let accounts = NAMES.map(account);
	let balances = accounts.map(|account| (account, 2_000 * UNIT));
	let chain = MemoryChain::new(parameters, balances, accounts[0]);
	for account in accounts {
		let chain = chain.seen_by(account);
		let register = Call::Register { endpoint: None, service_key: None };
		chain.submit(register).await.expect("registered");
		chain.submit(Call::Stake { amount: 1_000 * UNIT }).await.expect("staked");
	}
	for (uid, account) in (0..).zip(accounts) {
		let others = (0..6).filter(|other| *other != uid && ![0, 3].contains(&uid));
		let row = others.map(|target| Edge { target, share: 3_000 }).collect();
		chain.seen_by(account).submit(Call::PostRow { row }).await.expect("posted");
	}
	for _ in 0..parameters.epoch_length * u32::from(paid) {
		chain.advance();
	}
	chain
}

async fn view(paid: bool) -> View {
	let chain = chain(paid).await;
	let head = chain.head(None).await.expect("a head");
	let explanation = Explanation::read(&chain, head, ALICE).await.expect("read");
	let status = Status::read(Path::new(STATUS)).expect("a status file");
	View {
		url: "ws://127.0.0.1:9944".into(),
		explanation: Arc::new(explanation),
		age: Duration::from_secs(1),
		chain_error: None,
		miner: FromMiner::Status(Box::new(status), Duration::ZERO),
	}
}

/// The lines of a screen.
fn lines(view: &View, controls: &Controls, width: u16, height: u16) -> Vec<String> {
	let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a terminal");
	terminal.draw(|frame| draw(frame, view, controls)).expect("drawn");
	let buffer = terminal.backend().buffer();
	let line = |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
	(0..height).map(|y| line(y).trim_end().into()).collect()
}

fn screen(view: &View, width: u16, height: u16) -> String {
	lines(view, &Controls::default(), width, height).join("\n")
}

fn assert_has(screen: &str, parts: &[&str]) {
	for part in parts {
		assert!(screen.contains(part), "`{part}` is missing in\n{screen}");
	}
}

#[tokio::test]
async fn a_screen_of_80_or_100_columns_has_all_figures() {
	let view = view(true).await;
	let status = view.status().expect("a status").clone();
	let earnings = view.explanation.earnings().expect("paid").clone();
	let loss = format!("{:.2} nats", status.loss.expect("it learns"));
	let perplexity = format!("{:.1}, unigram", status.perplexity.now.expect("measured"));
	let gain = status.gain.expect("it has a twin").to_string();
	for (width, height) in [(80, 24), (100, 30)] {
		let screen = screen(&view, width, height);
		assert_has(&screen, &["Alice, component 1 · cbow · up ", "does not serve"]);
		assert_has(&screen, &["block 5, 1 s ago · epoch 2, next payout in 5 blocks · ws://127."]);
		let paid = format!("{} BIT in epoch 1", bit(earnings.paid));
		let received = format!("{} from Bob, Charlie, ", bit(earnings.received));
		let given = format!("{} to Eve, Bob, ", bit(earnings.given));
		let stake = format!("{} BIT, counts", bit(view.explanation.component().stake));
		assert_has(
			&screen,
			&[&paid, &received, &given, &stake, &bit(earnings.alone), "5 edges, live 99 epochs"],
		);
		// The last line of the figures, too.
		let sent = format!("{} Grads, {} rows", status.grads_sent, status.posts);
		assert_has(&screen, &[&loss, &perplexity, &gain, &sent]);
		for input in &status.inputs {
			let uid = input.uid.expect("registered");
			let line = screen
				.lines()
				.find(|line| line.starts_with(&format!("{uid:>5} ")) && line.contains(" ms "));
			let line = line.unwrap_or_else(|| panic!("no input {uid} in\n{screen}"));
			let latency = format!("{:.0} ms", input.latency_ms.expect("it answered"));
			let percent = format!("{:.1} %", f64::from(input.share) / 655.36);
			let name = NAMES[uid as usize];
			assert_has(line, &[name, &latency, &percent, &input.answers(), &input.state()]);
		}
		assert_has(
			&screen,
			&["Bids for it", "    2 Bob", "4.6 % of its row", "no error", "q ends"],
		);
	}
}

#[tokio::test]
async fn a_small_screen_keeps_what_matters() {
	let view = view(true).await;
	let paid = view.explanation.earnings().expect("paid").paid;
	let small = screen(&view, 40, 10);
	assert_has(
		&small,
		&["Alice, component 1", "block 5", &bit(paid), "received", "no error", "q ends"],
	);
	// No size is too small or too large.
	for width in 1..=130 {
		for height in [1, 2, 3, 5, 8, 13, 21, 34, 60] {
			let lines = lines(&view, &Controls::default(), width, height);
			assert_eq!(lines.len(), usize::from(height));
		}
	}
}

#[tokio::test]
async fn before_the_first_payout_and_without_a_status_file_it_says_so() {
	let mut view = view(false).await;
	view.miner = FromMiner::NotAsked;
	for (width, height) in [(80, 24), (100, 30)] {
		let screen = screen(&view, width, height);
		assert_has(&screen, &["none yet, next in 5 blocks", "give --status-file"]);
		assert_has(&screen, &["1000.0000 BIT", "✓ the chain answers"]);
	}
	view.miner = FromMiner::read(Path::new("no/such/file.json"));
	assert_has(&screen(&view, 80, 24), &["! no/such/file.json: No such file"]);
}

#[tokio::test]
async fn what_is_wrong_is_on_every_screen() {
	let mut view = view(true).await;
	let FromMiner::Status(mut status, _) = view.miner.clone() else { panic!("a status") };
	status.last_error = Some("component 4 refuses us".into());
	let wrong = status.inputs.iter_mut().max_by_key(|input| input.share).expect("inputs");
	wrong.silent = Some(12);
	let wrong = wrong.clone();
	view.miner = FromMiner::Status(status, Duration::from_secs(75));
	view.age = Duration::from_secs(45);
	for (width, height) in [(80, 24), (100, 30), (60, 12)] {
		let screen = screen(&view, width, height);
		assert_has(&screen, &["! no block for 45 s: check the node", "wrote its status 75 s ago"]);
		assert_eq!(screen.contains("silent 12 s"), height > 12, "{wrong:?}\n{screen}");
	}
	assert_has(&screen(&view, 100, 30), &["! component 4 refuses us"]);
	view.chain_error = Some("no answer from ws://127.0.0.1:9944".into());
	assert_has(&screen(&view, 80, 24), &["! no answer from ws://127.0.0.1:9944"]);
}

#[tokio::test]
async fn what_bids_bought_is_shown_on_both_sides() {
	let mut view = view(true).await;
	let FromMiner::Status(mut status, _) = view.miner.clone() else { panic!("a status") };
	// A status file of before says nothing about it.
	assert!(status.upstreams.is_empty() && status.inputs.iter().all(|input| input.push == 0.0));
	assert!(!screen(&view, 100, 30).contains(", bought"));
	let text = learning_text(&status);
	assert_has(&text, &["Nobody has bought any of its steps."]);

	let dearest = status.inputs.iter_mut().max_by_key(|input| input.share).expect("inputs");
	(dearest.push, dearest.paid) = (12.345, (3 * UNIT / 2).to_string());
	let upstream = |uid: u32, push| UpstreamStatus {
		account: bittensor_client::ss58(&account(NAMES[uid as usize])),
		uid: Some(uid),
		push,
		received: (7 * UNIT).to_string(),
	};
	status.upstreams = vec![upstream(2, 41.5), upstream(4, 0.25)];
	let text = learning_text(&status);
	let both = ["12.35", &bit(3 * UNIT / 2), "What others have bought of its steps", "41.50"];
	assert_has(&text, &both);
	assert_has(&text, &["0.25", &bit(7 * UNIT)]);
	let json = view.explanation.json(Some(&status));
	assert_eq!(json["upstreams"][0]["push"], 41.5);
	assert_eq!(json["upstreams"][1]["received"], (7 * UNIT).to_string());
	let pushes = json["inputs"].as_array().expect("inputs").iter().map(|one| one["push"].as_f64());
	assert_eq!(pushes.flatten().sum::<f64>(), 12.345);
	view.miner = FromMiner::Status(status, Duration::ZERO);
	let screen = screen(&view, 100, 30);
	let bob = screen.lines().find(|line| line.starts_with("    2 Bob") && line.contains("epoch"));
	assert_has(bob.expect("a bid"), &["BIT in the epoch, bought 41.50 steps"]);
	assert_has(&screen, &[" bought ", "12.35"]);
}

#[tokio::test]
async fn keys_sort_scroll_and_end() {
	let view = view(true).await;
	let inputs = view.inputs().len();
	let key = |code| KeyEvent::new(code, KeyModifiers::NONE);
	let mut controls = Controls::default();
	let uids = |sort: Sort| -> Vec<Option<u32>> {
		sort.order(view.inputs()).iter().map(|input| input.uid).collect()
	};
	let first = |controls: &Controls| {
		let lines = lines(&view, controls, 80, 20);
		let header = lines.iter().position(|line| line.contains("at least")).expect("a header");
		lines[header + 1].split_whitespace().next().and_then(|uid| uid.parse::<u32>().ok())
	};
	let mut seen = Vec::new();
	for sort in [Sort::Share, Sort::Worth, Sort::Latency, Sort::Answers, Sort::Share] {
		assert_eq!(controls.sort, sort);
		assert_eq!(first(&controls), uids(sort)[0], "{sort:?}");
		seen.push(uids(sort));
		assert!(controls.press(key(KeyCode::Char('s')), inputs));
	}
	let latency =
		|uid| view.inputs().iter().find(|one| one.uid == uid).and_then(|one| one.latency_ms);
	assert!(seen[2].windows(2).all(|pair| latency(pair[0]) >= latency(pair[1])), "{seen:?}");
	controls = Controls::default();
	for _ in 0..20 {
		assert!(controls.press(key(KeyCode::Down), inputs));
	}
	assert_eq!(controls.scroll, inputs - 1);
	// The last screen is full.
	let lines = lines(&view, &controls, 80, 20);
	let last = format!("to {inputs} of {inputs}");
	assert!(lines.iter().any(|line| line.contains(&last)), "{lines:#?}");
	assert!(controls.press(key(KeyCode::Home), inputs) && controls.scroll == 0);
	assert!(!controls.press(key(KeyCode::Char('q')), inputs));
	assert!(!controls.press(key(KeyCode::Esc), inputs));
	assert!(!controls.press(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL), inputs));
	assert!(controls.press(key(KeyCode::Char('c')), inputs));
}
