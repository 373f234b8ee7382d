"""Algorithm 1 as a PageRank problem, for the contenders that know nothing else.

They solve `x = α Pᵀx + (1 − α) v`, where row i of P is row i of G divided by its sum. If every row
keeps the same part d, then G = (1 − d)·P, and with `α = 1 − d` and `v = S / ΣS`

	N = d Σ_k (Gᵀ)ᵏ v = (1 − α) Σ_k αᵏ (Pᵀ)ᵏ v = x,   and Σx = 1.

A graph whose rows differ in d has no such α; neither has one with empty rows among others, because
an empty row keeps all it gets.

These tools stop on other rules than Algorithm 1: a difference of iterates, a count, a constant. So
that all of them are measured at equal error, the number of iterations that brings the L1 distance to
the converged solution down to the asked residual is found outside of the timing, the timed run uses
it, and its result is measured again. Σr, Algorithm 1's residual, is the same distance for an N
that is not normalised. Equal error does not mean equal work: power iteration keeps Σx = 1, so what
it must still forget is only where the mass started, and on a graph that mixes fast that takes a few
steps, where Algorithm 1 goes on until the mass itself is absorbed.

Invariants: `converged` is within 1e-15 (and rounding) of the limit in the L1 norm, so a residual of
`MIN_RESIDUAL` or more can be told apart from it; a contender answers with a vector within the asked
residual or with an error, never with a worse vector.
"""

import math
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array

import scipy_loop
from graph import ONE

# Below this, rounding in float64 decides what the distance to the converged solution is.
MIN_RESIDUAL = 1e-13


class Unreachable(ValueError):
	"""The contender cannot bring its error down to the asked residual."""


class Problem:
	"""A graph and what follows from it, each computed when it is first needed."""

	def __init__(self, graph):
		self.graph = graph

	@cached_property
	def unsolvable(self):
		"""Why no contender can solve it, or None."""
		if self.graph.components == 0:
			return "the graph has no rows"
		if not self.graph.stakes.any():
			return "all stakes are zero: there is no mass to start with"
		return None

	@cached_property
	def no_pagerank(self):
		"""Why it cannot be written as PageRank, or None."""
		if self.unsolvable is not None:
			return self.unsolvable
		given = self.graph.given
		if not given.any():
			return "no row gives anything away: PageRank needs edges"
		if not given.all():
			return "some rows are empty and keep all they get: PageRank has one α for all rows"
		if (given != given[0]).any():
			return "the rows keep different parts d_i: PageRank has one α for all rows"
		return None

	@cached_property
	def alpha(self):
		"""PageRank's damping, 1 − d: exact, being a multiple of 1/65,536."""
		return float(self.graph.given[0]) / ONE

	@cached_property
	def restart(self):
		"""PageRank's restart distribution v."""
		stakes = self.graph.stakes.astype(np.float64)
		return stakes / stakes.sum()

	@cached_property
	def converged(self):
		"""The solution that errors are measured against."""
		absorbed, _, _ = scipy_loop.loop(*scipy_loop.convert(self), residual=1e-15)
		return absorbed / absorbed.sum()

	def distance(self, vector):
		"""L1 distance of a vector to the converged solution."""
		return float(np.abs(vector - self.converged).sum())

	def given_matrix(self):
		"""G by rows, with shares as they are in the file: every tool divides rows by their sums."""
		graph, n = self.graph, self.graph.components
		return csr_array(
			(graph.shares.astype(np.float64), graph.targets.astype(np.int32), graph.starts),
			shape=(n, n),
		)


def power_steps(problem, start, residual, sweeps):
	"""How far PageRank's power iteration from `start` must go: (steps, change, change before).

	Stops at the first step within `residual` of the converged solution, or at `sweeps`. `change` is
	the L1 distance of the last two iterates; the change before the first step is infinite.
	"""
	step = problem.given_matrix().T.tocsr() / ONE
	restart = (1.0 - problem.alpha) * problem.restart
	x, change = start, math.inf
	for steps in range(1, most_steps(problem, residual, sweeps) + 1):
		before, last = change, x
		x = step @ x + restart
		change = float(np.abs(x - last).sum())
		if steps == sweeps or (residual is not None and problem.distance(x) <= residual):
			return steps, change, before
	raise Unreachable(f"power iteration does not come within {residual} of the solution")


def most_steps(problem, residual, sweeps):
	"""A number of steps that suffices for every method here: each step leaves at most α of an error
	that is at most 2; some more for rounding."""
	if residual is None:
		return sweeps
	enough = math.ceil(math.log(residual / 2) / math.log(problem.alpha)) + 8
	return enough if sweeps is None else min(sweeps, enough)


def measured(problem, plan, vector):
	"""(vector, sweeps, residual) of a finished run, or an error if it missed what was asked."""
	reached = problem.distance(vector)
	asked = plan["residual"]
	# Where a limit of sweeps was given too, it may have been what ended the run.
	if asked is not None and not plan["limited"] and not reached <= asked:
		raise Unreachable(f"{plan['solver']} ended at an L1 error of {reached:.3g}, not at {asked:.3g}")
	return vector, plan["sweeps"], reached
