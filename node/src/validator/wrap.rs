//! Text in the width of a terminal.

/// Columns of the narrowest terminal that people use.
const COLUMNS: usize = 80;

/// Breaks the text at spaces into lines of at most 80 columns. All but the first begin with `indent`
/// spaces. A longer word has a line of its own.
pub(super) fn wrap(text: &str, indent: usize) -> String {
	let mut lines = String::new();
	let mut width = 0;
	for word in text.split(' ') {
		let columns = word.chars().count();
		if width > indent && width + 1 + columns > COLUMNS {
			lines.push('\n');
			lines.push_str(&" ".repeat(indent));
			width = indent;
		} else if !lines.is_empty() {
			lines.push(' ');
			width += 1;
		}
		lines.push_str(word);
		width += columns;
	}
	lines
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn no_line_is_wider_than_a_terminal_and_no_word_is_lost() {
		let text =
			"state       ".to_owned() + &"leaves until session – ".repeat(20) + &"x".repeat(90);
		let wrapped = wrap(&text, 12);
		let lines: Vec<&str> = wrapped.lines().collect();
		assert!(lines.len() > 5 && wrapped.starts_with("state       leaves"), "{wrapped}");
		let (long, others) = lines.split_last().expect("lines");
		assert_eq!(long.trim(), "x".repeat(90));
		assert!(others.iter().all(|line| line.chars().count() <= 80), "{wrapped}");
		// The longest of the words, with a space before it, would not fit.
		let full = &others[..others.len() - 1];
		assert!(full.iter().all(|line| line.chars().count() > 80 - 8), "{wrapped}");
		assert!(lines[1..].iter().all(|line| line.starts_with(&" ".repeat(12))), "{wrapped}");
		assert!(wrapped.split_whitespace().eq(text.split_whitespace()));
	}
}
