//! The first articles of the English Wikipedia, from the excerpt inside gensim.
//!
//! Markup is dropped, not rendered: templates, tables, references, images and headings leave nothing;
//! links leave their text. That is enough to learn words from.

use super::{file_name, tidy, words, Documents};
use crate::fetch::{Archive, Result};

/// Shorter articles are redirects and lists.
const LEAST_WORDS: usize = 500;
const EXCERPT: &str = "gensim/test/test_data/\
	enwiki-latest-pages-articles1.xml-p000000010p000030302-shortened.bz2";
/// Elements that go with their content.
const DROPPED: [&str; 8] =
	["ref", "math", "gallery", "timeline", "source", "pre", "code", "nowiki"];
/// Sections that end an article.
const ENDS: [&str; 8] = [
	"See also",
	"References",
	"External links",
	"Further reading",
	"Notes",
	"Bibliography",
	"Footnotes",
	"Sources",
];

/// The articles.
pub(in crate::fetch) fn wikipedia(archive: &Archive) -> Result<Documents> {
	let xml = archive.bunzip2(&archive.member(EXCERPT)?)?;
	Ok(articles(&String::from_utf8_lossy(&xml)))
}

fn articles(xml: &str) -> Documents {
	let mut documents = Documents::new();
	for page in xml.split("<page>").skip(1) {
		if !page.contains("<ns>0</ns>") || page.contains("<redirect") {
			continue;
		}
		let title = between(page, "<title>", "</title>");
		let text = between(page, "<text", "</text>").and_then(|text| text.split_once('>'));
		if let (Some(title), Some((_, text))) = (title, text) {
			// Once for the XML, once for the markup in it.
			let text = tidy(&plain(&unescaped(&unescaped(text))));
			if words(&text) >= LEAST_WORDS {
				documents.insert(file_name(&unescaped(title)), text);
			}
		}
	}
	documents
}

fn between<'a>(text: &'a str, open: &str, close: &str) -> Option<&'a str> {
	Some(text.split_once(open)?.1.split_once(close)?.0)
}

fn unescaped(text: &str) -> String {
	let mut out = String::with_capacity(text.len());
	let mut rest = text;
	while let Some(at) = rest.find('&') {
		out.push_str(&rest[..at]);
		let entity = rest[at + 1..].split_once(';').filter(|(name, _)| name.len() <= 8);
		let letter = entity.and_then(|(name, _)| match name {
			"lt" => Some('<'),
			"gt" => Some('>'),
			"amp" => Some('&'),
			"quot" => Some('"'),
			"nbsp" => Some(' '),
			"ndash" | "minus" => Some('-'),
			"mdash" => Some('\u{2014}'),
			_ => name.strip_prefix('#')?.parse().ok().and_then(char::from_u32),
		});
		match (letter, entity) {
			(Some(letter), Some((_, after))) => {
				out.push(letter);
				rest = after;
			}
			_ => {
				out.push('&');
				rest = &rest[at + 1..];
			}
		}
	}
	out + rest
}

/// Paragraphs of plain text.
fn plain(markup: &str) -> String {
	let text = without_elements(&without(markup, "<!--", "-->"));
	let text = linked(&nested(&nested(&text, "{{", "}}"), "{|", "|}"));
	let text = without(&text, "<", ">").replace("'''", "").replace("''", "");
	let mut paragraphs = Vec::new();
	for line in text.lines().map(str::trim) {
		if line.len() > 1 && line.starts_with('=') && line.ends_with('=') {
			if ENDS.contains(&line.trim_matches(['=', ' '])) {
				break;
			}
			continue;
		}
		let line = line.trim_start_matches(['*', '#', ':', ';', ' ']);
		if !line.is_empty() {
			paragraphs.push(line);
		}
	}
	paragraphs.join("\n\n")
}

/// Without all that lies between two marks, which do not nest.
fn without(text: &str, open: &str, close: &str) -> String {
	let mut out = String::new();
	let mut rest = text;
	while let Some((before, inside)) = rest.split_once(open) {
		let Some((_, after)) = inside.split_once(close) else { break };
		out.push_str(before);
		rest = after;
	}
	out + rest
}

/// Without what lies between two marks that nest. A mark without its partner stays.
fn nested(text: &str, open: &str, close: &str) -> String {
	let mut out = String::new();
	// Where the text of each open mark begins in `out`.
	let mut opened = Vec::new();
	let mut rest = text;
	while let Some(letter) = rest.chars().next() {
		if rest.starts_with(open) {
			opened.push(out.len());
			out.push_str(open);
			rest = &rest[open.len()..];
		} else if rest.starts_with(close) && !opened.is_empty() {
			out.truncate(opened.pop().unwrap_or(0));
			rest = &rest[close.len()..];
		} else {
			out.push(letter);
			rest = &rest[letter.len_utf8()..];
		}
	}
	out
}

