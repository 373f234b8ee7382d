//! The rounds.
//!
//! ```text
//!   graph ──► round 0: each contender once; its result is compared with the reference
//!        └──► round 1, 2, …: each contender once, in the same order; times only
//! ```
//!
//! Invariant: a contender that fails or cannot express a graph is left out with the reason, and the
//! others go on.

use crate::{
	child::Child,
	compare::{median, Distance},
	machine,
	options::{epsilon_name, Options, EDGES_PER_ROW, ENGINE_EPSILON},
	report::{LeftOut, Report, Row},
	wasm::Module,
};
use anyhow::{ensure, Context};
use bench_graphs::{digest, generate, Case, Shape, PINNED_SIGMA, SEED};
use bench_kernel::{Ended, Request, Want};
use bench_native::Ours;
use std::{
	fs,
	path::{Path, PathBuf},
	process::Command,
	time::Instant,
};

/// Algorithm 1 in `f64` to this residual is the reference.
const REFERENCE_RESIDUAL: f64 = 1e-15;

/// Where a contender runs.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
	Native,
	Wasm,
	Peers,
}

/// Everything that contenders run in.
struct Field {
	native: Child,
	peers: Option<Child>,
	module: Module,
	/// All contenders that are wanted, in the order of the tables.
	contenders: Vec<(Place, String)>,
}

/// A graph that is loaded everywhere.
struct Loaded {
	shape: Shape,
	case: Case,
	bytes: Vec<u8>,
	reference: Vec<f64>,
	/// A file for results.
	vector: PathBuf,
}

/// One solve of one contender.
struct Sample {
	solve: f64,
	/// Of wasm: the whole call.
	whole: Option<f64>,
	convert: Option<f64>,
	sweeps: Option<u32>,
	visits: Option<u64>,
	/// The result and its digest, where they were asked for.
	result: Option<(Vec<f64>, String)>,
}

/// A contender's samples on one graph.
struct Entry {
	place: Place,
	name: String,
	first: Sample,
	distance: Distance,
	digest: String,
	samples: Vec<Sample>,
	/// Rounds to come.
	rounds: u32,
}

/// Measures everything that `options` ask for.
///
/// # Errors
/// If a process, a file or the module cannot be used.
pub fn measure(options: &Options) -> anyhow::Result<Report> {
	// Before anything is started, so that all of it is confined.
	let core = machine::pin_to_one_core();
	let mut field = Field::new(options)?;
	let mut report = Report {
		machine: machine::cpu_model(),
		core,
		versions: field.versions()?,
		..Report::default()
	};
	let folder = options.graphs_path();
	fs::create_dir_all(&folder)
		.with_context(|| format!("cannot make the folder {}", folder.display()))?;
	for components in options.components() {
		for shape in options.shapes() {
			let loaded = field.load(shape, components, &folder)?;
			for epsilon in options.epsilons() {
				let started = Instant::now();
				field.rounds(&loaded, epsilon, options, &mut report)?;
				eprintln!(
					"{shape} of {components} to {}: {:.1} s",
					epsilon_name(epsilon),
					started.elapsed().as_secs_f64()
				);
			}
		}
	}
	report.relate();
	Ok(report)
}

impl Field {
	fn new(options: &Options) -> anyhow::Result<Self> {
		let mut native = Child::start("bench-native", Command::new(options.native_path()?))?;
		let mut peers = match &options.python {
			Some(python) => {
				let mut command = Command::new(python);
				command.arg(&options.python_program);
				Some(Child::start("contenders.py", command)?)
			}
			None => None,
		};
		let place = |place| move |name| (place, name);
		let mut contenders: Vec<_> =
			native.contenders()?.into_iter().map(place(Place::Native)).collect();
		// Beside the engine in machine code.
		contenders.insert(1.min(contenders.len()), (Place::Wasm, "wasm".into()));
		if let Some(peers) = &mut peers {
			contenders.extend(peers.contenders()?.into_iter().map(place(Place::Peers)));
		}
		for wanted in &options.contenders {
			ensure!(
				contenders.iter().any(|(_, name)| name == wanted),
				"there is no contender {wanted}; there are {}",
				contenders.iter().map(|(_, name)| name.as_str()).collect::<Vec<_>>().join(", ")
			);
		}
		contenders.retain(|(_, name)| options.wants(name));
		let module = match &options.module {
			Some(path) => Module::from_file(path)?,
			None => Module::built_in()?,
		};
		Ok(Self { native, peers, module, contenders })
	}

