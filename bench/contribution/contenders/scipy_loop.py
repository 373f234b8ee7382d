"""Algorithm 1 as an analyst would write it: six lines over a SciPy matrix, in float64.

	r ← S / ΣS, N ← 0; repeat N += d∘r; r ← Gᵀ r until Σr ≤ residual

The only contender that takes a `d` of each row, because the loop is the algorithm itself and not
PageRank's. The matrix of Gᵀ is laid out by rows in the conversion, so that each step is one product
without scattered writes.

Invariants: ΣN + Σr = 1 but for rounding after each step, so Σr, which the stop rule needs anyway, is
the L1 error of N before N is normalised; that is the `residual` it reports.
"""

import numpy as np
from scipy.sparse import csr_array

from graph import ONE

NAME = "scipy"
SOLVER = "Algorithm 1"


def refuses(problem):
	"""Why this contender cannot solve the problem, or None."""
	return problem.unsolvable


def remark():
	"""What to know about its figures."""
	return "Algorithm 1 itself, with a d of each row"


def plan(problem, residual, sweeps):
	"""When to stop: the loop takes both rules as they are."""
	return {"solver": SOLVER, "residual": residual, "sweeps": sweeps}


def convert(problem):
	"""(Gᵀ by rows, d, S) from the arrays of the file."""
	graph, n = problem.graph, problem.graph.components
	shares = graph.shares.astype(np.float64) / ONE
	given = csr_array((shares, graph.targets.astype(np.int32), graph.starts), shape=(n, n))
	return given.T.tocsr(), 1.0 - given.sum(axis=1), graph.stakes.astype(np.float64)


def solve(state, plan):
	"""(N, steps, Σr) after the loop."""
	gt, d, stakes = state
	residual = -1.0 if plan["residual"] is None else plan["residual"]
	limit = plan["sweeps"]
	return loop(gt, d, stakes, residual, limit)


def loop(gt, d, stakes, residual, limit=None):
	"""The six lines, with a limit to the number of steps."""
	r, absorbed, steps = stakes / stakes.sum(), np.zeros(len(stakes)), 0
	while True:
		absorbed += d * r
		r = gt @ r
		left = r.sum()
		steps += 1
		if left <= residual or steps == limit:
			return absorbed, steps, left


def result(problem, plan, raw):
	"""(vector, sweeps, residual)."""
	absorbed, steps, left = raw
	return absorbed / absorbed.sum(), steps, left
