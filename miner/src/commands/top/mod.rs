//! `top`: one component on a screen that follows the chain and its miner.
//!
//! ```text
//!   chain ──► reader task: Explanation at each new block ──┐
//!   status file of its miner, once a second ───────────────┼──► View ──► draw
//!   keyboard thread, signals, resize ──────────────────────┘
//! ```
//!
//! Invariants: the terminal is as before however the screen ends: a key, a signal, an error or a panic;
//! a chain or a miner that does not answer leaves its last figures on the screen, with a line that says
//! so.

mod draw;
mod view;

pub use draw::draw;
pub use view::{Controls, FromMiner, Sort, View};

use super::{
	connect,
	explain::{read_status, uid_of, Explanation},
	next_head,
};
use crate::cli::WhichArgs;
use anyhow::Context;
use bittensor_client::{Chain, Head};
use ratatui::{
	crossterm::event::{self, Event},
	DefaultTerminal,
};
use std::{io::IsTerminal, path::Path, sync::Arc, time::Duration};
use tokio::{
	signal::unix::{signal, SignalKind},
	sync::{mpsc, watch},
	time::Instant,
};

/// Time between two looks at the status file, and the longest time between two screens.
const EVERY: Duration = Duration::from_secs(1);
/// Pause after an error of the chain.
const RETRY: Duration = Duration::from_secs(1);

/// What the reader task knows of the chain.
#[derive(Clone)]
struct FromChain {
	explanation: Arc<Explanation>,
	read: Instant,
	error: Option<String>,
}

/// A terminal in raw mode, on its second screen, until it is dropped.
struct Screen(DefaultTerminal);

impl Screen {
	fn open() -> anyhow::Result<Self> {
		let opened = ratatui::try_init().inspect_err(|_| drop(ratatui::try_restore()));
		Ok(Self(opened.context("the terminal cannot be used")?))
	}
}

impl Drop for Screen {
	fn drop(&mut self) {
		// A terminal that was closed needs nothing.
		let _ = self.0.show_cursor();
		let _ = ratatui::try_restore();
	}
}

/// Runs the command until a key or a signal ends it.
pub async fn run(args: &WhichArgs, as_json: bool) -> anyhow::Result<()> {
	let instead = |what: &str, json: &str| {
		anyhow::anyhow!(
			"{what}: `bittensor-miner status --uid UID --watch{json}` prints each block"
		)
	};
	if as_json {
		return Err(instead("`top` has no JSON", " --json"));
	}
	if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
		return Err(instead("`top` needs a terminal as its input and output", ""));
	}
	let status = read_status(args)?;
	eprintln!("Connecting to {} …", args.chain.chain);
	let chain = connect(&args.chain, None).await?;
	let head = chain.head(None).await?;
	let uid = uid_of(&*chain, args, status.as_ref(), head).await?;
	let explanation = Arc::new(Explanation::read(&*chain, head, uid).await?);
	let first = FromChain { explanation, read: Instant::now(), error: None };
	let (publish, latest) = watch::channel(first);
	let reader = tokio::spawn(follow(chain, uid, head, publish));
	let shown = show(args, latest).await;
	reader.abort();
	shown
}

/// Reads the component at each new block, as long as somebody looks.
async fn follow(chain: Arc<dyn Chain>, uid: u32, head: Head, publish: watch::Sender<FromChain>) {
	let mut shown = Some(head);
	while !publish.is_closed() {
		let read = async {
			let head = next_head(&*chain, shown).await?;
			anyhow::Ok((head, Explanation::read(&*chain, head, uid).await?))
		};
		match read.await {
			Ok((head, explanation)) => {
				shown = Some(head);
				let explanation = Arc::new(explanation);
				publish.send_replace(FromChain { explanation, read: Instant::now(), error: None });
			}
			Err(error) => {
				let error = Some(crate::output::error(&error));
				publish.send_modify(|latest| latest.error = error);
				tokio::time::sleep(RETRY).await;
			}
		}
	}
}

/// Draws until the end.
async fn show(args: &WhichArgs, mut latest: watch::Receiver<FromChain>) -> anyhow::Result<()> {
	let mut signals = [
		signal(SignalKind::interrupt())?,
		signal(SignalKind::terminate())?,
		signal(SignalKind::hangup())?,
	];
	let [interrupt, terminate, hangup] = &mut signals;
	let mut screen = Screen::open()?;
	let mut events = keyboard()?;
	let mut ticks = tokio::time::interval(EVERY);
	let mut controls = Controls::default();
	let mut miner = from_miner(args.status_file.as_deref());
	loop {
		let view = {
			let chain = latest.borrow_and_update().clone();
			View {
				url: args.chain.chain.clone(),
				explanation: chain.explanation,
				age: chain.read.elapsed(),
				chain_error: chain.error,
				miner: miner.clone(),
			}
		};
		if screen.0.draw(|frame| draw(frame, &view, &controls)).is_err() {
			// The terminal was closed.
			return Ok(());
		}
		tokio::select! {
			event = events.recv() => match event {
				Some(Event::Key(key)) if !controls.press(key, view.inputs().len()) => return Ok(()),
				Some(_) => (),
				None => return Ok(()),
			},
			changed = latest.changed() => changed.context("the reader of the chain ended")?,
			_ = ticks.tick() => miner = from_miner(args.status_file.as_deref()),
			_ = interrupt.recv() => return Ok(()),
			_ = terminate.recv() => return Ok(()),
			_ = hangup.recv() => return Ok(()),
		}
	}
}

fn from_miner(path: Option<&Path>) -> FromMiner {
	path.map_or(FromMiner::NotAsked, FromMiner::read)
}

/// Keys and resizes, from a thread that ends with the process: a read of a terminal has no end.
fn keyboard() -> std::io::Result<mpsc::UnboundedReceiver<Event>> {
	let (send, receive) = mpsc::unbounded_channel();
	std::thread::Builder::new().name("keyboard".into()).spawn(move || {
		while let Ok(event) = event::read() {
			if send.send(event).is_err() {
				break;
			}
		}
	})?;
	Ok(receive)
}
