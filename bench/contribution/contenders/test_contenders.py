#!/usr/bin/env python3
"""Tests of the Python contenders against dense linear algebra, and of the server that runs them.

	setup.sh FOLDER && FOLDER/bin/python test_contenders.py

The files are written here, not by the benchmark's generator, so both sides of the format are tested
by themselves. The oracle is `N = d∘x` with `(I − Gᵀ) x = S / ΣS`, solved directly.
"""

import json
import os
import random
import struct
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

# First, because it sets the number of threads.
import contenders
import graph
import igraph_prpack
import networkx_pagerank
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
RESIDUALS = (1e-3, 1e-6, 2.0**-30)
PAGERANKS = ("networkx", "igraph", "scikit-network")


def encode(stakes, rows):
	"""The file of a graph whose rows are lists of (target, share)."""
	edges = [edge for row in rows for edge in row]
	ends = np.cumsum([len(row) for row in rows], dtype=int).tolist()
	return b"".join(
		[
			b"BTGRAPH1",
			struct.pack("<II", len(stakes), len(edges)),
			struct.pack(f"<{len(stakes)}Q", *stakes),
			struct.pack(f"<{len(ends)}I", *ends),
			struct.pack(f"<{len(edges)}H", *(target for target, _ in edges)),
			struct.pack(f"<{len(edges)}H", *(share for _, share in edges)),
		]
	)


def random_row(choose, n, uid, given):
	"""A row of random targets that gives away exactly `given` of 65,536."""
	others = [other for other in range(n) if other != uid]
	targets = choose.sample(others, choose.randint(1, min(8, n - 1)))
	cuts = sorted(choose.sample(range(1, given), len(targets) - 1))
	return list(zip(targets, np.diff([0] + cuts + [given]).tolist()))


def random_graph(seed, given=None, n=None):
	"""(stakes, rows): every row gives away `given` or, without it, rows differ and some are empty."""
	choose = random.Random(seed)
	n = n or choose.randint(2, 50)
	stakes = [choose.choice((0, 1, choose.randrange(1 << 40))) for _ in range(n)]
	stakes[choose.randrange(n)] = 1 << 40
	rows = []
	for uid in range(n):
		if given is None and choose.random() < 0.1:
			rows.append([])
		else:
			rows.append(random_row(choose, n, uid, given or choose.randint(100, graph.MAX_GIVEN)))
	return stakes, rows


def dense(stakes, rows):
	"""(G, d, v) as dense arrays."""
	g = np.zeros((len(rows), len(rows)))
	for uid, row in enumerate(rows):
		for target, share in row:
			g[uid, target] = share / 65_536
	return g, 1 - g.sum(axis=1), np.array(stakes, dtype=float) / sum(stakes)


def solution(stakes, rows):
	"""The oracle."""
	g, d, v = dense(stakes, rows)
	return d * np.linalg.solve(np.eye(len(d)) - g.T, v)


def l1(a, b):
	"""L1 distance."""
	return np.abs(a - b).sum()


class Case(unittest.TestCase):
	"""A server in this process and a folder for files."""

	def setUp(self):
		folder = tempfile.TemporaryDirectory()
		self.addCleanup(folder.cleanup)
		self.folder = folder.name
		self.server = contenders.Server()

	def ask(self, **request):
		"""The answer to a request."""
		return json.loads(self.server.answer(json.dumps(request).encode()))

	def file(self, data, name="graph"):
		"""The path of a file with these bytes."""
		path = os.path.join(self.folder, name)
		with open(path, "wb") as file:
			file.write(data)
		return path

	def load(self, stakes, rows):
		"""Loads a graph that is well formed."""
		self.assertEqual(self.ask(cmd="load", graph=self.file(encode(stakes, rows))), {"ok": True})

	def solve(self, contender, residual=None, sweeps=None):
		"""(answer, vector) of a run that succeeds."""
		path = os.path.join(self.folder, "vector")
		answer = self.ask(cmd="run", contender=contender, residual=residual, sweeps=sweeps, vector=path)
		self.assertNotIn("error", answer)
		vector = np.fromfile(path, "<f8")
		self.assertAlmostEqual(vector.sum(), 1, delta=1e-12)
		self.assertGreaterEqual(answer["solve_seconds"], 0)
		self.assertGreaterEqual(answer["convert_seconds"], 0)
		return answer, vector


