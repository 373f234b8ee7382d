//! Standard output: lines that stay, and a block of text at the bottom that is replaced in place.
//!
//! Invariant: on a terminal a new block replaces the one before it, also after the terminal changed its
//! width; elsewhere nothing is replaced, so that a log file stays readable.

use std::io::{IsTerminal, Write};

/// Columns of a terminal whose width is unknown, and of a log file.
const COLUMNS: usize = 100;

/// Standard output.
#[derive(Debug)]
pub struct Screen {
	terminal: bool,
	/// Widths of the lines of the block at the bottom of the terminal.
	block: Vec<usize>,
}

impl Default for Screen {
	fn default() -> Self {
		Self { terminal: std::io::stdout().is_terminal(), block: Vec::new() }
	}
}

impl Screen {
	/// Whether a person looks at it now.
	pub fn is_terminal(&self) -> bool {
		self.terminal
	}

	/// Columns of the terminal now; `COLUMNS` of the environment, or 100, elsewhere.
	pub fn columns(&self) -> usize {
		let of_terminal = || self.terminal.then(terminal_columns).flatten();
		let given = || std::env::var("COLUMNS").ok()?.parse().ok();
		of_terminal().or_else(given).filter(|columns| *columns > 0).unwrap_or(COLUMNS)
	}

	/// Prints a line that stays. A block above it stays too.
	pub fn line(&mut self, text: &str) {
		self.block.clear();
		write_out(&format!("{text}\n"));
	}

	/// Prints a sentence that stays, broken between words at the width of the terminal.
	pub fn sentence(&mut self, text: &str) {
		let columns = self.columns();
		self.line(&wrap(text, columns));
	}

	/// Prints `text`; on a terminal it takes the place of the block before it, and lines that are too
	/// long are cut.
	pub fn block(&mut self, text: &str) {
		let text = text.trim_end_matches('\n');
		if !self.terminal {
			return write_out(&format!("{text}\n"));
		}
		let columns = self.columns();
		let lines: Vec<String> = text.lines().map(|line| cut(line, columns)).collect();
		// Up by the old block's lines, as the terminal wraps them now. Each line clears its rest, and the
		// last one what is below: clearing all first would flicker, and fill the history of some
		// terminals.
		let up = height(&self.block, columns);
		let up = if up > 0 { format!("\x1b[{up}A") } else { String::new() };
		self.block = lines.iter().map(|line| line.chars().count()).collect();
		write_out(&format!("{up}{}\x1b[K\n\x1b[J", lines.join("\x1b[K\n")));
	}
}

/// Rows of a terminal that lines of these widths take.
fn height(widths: &[usize], columns: usize) -> usize {
	widths.iter().map(|width| width.div_ceil(columns.max(1)).max(1)).sum()
}

/// A line that fits: the characters that a block uses take one column each.
fn cut(line: &str, columns: usize) -> String {
	match line.chars().count() > columns {
		true => line.chars().take(columns.saturating_sub(1)).chain(['…']).collect(),
		false => line.into(),
	}
}

/// Breaks between words, so that lines of several words fit; all lines have the indent of the first.
fn wrap(text: &str, columns: usize) -> String {
	let words = text.trim_start();
	let indent = " ".repeat(text.len() - words.len());
	let mut lines = vec![indent.clone()];
	for word in words.split(' ') {
		let line = lines.last().map_or(0, |line| line.chars().count());
		match lines.last_mut() {
			Some(last) if last.len() == indent.len() => *last += word,
			Some(last) if line + 1 + word.chars().count() <= columns => {
				last.push(' ');
				*last += word;
			}
			_ => lines.push(format!("{indent}{word}")),
		}
	}
	lines.join("\n")
}

fn terminal_columns() -> Option<usize> {
	let mut size = libc::winsize { ws_row: 0, ws_col: 0, ws_xpixel: 0, ws_ypixel: 0 };
	// Safety: a plain system call that fills the structure, which outlives it.
	let done = unsafe { libc::ioctl(libc::STDOUT_FILENO, libc::TIOCGWINSZ, &mut size) };
	(done == 0).then_some(size.ws_col.into())
}

/// Ignores errors: a closed pipe must not end the network.
fn write_out(text: &str) {
	let mut out = std::io::stdout().lock();
	let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

#[cfg(test)]
mod tests {
	use super::{cut, height, wrap};

	#[test]
	fn a_block_is_as_high_as_the_terminal_wraps_it() {
		assert_eq!(height(&[0, 80, 40], 80), 3);
		// The terminal became narrower: what it wrapped counts.
		assert_eq!(height(&[0, 80, 40], 30), 1 + 3 + 2);
		assert_eq!(height(&[], 80), 0);
	}

	#[test]
	fn a_sentence_breaks_between_words() {
		assert_eq!(wrap("one two three", 7), "one two\nthree");
		assert_eq!(wrap("  ✓ a-very-long-word", 8), "  ✓\n  a-very-long-word");
		assert_eq!(wrap("short", 80), "short");
	}

	#[test]
	fn a_line_is_cut_at_the_width() {
		assert_eq!(cut("ΔL_ii − 5", 9), "ΔL_ii − 5");
		assert_eq!(cut("ΔL_ii − 5", 6), "ΔL_ii…");
	}
}
