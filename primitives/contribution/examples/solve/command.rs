//! The command: arguments, files, output and exit status.

use super::{
	solution::{Difference, Solution},
	tables,
};
use anyhow::{Context, Result};
use clap::Parser;
use std::{
	fs::File,
	io::{self, Write},
	path::{Path, PathBuf},
};

/// Recompute the contributions and payouts of one epoch.
#[derive(Parser)]
pub(crate) struct Arguments {
	/// CSV file `uid,stake`: the stakes that count as sources, in units.
	#[arg(long, value_name = "FILE")]
	stakes: PathBuf,
	/// CSV file `uid,target,share`: the active rows, shares out of 65,536.
	#[arg(long, value_name = "FILE")]
	edges: PathBuf,
	/// Total payout of the epoch, in units.
	#[arg(long, value_name = "UNITS")]
	sigma: u64,
	/// CSV file `uid,payout` to compare with, in units.
	#[arg(long, value_name = "FILE")]
	payouts: Option<PathBuf>,
}

/// Runs the command and returns its exit status. Errors in writing messages are ignored.
pub(crate) fn run(arguments: &Arguments, out: &mut impl Write, err: &mut impl Write) -> u8 {
	match solve(arguments, out, err) {
		Ok(None) => 0,
		Ok(Some(difference)) => {
			let _ = writeln!(err, "{difference}");
			1
		}
		Err(error) => {
			let _ = writeln!(err, "error: {error:#}");
			2
		}
	}
}

fn solve(
	arguments: &Arguments,
	out: &mut impl Write,
	err: &mut impl Write,
) -> Result<Option<Difference>> {
	let stakes = tables::stakes(&name(&arguments.stakes), open(&arguments.stakes)?)?;
	let edges = tables::edges(&name(&arguments.edges), open(&arguments.edges)?)?;
	let paid = match &arguments.payouts {
		Some(path) => Some(tables::payouts(&name(path), open(path)?)?),
		None => None,
	};

	let solution = Solution::of(&stakes, &edges, arguments.sigma);
	match out.write_all(solution.to_csv()?.as_bytes()).and_then(|()| out.flush()) {
		// The reader closed the pipe.
		Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
		written => written.context("cannot write to standard output")?,
	}
	let _ = writeln!(err, "{}", solution.summary());

	let Some(paid) = paid else { return Ok(None) };
	match solution.compare(&paid) {
		Ok(compared) => {
			let _ = writeln!(err, "all {compared} payouts agree");
			Ok(None)
		}
		Err(difference) => Ok(Some(difference)),
	}
}

fn name(path: &Path) -> String {
	path.display().to_string()
}

fn open(path: &Path) -> Result<File> {
	File::open(path).with_context(|| format!("cannot open {}", path.display()))
}
