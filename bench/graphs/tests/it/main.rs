//! Tests of the graphs.
//!
//! | module | what must hold |
//! |---|---|
//! | `shapes` | what each shape promises, at every size; the same bits for the same seed |
//! | `format` | a file reads back as it was written; any bytes are read or refused |
//! | `digest` | published values of FNV-1a, and a table without gaps |

mod digest;
mod format;
mod shapes;

use bittensor_bench_graphs::{generate, Case, Shape, SEED};

/// Sizes at the edges of what the generator distinguishes, and one ordinary one.
const SIZES: [usize; 9] = [0, 1, 2, 10, 25, 64, 65, 66, 700];

fn graph(shape: Shape, components: usize) -> Case {
	generate(shape, components, 64, SEED)
}

/// Calls `check` for each shape at each of [`SIZES`].
fn each(check: impl Fn(Shape, usize, &Case)) {
	for shape in Shape::ALL {
		for components in SIZES {
			check(shape, components, &graph(shape, components));
		}
	}
}
