//! Standard output.

use std::io::{ErrorKind, Result, Write};

/// An error with its causes. A cause that the text before it has already is left out.
pub fn error(error: &anyhow::Error) -> String {
	error.chain().skip(1).map(ToString::to_string).fold(error.to_string(), |text, cause| {
		if text.contains(&cause) {
			text
		} else {
			format!("{text}: {cause}")
		}
	})
}

/// Prints a line. It is not an error if the reader has closed the pipe, as `head` does.
pub fn line(text: &str) -> Result<()> {
	line_to(std::io::stdout().lock(), text)
}

/// Prints a line of many; `false` if the reader has closed the pipe.
pub fn goes_on(text: &str) -> Result<bool> {
	let mut out = std::io::stdout().lock();
	match writeln!(out, "{text}").and_then(|()| out.flush()) {
		Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
		result => result.map(|()| true),
	}
}

/// As [`line()`], to any writer.
pub fn line_to(mut out: impl Write, text: &str) -> Result<()> {
	match writeln!(out, "{text}").and_then(|()| out.flush()) {
		Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
		result => result,
	}
}
