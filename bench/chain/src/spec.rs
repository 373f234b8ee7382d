//! The raw chain specification of a [`State`], in two files: `full.json`, to make a new database, and
//! `slim.json` with the runtime's code as its only state, for nodes that have a database. It states the
//! hash of the first block that the full one makes, or nodes would refuse the database.
//!
//! Nodes read their specification at every start and keep it in memory for a while, and a full one of
//! 65,536 components has 140 MB. So the measured nodes start from the slim one.
//!
//! Invariant: the code is that of the node's binary and the one that this program was compiled with, so
//! that the native state and the node agree.

use std::{
	fs::File,
	io::{self, BufWriter, Write},
	path::{Path, PathBuf},
	process::Command,
};

use anyhow::{ensure, Context};
use bittensor_e2e::binaries;
use serde_json::{Map, Value};

use crate::state::State;

/// The key of the runtime's code, in hex.
const CODE_KEY: &str = "0x3a636f6465";

/// What all specifications have in common.
#[derive(Clone, Debug)]
pub(crate) struct Template {
	/// Everything but the genesis.
	fields: Map<String, Value>,
	/// The runtime's code, in hex.
	code: String,
}

/// The two files of a chain.
#[derive(Clone, Debug)]
pub(crate) struct Files {
	/// With the whole state.
	pub(crate) full: PathBuf,
	/// Only with the runtime's code.
	pub(crate) slim: PathBuf,
	/// The chain's id, which names the folder of its database.
	pub(crate) id: String,
}

impl Template {
	/// Asks the node's binary for its development chain. A file in `folder` is written and removed.
	pub(crate) fn of_node(folder: &Path) -> anyhow::Result<Self> {
		let node = binaries::find(binaries::NODE)?;
		std::fs::create_dir_all(folder)
			.with_context(|| format!("could not create {}", folder.display()))?;
		let file = folder.join("template.json");
		let output = Command::new(&node)
			.args(["export-chain-spec", "--chain=dev", "--raw", &binaries::runtime_cache()?])
			.arg("--output")
			.arg(&file)
			.output()
			.with_context(|| format!("could not start {}", node.display()))?;
		let said = String::from_utf8_lossy(&output.stderr);
		ensure!(output.status.success(), "{} wrote no specification: {said}", node.display());
		let text = std::fs::read_to_string(&file)
			.with_context(|| format!("could not read {}", file.display()))?;
		std::fs::remove_file(&file).ok();
		let template = Self::parse(&text)?;
		let ours = bittensor_runtime::WASM_BINARY
			.context("this program was built with SKIP_WASM_BUILD; build it without")?;
		ensure!(
			template.code == format!("0x{}", hex::encode(ours)),
			"bittensor-node and bench-chain were built from different sources: build both again"
		);
		Ok(template)
	}

	/// Reads a raw specification.
	pub(crate) fn parse(text: &str) -> anyhow::Result<Self> {
		let mut fields: Map<String, Value> =
			serde_json::from_str(text).context("the chain specification is not a JSON object")?;
		let genesis = fields.remove("genesis").context("the specification has no genesis")?;
		let code = genesis["raw"]["top"][CODE_KEY].as_str();
		let code = code.context("the specification has no code: it must be a raw one")?.to_owned();
		fields.insert("bootNodes".into(), Value::Array(Vec::new()));
		Ok(Self { fields, code })
	}

	/// Writes both specifications of `state` into `folder`.
	pub(crate) fn write(&self, state: &State, folder: &Path) -> anyhow::Result<Files> {
		let id = self.fields.get("id").and_then(Value::as_str);
		let id = id.context("the node's specification has no id")?.to_owned();
		let write = |name: &str, state: Option<&State>| {
			let path = folder.join(name);
			let written =
				std::fs::create_dir_all(folder).and_then(|()| self.write_to(&path, state));
			written.with_context(|| format!("could not write {}", path.display()))?;
			anyhow::Ok(path)
		};
		Ok(Files { full: write("full.json", Some(state))?, slim: write("slim.json", None)?, id })
	}

	/// Entry by entry, because the whole would take a gigabyte as a JSON value.
	fn write_to(&self, path: &Path, state: Option<&State>) -> io::Result<()> {
		let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
		out.write_all(b"{")?;
		for (name, value) in &self.fields {
			write!(out, "{}:{value},", Value::from(name.as_str()))?;
		}
		write!(out, "\"genesis\":{{\"raw\":{{\"top\":{{\"{CODE_KEY}\":\"{}\"", self.code)?;
		let entries = state.into_iter().flat_map(State::top);
		for (key, value) in entries.filter(|(key, _)| *key != b":code") {
			write!(out, ",\"0x{}\":\"0x{}\"", hex::encode(key), hex::encode(value))?;
		}
		out.write_all(b"},\"childrenDefault\":{}}}}")?;
		out.into_inner()?.sync_all()
	}
}

impl Files {
	/// Writes the hash of the first block into the slim specification.
	pub(crate) fn state_genesis(&self, hash: &str) -> anyhow::Result<()> {
		let path = &self.slim;
		let write = || -> anyhow::Result<()> {
			let mut fields: Map<String, Value> =
				serde_json::from_str(&std::fs::read_to_string(path)?)?;
			fields.insert("genesisHash".into(), hash.into());
			Ok(std::fs::write(path, serde_json::to_vec(&fields)?)?)
		};
		write().with_context(|| format!("could not state the first block in {}", path.display()))
	}
}
