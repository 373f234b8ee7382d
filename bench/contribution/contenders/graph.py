"""The graph file that every contender of the benchmark reads.

Little endian, without padding:

	"BTGRAPH1" │ u32 n │ u32 edges │ n × u64 stakes │ n × u32 ends
	           │ edges × u16 targets │ edges × u16 shares

Row i owns the edges from `ends[i - 1]` (0 for the first row) up to, not including, `ends[i]`. An edge
gives `share / 65,536` of its row's mass to `target`; what a row does not give away, `d_i`, it keeps.

Invariants of every `Graph` that `parse` returns (anything else is a `FormatError`):

1. the file is exactly as long as its header says, the ends never fall and the last one is `edges`;
2. every target is another row than its own, and no row names a target twice;
3. no share is zero, and no row gives away more than `MAX_GIVEN`, so `d_i >= 1/8` and every
   contender converges.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

MAGIC = b"BTGRAPH1"
# A whole row, and the most of it that may be given away.
ONE = 65_536
MAX_GIVEN = 57_344


class FormatError(ValueError):
	"""The bytes are not a graph; the text says why."""


@dataclass(frozen=True)
class Graph:
	"""The arrays of the file, as they are: each contender converts them itself, inside its timing.

	What only restates `ends` (`starts`, `sources`) is there once the file has been checked.
	"""

	stakes: np.ndarray
	ends: np.ndarray
	targets: np.ndarray
	shares: np.ndarray

	@property
	def components(self) -> int:
		"""Number of rows."""
		return len(self.stakes)

	@property
	def edges(self) -> int:
		"""Number of edges of all rows."""
		return len(self.targets)

	@cached_property
	def starts(self) -> np.ndarray:
		"""Where each row begins, and as last entry where the last one ends: CSR's `indptr`."""
		return np.concatenate(([0], self.ends)).astype(np.int32)

	@cached_property
	def sources(self) -> np.ndarray:
		"""The row of each edge."""
		return np.repeat(np.arange(self.components, dtype=np.int32), np.diff(self.starts))

	@cached_property
	def given(self) -> np.ndarray:
		"""What each row gives away, in 1/65,536."""
		sums = np.concatenate(([0], np.cumsum(self.shares, dtype=np.int64)))
		return np.diff(sums[self.starts])


def read(path: str) -> Graph:
	"""The graph in the file at `path`."""
	with open(path, "rb") as file:
		return parse(file.read())


def parse(data: bytes) -> Graph:
	"""The graph in `data`, checked against every invariant of the format."""
	if data[:8] != MAGIC:
		raise FormatError("not a graph file: it does not begin with BTGRAPH1")
	if len(data) < 16:
		raise FormatError("the file ends within its header")
	n, edges = (int(count) for count in np.frombuffer(data, "<u4", 2, 8))
	if len(data) != 16 + 12 * n + 4 * edges:
		raise FormatError(f"{len(data)} bytes do not hold {n} rows and {edges} edges")
	if n > ONE:
		raise FormatError(f"{n} rows are more than 16-bit targets can name")
	at = 16
	arrays = []
	for kind, size, count in (("<u8", 8, n), ("<u4", 4, n), ("<u2", 2, edges), ("<u2", 2, edges)):
		arrays.append(np.frombuffer(data, kind, count, at))
		at += size * count
	graph = Graph(*arrays)
	check(graph)
	return graph


def check(graph: Graph) -> None:
	"""Raises a `FormatError` for the first invariant that does not hold."""
	ends = graph.ends.astype(np.int64)
	if (np.diff(ends) < 0).any():
		raise FormatError("the end of a row lies before its start")
	if (ends[-1] if len(ends) else 0) != graph.edges:
		raise FormatError("the last row does not end at the last edge")
	targets = graph.targets.astype(np.int64)
	if (targets >= graph.components).any():
		raise FormatError("a target is not a row of the graph")
	if (targets == graph.sources).any():
		raise FormatError("a row names itself as a target")
	pairs = np.sort(graph.sources.astype(np.int64) * ONE + targets)
	if (pairs[1:] == pairs[:-1]).any():
		raise FormatError("a row names a target twice")
	if (graph.shares == 0).any():
		raise FormatError("a share is zero")
	if (graph.given > MAX_GIVEN).any():
		raise FormatError(f"a row gives away more than {MAX_GIVEN} of {ONE}")
