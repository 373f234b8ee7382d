//! The rounds of a graph: in the first, each result is compared with the reference; in the others, only
//! times count. A contender that fails or cannot express the graph is left out with the reason.

use crate::{
	report::{Distance, LeftOut, Report, Row},
	Options, EDGES_PER_ROW, RESIDUAL,
};
use anyhow::{anyhow, ensure, Context};
use bench_graphs::{digest, generate, Shape, PINNED_SIGMA, SEED};
use bench_kernel::{Ended, Module, Request};
use bench_native::{Answer, Hello, Ran, Request as Solve};
use bench_report::{median, pin_to_one_core, Child, Machine};
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
	/// The process of this index.
	Process(usize),
	Wasm,
}

/// Where contenders run, and which.
struct Field {
	/// bench-native first.
	processes: Vec<Child>,
	module: Module,
	/// In the order of the tables.
	contenders: Vec<(Place, String)>,
}

/// A graph file, and its solution.
struct Graph {
	shape: Shape,
	n: usize,
	edges: usize,
	path: PathBuf,
	bytes: Vec<u8>,
	reference: Vec<f64>,
}

/// One solve.
struct Sample {
	seconds: f64,
	/// Of wasm: the whole call.
	whole: Option<f64>,
	sweeps: Option<u32>,
}

/// A contender's samples on one graph.
struct Entry {
	place: Place,
	name: String,
	distance: Distance,
	digest: String,
	samples: Vec<Sample>,
	/// Rounds to come.
	rounds: u32,
}

/// Measures everything that `options` ask for.
pub(crate) fn measure(options: &Options) -> anyhow::Result<Report> {
	let machine = Machine::this();
	// Before anything is started, so that all processes inherit it.
	let core = pin_to_one_core();
	let mut report = Report { machine, core, ..Report::default() };
	let mut field = Field::start(options, &mut report)?;
	let folder = options.out.with_file_name("graphs");
	fs::create_dir_all(&folder)
		.with_context(|| format!("cannot make the folder {}", folder.display()))?;
	for &n in &options.components {
		for &shape in &options.shapes {
			let started = Instant::now();
			let graph = field.load(shape, n, &folder)?;
			field.rounds(&graph, options.rounds, &mut report)?;
			eprintln!("{shape} of {n}: {:.1} s", started.elapsed().as_secs_f64());
		}
	}
	report.relate();
	Ok(report)
}

/// bench-native as a release: `release` is beside the folder of this program.
fn native() -> anyhow::Result<Command> {
	let own = std::env::current_exe().context("cannot find the path of this program")?;
	let target = own.parent().and_then(Path::parent).context("this program has no folder")?;
	let path = target.join("release/bench-native");
	ensure!(
		path.is_file(),
		"{} is missing: build it with `cargo build --release -p bittensor-bench-native`",
		path.display()
	);
	Ok(Command::new(path))
}

/// One solve. An error is the contender's reason, or that of the process.
pub(crate) fn solve(process: &mut Child, request: &Solve) -> anyhow::Result<Ran> {
	match process.ask(request)? {
		Answer::Ran(ran) => Ok(ran),
		Answer::Error(why) => Err(anyhow!(why)),
	}
}

impl Field {
	/// Starts the processes, and notes their versions.
	fn start(options: &Options, report: &mut Report) -> anyhow::Result<Self> {
		let mut commands = vec![("bench-native", native()?)];
		if let Some(python) = &options.python {
			let mut command = Command::new(python);
			command.arg("bench/contribution/contenders/contenders.py");
			commands.push(("contenders.py", command));
		}
		let mut field = Self { processes: vec![], module: Module::new()?, contenders: vec![] };
		for (index, (name, command)) in commands.into_iter().enumerate() {
			let (child, hello) = Child::start::<Hello>(name, command)?;
			field.processes.push(child);
			report.versions.extend(hello.versions);
			let names = hello.contenders.into_iter();
			field.contenders.extend(names.map(|name| (Place::Process(index), name)));
		}
		// Beside the engine in machine code.
		field.contenders.insert(1.min(field.contenders.len()), (Place::Wasm, "wasm".into()));
		let known = |wanted: &String| field.contenders.iter().any(|(_, name)| name == wanted);
		if let Some(unknown) = options.contenders.iter().find(|wanted| !known(wanted)) {
			let names: Vec<&str> = field.contenders.iter().map(|(_, name)| name.as_str()).collect();
			anyhow::bail!("there is no contender {unknown}; there are {}", names.join(", "));
		}
		let wanted =
			|name: &String| options.contenders.is_empty() || options.contenders.contains(name);
		field.contenders.retain(|(_, name)| wanted(name));
		Ok(field)
	}

	/// Generates a graph, and solves it for reference.
	fn load(&mut self, shape: Shape, n: usize, folder: &Path) -> anyhow::Result<Graph> {
		let case = generate(shape, n, EDGES_PER_ROW, SEED);
		let path = folder.join(format!("{shape}-{n}.graph"));
		let bytes = case.to_bytes();
		fs::write(&path, &bytes).with_context(|| format!("cannot write {}", path.display()))?;
		let mut graph = Graph { shape, n, edges: case.edges(), path, bytes, reference: vec![] };
		let request = graph.request("csr", REFERENCE_RESIDUAL, true);
		solve(&mut self.processes[0], &request)?;
		graph.reference = graph.result()?;
		Ok(graph)
	}

