//! Replaces the `wasm-opt` crate for `substrate-wasm-builder`: implements the part of its interface
//! that the builder uses, and runs the `wasm-opt` program of the system's Binaryen package.
//!
//! The published crate compiles all of Binaryen from C++, which takes longer than all other build
//! scripts of the node together. Old versions of the program lack the sign-extension lowering pass;
//! it is skipped there. The runtime's target `wasm32v1-none` has no sign-extension instructions, so
//! the output is the same, byte for byte.

use std::{fmt, path::Path, process::Command};

/// A pass over the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
	/// Removes the DWARF sections.
	StripDwarf,
	/// Replaces sign-extension instructions by shifts.
	SignextLowering,
}

impl Pass {
	fn argument(self) -> &'static str {
		match self {
			Pass::StripDwarf => "--strip-dwarf",
			Pass::SignextLowering => "--signext-lowering",
		}
	}
}

/// The options of a run; a builder like that of the published crate.
#[derive(Clone, Debug, Default)]
pub struct OptimizationOptions {
	mvp: bool,
	debug_info: bool,
	passes: Vec<Pass>,
}

impl OptimizationOptions {
	/// Runs no optimisation, only the added passes.
	pub fn new_opt_level_0() -> Self {
		Self::default()
	}

	/// Restricts input and output to the features of the first WebAssembly version.
	pub fn mvp_features_only(&mut self) -> &mut Self {
		self.mvp = true;
		self
	}

	/// Keeps or removes the names of functions.
	pub fn debug_info(&mut self, keep: bool) -> &mut Self {
		self.debug_info = keep;
		self
	}

	/// Appends a pass.
	pub fn add_pass(&mut self, pass: Pass) -> &mut Self {
		self.passes.push(pass);
		self
	}

	/// Processes the module in file `input` and writes the result to `output`, which may be the same
	/// file.
	///
	/// # Errors
	/// If the program is missing or reports an error.
	pub fn run(&self, input: impl AsRef<Path>, output: impl AsRef<Path>) -> Result<(), Error> {
		let help = Command::new("wasm-opt").arg("--help").output().map_err(Error::Missing)?;
		let known = String::from_utf8_lossy(&help.stdout).into_owned();
		let mut command = Command::new("wasm-opt");
		command.arg("-O0").arg(input.as_ref()).arg("-o").arg(output.as_ref());
		if self.mvp {
			command.arg("--mvp-features");
		}
		if self.debug_info {
			command.arg("-g");
		}
		for pass in self.passes.iter().filter(|p| known.contains(p.argument())) {
			command.arg(pass.argument());
		}
		let run = command.output().map_err(Error::Missing)?;
		match run.status.success() {
			true => Ok(()),
			false => Err(Error::Failed(String::from_utf8_lossy(&run.stderr).into_owned())),
		}
	}
}

/// The error of [`OptimizationOptions::run`].
#[derive(Debug)]
pub enum Error {
	/// The program could not be started.
	Missing(std::io::Error),
	/// The program failed; its standard error.
	Failed(String),
}

impl fmt::Display for Error {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		match self {
			Error::Missing(error) => write!(
				f,
				"cannot start `wasm-opt` ({error}): install the package `binaryen`, or run scripts/setup.sh"
			),
			Error::Failed(words) => write!(f, "wasm-opt failed: {words}"),
		}
	}
}

impl std::error::Error for Error {}
