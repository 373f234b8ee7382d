"""NetworkX's `pagerank`: power iteration from the uniform vector, what most users type first.

The conversion builds the `DiGraph`, a dictionary for each edge; that is most of what its user waits
for. `pagerank` itself makes a SciPy matrix of it in each call, which is part of the solve.

Invariants: the tolerance that is passed lies between the changes of the iteration that shall be the
last and of the one before it, so the number of iterations is known though it is not reported; the
nodes are added in uid order, so the result is in uid order.
"""

import math

import networkx
import numpy as np

import pagerank

NAME = "networkx"
SOLVER = "power iteration"
# Above this the graph of dictionaries takes minutes to build and gigabytes to hold.
MAX_EDGES = 300_000


def refuses(problem):
	"""Why this contender cannot solve the problem, or None."""
	if problem.graph.edges > MAX_EDGES:
		return (
			f"{problem.graph.edges} edges are more than {MAX_EDGES}: building the graph of"
			" dictionaries would take minutes and gigabytes"
		)
	return problem.no_pagerank


def remark():
	"""What to know about its figures."""
	return "constant d only; the conversion builds the DiGraph"


def plan(problem, residual, sweeps):
	"""The tolerance that makes the iteration end where it shall; it stops below N times that."""
	n = problem.graph.components
	steps, change, before = pagerank.power_steps(problem, np.full(n, 1.0 / n), residual, sweeps)
	if math.isinf(before):
		# More than two distributions can differ by.
		stop = 3.0
	elif change < pagerank.MIN_RESIDUAL:
		raise pagerank.Unreachable(f"after {steps} iterations nothing changes but rounding")
	else:
		stop = math.sqrt(change * before)
	return {
		"solver": SOLVER,
		"residual": residual,
		"sweeps": steps,
		"limited": steps == sweeps,
		"tol": stop / n,
	}


def convert(problem):
	"""(DiGraph, α, v as a dictionary)."""
	graph = problem.graph
	digraph = networkx.DiGraph()
	digraph.add_nodes_from(range(graph.components))
	digraph.add_weighted_edges_from(
		zip(graph.sources.tolist(), graph.targets.tolist(), graph.shares.tolist())
	)
	return digraph, problem.alpha, dict(enumerate(problem.restart.tolist()))


def solve(state, plan):
	"""The ranks as a dictionary in uid order."""
	digraph, alpha, restart = state
	return networkx.pagerank(
		digraph,
		alpha=alpha,
		personalization=restart,
		weight="weight",
		tol=plan["tol"],
		max_iter=plan["sweeps"] + 1,
	)


def result(problem, plan, raw):
	"""(vector, sweeps, residual)."""
	return pagerank.measured(problem, plan, np.fromiter(raw.values(), np.float64, len(raw)))
