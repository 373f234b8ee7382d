//! What the screen shows, and how it is sorted and scrolled.

use crate::{
	commands::explain::Explanation,
	telemetry::{InputStatus, Status, UpstreamStatus},
};
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use std::{
	path::Path,
	sync::Arc,
	time::{Duration, SystemTime},
};

/// From this age on, a status file is that of a miner that has ended.
const STALE: Duration = Duration::from_secs(10);
/// From this age on, a block is late on any chain.
pub(super) const LATE: Duration = Duration::from_secs(30);

/// What a miner says about itself.
#[derive(Clone, Debug)]
pub enum FromMiner {
	/// No status file was named.
	NotAsked,
	/// The status file cannot be read.
	Unreadable(String),
	/// Its status, and the age of the file.
	Status(Box<Status>, Duration),
}

impl FromMiner {
	/// Reads a status file.
	pub fn read(path: &Path) -> Self {
		let read = || {
			let written = std::fs::metadata(path)?.modified()?;
			let age = SystemTime::now().duration_since(written).unwrap_or_default();
			std::io::Result::Ok(Self::Status(Box::new(Status::read(path)?), age))
		};
		read().unwrap_or_else(|error| Self::Unreadable(format!("{}: {error}", path.display())))
	}
}

/// One component as the screen shows it.
#[derive(Clone)]
pub struct View {
	/// Address of the node.
	pub url: String,
	/// The component on the chain.
	pub explanation: Arc<Explanation>,
	/// Time since that block was read.
	pub age: Duration,
	/// Why no later block was read.
	pub chain_error: Option<String>,
	/// What its miner says.
	pub miner: FromMiner,
}

impl View {
	/// The status of its miner, if it is known.
	pub fn status(&self) -> Option<&Status> {
		match &self.miner {
			FromMiner::Status(status, _) => Some(status),
			_ => None,
		}
	}

	/// Its inputs, if they are known.
	pub fn inputs(&self) -> &[InputStatus] {
		self.status().map_or(&[], |status| &status.inputs)
	}

	/// What a component has bought of its steps, if that is known.
	pub fn upstream(&self, uid: u32) -> Option<&UpstreamStatus> {
		self.status()?.upstreams.iter().find(|upstream| upstream.uid == Some(uid))
	}

	/// What is wrong, the gravest first.
	pub fn alerts(&self) -> Vec<String> {
		let mut alerts = Vec::new();
		if let Some(error) = &self.chain_error {
			alerts.push(error.clone());
		} else if self.age >= LATE {
			let seconds = self.age.as_secs();
			alerts.push(format!("no block for {seconds} s: check the node at {}", self.url));
		}
		let component = self.explanation.component();
		if component.leaving {
			alerts.push("deregistered: it leaves at the next epoch".into());
		}
		match &self.miner {
			FromMiner::NotAsked => (),
			FromMiner::Unreadable(error) => alerts.push(error.clone()),
			FromMiner::Status(status, age) => {
				if *age >= STALE {
					alerts.push(format!(
						"the miner (process {}) wrote its status {} s ago: it does not run",
						status.pid,
						age.as_secs()
					));
				}
				if status.uid.is_some_and(|uid| uid != component.uid) {
					alerts.push("the status file is that of another component".into());
				}
				alerts.extend(status.last_error.clone());
			}
		}
		alerts
	}
}

/// The column that orders the inputs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
	/// The largest share of the row first.
	#[default]
	Share,
	/// The largest ΔL first.
	Worth,
	/// The slowest first.
	Latency,
	/// Those that answer least first.
	Answers,
}

impl Sort {
	/// Its name on the screen.
	pub fn name(self) -> &'static str {
		match self {
			Self::Share => "share",
			Self::Worth => "ΔL",
			Self::Latency => "latency",
			Self::Answers => "answers",
		}
	}

	fn next(self) -> Self {
		match self {
			Self::Share => Self::Worth,
			Self::Worth => Self::Latency,
			Self::Latency => Self::Answers,
			Self::Answers => Self::Share,
		}
	}

	/// The inputs in this order.
	pub fn order(self, inputs: &[InputStatus]) -> Vec<&InputStatus> {
		let key = |input: &InputStatus| match self {
			Self::Share => -f64::from(input.share),
			Self::Worth => -input.mean,
			Self::Latency => -input.latency_ms.unwrap_or_default(),
			Self::Answers => input.part_answered().unwrap_or_default(),
		};
		let mut inputs: Vec<&InputStatus> = inputs.iter().collect();
		inputs.sort_by(|a, b| key(a).total_cmp(&key(b)).then(a.uid.cmp(&b.uid)));
		inputs
	}
}

/// What the keys change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Controls {
	/// The order of the inputs.
	pub sort: Sort,
	/// Inputs above the first one that is shown.
	pub scroll: usize,
}

impl Controls {
	/// Does what a key says, with so many inputs; `false` if it ends the screen.
	pub fn press(&mut self, key: KeyEvent, inputs: usize) -> bool {
		if key.kind == KeyEventKind::Release {
			return true;
		}
		let control = key.modifiers.contains(KeyModifiers::CONTROL);
		match key.code {
			KeyCode::Char('q') | KeyCode::Esc => return false,
			KeyCode::Char('c') if control => return false,
			KeyCode::Char('s') => self.sort = self.sort.next(),
			KeyCode::Down => self.scroll += 1,
			KeyCode::Up => self.scroll = self.scroll.saturating_sub(1),
			KeyCode::Home => self.scroll = 0,
			_ => (),
		}
		self.scroll = self.scroll.min(inputs.saturating_sub(1));
		true
	}
}
