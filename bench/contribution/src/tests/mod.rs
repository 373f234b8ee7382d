//! Tests of the contenders and of the benchmark.
//!
//! | module | property |
//! |---|---|
//! | `native` | every contender finds the solution of an elimination; the odd graphs too |
//! | `protocol` | requests and answers as JSON, on both sides |
//! | `wasm` | the module's bits are those of the library, whole and in pieces; bad bytes |
//! | `report` | ratios, errors, tables and options |

mod native;
mod protocol;
mod report;
mod wasm;

use bench_graphs::{generate, Case, Shape, SEED};

/// A small graph of each shape.
fn small_graphs() -> Vec<(Shape, Case)> {
	Shape::ALL.map(|shape| (shape, generate(shape, 40, 8, SEED))).into()
}

/// Graphs at the edges of what there is, with a name each.
fn odd_graphs() -> Vec<(&'static str, Case)> {
	let rows = generate(Shape::U, 40, 8, SEED);
	let with_stakes = |stakes: Vec<u64>| Case { stakes, ..rows.clone() };
	let on_one = |stake| (0..40).map(|uid| if uid == 17 { stake } else { 0 }).collect();
	let one = Case { stakes: vec![5], ends: vec![0], ..Case::default() };
	vec![
		("nobody", Case::default()),
		("one component", one),
		("no stake", with_stakes(vec![0; 40])),
		("a stake of 1 unit", with_stakes(on_one(1))),
		("a stake of 2^60", with_stakes(on_one(1 << 60))),
		("the largest stakes", with_stakes(vec![u64::MAX; 40])),
		("1 unit beside 2^60", with_stakes((0..40).map(|uid| 1 << (uid % 2 * 60)).collect())),
	]
}