/// Without the elements of [`DROPPED`] and their content.
fn without_elements(text: &str) -> String {
	let mut out = String::new();
	let mut rest = text;
	while let Some(at) = rest.find('<') {
		let (before, tag) = rest.split_at(at);
		out.push_str(before);
		let name = tag[1..].split(|letter: char| !letter.is_ascii_alphanumeric()).next();
		let name = name.unwrap_or_default().to_ascii_lowercase();
		let after = DROPPED.contains(&name.as_str()).then(|| {
			let (inside, after) = tag.split_once('>')?;
			match inside.ends_with('/') {
				true => Some(after),
				false => Some(after.split_once(&format!("</{name}>"))?.1),
			}
		});
		match after.flatten() {
			Some(after) => rest = after,
			None => {
				out.push('<');
				rest = &tag[1..];
			}
		}
	}
	out + rest
}

/// Links by their text; images, categories and other languages leave nothing.
fn linked(text: &str) -> String {
	let mut out = String::new();
	// Where the text of each open `[[` begins in `out`.
	let mut opened: Vec<usize> = Vec::new();
	let mut rest = text;
	while let Some(letter) = rest.chars().next() {
		if let Some(after) = rest.strip_prefix("[[") {
			opened.push(out.len());
			rest = after;
		} else if let (Some(after), Some(&from)) = (rest.strip_prefix("]]"), opened.last()) {
			opened.pop();
			let inside = out.split_off(from);
			if !is_namespace(&inside) {
				out.push_str(inside.rsplit_once('|').map_or(&inside, |(_, text)| text));
			}
			rest = after;
		} else if let Some((text, after)) = external(rest) {
			out.push_str(text);
			rest = after;
		} else {
			out.push(letter);
			rest = &rest[letter.len_utf8()..];
		}
	}
	out
}

/// Whether a link leads to a file, a category or another language.
fn is_namespace(link: &str) -> bool {
	let Some((space, _)) = link.split_once(':') else { return false };
	let space = space.trim().to_ascii_lowercase();
	let language = space.split('-').all(|part| matches!(part.len(), 2..=8))
		&& matches!(space.split('-').next().map_or(0, str::len), 2 | 3)
		&& space.bytes().all(|letter| letter.is_ascii_lowercase() || letter == b'-');
	matches!(space.as_str(), "file" | "image" | "category") || language
}

/// The text of `[http://… text]`, and what follows.
fn external(text: &str) -> Option<(&str, &str)> {
	let inside = text.strip_prefix('[')?;
	["http://", "https://", "ftp://"].iter().find(|scheme| inside.starts_with(**scheme))?;
	let (link, after) = inside.split_once(']')?;
	Some((link.split_once(' ').map_or("", |(_, text)| text), after))
}

#[cfg(test)]
mod tests {
	use super::{articles, plain, unescaped, LEAST_WORDS};

	#[test]
	fn markup_leaves_its_text_only() {
		let markup =
			"{{Infobox|a={{b|c}}}}'''Anarchism''' is a [[political philosophy|philosophy]]\
			<ref name=\"x\">Cited [[here]]</ref><ref name=\"x\" /> of [[state (polity)|the [[state]]]].\n\
			[[File:a.png|thumb|A [[cat]]]]\n{| class=\"wikitable\"\n| cell\n|}\n== History ==\n\
			* See [http://example.org the site] <!-- hidden -->now &amp; then.\n\
			[[fr:Anarchisme]]\n==See also==\nnever";
		let text = plain(&unescaped(markup));
		assert_eq!(text, "Anarchism is a philosophy of the state.\n\nSee the site now & then.");
		assert_eq!(plain("a {{ b < c"), "a {{ b < c");
		assert_eq!(unescaped("&lt;&#8212;&unknown; & b"), "<\u{2014}&unknown; & b");
	}

	#[test]
	fn long_articles_become_documents() {
		let page =
			|title: &str, ns: u32, more: &str, words: usize| {
				let text = "word ".repeat(words);
				format!("<page><title>{title}</title><ns>{ns}</ns>{more}<text x=\"y\">{text}</text></page>")
			};
		let xml = [
			page("A &amp; B", 0, "", LEAST_WORDS),
			page("short", 0, "", LEAST_WORDS - 1),
			page("talk", 1, "", LEAST_WORDS),
			page("moved", 0, "<redirect title=\"x\" />", LEAST_WORDS),
		];
		let documents = articles(&xml.concat());
		assert_eq!(documents.keys().collect::<Vec<_>>(), ["a-b"]);
	}
}