	/// All rounds of one graph.
	fn rounds(&mut self, graph: &Graph, rounds: u32, report: &mut Report) -> anyhow::Result<()> {
		let mut entries = Vec::new();
		for (place, name) in self.contenders.clone() {
			match self.enter(place, &name, graph, rounds) {
				Ok(entry) => entries.push(entry),
				Err(why) => {
					let why = format!("{why:#}");
					let graph = format!("{}-{}", graph.shape, graph.n);
					report.left_out.push(LeftOut { graph, contender: name, why });
				}
			}
		}
		let most = entries.iter().map(|entry| entry.rounds).max().unwrap_or(0);
		for round in 0..most {
			for entry in entries.iter_mut().filter(|entry| round < entry.rounds) {
				let sample = self.solve(entry.place, &entry.name, graph);
				entry.samples.push(sample.with_context(|| entry.name.clone())?);
			}
		}
		report.rows.extend(entries.iter().flat_map(|entry| entry.rows(graph)));
		Ok(())
	}

	/// The first round of a contender.
	fn enter(
		&mut self,
		place: Place,
		name: &str,
		graph: &Graph,
		rounds: u32,
	) -> anyhow::Result<Entry> {
		let started = Instant::now();
		let (sample, vector, digest) = match place {
			Place::Process(index) => {
				let ran = solve(&mut self.processes[index], &graph.request(name, RESIDUAL, true))?;
				let vector = graph.result()?;
				let bits: Vec<u64> = vector.iter().map(|part| part.to_bits()).collect();
				let digest = ran.digest.unwrap_or_else(|| format!("{:016x}", digest(&bits)));
				(Sample { seconds: ran.seconds, whole: None, sweeps: ran.sweeps }, vector, digest)
			}
			Place::Wasm => {
				let call = |sigma| self.module.call(&Request::whole(sigma).to_bytes(&graph.bytes));
				let (answer, _) = call(None)?;
				ensure!(answer.ended == Ended::Converged, "the module ended {:?}", answer.ended);
				let scale = 1.0 / answer.values.iter().sum::<u64>().max(1) as f64;
				let vector = answer.values.iter().map(|&part| part as f64 * scale).collect();
				let digest = format!("{:016x}", digest(&call(Some(PINNED_SIGMA))?.0.values));
				(self.solve(place, name, graph)?, vector, digest)
			}
		};
		let distance = Distance::between(&vector, &graph.reference)
			.context("the result has another length than the graph")?;
		// If there is only one round, it is this one.
		let (samples, rounds) = match rounds_of(rounds, started.elapsed().as_secs_f64()) {
			1 => (vec![sample], 0),
			rounds => (vec![], rounds),
		};
		Ok(Entry { place, name: name.into(), distance, digest, samples, rounds })
	}

	/// One round of a contender.
	fn solve(&mut self, place: Place, name: &str, graph: &Graph) -> anyhow::Result<Sample> {
		match place {
			Place::Process(index) => {
				let ran = solve(&mut self.processes[index], &graph.request(name, RESIDUAL, false))?;
				Ok(Sample { seconds: ran.seconds, whole: None, sweeps: ran.sweeps })
			}
			Place::Wasm => {
				let request = Request::whole(None);
				let (answer, seconds, whole) = self.module.call_pair(&request, &graph.bytes)?;
				Ok(Sample { seconds, whole: Some(whole), sweeps: Some(answer.sweeps.into()) })
			}
		}
	}
}

/// Rounds that count, for a contender whose first round took `seconds` of wall time.
pub(crate) fn rounds_of(rounds: u32, seconds: f64) -> u32 {
	match seconds {
		0.0..1.5 => rounds.max(1),
		1.5..5.0 => rounds.clamp(1, 3),
		_ => 1,
	}
}

impl Graph {
	fn request(&self, contender: &str, residual: f64, with_vector: bool) -> Solve {
		let (graph, contender) = (self.path.clone(), contender.into());
		let vector = with_vector.then(|| self.path.with_file_name("result.f64"));
		Solve { graph, contender, residual, vector }
	}

	/// The vector that a process wrote.
	fn result(&self) -> anyhow::Result<Vec<f64>> {
		let path = self.path.with_file_name("result.f64");
		let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
		let (parts, rest) = bytes.as_chunks();
		ensure!(rest.is_empty(), "{} is not a vector", path.display());
		Ok(parts.iter().map(|part| f64::from_le_bytes(*part)).collect())
	}
}

impl Entry {
	/// The rows of the report: one, or two of wasm.
	fn rows(&self, graph: &Graph) -> impl Iterator<Item = Row> {
		let row = |contender: &str, seconds: fn(&Sample) -> Option<f64>| {
			let round_seconds: Vec<f64> = self.samples.iter().filter_map(seconds).collect();
			let solve_seconds = median(round_seconds.iter().copied())?;
			let sweeps = self.samples.last()?.sweeps;
			let visits = sweeps.map(|sweeps| f64::from(sweeps) * graph.edges as f64);
			Some(Row {
				graph: graph.shape.name().into(),
				n: graph.n,
				contender: contender.into(),
				ns_per_edge: visits
					.filter(|&visits| visits > 0.0)
					.map(|visits| solve_seconds * 1e9 / visits),
				sweeps,
				solve_seconds,
				distance: self.distance,
				digest: self.digest.clone(),
				round_seconds,
				..Row::default()
			})
		};
		let call = row("wasm-call", |sample| sample.whole);
		row(&self.name, |sample| Some(sample.seconds)).into_iter().chain(call)
	}
}
