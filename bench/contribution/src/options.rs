//! What to measure, from the command line.

use anyhow::Context;
use bench_graphs::Shape;
use clap::Parser;
use std::path::PathBuf;

/// The residual at which the engine stops by itself.
pub const ENGINE_EPSILON: f64 = 1.0 / (1u64 << contribution::RESIDUAL_BITS) as f64;

/// Edges of a row in every graph.
pub const EDGES_PER_ROW: usize = 64;

/// Measures the contribution engine and its peers on the same graphs, in one run, on one core.
#[derive(Clone, Debug, Parser)]
#[command(name = "bench-contribution", version)]
pub struct Options {
	/// Shapes of graphs
	#[arg(long, value_delimiter = ',', default_values_t = Shape::ALL)]
	pub shapes: Vec<Shape>,

	/// Components of the graphs; each has 64 edges
	#[arg(long, value_delimiter = ',', default_value = "256,4096,65536")]
	pub components: Vec<usize>,

	/// Residual mass to solve to, as a part of all mass: numbers, or powers such as 2^-30
	#[arg(long, value_delimiter = ',', default_value = "1e-6,2^-30", value_parser = epsilon)]
	pub epsilons: Vec<f64>,

	/// Rounds that count, after one that does not; fewer for what takes long, and 3 at most for
	/// residuals other than 2^-30
	#[arg(long, default_value_t = 7)]
	pub rounds: u32,

	/// Contenders by name [default: all]
	#[arg(long, value_delimiter = ',')]
	pub contenders: Vec<String>,

	/// Report, as JSON
	#[arg(long, default_value = "target/bench/contribution.json")]
	pub out: PathBuf,

	/// Tables, as Markdown [default: beside the report]
	#[arg(long)]
	pub markdown: Option<PathBuf>,

	/// Python interpreter of the Python contenders, as bench/contribution/contenders/setup.sh prints it; without it
	/// they are left out
	#[arg(long)]
	pub python: Option<PathBuf>,

	/// The program that serves them
	#[arg(long, default_value = "bench/contribution/contenders/contenders.py")]
	pub python_program: PathBuf,

	/// bench-native, built with --release [default: release/bench-native beside the folder of this
	/// program]
	#[arg(long)]
	pub native: Option<PathBuf>,

	/// Another build of the module bench-kernel, as a file [default: the one built in]
	#[arg(long)]
	pub module: Option<PathBuf>,

	/// A look in under a minute: graphs U and Z of up to 4,096 components, to 2^-30, 3 rounds
	#[arg(long, conflicts_with_all = ["shapes", "components", "epsilons", "rounds"])]
	pub quick: bool,
}

impl Options {
	/// Shapes to measure.
	pub fn shapes(&self) -> Vec<Shape> {
		if self.quick {
			return vec![Shape::U, Shape::Z];
		}
		self.shapes.clone()
	}

	/// Sizes to measure.
	pub fn components(&self) -> Vec<usize> {
		if self.quick {
			return vec![256, 4_096];
		}
		self.components.clone()
	}

	/// Residuals to measure.
	pub fn epsilons(&self) -> Vec<f64> {
		if self.quick {
			return vec![ENGINE_EPSILON];
		}
		self.epsilons.clone()
	}

	/// Rounds that count, for this residual and a contender whose first round took `seconds` of
	/// wall time. In the one round of the slowest, the first one counts.
	pub fn rounds(&self, epsilon: f64, seconds: f64) -> u32 {
		let rounds = if self.quick { 3 } else { self.rounds.max(1) };
		let rounds = if epsilon == ENGINE_EPSILON { rounds } else { rounds.min(3) };
		match seconds {
			0.0..1.5 => rounds,
			1.5..5.0 => rounds.min(3),
			_ => 1,
		}
	}

	/// Whether to measure the contender of this name.
	pub fn wants(&self, contender: &str) -> bool {
		self.contenders.is_empty() || self.contenders.iter().any(|name| name == contender)
	}

	/// Where the tables go.
	pub fn markdown_path(&self) -> PathBuf {
		self.markdown.clone().unwrap_or_else(|| self.out.with_extension("md"))
	}

	/// Where the graph files go.
	pub fn graphs_path(&self) -> PathBuf {
		self.out.with_file_name("graphs")
	}

	/// Where bench-native is.
	///
	/// # Errors
	/// If it is not there.
	pub fn native_path(&self) -> anyhow::Result<PathBuf> {
		let path = match &self.native {
			Some(path) => path.clone(),
			None => {
				let own =
					std::env::current_exe().context("cannot find the path of this program")?;
				let target = own.parent().and_then(|folder| folder.parent());
				target.context("this program has no folder")?.join("release/bench-native")
			}
		};
		anyhow::ensure!(
			path.is_file(),
			"{} is missing: build it with `cargo build --release -p bittensor-bench-native`",
			path.display()
		);
		Ok(path)
	}
}

/// A residual: a number, or a power of two.
fn epsilon(text: &str) -> Result<f64, String> {
	let value = match text.strip_prefix("2^") {
		Some(power) => power.parse().ok().map(|power: i32| 2f64.powi(power)),
		None => text.parse().ok(),
	};
	match value {
		Some(value) if (1e-12..1.0).contains(&value) => Ok(value),
		_ => Err("a residual is a number from 1e-12 to 1, such as 1e-6 or 2^-30".into()),
	}
}

/// A residual as the tables name it.
pub fn epsilon_name(epsilon: f64) -> String {
	if epsilon == ENGINE_EPSILON {
		return format!("2^-{}", contribution::RESIDUAL_BITS);
	}
	format!("{epsilon:e}")
}
