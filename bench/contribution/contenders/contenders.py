#!/usr/bin/env python3
"""Serves the Python contenders of the contribution benchmark, one JSON object per line.

	first line                                     {"contenders": [NAME, …],
	                                                "versions": {LIBRARY: VERSION or null, …}}
	request                                        answer
	{"graph": PATH, "contender": NAME,             {"ran": {"seconds": S, "sweeps": K or null,
	 "residual": R, "vector": PATH or null}                 "residual": R}}
	                                               {"error": TEXT}

A request solves the graph until the residual, or until `sweeps` if that is given too and comes first.
`vector` is the file for the result: n little-endian float64, in uid order, with sum 1. `sweeps` in the
answer is null if a library does not report it; `residual` is the one that was reached.

Invariants:

1. Nothing else appears on stdout, whatever a library prints: its stdout is our stderr.
2. Every request gets one answer, and the server continues after an error.
3. One thread: the variables below are set before any library is imported. Seconds are processor time of
   the process, so a second thread would show as time too.
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
	os.environ[variable] = "1"

import gc
import importlib.metadata
import json
import platform
import sys
import time

import graph as graph_file
import solvers

CONTENDERS = {
	"scipy": solvers.Scipy,
	"networkx": solvers.Networkx,
	"igraph": solvers.Igraph,
	"scikit-network": solvers.ScikitNetwork,
}
LIBRARIES = ("numpy", "scipy", "networkx", "igraph", "scikit-network")


class BadRequest(ValueError):
	"""The request cannot be understood; the text says why."""


class Server:
	"""The graph of the last request, and the contenders that were asked for since."""

	def __init__(self):
		self.path, self.problem, self.contenders = None, None, {}

	def answer(self, line):
		"""The answer to a line."""
		try:
			return {"ran": self.run(**json.loads(line))}
		except solvers.Refused as error:
			return {"error": str(error)}
		except ImportError as error:
			return {"error": f"{error}; setup.sh installs it"}
		except Exception as error:
			return {"error": f"{type(error).__name__}: {error}"}

	def run(self, graph, contender, residual=None, sweeps=None, vector=None):
		"""One timed run of a contender."""
		if not isinstance(graph, str) or not isinstance(vector, (str, type(None))):
			raise BadRequest("`graph` and `vector` are paths")
		if contender not in CONTENDERS:
			raise BadRequest(f"no such contender: {contender}; there are {', '.join(CONTENDERS)}")
		check_stop_rule(residual, sweeps)
		if graph != self.path:
			self.__init__()
			self.problem = solvers.Problem(graph_file.read(graph))
			self.path = graph
		key = contender, residual, sweeps
		if key not in self.contenders:
			self.contenders[key] = CONTENDERS[contender](self.problem, residual, sweeps)
		solver = self.contenders[key]
		state = solver.convert()
		# What an earlier run left is not collected in the timing.
		gc.collect()
		start = time.process_time()
		raw = solver.solve(*state)
		seconds = time.process_time() - start
		values, sweeps, reached = solver.result(raw)
		if vector is not None:
			values.astype("<f8").tofile(vector)
		return {"seconds": seconds, "sweeps": sweeps, "residual": reached}


def check_stop_rule(residual, sweeps):
	"""Raises a `BadRequest` if there is nothing to stop at."""
	if residual is None and sweeps is None:
		raise BadRequest("a run needs `residual` or `sweeps`")
	least = solvers.MIN_RESIDUAL
	if residual is not None and (type(residual) not in (int, float) or not least <= residual <= 1):
		raise BadRequest(f"`residual` must be a number from {least} to 1")
	if sweeps is not None and (type(sweeps) is not int or not 1 <= sweeps <= 1_000_000):
		raise BadRequest("`sweeps` must be a whole number from 1 to 1000000")


def version(library):
	"""The installed version of a library, or None."""
	try:
		return importlib.metadata.version(library)
	except importlib.metadata.PackageNotFoundError:
		return None


def main():
	"""Answers each line of stdin until it ends."""
	answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
	os.dup2(2, 1)
	versions = {"python": platform.python_version()} | {name: version(name) for name in LIBRARIES}
	hello = {"contenders": list(CONTENDERS), "versions": versions}
	print(json.dumps(hello), file=answers, flush=True)
	server = Server()
	for line in sys.stdin.buffer:
		print(json.dumps(server.answer(line), allow_nan=False), file=answers, flush=True)


if __name__ == "__main__":
	main()
