//! The exchange of words over real axons: vectors in, errors out, and components that answer badly.

use crate::{
	axon_net::{account, eventually, texts, within, Net, Node, Twist},
	dendrite_answers::{cheater, Cheat},
};
use bittensor_miner::{
	axon::{AxonConfig, QuotaConfig},
	compute::{Brain, Compute},
	dendrite::{Dendrite, Peer},
	learning::words::{Exchange, Table, WordsConfig, WordsError},
};
use bittensor_nucleus::{Device, Model, Result, State, Tensor};
use bittensor_wire::{limits::MAX_TEXTS, DIM};
use parking_lot::Mutex;
use std::{
	sync::{atomic::Ordering::SeqCst, Arc},
	time::Duration,
};
use tokio::time::Instant;

/// What a model was given.
#[derive(Debug, Default)]
struct Given {
	words: Option<Vec<f32>>,
	times: usize,
	errors: Option<Tensor>,
}

/// A model that asks for the vectors of a vocabulary and notes what it gets.
#[derive(Debug)]
struct Asking {
	vocabulary: Vec<String>,
	given: Arc<Mutex<Given>>,
}

impl Model for Asking {
	fn kind(&self) -> &'static str {
		"asking"
	}

	fn forward(&self, texts: &[String], _: &[Option<Tensor>]) -> Result<Tensor> {
		Ok(Tensor::full(0_f32, (texts.len(), DIM), &Device::Cpu)?)
	}

	fn state(&self) -> Result<State> {
		Ok(State::default())
	}

	fn inputs(&self) -> usize {
		1
	}

	fn vocabulary(&self) -> &[String] {
		&self.vocabulary
	}

	fn set_words(&mut self, _: usize, words: Option<&Tensor>) -> Result<()> {
		let words = words.map(|words| words.flatten_all()?.to_vec1()).transpose()?;
		let mut given = self.given.lock();
		(given.words, given.times) = (words, given.times + 1);
		Ok(())
	}

	fn take_word_errors(&mut self, _: usize) -> Result<Option<Tensor>> {
		Ok(self.given.lock().errors.take())
	}
}

/// Component 1, which asks component 2 for its words.
struct Lab {
	net: Net,
	exchange: Exchange,
	compute: Compute,
	dendrite: Arc<Dendrite>,
	given: Arc<Mutex<Given>>,
	table: Table,
}

impl Lab {
	async fn new(net: Net, vocabulary: Vec<String>) -> Self {
		let given = Arc::new(Mutex::new(Given::default()));
		let model = Asking { vocabulary, given: given.clone() };
		let brain = Brain::new(Box::new(model), vec![Some(account(2))], true, Device::Cpu);
		let (compute, _) = Compute::start(brain).expect("a thread");
		let dendrite = Arc::new(net.dendrite(1));
		let config = WordsConfig { every: Duration::from_millis(100), steps: 0 };
		let exchange = Exchange::new(compute.clone(), dendrite.clone(), config).await;
		let exchange = exchange.expect("it runs").expect("it has a vocabulary");
		Self { net, exchange, compute, dendrite, given, table: Table::new(Instant::now()) }
	}

	fn peer(&self) -> Peer {
		self.net.peer(2)
	}

	async fn exchange(&mut self, bids: bool) -> std::result::Result<bool, WordsError> {
		self.exchange.exchange(&self.net.peer(2), bids, &mut self.table).await
	}

	/// One passage, so that the size and the version of the component are known.
	async fn passage(&self, node: &Node) {
		let spike = bittensor_wire::Spike::new(account(1), 0, texts(&["the white whale"]));
		let got = self.dendrite.spike(&[self.peer()], &spike.expect("good"), within(10.0)).await;
		assert!(got.vectors[0].is_some(), "component {}", node.number);
	}

