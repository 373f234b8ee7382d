#!/usr/bin/env python3
"""Serves the Python contenders of the contribution benchmark, one JSON object per line.

	request                                        answer
	{"cmd": "contenders"}                          {"contenders": [NAME, …]}
	{"cmd": "versions"}                            {"python": VERSION, LIBRARY: VERSION or null, …}
	{"cmd": "load", "graph": PATH}                 {"ok": true}
	{"cmd": "can", "contender": NAME}              {"can": BOOL, "why": TEXT}
	{"cmd": "run", "contender": NAME,              {"solve_seconds": S, "convert_seconds": S,
	 "residual": R or null, "sweeps": K or null,    "sweeps": K or null, "visits": V or null,
	 "vector": PATH or null}                        "residual": R, "solver": TEXT}
	{"cmd": "quit"}                                {"ok": true}, and the server ends

A run converts the loaded graph to what the contender works on, solves, and, where `vector` is a
path, writes the result there: n little-endian float64, in uid order, with sum 1. It ends at the
residual or at the number of sweeps, whichever comes first; at least one is needed. `sweeps` and
`visits` (sweeps × edges) in the answer are null where a tool does not tell them; `residual` is what
was reached, by Algorithm 1's own account or, for PageRank tools, as L1 distance to the converged
solution (see `pagerank.py`); `solver` is the method. What is found out outside of the timing, such
as a tolerance, is kept while the graph is loaded, so repeated runs pay for it once.

Invariants:

1. Nothing else appears on stdout, whatever a library prints: its stdout is our stderr.
2. Every line gets exactly one answer. What goes wrong is {"error": TEXT}, and the server goes on;
   after a failed load no graph is loaded.
3. One thread: the variables below are set before any library is imported. Seconds are the CPU time
   of the process, so a second thread would show as time too.
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
	os.environ[variable] = "1"

import gc
import importlib
import importlib.metadata
import json
import platform
import sys
import time

# Module of each contender, in the order in which they are listed.
MODULES = {
	"scipy": "scipy_loop",
	"networkx": "networkx_pagerank",
	"igraph": "igraph_prpack",
	"scikit-network": "sknetwork_pagerank",
}
LIBRARIES = ("numpy", "scipy", "networkx", "igraph", "scikit-network")


class BadRequest(ValueError):
	"""The request cannot be understood or not be met; the text says why."""


class Server:
	"""The graph that is loaded, and the answer to each command."""

	def __init__(self):
		self.problem = None
		self.plans = {}
		self.ended = False

	def answer(self, line):
		"""The line that answers a line."""
		try:
			return json.dumps(self.reply(line), allow_nan=False)
		except Exception as error:
			return json.dumps({"error": f"{type(error).__name__}: {error}"})

	def reply(self, line):
		"""The answer as an object, or an exception."""
		request = json.loads(line)
		if not isinstance(request, dict):
			raise BadRequest("a request is a JSON object")
		command = COMMANDS.get(text(request, "cmd"))
		if command is None:
			raise BadRequest(f"no such command: {request['cmd']}; there are {', '.join(COMMANDS)}")
		return command(self, request)

	def contenders(self, _request):
		"""All contenders, installed or not."""
		return {"contenders": list(MODULES)}

	def versions(self, _request):
		"""Versions of Python and of the libraries."""
		return {"python": platform.python_version()} | {name: version(name) for name in LIBRARIES}

	def load(self, request):
		"""Takes the graph of later requests from a file."""
		path = text(request, "graph")
		self.problem, self.plans = None, {}
		graph, pagerank = importlib.import_module("graph"), importlib.import_module("pagerank")
		self.problem = pagerank.Problem(graph.read(path))
		return {"ok": True}

	def can(self, request):
		"""Whether a contender can solve the loaded graph."""
		name, problem = contender(request), self.loaded()
		try:
			module = importlib.import_module(MODULES[name])
		except ImportError as error:
			return {"can": False, "why": f"{error}; setup.sh installs it"}
		refused = module.refuses(problem)
		return {"can": refused is None, "why": module.remark() if refused is None else refused}

	def run(self, request):
		"""One timed run of a contender."""
		name, problem = contender(request), self.loaded()
		residual, sweeps, path = stop_rule(request) + (text(request, "vector", optional=True),)
		module = importlib.import_module(MODULES[name])
		refused = module.refuses(problem)
		if refused is not None:
			raise BadRequest(f"{name} cannot: {refused}")
		key = name, residual, sweeps
		if key not in self.plans:
			self.plans[key] = module.plan(problem, residual, sweeps)
		plan = self.plans[key]
		# Nobody is timed while collecting what an earlier run left.
		gc.collect()
		convert_seconds, state = timed(module.convert, problem)
		solve_seconds, raw = timed(module.solve, state, plan)
		vector, sweeps, residual = module.result(problem, plan, raw)
		if path is not None:
			vector.astype("<f8").tofile(path)
		return {
			"solve_seconds": solve_seconds,
			"convert_seconds": convert_seconds,
			"sweeps": sweeps,
			"visits": None if sweeps is None else sweeps * problem.graph.edges,
			"residual": float(residual),
			"solver": plan["solver"],
		}

	def quit(self, _request):
		"""Ends the server after this answer."""
		self.ended = True
		return {"ok": True}

	def loaded(self):
		"""The loaded graph."""
		if self.problem is None:
			raise BadRequest("no graph is loaded")
		return self.problem


COMMANDS = {
	name: getattr(Server, name) for name in ("contenders", "versions", "load", "can", "run", "quit")
}


def text(request, field, optional=False):
	"""A field that holds a string."""
	value = request.get(field)
	if not isinstance(value, str) and not (optional and value is None):
		raise BadRequest(f"`{field}` must be a string")
	return value


def contender(request):
	"""The name of a contender."""
	name = text(request, "contender")
	if name not in MODULES:
		raise BadRequest(f"no such contender: {name}; there are {', '.join(MODULES)}")
	return name


def stop_rule(request):
	"""(residual, sweeps) of a run."""
	residual, sweeps = request.get("residual"), request.get("sweeps")
	if residual is None and sweeps is None:
		raise BadRequest("a run needs `residual` or `sweeps`")
	if residual is not None:
		least = importlib.import_module("pagerank").MIN_RESIDUAL
		if type(residual) not in (int, float) or not least <= residual <= 1:
			raise BadRequest(f"`residual` must be a number from {least} to 1")
	if sweeps is not None and (type(sweeps) is not int or not 1 <= sweeps <= 1_000_000):
		raise BadRequest("`sweeps` must be a whole number from 1 to 1000000")
	return residual, sweeps


def version(library):
	"""The installed version of a library, or None."""
	try:
		return importlib.metadata.version(library)
	except importlib.metadata.PackageNotFoundError:
		return None


def timed(function, *arguments):
	"""(CPU seconds, result) of a call."""
	start = time.process_time()
	result = function(*arguments)
	return time.process_time() - start, result


def main():
	"""Answers each line of stdin until `quit` or its end."""
	answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
	os.dup2(2, 1)
	server = Server()
	for line in sys.stdin.buffer:
		print(server.answer(line), file=answers, flush=True)
		if server.ended:
			return


if __name__ == "__main__":
	main()