	fn versions(&mut self) -> anyhow::Result<std::collections::BTreeMap<String, Option<String>>> {
		let mut versions = self.native.versions()?;
		if let Some(peers) = &mut self.peers {
			versions.extend(peers.versions()?);
		}
		Ok(versions)
	}

	/// Generates a graph, loads it everywhere, and solves it for reference.
	fn load(&mut self, shape: Shape, components: usize, folder: &Path) -> anyhow::Result<Loaded> {
		let case = generate(shape, components, EDGES_PER_ROW, SEED);
		let bytes = case.to_bytes();
		let path = folder.join(format!("{shape}-{components}.graph"));
		let vector = folder.join("result.f64");
		fs::write(&path, &bytes).with_context(|| format!("cannot write {}", path.display()))?;
		self.native.load(&path)?;
		if let Some(peers) = &mut self.peers {
			peers.load(&path)?;
		}
		self.native.solve("csr", REFERENCE_RESIDUAL, Some(&vector))?;
		let reference = read_vector(&vector)?;
		Ok(Loaded { shape, case, bytes, reference, vector })
	}

	/// All rounds of one graph and residual.
	fn rounds(
		&mut self,
		loaded: &Loaded,
		epsilon: f64,
		options: &Options,
		report: &mut Report,
	) -> anyhow::Result<()> {
		let mut entries = Vec::new();
		for (place, name) in self.contenders.clone() {
			match self.enter(place, &name, loaded, epsilon, options) {
				Ok(entry) => entries.push(entry),
				Err(why) => {
					let why = format!("{why:#}");
					// Each reason once: the report has them all.
					if report.left_out.iter().all(|left_out| left_out.why != why) {
						eprintln!("{name} is left out of {}: {why}", loaded.shape);
					}
					let (graph, n) = (loaded.shape.name().into(), loaded.case.components());
					let left_out = LeftOut { graph, n, contender: name, why };
					if !report.left_out.contains(&left_out) {
						report.left_out.push(left_out);
					}
				}
			}
		}
		let most = entries.iter().map(|entry| entry.rounds).max().unwrap_or(0);
		for round in 0..most {
			for entry in entries.iter_mut().filter(|entry| round < entry.rounds) {
				let sample = self.solve(entry.place, &entry.name, loaded, epsilon, false);
				entry.samples.push(sample.with_context(|| entry.name.clone())?);
			}
		}
		report.rows.extend(entries.into_iter().flat_map(|entry| entry.rows(loaded, epsilon)));
		Ok(())
	}

	/// The first round of a contender.
	fn enter(
		&mut self,
		place: Place,
		name: &str,
		loaded: &Loaded,
		epsilon: f64,
		options: &Options,
	) -> anyhow::Result<Entry> {
		let child = match place {
			Place::Native => Some(&mut self.native),
			Place::Peers => self.peers.as_mut(),
			Place::Wasm => None,
		};
		if let Some(why) = child.map(|child| child.refuses(name)).transpose()?.flatten() {
			anyhow::bail!(why);
		}
		let started = Instant::now();
		let mut first = self.solve(place, name, loaded, epsilon, true)?;
		// The first of the slowest counts: nothing is gained by waiting for it twice.
		let rounds = match options.rounds(epsilon, started.elapsed().as_secs_f64()) {
			1 => 0,
			rounds => rounds,
		};
		let (result, digest) = first.result.take().context("a run without its result")?;
		let distance = Distance::between(&result, &loaded.reference)
			.context("the result has another length than the graph")?;
		Ok(Entry { place, name: name.into(), first, distance, digest, samples: vec![], rounds })
	}