class Solutions(Case):
	"""Every contender finds what dense linear algebra finds, as precisely as it says."""

	def test_scipy_takes_a_d_of_each_row(self):
		for seed in range(12):
			stakes, rows = random_graph(seed)
			g, d, r = dense(stakes, rows)
			self.load(stakes, rows)
			self.assertTrue(self.ask(cmd="can", contender="scipy")["can"])
			for residual in RESIDUALS:
				answer, vector = self.solve("scipy", residual)
				steps, left = 0, r
				while steps == 0 or left.sum() > residual:
					left, steps = g.T @ left, steps + 1
				self.assertEqual(answer["sweeps"], steps)
				self.assertEqual(answer["visits"], steps * sum(map(len, rows)))
				self.assertAlmostEqual(answer["residual"], left.sum(), delta=1e-13)
				self.assertLessEqual(answer["residual"], residual)
				# Normalising an N that lacks Σr can move it as far again.
				self.assertLessEqual(l1(vector, solution(stakes, rows)), 2 * residual + 1e-13)

	def check_pagerank(self, stakes, rows):
		"""All contenders on a graph with one d."""
		oracle = solution(stakes, rows)
		self.load(stakes, rows)
		for contender in PAGERANKS:
			self.assertTrue(self.ask(cmd="can", contender=contender)["can"])
			for residual in RESIDUALS:
				with self.subTest(contender=contender, residual=residual):
					answer, vector = self.solve(contender, residual)
					error = l1(vector, oracle)
					self.assertLessEqual(error, residual + 1e-13)
					self.assertAlmostEqual(answer["residual"], error, delta=1e-13)

	def test_pagerank_tools_solve_graphs_with_one_d(self):
		for seed in range(12):
			given = random.Random(seed).choice((9, 32_768, 49_152, graph.MAX_GIVEN))
			self.check_pagerank(*random_graph(seed, given))

	def test_two_rows_and_a_start_that_is_the_solution(self):
		self.check_pagerank([5, 5], [[(1, 32_768)], [(0, 32_768)]])

	def test_gauss_seidel_of_igraph(self):
		# From 128 nodes on PRPACK iterates.
		self.check_pagerank(*random_graph(1, graph.MAX_GIVEN, n=300))

	def test_scikit_network_leaves_float32_where_it_does_not_suffice(self):
		self.load(*random_graph(2, graph.MAX_GIVEN, n=50))
		self.assertEqual(self.solve("scikit-network", 1e-3)[0]["solver"], "diteration")
		self.assertEqual(self.solve("scikit-network", 2.0**-30)[0]["solver"], "piteration")

	def test_a_number_of_sweeps_is_met_exactly(self):
		stakes, rows = random_graph(3, 49_152, n=40)
		g, d, v = dense(stakes, rows)
		self.load(stakes, rows)
		absorbed, r = np.zeros(40), v
		rank = np.full(40, 1 / 40)
		pushed, fluid = np.zeros(40), v.copy()
		for sweeps in range(1, 12):
			absorbed, r = absorbed + d * r, g.T @ r
			rank = g.T @ rank + d * v
			for uid in range(40):
				kept, fluid[uid] = fluid[uid], 0
				pushed[uid] += kept
				fluid += kept * g[uid]
			expected = {
				"scipy": (absorbed, 1e-13),
				"networkx": (rank, 1e-13),
				"scikit-network": (pushed, 1e-5),
			}
			for contender, (vector, delta) in expected.items():
				answer, found = self.solve(contender, sweeps=sweeps)
				self.assertEqual(answer["sweeps"], sweeps)
				self.assertLessEqual(l1(found, vector / vector.sum()), delta, contender)

	def test_the_fewest_sweeps_are_chosen(self):
		stakes, rows = random_graph(4, graph.MAX_GIVEN, n=40)
		oracle = solution(stakes, rows)
		self.load(stakes, rows)
		for contender in ("networkx", "scikit-network"):
			for residual in RESIDUALS:
				answer, _ = self.solve(contender, residual)
				_, vector = self.solve(contender, residual, answer["sweeps"] - 1)
				self.assertGreater(l1(vector, oracle), residual)

	def test_what_comes_first_ends_a_run(self):
		self.load(*random_graph(5, 32_768))
		for contender in ("scipy", "networkx", "scikit-network"):
			free, _ = self.solve(contender, 1e-4)
			self.assertEqual(self.solve(contender, 1e-4, 1_000)[0]["sweeps"], free["sweeps"])
			cut, _ = self.solve(contender, 1e-4, 2)
			self.assertEqual(cut["sweeps"], 2)
			self.assertGreater(cut["residual"], 1e-4)


