"""The Python contenders: Algorithm 1 in SciPy, and libraries that solve PageRank.

PageRank is `x = α Pᵀx + (1 − α) v`, where row i of P is row i of G divided by its sum. If every row keeps
the same part d, then G = (1 − d)·P, and with `α = 1 − d` and `v = S / ΣS`

	N = d Σ_k (Gᵀ)ᵏ v = (1 − α) Σ_k αᵏ (Pᵀ)ᵏ v = x,   and Σx = 1.

A graph whose rows differ in d has no such α, nor has one with empty rows among others, because an empty
row keeps all it gets.

The libraries stop on other rules than Algorithm 1: a difference of iterates, a count, a constant. To
measure all at equal error, the number of iterations that brings the L1 distance to the converged solution
down to the residual is found outside of the timing, the timed run uses it, and its result is checked. Σr,
Algorithm 1's residual, is the same distance for an N that is not normalised. Equal error does not mean
equal work: power iteration keeps Σx = 1, so on a graph that mixes fast it takes few steps, while Algorithm
1 continues until the mass itself is absorbed.

Invariants: `converged` is within 1e-15 (and rounding) of the limit in the L1 norm; a contender answers with
a vector within the residual or with an error; vectors are in uid order.
"""

import math
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array, csr_matrix

from graph import ONE

# Below this, the distance to the converged solution is rounding in float64.
MIN_RESIDUAL = 1e-13


class Refused(ValueError):
	"""The contender cannot express the graph; the text says why."""


class Unreachable(ValueError):
	"""The contender cannot bring its error down to the residual."""


class Problem:
	"""A graph and what follows from it, each computed when it is first needed."""

	def __init__(self, graph):
		self.graph = graph

	def require_mass(self):
		"""Refuses a graph that no contender can solve."""
		if self.graph.components == 0:
			raise Refused("the graph has no rows")
		if not self.graph.stakes.any():
			raise Refused("all stakes are zero: there is no mass to start with")

	def require_one_d(self):
		"""Refuses a graph that cannot be written as PageRank."""
		given = self.graph.given
		if not given.any():
			raise Refused("no row gives anything away: PageRank needs edges")
		if not given.all():
			raise Refused("some rows are empty and keep all they get: PageRank has one α for all rows")
		if (given != given[0]).any():
			raise Refused("the rows keep different parts d_i: PageRank has one α for all rows")

	@cached_property
	def alpha(self):
		"""PageRank's damping, 1 − d: exact, as a multiple of 1/65,536."""
		return float(self.graph.given[0]) / ONE

	@cached_property
	def restart(self):
		"""PageRank's restart distribution v."""
		stakes = self.graph.stakes.astype(np.float64)
		return stakes / stakes.sum()

	@cached_property
	def converged(self):
		"""The solution that errors are measured against."""
		exact = Scipy(self, 1e-15)
		return exact.result(exact.solve(*exact.convert()))[0]

	def distance(self, vector):
		"""L1 distance of a vector to the converged solution."""
		return float(np.abs(vector - self.converged).sum())

	def given_matrix(self):
		"""G by rows, with shares as in the file: every library divides rows by their sums."""
		graph, n = self.graph, self.graph.components
		entries = graph.shares.astype(np.float64), graph.targets.astype(np.int32), graph.starts
		return csr_array(entries, shape=(n, n))


class Scipy:
	"""Algorithm 1 as an analyst would write it: six lines over a SciPy matrix.

	The only contender that takes a `d` of each row. The matrix of Gᵀ is laid out by rows, so that each step
	is one product without scattered writes. ΣN + Σr = 1 but for rounding after each step, so Σr, which the
	stop rule needs anyway, is the L1 error of N before N is normalised.
	"""

	def __init__(self, problem, residual, sweeps=None):
		problem.require_mass()
		self.problem, self.residual, self.sweeps = problem, residual, sweeps

	def convert(self):
		"""(Gᵀ by rows, d, S)."""
		given = self.problem.given_matrix() / ONE
		return given.T.tocsr(), 1.0 - given.sum(axis=1), self.problem.graph.stakes.astype(np.float64)

	def solve(self, gt, d, stakes):
		"""(N, steps, Σr) after the loop."""
		residual = -1.0 if self.residual is None else self.residual
		r, absorbed, steps = stakes / stakes.sum(), np.zeros(len(stakes)), 0
		while True:
			absorbed += d * r
			r = gt @ r
			left = r.sum()
			steps += 1
			if left <= residual or steps == self.sweeps:
				return absorbed, steps, left

	def result(self, raw):
		"""(vector, sweeps, residual)."""
		absorbed, steps, left = raw
		return absorbed / absorbed.sum(), steps, float(left)


