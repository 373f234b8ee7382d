//! Serves the native contenders on standard input and output. `bench-contribution` starts it.

fn main() -> anyhow::Result<()> {
	bittensor_bench_native::serve(std::io::stdin().lock(), std::io::stdout().lock())
}
