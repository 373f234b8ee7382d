"""scikit-network's `PageRank`: `diteration` where that reaches the asked residual, else `piteration`.

- `diteration`: a Gauss-Seidel push in uid order, the same walk as the chain's, but in float32.
  Rounding leaves an error of about 1e-7, so it serves for large residuals only.
- `piteration`: power iteration from v in float64. On graphs that mix fast it is the faster one too;
  `diteration` is still preferred, because it is the method to compare the chain's with.

The answer names the solver that was used. `visits` counts the edges of all rows in each sweep,
though `diteration` skips rows that hold nothing.

Invariants: both end after exactly the number of sweeps of the plan, because they are given a
tolerance that they never meet; OpenMP has one thread, so `diteration` is deterministic and has no
lost updates.
"""

import numpy as np
from scipy.sparse import csr_matrix
from sknetwork.ranking import PageRank

import pagerank

NAME = "scikit-network"


def refuses(problem):
	"""Why this contender cannot solve the problem, or None."""
	return problem.no_pagerank


def remark():
	"""What to know about its figures."""
	return (
		"constant d only; diteration (Gauss-Seidel push, float32) where that reaches the residual,"
		" piteration (power iteration, float64) elsewhere"
	)


def plan(problem, residual, sweeps):
	"""The solver and its number of sweeps."""
	found = diteration(problem, residual, sweeps)
	if found is None:
		steps, _, _ = pagerank.power_steps(problem, problem.restart, residual, sweeps)
		found = "piteration", steps
	solver, steps = found
	return {"solver": solver, "residual": residual, "sweeps": steps, "limited": steps == sweeps}


def diteration(problem, residual, sweeps):
	"""("diteration", sweeps) with the fewest sweeps that do, or None if float32 does not suffice."""
	if residual is None:
		return "diteration", sweeps
	state = convert(problem)

	def error(steps):
		return problem.distance(solve(state, {"solver": "diteration", "sweeps": steps}))

	# Gauss-Seidel needs no more sweeps than power iteration, so more cannot help.
	most = pagerank.most_steps(problem, residual, None)
	if error(most) > residual:
		return None
	below, enough = 0, most
	while enough - below > 1:
		middle = (below + enough) // 2
		if error(middle) <= residual:
			enough = middle
		else:
			below = middle
	return "diteration", enough if sweeps is None else min(enough, sweeps)


def convert(problem):
	"""(G by rows, α, v)."""
	return csr_matrix(problem.given_matrix()), problem.alpha, problem.restart


def solve(state, plan):
	"""The ranks as an array."""
	matrix, alpha, restart = state
	# No sum of absolute values is below −1: the number of sweeps alone ends the solve.
	ranks = PageRank(alpha, solver=plan["solver"], n_iter=plan["sweeps"], tol=-1.0)
	return ranks.fit_predict(matrix, weights=restart)


def result(problem, plan, raw):
	"""(vector, sweeps, residual)."""
	vector = raw.astype(np.float64)
	return pagerank.measured(problem, plan, vector / vector.sum())
