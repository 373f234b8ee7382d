// Algorithm 1 of the paper, literally, in floating point: an independent check of the payouts.

/**
 * `sources[i]` is the source stake of component i and `rows[i]` its row
 * `{ own, edges: [{ target, share }, …] }`, in fractions that sum to one. Returns the contribution of
 * each component; they sum to the sum of the sources up to the residual `epsilon`.
 *
 *   N* ← 0, t ← S
 *   repeat: N* ← N* + diag(ΔL)·t,  t ← offdiag(ΔL)ᵀ·t   until |t| ≤ ε·|S|
 */
export function contribution(sources, rows, epsilon = 1e-12) {
  const total = sources.reduce((sum, stake) => sum + stake, 0);
  const absorbed = sources.map(() => 0);
  let transit = [...sources];
  while (transit.reduce((sum, mass) => sum + mass, 0) > epsilon * total) {
    const next = sources.map(() => 0);
    transit.forEach((mass, i) => {
      absorbed[i] += mass * rows[i].own;
      for (const { target, share } of rows[i].edges) next[target] += mass * share;
    });
    transit = next;
  }
  return absorbed;
}
