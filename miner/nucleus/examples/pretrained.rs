//! The vectors of a pretrained model, and how fast it computes them.
//!
//! ```text
//! pretrained vectors KIND < texts.json      an array of texts to an array of vectors, as trained
//! pretrained speed KIND                     texts of 48 words per second
//! ```
//! `make parity` compares the former with the models' reference implementations.

use std::{error::Error, time::Instant};

use bittensor_nucleus::{kind, Corpus, ModelFiles};

fn main() -> Result<(), Box<dyn Error>> {
	let arguments: Vec<String> = std::env::args().skip(1).collect();
	let [command, name] = &arguments[..] else {
		return Err("usage: pretrained vectors|speed KIND".into());
	};
	let package = kind(name)?.package.ok_or_else(|| format!("`{name}` is not pretrained"))?;
	let start = Instant::now();
	let model = package.open(&ModelFiles::cached())?;
	let opened = start.elapsed();
	match &**command {
		"vectors" => {
			let texts: Vec<String> = serde_json::from_reader(std::io::stdin())?;
			let texts: Vec<&str> = texts.iter().map(|text| &**text).collect();
			let vectors = model.vectors(&texts)?;
			let rows: Vec<&[f32]> = vectors.chunks_exact(model.width()).collect();
			println!("{}", serde_json::to_string(&rows)?);
		}
		"speed" => {
			let corpus = Corpus::load("corpus")?;
			let texts = passages(&corpus, 48, 512);
			let texts: Vec<&str> = texts.iter().map(|text| &**text).collect();
			model.vectors(&texts[..32])?;
			let (start, used, mut done) = (Instant::now(), cpu_seconds(), 0);
			for batch in texts.chunks(32).cycle() {
				model.vectors(batch)?;
				done += batch.len();
				if start.elapsed().as_secs_f64() > 3.0 {
					break;
				}
			}
			let done = done as f64;
			println!(
				"{name}: {:.0} texts/s, {:.0} per second of processor time, opened in {:.2} s",
				done / start.elapsed().as_secs_f64(),
				done / (cpu_seconds() - used),
				opened.as_secs_f64()
			);
		}
		_ => return Err("usage: pretrained vectors|speed KIND".into()),
	}
	Ok(())
}

/// Processor time of this thread, which other processes do not change. All work is done in it with
/// `RAYON_NUM_THREADS=1`.
fn cpu_seconds() -> f64 {
	let times = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
	let first = times.split(' ').next().and_then(|nanoseconds| nanoseconds.parse::<f64>().ok());
	first.unwrap_or(f64::NAN) / 1e9
}

/// Passages of so many words of the corpus's documents.
fn passages(corpus: &Corpus, words: usize, count: usize) -> Vec<String> {
	let documents = corpus.documents().iter();
	let passages = documents.flat_map(|document| {
		let all: Vec<&str> = document.text().split_whitespace().collect();
		all.chunks_exact(words).map(|words| words.join(" ")).collect::<Vec<_>>()
	});
	passages.take(count).collect()
}
