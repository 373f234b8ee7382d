//! What a person sees while a package comes.

use super::Package;
use std::{
	io::{IsTerminal, Write},
	time::{Duration, Instant},
};

/// Told about every step.
pub trait Progress {
	/// Bytes of a package that are here; at most its length.
	fn bytes(&mut self, item: &str, package: &Package, bytes: u64);
	/// Something else that takes a moment.
	fn note(&mut self, item: &str, what: &str);
}

/// Says nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
	fn bytes(&mut self, _: &str, _: &Package, _: u64) {}
	fn note(&mut self, _: &str, _: &str) {}
}

/// A bar on standard error: redrawn on a terminal, and one line per package elsewhere.
#[derive(Debug)]
pub struct Bar {
	terminal: bool,
	/// Package on show, and since when.
	current: Option<(&'static str, Instant)>,
	drawn: Option<Instant>,
}

const WIDTH: usize = 24;
const REDRAW: Duration = Duration::from_millis(100);

impl Bar {
	/// A bar on standard error.
	pub fn new() -> Self {
		Self { terminal: std::io::stderr().is_terminal(), current: None, drawn: None }
	}

	/// Ends the line of the bar.
	pub fn clear(&mut self) {
		if self.terminal && self.drawn.take().is_some() {
			self.draw("\r\x1b[K");
		}
		self.current = None;
	}

	fn draw(&self, text: &str) {
		let mut out = std::io::stderr().lock();
		// A closed standard error is no reason to stop.
		let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
	}
}

impl Default for Bar {
	fn default() -> Self {
		Self::new()
	}
}

impl Progress for Bar {
	fn bytes(&mut self, item: &str, package: &Package, bytes: u64) {
		let now = Instant::now();
		let since = match self.current {
			Some((file, since)) if file == package.file => since,
			_ => {
				self.current = Some((package.file, now));
				if !self.terminal {
					let mb = package.bytes as f64 / 1e6;
					self.draw(&format!("{item}: {package}, {mb:.1} MB\n"));
				}
				now
			}
		};
		if !self.terminal || self.drawn.is_some_and(|drawn| now - drawn < REDRAW) {
			return;
		}
		self.drawn = Some(now);
		self.draw(&format!("\r\x1b[K{}", line(item, package, bytes, now - since)));
	}

	fn note(&mut self, item: &str, what: &str) {
		if self.terminal {
			self.drawn = Some(Instant::now());
			self.draw(&format!("\r\x1b[K{item}: {what}"));
		}
	}
}

/// One state of the bar.
fn line(item: &str, package: &Package, bytes: u64, elapsed: Duration) -> String {
	let bytes = bytes.min(package.bytes);
	let part = bytes as f64 / package.bytes.max(1) as f64;
	let full = (part * WIDTH as f64) as usize;
	format!(
		"{item}: {package} [{}{}] {:3.0} % of {:.1} MB, {} s",
		"#".repeat(full),
		".".repeat(WIDTH - full),
		part * 100.0,
		package.bytes as f64 / 1e6,
		elapsed.as_secs()
	)
}

#[cfg(test)]
mod tests {
	use super::line;
	use crate::fetch::ITEMS;
	use std::time::Duration;

	#[test]
	fn the_bar_never_passes_its_end() {
		let package = ITEMS[0].package();
		let show = |bytes| line("use-v3", package, bytes, Duration::from_secs(3));
		assert!(show(0).contains("[........................]   0 %"), "{}", show(0));
		let half = show(package.bytes / 2);
		assert!(half.contains("[############............]") && half.ends_with("3 s"), "{half}");
		// Clients keep a second copy for a while.
		assert!(show(2 * package.bytes).contains("[########################] 100 %"));
	}
}
