"""igraph's `personalized_pagerank` with PRPACK: elimination below 128 nodes, Gauss-Seidel above.

igraph hands PRPACK a fixed tolerance of 1e-10 and reports no iterations. So a larger residual is
overshot, at its own expense, a smaller one may be out of reach, and `sweeps` is null.

Invariants: vertices are in uid order; the result is measured against the converged solution.
"""

import igraph
import numpy as np

import pagerank

NAME = "igraph"
SOLVER = "PRPACK"


def refuses(problem):
	"""Why this contender cannot solve the problem, or None."""
	return problem.no_pagerank


def remark():
	"""What to know about its figures."""
	return "constant d only; always solves to PRPACK's tolerance of 1e-10, and counts no sweeps"


def plan(problem, residual, sweeps):
	"""PRPACK takes no stop rule, so there is nothing to find."""
	if sweeps is not None:
		raise pagerank.Unreachable("PRPACK takes no number of sweeps: ask for a residual")
	return {"solver": SOLVER, "residual": residual, "sweeps": None, "limited": False}


def convert(problem):
	"""(Graph with weights, α, v as a list)."""
	graph = problem.graph
	edges = np.column_stack((graph.sources, graph.targets)).astype(np.int64)
	network = igraph.Graph(n=graph.components, edges=edges, directed=True)
	network.es["weight"] = graph.shares.tolist()
	return network, problem.alpha, problem.restart.tolist()


def solve(state, plan):
	"""The ranks as a list."""
	network, alpha, restart = state
	return network.personalized_pagerank(
		directed=True, damping=alpha, reset=restart, weights="weight", implementation="prpack"
	)


def result(problem, plan, raw):
	"""(vector, sweeps, residual)."""
	return pagerank.measured(problem, plan, np.array(raw, dtype=np.float64))
