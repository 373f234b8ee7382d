//! Reads the CSV files. Every error names the file, the line and the problem.

use anyhow::{anyhow, bail, ensure, Context, Result};
use bittensor_contribution::{
	check_row, Edge, RowError, MAX_COMPONENTS, MIN_SELF_SHARE, SHARE_ONE,
};
use csv::{ReaderBuilder, Trim};
use std::{collections::BTreeMap, io::Read};

/// Units by uid. A missing uid has 0.
pub(crate) type Amounts = BTreeMap<u32, u64>;

/// Edges by uid. A missing uid has an empty row.
pub(crate) type Rows = BTreeMap<u32, Vec<Edge>>;

/// Reads `uid,stake`.
pub(crate) fn stakes(file: &str, reader: impl Read) -> Result<Amounts> {
	amounts(file, reader, "stake")
}

/// Reads `uid,payout`.
pub(crate) fn payouts(file: &str, reader: impl Read) -> Result<Amounts> {
	amounts(file, reader, "payout")
}

/// Reads `uid,target,share` in any order. Checks every row with the rules of the chain.
pub(crate) fn edges(file: &str, reader: impl Read) -> Result<Rows> {
	let mut lines: BTreeMap<u32, Vec<u64>> = BTreeMap::new();
	let mut rows = Rows::new();
	for (line, [source, target, share]) in records(file, reader, ["uid", "target", "share"])? {
		let at = || format!("{file}:{line}");
		let source = uid(&source).with_context(at)?;
		let target = uid(&target).with_context(at)?;
		let share = share
			.parse::<u16>()
			.map_err(|_| {
				let limit = SHARE_ONE - MIN_SELF_SHARE;
				anyhow!("share `{share}` is not a whole number from 1 to {limit}")
			})
			.with_context(at)?;
		rows.entry(source).or_default().push(Edge { target, share });
		lines.entry(source).or_default().push(line);
	}
	for (source, row) in &rows {
		// `uid` has already refused values out of range.
		if let Err(error) = check_row(*source, row, |_| true) {
			let line = blame(*source, row, error).and_then(|edge| lines[source].get(edge));
			let line = line.copied().unwrap_or_default();
			bail!("{file}:{line}: row of uid {source}: {error}");
		}
	}
	Ok(rows)
}

/// The position of the edge that causes the error.
fn blame(source: u32, row: &[Edge], error: RowError) -> Option<usize> {
	match error {
		RowError::SelfEdge => row.iter().position(|edge| edge.target == source),
		RowError::UnknownTarget { target } => row.iter().position(|edge| edge.target == target),
		RowError::ZeroShare { target } => row.iter().position(|edge| *edge == Edge::new(target, 0)),
		RowError::DuplicateTarget { target } => {
			let mut same = row.iter().enumerate().filter(|(_, edge)| edge.target == target);
			same.nth(1).map(|(position, _)| position)
		}
		RowError::TooManyEdges { .. } => Some(bittensor_contribution::MAX_EDGES),
		RowError::SharesOverLimit { .. } => {
			let mut sum = 0;
			row.iter().position(|edge| {
				sum += u32::from(edge.share);
				sum > SHARE_ONE - MIN_SELF_SHARE
			})
		}
	}
}

fn amounts(file: &str, reader: impl Read, column: &str) -> Result<Amounts> {
	let mut amounts = Amounts::new();
	for (line, [source, amount]) in records(file, reader, ["uid", column])? {
		let at = || format!("{file}:{line}");
		let source = uid(&source).with_context(at)?;
		let amount = amount
			.parse()
			.map_err(|_| anyhow!("{column} `{amount}` is not a whole number of units below 2^64"))
			.with_context(at)?;
		ensure!(
			amounts.insert(source, amount).is_none(),
			"{file}:{line}: uid {source} comes twice"
		);
	}
	Ok(amounts)
}

/// The fields of the named columns of each record, with its line number.
fn records<const N: usize>(
	file: &str,
	reader: impl Read,
	columns: [&str; N],
) -> Result<Vec<(u64, [String; N])>> {
	let mut reader = ReaderBuilder::new().trim(Trim::All).from_reader(reader);
	let header = reader.headers().with_context(|| format!("{file}:1"))?.clone();
	let mut positions = [0; N];
	for (position, column) in positions.iter_mut().zip(columns) {
		*position = header.iter().position(|name| name == column).ok_or_else(|| {
			let found: Vec<&str> = header.iter().collect();
			anyhow!("{file}:1: no column `{column}`; the header is `{}`", found.join(","))
		})?;
	}
	let mut records = Vec::new();
	for record in reader.records() {
		let record = record.map_err(|error| malformed(file, &error))?;
		let line = record.position().map_or(0, |position| position.line());
		records.push((line, positions.map(|position| record[position].to_owned())));
	}
	Ok(records)
}

fn malformed(file: &str, error: &csv::Error) -> anyhow::Error {
	let line = error.position().map_or(0, |position| position.line());
	match error.kind() {
		csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
			anyhow!("{file}:{line}: {len} fields where the header has {expected_len}")
		}
		_ => anyhow!("{file}:{line}: {error}"),
	}
}

fn uid(field: &str) -> Result<u32> {
	match field.parse::<u32>() {
		Ok(uid) if (uid as usize) < MAX_COMPONENTS => Ok(uid),
		_ => bail!("unknown uid `{field}`: uids are whole numbers below {MAX_COMPONENTS}"),
	}
}
