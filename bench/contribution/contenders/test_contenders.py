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
import numpy as np
import solvers

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
		self.graph = None

	def ask(self, **request):
		"""The answer to a request."""
		request = {"graph": self.graph} | request
		return json.loads(json.dumps(self.server.answer(json.dumps(request).encode())))

	def error(self, contender, **request):
		"""The error of a request."""
		return self.ask(contender=contender, **request).get("error", "accepted")

	def file(self, data):
		"""The path of a new file with these bytes."""
		path = os.path.join(self.folder, str(len(os.listdir(self.folder))))
		with open(path, "wb") as file:
			file.write(data)
		return path

	def load(self, stakes, rows):
		"""Names the graph of later requests."""
		self.graph = self.file(encode(stakes, rows))

	def solve(self, contender, residual=None, sweeps=None):
		"""(answer, vector) of a run that succeeds."""
		path = os.path.join(self.folder, "vector")
		answer = self.ask(contender=contender, residual=residual, sweeps=sweeps, vector=path)
		self.assertNotIn("error", answer)
		vector = np.fromfile(path, "<f8")
		self.assertAlmostEqual(vector.sum(), 1, delta=1e-12)
		self.assertGreaterEqual(answer["ran"]["seconds"], 0)
		return answer["ran"], vector


class Solutions(Case):
	"""Every contender finds what dense linear algebra finds, as precisely as it says."""

	def test_scipy_takes_a_d_of_each_row(self):
		for seed in range(12):
			stakes, rows = random_graph(seed)
			g, d, r = dense(stakes, rows)
			self.load(stakes, rows)
			for residual in RESIDUALS:
				answer, vector = self.solve("scipy", residual)
				steps, left = 0, r
				while steps == 0 or left.sum() > residual:
					left, steps = g.T @ left, steps + 1
				self.assertEqual(answer["sweeps"], steps)
				self.assertAlmostEqual(answer["residual"], left.sum(), delta=1e-13)
				self.assertLessEqual(answer["residual"], residual)
				# Normalising an N that lacks Σr can move it as far again.
				self.assertLessEqual(l1(vector, solution(stakes, rows)), 2 * residual + 1e-13)

	def check_pagerank(self, stakes, rows):
		"""All contenders on a graph with one d."""
		oracle = solution(stakes, rows)
		self.load(stakes, rows)
		for contender in PAGERANKS:
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

	def test_a_number_of_sweeps_is_met_exactly(self):
		stakes, rows = random_graph(3, 49_152, n=40)
		g, d, v = dense(stakes, rows)
		self.load(stakes, rows)
		absorbed, r = np.zeros(40), v
		rank, from_v = np.full(40, 1 / 40), v
		for sweeps in range(1, 12):
			absorbed, r = absorbed + d * r, g.T @ r
			rank, from_v = g.T @ rank + d * v, g.T @ from_v + d * v
			expected = {"scipy": absorbed, "networkx": rank, "scikit-network": from_v}
			for contender, vector in expected.items():
				answer, found = self.solve(contender, sweeps=sweeps)
				self.assertEqual(answer["sweeps"], sweeps)
				self.assertLessEqual(l1(found, vector / vector.sum()), 1e-13, contender)

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
	"""A graph that a contender cannot express is refused with the reason."""

	def check_refused(self, contender, why):
		"""Refused."""
		self.assertIn(why, self.error(contender, residual=1e-6))

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
		for contender in contenders.CONTENDERS:
			self.load([0, 0], [[(1, 9)], [(0, 9)]])
			self.check_refused(contender, "all stakes are zero")
			self.load([], [])
			self.check_refused(contender, "no rows")

	def test_graphs_too_large_for_networkx(self):
		self.load([1, 1], [[(1, 9)], [(0, 9)]])
		with mock.patch.object(solvers.Networkx, "MAX_EDGES", 1):
			self.check_refused("networkx", "2 edges are more than 1")
		with mock.patch.object(solvers.Networkx, "MAX_EDGES", 2):
			self.solve("networkx", 1e-6)

	def test_vectors_that_miss_the_residual(self):
		self.load([1, 1], [[(1, 9)], [(0, 9)]])
		request = {"residual": 1e-6, "vector": os.path.join(self.folder, "vector")}
		with mock.patch.object(solvers.Igraph, "solve", return_value=[0.5 + 1e-6, 0.5 - 1e-6]):
			self.assertIn("ended at an L1 error of 2e-06", self.error("igraph", **request))
		self.assertFalse(os.path.exists(request["vector"]))
		with mock.patch.object(solvers.Igraph, "solve", return_value=[0.5 + 4e-7, 0.5 - 4e-7]):
			self.assertAlmostEqual(self.solve("igraph", 1e-6)[0]["residual"], 8e-7, delta=1e-12)

	def test_sweeps_of_igraph(self):
		self.load([1, 1], [[(1, 9)], [(0, 9)]])
		self.assertIn("no number of sweeps", self.error("igraph", sweeps=3))
		self.assertIsNone(self.solve("igraph", 1e-6)[0]["sweeps"])


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
			self.solve("scipy", 0.1)
			self.graph = self.file(bad)
			# The graph of before is not used under the new one's name.
			for _ in range(2):
				self.assertIn(why, self.error("scipy", residual=0.1))
		self.graph = os.path.join(self.folder, "none")
		self.assertIn("FileNotFoundError", self.error("scipy", residual=0.1))

	def test_the_limits_are_accepted(self):
		self.load([2**64 - 1, 2**64 - 1, 0], [[(1, 57_000), (2, 344)], [(0, 1)], []])
		self.solve("scipy", 1e-6)

	def test_the_largest_number_of_rows(self):
		n = 65_536
		self.load([1] * n, [[((uid + 1) % n, 32_768)] for uid in range(n)])
		_, vector = self.solve("scipy", 1e-6)
		self.assertLess(np.abs(vector * n - 1).max(), 1e-9)
		data = encode([1] * (n + 1), [[]] * (n + 1))
		self.graph = self.file(data)
		self.assertIn("16-bit", self.error("scipy", residual=0.1))

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
		"""(first line, answers, what it wrote to stderr) of a server that is sent these lines."""
		done = subprocess.run(
			[sys.executable, *program],
			input=b"".join(line + b"\n" for line in lines),
			capture_output=True,
			cwd=HERE,
			timeout=120,
		)
		self.assertEqual(done.returncode, 0, done.stderr)
		hello, *answers = [json.loads(line) for line in done.stdout.splitlines()]
		return hello, answers, done.stderr.decode()

	def request(self, contender):
		"""The line of a request."""
		request = {"graph": self.graph, "contender": contender, "residual": 1e-6}
		return json.dumps(request | {"vector": os.path.join(self.folder, contender)}).encode()

	def test_a_session(self):
		self.load(*random_graph(8, 32_768, n=20))
		names = ["scipy", "networkx", "igraph", "scikit-network"]
		hello, answers, errors = self.talk([self.request(name) for name in names])
		self.assertEqual(errors, "")
		self.assertEqual(hello["contenders"], names)
		self.assertEqual(set(hello["versions"]), {"python", *contenders.LIBRARIES})
		self.assertEqual(hello["versions"]["numpy"], np.__version__)
		self.assertEqual(len(answers), 4)
		for name, answer in zip(names, answers):
			self.assertEqual(set(answer["ran"]), {"seconds", "sweeps", "residual"})
			self.assertEqual(os.path.getsize(os.path.join(self.folder, name)), 20 * 8)

	def test_bad_requests_are_answered_and_survived(self):
		self.load([1, 1], [[(1, 9)], [(0, 9)]])
		lines = [
			b"",
			b"{",
			b"\xff\xfe",
			b"[]",
			b"{}",
			b'{"cmd": 1}',
			b'{"graph": 1, "contender": "scipy", "residual": 0.1}',
			b'{"graph": "x", "contender": "subprocess", "residual": 0.1}',
			b'{"graph": "x", "contender": [], "residual": 0.1}',
			b"[" * 100_000,
		]
		_, answers, _ = self.talk(lines + [self.request("scipy")])
		self.assertEqual(len(answers), len(lines) + 1)
		for answer in answers[:-1]:
			self.assertEqual(list(answer), ["error"])
		self.assertIn("ran", answers[-1])

	def test_stop_rules_that_make_no_sense(self):
		self.load([1, 1], [[(1, 9)], [(0, 9)]])
		rules = [{}, {"residual": 0}, {"residual": -1}, {"residual": 2}, {"residual": "1"}]
		rules += [{"residual": True}, {"residual": float("nan")}, {"sweeps": 0}, {"sweeps": 1.5}]
		for rule in rules:
			self.assertIn("BadRequest", self.error("scipy", **rule), rule)
		missing = os.path.join(self.folder, "no", "folder")
		self.assertIn("FileNotFoundError", self.error("scipy", residual=0.1, vector=missing))

	def test_libraries_cannot_write_into_the_answers(self):
		self.load([1, 1], [[(1, 9)], [(0, 9)]])
		program = (
			"import os, contenders\n"
			"class Noisy(contenders.solvers.Scipy):\n"
			"	def convert(self):\n"
			"		print('from Python', flush=True)\n"
			"		os.write(1, b'from C')\n"
			"		return super().convert()\n"
			"contenders.CONTENDERS['noisy'] = Noisy\n"
			"contenders.main()\n"
		)
		_, answers, errors = self.talk([self.request("noisy")], ("-c", program))
		self.assertEqual([list(answer) for answer in answers], [["ran"]])
		self.assertIn("from Python", errors)
		self.assertIn("from C", errors)

	def test_a_library_that_is_missing_is_a_reason(self):
		self.load([1, 1], [[(1, 9)], [(0, 9)]])
		program = "import sys; sys.modules['igraph'] = None; import contenders; contenders.main()"
		lines = [self.request("igraph"), self.request("scipy")]
		_, answers, _ = self.talk(lines, ("-c", program))
		self.assertIn("setup.sh", answers[0]["error"])
		self.assertIn("ran", answers[1])


if __name__ == "__main__":
	unittest.main()
