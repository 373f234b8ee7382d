//! The parts of the chain benchmark, without a node.
//!
//! ```text
//!  state      a case becomes storage and a specification, and reads back as it was
//!  signing    a post is an extrinsic that the runtime accepts
//!  measure    lines of metrics, logs and /proc
//!  account    idle blocks, hooks, epochs, merges, ratios
//!  report     targets and tables; the examples of the help are here
//! ```

mod account;
mod measure;
mod report;
mod signing;
mod state;

use crate::Options;
use clap::{CommandFactory, Parser};

#[test]
fn the_examples_of_the_help_are_taken() {
	let help = Options::command().render_long_help().to_string();
	let (_, examples) = help.split_once("Examples:").expect("examples");
	let examples: Vec<&str> =
		examples.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
	assert!(examples.len() > 1, "{help}");
	for example in examples {
		Options::try_parse_from(example.split_whitespace()).expect(example);
	}
}
