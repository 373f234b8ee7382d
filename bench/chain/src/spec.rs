//! The raw chain specification of a [`State`].
//!
//! ```text
//!   bittensor-node export-chain-spec --chain dev --raw ──► template
//!        name, id, properties, no boot nodes ──────────────┐
//!        genesis.raw.top[":code"] ─────────┐               │
//!                                          ▼               ▼
//!   State::top ────────────────► genesis.raw.top ──► full.json    what a new database is made from
//!                                    ":code" only ──► slim.json   what nodes with a database need
//! ```
//!
//! Nodes read their specification at every start and keep what it says in memory for a while. On a
//! chain with a short genesis that is nothing, but a full specification of 65,536 components has
//! 140 MB. So the measured nodes start from the slim one, over a database that has block 0 already.
//!
//! Invariant: the code is the one of the node's binary, and the one that this program was compiled
//! with, so that natively made state and node agree; a mismatch is refused.

use std::{
	fs::File,
	io::{self, BufWriter, Write},
	path::{Path, PathBuf},
	process::Command,
};

use anyhow::{bail, ensure, Context};
use bittensor_e2e::binaries;
use serde_json::{Map, Value};

use crate::state::State;

/// The key of the runtime's code, in hex.
const CODE_KEY: &str = "0x3a636f6465";

/// What all specifications have in common.
#[derive(Clone, Debug)]
pub struct Template {
	/// Everything but the genesis.
	fields: Map<String, Value>,
	/// The runtime's code, in hex.
	code: String,
}

/// The two files of a chain.
#[derive(Clone, Debug)]
pub struct Files {
	/// With the whole state.
	pub full: PathBuf,
	/// With the runtime's code only.
	pub slim: PathBuf,
	/// The chain's id, which names the folder of its database.
	pub id: String,
}

impl Template {
	/// Asks the node's binary for its development chain. `folder` receives a file that is removed.
	pub fn of_node(folder: &Path) -> anyhow::Result<Self> {
		let node = binaries::find(binaries::NODE)?;
		std::fs::create_dir_all(folder)
			.with_context(|| format!("could not create {}", folder.display()))?;
		let file = folder.join("template.json");
		let output = Command::new(&node)
			.args(["export-chain-spec", "--chain=dev", "--raw", "--output"])
			.arg(&file)
			.output()
			.with_context(|| format!("could not start {}", node.display()))?;
		if !output.status.success() {
			let said = String::from_utf8_lossy(&output.stderr);
			bail!("{} wrote no specification ({}): {said}", node.display(), output.status);
		}
		let text = std::fs::read_to_string(&file)
			.with_context(|| format!("could not read {}", file.display()))?;
		std::fs::remove_file(&file).ok();
		let template = Self::parse(&text)?;
		template.check_code()?;
		Ok(template)
	}

	/// Reads a raw specification.
	pub fn parse(text: &str) -> anyhow::Result<Self> {
		let mut fields: Map<String, Value> =
			serde_json::from_str(text).context("the chain specification is no JSON object")?;
		let genesis = fields.remove("genesis").context("the specification has no genesis")?;
		let code = genesis["raw"]["top"][CODE_KEY]
			.as_str()
			.context("the specification has no code: it must be a raw one")?
			.to_owned();
		fields.insert("bootNodes".into(), Value::Array(Vec::new()));
		Ok(Self { fields, code })
	}

	/// Whether the node runs the code that this program was compiled with.
	fn check_code(&self) -> anyhow::Result<()> {
		let ours = bittensor_runtime::WASM_BINARY
			.context("this program was built with SKIP_WASM_BUILD; build it without")?;
		let node = hex::decode(self.code.trim_start_matches("0x"))
			.context("the code in the node's specification is no hex")?;
		ensure!(
			node == ours,
			"bittensor-node and bench-chain were built from different sources: build both again"
		);
		Ok(())
	}

	/// Writes both specifications of `state` into `folder`.
	pub fn write(&self, state: &State, folder: &Path) -> anyhow::Result<Files> {
		std::fs::create_dir_all(folder)
			.with_context(|| format!("could not create {}", folder.display()))?;
		let id = self.fields.get("id").and_then(Value::as_str);
		let id = id.context("the node's specification has no id")?.to_owned();
		let (full, slim) = (folder.join("full.json"), folder.join("slim.json"));
		let top = state.top().iter().map(|(key, value)| (&key[..], &value[..]));
		for (path, written) in
			[(&full, self.write_to(&full, top)), (&slim, self.write_to(&slim, std::iter::empty()))]
		{
			written.with_context(|| format!("could not write {}", path.display()))?;
		}
		Ok(Files { full, slim, id })
	}

	/// Entry by entry, as the whole would take a gigabyte as a JSON value.
	fn write_to<'a>(
		&self,
		path: &Path,
		top: impl Iterator<Item = (&'a [u8], &'a [u8])>,
	) -> io::Result<()> {
		let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
		out.write_all(b"{")?;
		for (name, value) in &self.fields {
			write!(out, "{}:{value},", Value::from(name.as_str()))?;
		}
		write!(out, "\"genesis\":{{\"raw\":{{\"top\":{{\"{CODE_KEY}\":\"{}\"", self.code)?;
		let mut entry = Vec::new();
		for (key, value) in top.filter(|(key, _)| *key != b":code") {
			entry.clear();
			entry.extend_from_slice(b",\"0x");
			push_hex(&mut entry, key);
			entry.extend_from_slice(b"\":\"0x");
			push_hex(&mut entry, value);
			entry.push(b'"');
			out.write_all(&entry)?;
		}
		out.write_all(b"},\"childrenDefault\":{}}}}")?;
		out.into_inner()?.sync_all()
	}
}

fn push_hex(out: &mut Vec<u8>, bytes: &[u8]) {
	const DIGITS: &[u8; 16] = b"0123456789abcdef";
	for byte in bytes {
		out.push(DIGITS[usize::from(byte >> 4)]);
		out.push(DIGITS[usize::from(byte & 15)]);
	}
}
