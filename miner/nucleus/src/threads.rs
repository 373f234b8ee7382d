//! Threads that tensors are computed with.

/// What candle and rayon take the number of threads from.
const VARIABLE: &str = "RAYON_NUM_THREADS";

/// Computes tensors on the thread that asks for them, unless the environment names a number of threads:
/// several miners and a validator can then share a machine. candle would otherwise count the cores of the
/// machine before every product, and let threads spin between two. To be called before any thread exists.
pub fn default_to_one() {
	if std::env::var_os(VARIABLE).is_none() {
		std::env::set_var(VARIABLE, "1");
	}
}