class Refusals(Case):
	"""What cannot be expressed is refused, with the reason, by `can` and by `run`."""

	def check_refused(self, contender, why):
		"""Refused by both."""
		can = self.ask(cmd="can", contender=contender)
		self.assertFalse(can["can"])
		self.assertIn(why, can["why"])
		self.assertIn(why, self.ask(cmd="run", contender=contender, residual=1e-6)["error"])

	def test_rows_that_differ(self):
		self.load([1, 1, 1], [[(1, 9)], [(2, 9)], [(0, 10)]])
		for contender in PAGERANKS:
			self.check_refused(contender, "different parts")

	def test_empty_rows(self):
		self.load([1, 1], [[(1, 9)], []])
		for contender in PAGERANKS:
			self.check_refused(contender, "empty")
		self.load([1, 1], [[], []])
		for contender in PAGERANKS:
			self.check_refused(contender, "needs edges")
		_, vector = self.solve("scipy", 1e-6)
		self.assertEqual(vector.tolist(), [0.5, 0.5])

	def test_graphs_without_mass(self):
		for contender in contenders.MODULES:
			self.load([0, 0], [[(1, 9)], [(0, 9)]])
			self.check_refused(contender, "all stakes are zero")
			self.load([], [])
			self.check_refused(contender, "no rows")

	def test_graphs_too_large_for_networkx(self):
		self.load([1, 1], [[(1, 9)], [(0, 9)]])
		with mock.patch.object(networkx_pagerank, "MAX_EDGES", 2):
			self.assertTrue(self.ask(cmd="can", contender="networkx")["can"])
		with mock.patch.object(networkx_pagerank, "MAX_EDGES", 1):
			self.check_refused("networkx", "2 edges are more than 1")

	def test_vectors_that_miss_the_residual(self):
		self.load([1, 1], [[(1, 9)], [(0, 9)]])
		path = os.path.join(self.folder, "vector")
		request = {"cmd": "run", "contender": "igraph", "residual": 1e-6, "vector": path}
		with mock.patch.object(igraph_prpack, "solve", return_value=[0.5 + 1e-6, 0.5 - 1e-6]):
			self.assertIn("ended at an L1 error of 2e-06", self.ask(**request)["error"])
		self.assertFalse(os.path.exists(path))
		with mock.patch.object(igraph_prpack, "solve", return_value=[0.5 + 4e-7, 0.5 - 4e-7]):
			self.assertAlmostEqual(self.ask(**request)["residual"], 8e-7, delta=1e-12)

	def test_sweeps_of_igraph(self):
		self.load([1, 1], [[(1, 9)], [(0, 9)]])
		self.assertIn("no number of sweeps", self.ask(cmd="run", contender="igraph", sweeps=3)["error"])
		answer, _ = self.solve("igraph", 1e-6)
		self.assertIsNone(answer["sweeps"])
		self.assertIsNone(answer["visits"])