class Pagerank:
	"""A library that solves PageRank: finds its stop rule, and checks its result."""

	def __init__(self, problem, residual, sweeps=None):
		problem.require_mass()
		problem.require_one_d()
		self.problem, self.residual, self.limit = problem, residual, sweeps
		self.sweeps = self.plan()

	def power_steps(self, start):
		"""The steps of power iteration from `start` until it is within the residual of the converged
		solution, or the limit: (steps, change of the last step, change before). The change before the first
		step is infinite."""
		problem = self.problem
		step = problem.given_matrix().T.tocsr() / ONE
		restart = (1.0 - problem.alpha) * problem.restart
		most = self.limit
		if self.residual is not None:
			# Each step leaves at most α of an error that is at most 2; some more for rounding.
			enough = math.ceil(math.log(self.residual / 2) / math.log(problem.alpha)) + 8
			most = enough if most is None else min(most, enough)
		x, change = start, math.inf
		for steps in range(1, most + 1):
			before, last = change, x
			x = step @ x + restart
			change = float(np.abs(x - last).sum())
			near = self.residual is not None and problem.distance(x) <= self.residual
			if steps == self.limit or near:
				return steps, change, before
		raise Unreachable(f"power iteration does not come within {self.residual} of the solution")

	def result(self, raw):
		"""(vector, sweeps, residual), or an error if the run missed the residual."""
		vector = np.array(raw, dtype=np.float64)
		vector /= vector.sum()
		reached = self.problem.distance(vector)
		# A limit of sweeps may have ended the run.
		free = self.limit is None or self.sweeps != self.limit
		if self.residual is not None and free and not reached <= self.residual:
			raise Unreachable(f"it ended at an L1 error of {reached:.3g}, not at {self.residual:.3g}")
		return vector, self.sweeps, reached


class Networkx(Pagerank):
	"""NetworkX's `pagerank`: power iteration from the uniform vector.

	`pagerank` makes a SciPy matrix of the graph of dictionaries in each call, which is part of the solve. It
	does not report iterations, so the tolerance lies between the changes of the last iteration and of the
	one before it.
	"""

	# Above this the graph of dictionaries takes minutes to build and gigabytes to hold.
	MAX_EDGES = 300_000

	def plan(self):
		"""The sweeps, and the tolerance that ends after them; it stops below n times that."""
		edges, n = self.problem.graph.edges, self.problem.graph.components
		if edges > self.MAX_EDGES:
			raise Refused(
				f"{edges} edges are more than {self.MAX_EDGES}: building the graph of dictionaries would"
				" take minutes and gigabytes"
			)
		steps, change, before = self.power_steps(np.full(n, 1.0 / n))
		if change < MIN_RESIDUAL and not math.isinf(before):
			raise Unreachable(f"after {steps} iterations nothing changes but rounding")
		# Two distributions differ by at most 2.
		self.tol = (3.0 if math.isinf(before) else math.sqrt(change * before)) / n
		return steps

	def convert(self):
		"""(DiGraph, v as a dictionary)."""
		import networkx

		graph = self.problem.graph
		digraph = networkx.DiGraph()
		digraph.add_nodes_from(range(graph.components))
		edges = zip(graph.sources.tolist(), graph.targets.tolist(), graph.shares.tolist())
		digraph.add_weighted_edges_from(edges)
		return networkx.pagerank, digraph, dict(enumerate(self.problem.restart.tolist()))

	def solve(self, pagerank, digraph, restart):
		"""The ranks as a dictionary."""
		alpha, most = self.problem.alpha, self.sweeps + 1
		return pagerank(digraph, alpha, restart, weight="weight", tol=self.tol, max_iter=most)

	def result(self, raw):
		"""(vector, sweeps, residual)."""
		return super().result(list(raw.values()))


class Igraph(Pagerank):
	"""igraph's `personalized_pagerank` with PRPACK: elimination below 128 nodes, Gauss-Seidel above.

	igraph gives PRPACK a fixed tolerance of 1e-10 and reports no iterations. So it overshoots a larger
	residual, may miss a smaller one, and `sweeps` is null.
	"""

	def plan(self):
		"""PRPACK takes no stop rule."""
		if self.limit is not None:
			raise Unreachable("PRPACK takes no number of sweeps: ask for a residual")

	def convert(self):
		"""(Graph with weights, v as a list)."""
		import igraph

		graph = self.problem.graph
		edges = np.column_stack((graph.sources, graph.targets)).astype(np.int64)
		network = igraph.Graph(n=graph.components, edges=edges, directed=True)
		network.es["weight"] = graph.shares.tolist()
		return network, self.problem.restart.tolist()

	def solve(self, network, restart):
		"""The ranks as a list."""
		return network.personalized_pagerank(
			damping=self.problem.alpha, reset=restart, weights="weight", implementation="prpack"
		)


class ScikitNetwork(Pagerank):
	"""scikit-network's `PageRank` with `piteration`: power iteration from v.

	Its other solvers do not reach the residual of the benchmark: `diteration` computes in float32.
	"""

	def plan(self):
		"""The sweeps."""
		return self.power_steps(self.problem.restart)[0]

	def convert(self):
		"""(solver, G by rows, v)."""
		from sknetwork.ranking import PageRank

		# No sum of absolute values is below −1: the number of sweeps ends the solve.
		solver = PageRank(self.problem.alpha, solver="piteration", n_iter=self.sweeps, tol=-1.0)
		return solver, csr_matrix(self.problem.given_matrix()), self.problem.restart

	def solve(self, solver, matrix, restart):
		"""The ranks as an array."""
		return solver.fit_predict(matrix, weights=restart)