	fn solve(
		&mut self,
		place: Place,
		name: &str,
		loaded: &Loaded,
		epsilon: f64,
		with_result: bool,
	) -> anyhow::Result<Sample> {
		let child = match place {
			Place::Wasm => return self.solve_in_wasm(loaded, epsilon, with_result),
			Place::Native => &mut self.native,
			Place::Peers => self.peers.as_mut().context("the peers were not started")?,
		};
		let ran = child.solve(name, epsilon, with_result.then_some(&loaded.vector))?;
		let result = match with_result {
			true => {
				let vector = read_vector(&loaded.vector)?;
				let bits: Vec<u64> = vector.iter().map(|part| part.to_bits()).collect();
				let digest = ran.digest.unwrap_or_else(|| format!("{:016x}", digest(&bits)));
				Some((vector, digest))
			}
			false => None,
		};
		Ok(Sample {
			solve: ran.solve_seconds,
			whole: None,
			convert: Some(ran.convert_seconds),
			sweeps: ran.sweeps,
			visits: ran.visits,
			result,
		})
	}

	fn solve_in_wasm(
		&mut self,
		loaded: &Loaded,
		epsilon: f64,
		with_result: bool,
	) -> anyhow::Result<Sample> {
		let budget = if epsilon == ENGINE_EPSILON {
			u64::MAX
		} else {
			let mut ours = Ours::new(&loaded.case);
			ours.budget_to(epsilon)?
		};
		let request =
			Request { budget, per_call: 0, want: Want::Contributions, sigma: PINNED_SIGMA };
		let result = match with_result {
			true => {
				let (answer, _) = self.module.call(&request.to_bytes(&loaded.bytes))?;
				ensure!(
					matches!(answer.ended, Ended::Paused | Ended::Converged),
					"the module ended with {:?}",
					answer.ended
				);
				let sum: u64 = answer.values.iter().sum();
				let scale = 1.0 / sum.max(1) as f64;
				let vector = answer.values.iter().map(|&part| part as f64 * scale).collect();
				let request = Request { want: Want::Payouts, ..request };
				let (answer, _) = self.module.call(&request.to_bytes(&loaded.bytes))?;
				Some((vector, format!("{:016x}", digest(&answer.values))))
			}
			false => None,
		};
		let (answer, solve, whole) = self.module.call_pair(&request, &loaded.bytes)?;
		Ok(Sample {
			solve,
			whole: Some(whole),
			convert: None,
			sweeps: Some(answer.sweeps.into()),
			visits: Some(u64::from(answer.sweeps) * loaded.case.edges() as u64),
			result,
		})
	}
}

impl Entry {
	/// The rows of the report: one, or of wasm two.
	fn rows(self, loaded: &Loaded, epsilon: f64) -> Vec<Row> {
		let samples = if self.samples.is_empty() { vec![self.first] } else { self.samples };
		let row = |contender: &str, seconds: &dyn Fn(&Sample) -> Option<f64>| {
			let seconds: Vec<f64> = samples.iter().filter_map(seconds).collect();
			let solve_seconds = median(&seconds)?;
			let converts: Vec<f64> = samples.iter().filter_map(|sample| sample.convert).collect();
			let last = samples.last()?;
			let visits = last.visits.filter(|&visits| visits > 0);
			Some(Row {
				graph: loaded.shape.name().into(),
				n: loaded.case.components(),
				edges: loaded.case.edges(),
				epsilon,
				contender: contender.into(),
				ns_per_edge: visits.map(|visits| solve_seconds * 1e9 / visits as f64),
				sweeps: last.sweeps,
				solve_seconds,
				convert_seconds: median(&converts),
				ratio_scipy: None,
				ratio_csr: None,
				sweep_ratio_csr: None,
				distance: self.distance,
				digest: self.digest.clone(),
				rounds: seconds.len() as u32,
				round_seconds: seconds,
			})
		};
		let whole = row("wasm-call", &|sample| sample.whole);
		row(&self.name, &|sample| Some(sample.solve)).into_iter().chain(whole).collect()
	}
}

fn read_vector(path: &Path) -> anyhow::Result<Vec<f64>> {
	let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
	let (parts, rest) = bytes.as_chunks();
	ensure!(rest.is_empty(), "{} holds no vector", path.display());
	Ok(parts.iter().map(|part| f64::from_le_bytes(*part)).collect())
}