class Format(Case):
	"""Bytes that are not a graph are an error, whatever they are."""

	def test_malformed_files(self):
		good = [1, 1, 1], [[(1, 9), (2, 9)], [(0, 9)], []]
		data = encode(*good)
		wrong = {
			"BTGRAPH1": b"BTGRAPH2" + data[8:],
			"header": b"BTGRAPH1\0\0\0",
			"do not hold": data + b"\0",
			"not a row": encode([1, 1, 1], [[(3, 9)], [], []]),
			"names itself": encode([1, 1, 1], [[(0, 9)], [], []]),
			"twice": encode([1, 1, 1], [[(1, 9), (2, 9), (1, 8)], [], []]),
			"share is zero": encode([1, 1, 1], [[(1, 0)], [], []]),
			"gives away more": encode([1, 1, 1], [[(1, 57_000), (2, 345)], [], []]),
			# The ends are at 16 + 3 × 8.
			"before its start": data[:40] + struct.pack("<3I", 2, 1, 3) + data[52:],
			"does not end": data[:40] + struct.pack("<3I", 2, 3, 2**32 - 1) + data[52:],
		}
		for why, bad in wrong.items():
			self.load(*good)
			self.assertIn(why, self.ask(cmd="load", graph=self.file(bad)).get("error", "accepted"))
			# The graph of before is not used under the new one's name.
			self.assertIn("no graph", self.ask(cmd="run", contender="scipy", residual=0.1)["error"])
		self.assertIn("error", self.ask(cmd="load", graph=os.path.join(self.folder, "none")))

	def test_the_limits_are_accepted(self):
		self.load([2**64 - 1, 2**64 - 1, 0], [[(1, 57_000), (2, 344)], [(0, 1)], []])
		self.solve("scipy", 1e-6)

	def test_the_largest_number_of_rows(self):
		n = 65_536
		self.load([1] * n, [[((uid + 1) % n, 32_768)] for uid in range(n)])
		_, vector = self.solve("scipy", 1e-6)
		self.assertLess(np.abs(vector * n - 1).max(), 1e-9)
		data = encode([1] * (n + 1), [[]] * (n + 1))
		self.assertIn("16-bit", self.ask(cmd="load", graph=self.file(data))["error"])

	def test_cut_and_flipped_files(self):
		data = encode(*random_graph(6, n=5))
		for length in range(len(data)):
			with self.assertRaises(graph.FormatError):
				graph.parse(data[:length])
		choose, accepted = random.Random(7), 0
		for _ in range(3_000):
			flipped = bytearray(data)
			flipped[choose.randrange(len(data))] ^= 1 << choose.randrange(8)
			try:
				graph.parse(bytes(flipped))
				accepted += 1
			except graph.FormatError:
				pass
		# Stakes are free and so are most bits of shares; ends and targets are not.
		self.assertTrue(500 < accepted < 2_900, accepted)