	fn failed(&self, reason: &str) -> u64 {
		let name = format!(r#"bittensor_miner_word_tables_failed_total{{reason="{reason}"}}"#);
		self.net.metrics().counter(&name)
	}
}

fn vocabulary(words: usize) -> Vec<String> {
	(0..words).map(|number| format!("word{number}")).collect()
}

fn errors(rows: usize, value: f32) -> Option<Tensor> {
	Some(Tensor::full(value, (rows, DIM), &Device::Cpu).expect("a tensor"))
}

#[tokio::test]
async fn a_vocabulary_is_fetched_once_and_again_when_the_component_has_changed() {
	let net = Net::default();
	let node = net.start(2).await;
	let mut words = vocabulary(600);
	(words[5], words[6]) = (" ".into(), "two words".into());
	let mut lab = Lab::new(net, words.clone()).await;
	lab.passage(&node).await;
	assert_eq!(lab.exchange(false).await, Ok(true));
	let given = lab.given.lock().words.clone().expect("installed");
	assert_eq!(given.len(), 600 * DIM);
	for row in [0, 4, 7, 599] {
		let exact = node.nucleus.output(&words[row..=row], &[]);
		let got = &given[row * DIM..(row + 1) * DIM];
		let near = got.iter().zip(exact.values()).all(|(got, exact)| (got - exact).abs() < 2e-3);
		assert!(near, "row {row}");
	}
	assert!(given[5 * DIM..7 * DIM].iter().all(|value| *value == 0.0), "cannot be asked for");

	// A frozen component is asked once.
	let asked = node.nucleus.spikes();
	assert_eq!(asked, 1 + 3 + 1, "a passage, three chunks, a few words again");
	assert_eq!(lab.exchange(false).await, Ok(false));
	assert_eq!(node.nucleus.spikes(), asked);
	// One that learns, again.
	node.nucleus.version.store(2, SeqCst);
	lab.passage(&node).await;
	assert_eq!(lab.exchange(false).await, Ok(true));
	assert_eq!((lab.given.lock().times, lab.net.counter("word_tables")), (2, 2));
}

#[tokio::test]
async fn the_errors_of_words_go_to_components_that_we_bid_for() {
	let net = Net::default();
	let node = net.start(2).await;
	let mut lab = Lab::new(net, vocabulary(300)).await;
	lab.net.bid(1, 2, 70);
	lab.passage(&node).await;
	lab.given.lock().errors = errors(300, 0.5);
	assert_eq!(lab.exchange(true).await, Ok(true));
	assert!(node.nucleus.grads().is_empty(), "nothing was served before: dropped");
	lab.given.lock().errors = errors(300, 0.5);
	assert_eq!(lab.exchange(false).await, Ok(false));
	assert!(node.nucleus.grads().is_empty(), "our row does not bid");
	lab.given.lock().errors = errors(300, 0.25);
	// The answers are used up, so they are fetched again, although the version is the same.
	assert_eq!(lab.exchange(true).await, Ok(true));
	let grads = node.nucleus.grads();
	let rows: Vec<_> =
		grads.iter().map(|grad| (grad.texts.len(), grad.error.values()[0])).collect();
	assert_eq!(rows, [(MAX_TEXTS, 0.25), (300 - MAX_TEXTS, 0.25)]);
	assert_eq!(grads[1].texts[0], "word256");
	assert_eq!(lab.net.counter("word_grads_sent"), 2);
	// Chunks whose errors are 0 are not sent.
	let mut some = vec![0.0_f32; 300 * DIM];
	some[299 * DIM] = 1.0;
	lab.given.lock().errors = Tensor::from_vec(some, (300, DIM), &Device::Cpu).ok();
	assert_eq!(lab.exchange(true).await, Ok(true));
	assert_eq!(node.nucleus.grads().len(), 3);
}

#[tokio::test]
async fn bad_vectors_are_named_counted_and_removed() {
	let noise: Twist = |call, _, vector| {
		for (at, value) in vector.iter_mut().enumerate() {
			*value = ((at * 31 + call * 17) as f32).sin();
		}
	};
	let huge: Twist = |_, text, vector| {
		if !text.contains(' ') {
			vector.fill(1e6);
		}
	};
	let other_space: Twist = |_, text, vector| {
		if !text.contains(' ') {
			vector.iter_mut().for_each(|value| *value *= 5e3);
		}
	};
	for (twist, reason) in [(noise, "unstable"), (huge, "too-large"), (other_space, "scale")] {
		let net = Net::default();
		let node = net.start(2).await;
		let mut lab = Lab::new(net, vocabulary(300)).await;
		lab.passage(&node).await;
		assert_eq!(lab.exchange(false).await, Ok(true));
		*node.nucleus.twist.lock() = Some(twist);
		node.nucleus.version.store(2, SeqCst);
		lab.passage(&node).await;
		let error = lab.exchange(false).await.expect_err("bad");
		assert_eq!(error.name(), reason, "{error}");
		assert_eq!((lab.given.lock().words.clone(), lab.failed(reason)), (None, 1));
		// It answers well again: it is heard again, and the miner went on meanwhile.
		assert!(lab.compute.steps().await.is_ok());
		*node.nucleus.twist.lock() = None;
		assert_eq!(lab.exchange(false).await, Ok(true));
		assert!(lab.given.lock().words.is_some());
	}
}

#[tokio::test]
async fn vectors_that_are_not_numbers_are_a_strike() {
	let net = Net::default();
	cheater(&net, Cheat::Nan).await;
	let mut lab = Lab::new(net, vocabulary(2)).await;
	let error = lab.exchange(false).await.expect_err("bad");
	assert_eq!((error.name(), lab.failed("invalid")), ("invalid", 1), "{error}");
	assert_eq!(lab.dendrite.breaker().strikes(&account(2)), 1);
	assert_eq!(lab.given.lock().words, None);
}

#[tokio::test]
async fn a_component_that_does_not_answer_keeps_its_older_vectors() {
	let net = Net::default();
	let node = net.start(2).await;
	let mut lab = Lab::new(net.clone(), vocabulary(300)).await;
	lab.passage(&node).await;
	node.kill().await;
	let error = lab.exchange(false).await.expect_err("dead");
	assert_eq!((error.name(), lab.given.lock().times), ("unanswered", 0), "{error}");
	assert!(error.to_string().starts_with("words 0 to 256 of 300 were not answered"), "{error}");

	let node = net.start(2).await;
	tokio::time::sleep(Duration::from_millis(400)).await;
	assert!(eventually_ok(&mut lab).await, "it is back");
	node.nucleus.version.store(2, SeqCst);
	lab.passage(&node).await;
	node.kill().await;
	// Some parts are older: they are used as they are.
	assert_eq!(lab.exchange(false).await, Ok(true));
	assert!(lab.given.lock().words.is_some());
}

async fn eventually_ok(lab: &mut Lab) -> bool {
	for _ in 0..20 {
		if lab.exchange(false).await == Ok(true) {
			return true;
		}
		tokio::time::sleep(Duration::from_millis(100)).await;
	}
	false
}

#[tokio::test]
async fn a_caller_that_does_not_pay_is_refused_and_goes_on() {
	let net = Net::default();
	let quota = QuotaConfig { grace_texts: 0.0, ..QuotaConfig::default() };
	let config = AxonConfig { quota, ..AxonConfig::default() };
	let _node = net.start_with(2, "127.0.0.1:0", config).await;
	// 16,384 words are 2,048 texts, more than the free tier saves up.
	let mut lab = Lab::new(net, vocabulary(16_384)).await;
	let error = lab.exchange(false).await.expect_err("refused");
	assert_eq!((error.name(), lab.failed("unpaid")), ("unpaid", 1), "{error}");
	assert_eq!(lab.given.lock().times, 0);
}

#[tokio::test]
async fn exchanges_run_by_themselves() {
	let net = Net::default();
	let node = net.start(2).await;
	let lab = Lab::new(net, vocabulary(300)).await;
	lab.passage(&node).await;
	lab.given.lock().errors = errors(300, 0.5);
	lab.net.bid(1, 2, 70);
	let peer = lab.peer();
	let running = tokio::spawn(lab.exchange.clone().run(move || vec![(peer.clone(), true)]));
	assert!(eventually(|| lab.given.lock().words.is_some()).await);
	lab.given.lock().errors = errors(300, 0.5);
	assert!(eventually(|| node.nucleus.grads().len() == 2).await);
	assert!(eventually(|| lab.given.lock().times >= 2).await, "fetched again");
	running.abort();
}

#[tokio::test]
async fn a_model_without_a_vocabulary_exchanges_nothing() {
	let net = Net::default();
	let model = Asking { vocabulary: Vec::new(), given: Arc::default() };
	let brain = Brain::new(Box::new(model), vec![None], true, Device::Cpu);
	let (compute, _) = Compute::start(brain).expect("a thread");
	let dendrite = Arc::new(net.dendrite(1));
	let exchange = Exchange::new(compute, dendrite, WordsConfig::default()).await;
	assert!(exchange.expect("it runs").is_none());
}