class Protocol(Case):
	"""The server as a program."""

	def talk(self, lines, program=("contenders.py",)):
		"""(answers, what it wrote to stderr) of a server that is sent these lines."""
		done = subprocess.run(
			[sys.executable, *program],
			input=b"".join(line + b"\n" for line in lines),
			capture_output=True,
			cwd=HERE,
			timeout=120,
		)
		self.assertEqual(done.returncode, 0, done.stderr)
		return [json.loads(line) for line in done.stdout.splitlines()], done.stderr.decode()

	def test_a_session(self):
		path = self.file(encode(*random_graph(8, 32_768, n=20)))
		vector = os.path.join(self.folder, "vector")
		requests = [
			{"cmd": "contenders"},
			{"cmd": "versions"},
			{"cmd": "load", "graph": path},
			{"cmd": "can", "contender": "igraph"},
		]
		requests += [
			{"cmd": "run", "contender": name, "residual": 1e-6, "sweeps": None, "vector": vector + name}
			for name in contenders.MODULES
		]
		requests += [{"cmd": "quit"}, {"cmd": "contenders"}]
		answers, errors = self.talk([json.dumps(request).encode() for request in requests])
		self.assertEqual(errors, "")
		self.assertEqual(answers[0], {"contenders": ["scipy", "networkx", "igraph", "scikit-network"]})
		self.assertEqual(set(answers[1]), {"python", *contenders.LIBRARIES})
		self.assertEqual(answers[1]["numpy"], np.__version__)
		self.assertEqual(answers[2], {"ok": True})
		self.assertTrue(answers[3]["can"])
		fields = {"solve_seconds", "convert_seconds", "sweeps", "visits", "residual", "solver"}
		for name, answer in zip(contenders.MODULES, answers[4:8]):
			self.assertEqual(set(answer), fields)
			self.assertEqual(os.path.getsize(vector + name), 20 * 8)
		# Nothing after `quit` is answered.
		self.assertEqual(answers[8:], [{"ok": True}])

	def test_bad_requests_are_answered_and_survived(self):
		lines = [
			b"",
			b"{",
			b"\xff\xfe",
			b"[]",
			b"{}",
			b'{"cmd": 1}',
			b'{"cmd": "__init__"}',
			b'{"cmd": "load"}',
			b'{"cmd": "can", "contender": "igraph"}',
			b'{"cmd": "can", "contender": "subprocess"}',
			b"[" * 100_000,
		]
		answers, _ = self.talk(lines + [b'{"cmd": "contenders"}'])
		self.assertEqual(len(answers), len(lines) + 1)
		for answer in answers[:-1]:
			self.assertEqual(list(answer), ["error"])
		self.assertIn("contenders", answers[-1])

	def test_stop_rules_that_make_no_sense(self):
		self.load([1, 1], [[(1, 9)], [(0, 9)]])
		rules = [{}, {"residual": 0}, {"residual": -1}, {"residual": 2}, {"residual": "1"}]
		rules += [{"residual": True}, {"residual": float("nan")}, {"sweeps": 0}, {"sweeps": 1.5}]
		for rule in rules:
			self.assertIn("BadRequest", self.ask(cmd="run", contender="scipy", **rule)["error"], rule)
		missing = os.path.join(self.folder, "no", "folder")
		answer = self.ask(cmd="run", contender="scipy", residual=0.1, vector=missing)
		self.assertIn("FileNotFoundError", answer["error"])

	def test_libraries_cannot_write_into_the_answers(self):
		program = (
			"import os, contenders\n"
			"def noisy(server, request):\n"
			"	print('from Python', flush=True)\n"
			"	os.write(1, b'from C')\n"
			"	return {}\n"
			"contenders.COMMANDS['noisy'] = noisy\n"
			"contenders.main()\n"
		)
		answers, errors = self.talk([b'{"cmd": "noisy"}'], ("-c", program))
		self.assertEqual(answers, [{}])
		self.assertIn("from Python", errors)
		self.assertIn("from C", errors)

	def test_a_library_that_is_missing_is_a_reason(self):
		program = "import contenders; contenders.MODULES['igraph'] = 'no_such_module'; contenders.main()"
		path = self.file(encode([1, 1], [[(1, 9)], [(0, 9)]]))
		lines = [
			json.dumps({"cmd": "load", "graph": path}).encode(),
			b'{"cmd": "can", "contender": "igraph"}',
			b'{"cmd": "run", "contender": "igraph", "residual": 0.1}',
			b'{"cmd": "can", "contender": "scipy"}',
		]
		answers, _ = self.talk(lines, ("-c", program))
		self.assertFalse(answers[1]["can"])
		self.assertIn("setup.sh", answers[1]["why"])
		self.assertIn("error", answers[2])
		self.assertTrue(answers[3]["can"])


if __name__ == "__main__":
	unittest.main()
