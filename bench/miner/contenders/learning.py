#!/usr/bin/env python3
"""Trains the default component in JAX: the contender of the learning benchmark, one JSON object per line.

	first line               {"versions": {LIBRARY: VERSION, …}}
	request                  answer
	{"folder": PATH}         {"compiled": SECONDS}: the model of this folder, at its initial weights
	{"first": N, "steps": K} {"ran": {"seconds": S, "losses": [L, …], "peak_bytes": M}}: K steps, from batch N on
	                         {"error": TEXT}

The folder holds `initial.safetensors` (parameters by name), `batches.safetensors` and `settings.json`, as
bench-miner writes them. The model and its training are those of the kind `cbow` without inputs: the bag of
words, the running centre and scale of its vector, the null input, the joiner, the softmax over all words,
and Adam with its guard, as described in the crate bittensor-nucleus. Gradients are JAX's own.

Invariants:

1. Nothing else appears on stdout, whatever a library prints: its stdout is our stderr.
2. Every request gets one answer, and the server continues after an error.
3. One thread. Seconds are processor time of the process.
"""

import os

os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

import functools
import gc
import json
import pathlib
import platform
import resource
import struct
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8
GUARD_DECAY = 0.98
CUT = 8.0
DTYPES = {"F32": np.float32, "U32": np.uint32}


def read(path):
	"""The tensors of a safetensors file by name."""
	data = pathlib.Path(path).read_bytes()
	length = struct.unpack("<Q", data[:8])[0]
	header = json.loads(data[8 : 8 + length])
	header.pop("__metadata__", None)

	def tensor(entry):
		start, end = (8 + length + offset for offset in entry["data_offsets"])
		return np.frombuffer(data[start:end], DTYPES[entry["dtype"]]).reshape(entry["shape"])

	return {name: tensor(entry) for name, entry in header.items()}


def centred(settings, inputs, e):
	"""z of the own vector, and its statistics after this batch. No gradient flows through them."""
	decay = settings["input_decay"]
	constant = jax.lax.stop_gradient(e)
	weight = decay * inputs["weight"] + (1 - decay)
	mean = decay * inputs["mean"] + (1 - decay) * constant.mean(0)
	centre = mean / weight
	squares = ((constant - centre) ** 2).mean()
	variance = decay * inputs["variance"] + (1 - decay) * squares
	least = jnp.maximum(1e-3 * jnp.sqrt((centre**2).mean()), 1e-12)
	scale = jnp.maximum(jnp.sqrt(variance / weight), least)
	z = jnp.clip((e - centre) / scale, -CUT, CUT)
	return z, {"weight": weight, "mean": mean, "variance": variance}


def loss(settings, parameters, inputs, batch):
	"""The mean loss per weighted target, and the statistics after this batch."""
	p, words = parameters, parameters["words"]
	e = (words[batch["tokens"]] * batch["average"][:, :, None]).sum(1)
	z, inputs = centred(settings, inputs, e)
	null = jax.lax.stop_gradient(jnp.roll(z, -batch["rotation"], axis=0))
	h = z @ p["input.own.adaptor"] + settings["feature_rate"] * null @ p["input.null.adaptor"]
	h = h + p["joiner.bias"]
	hidden = jnp.tanh(h @ p["joiner.hidden"] + p["joiner.hidden_bias"])
	y = h + hidden @ p["joiner.output"]
	bias = p["decoder.bias"][0]
	logits = (y @ p["words.tie"]) @ words.T
	# An unknown word is no word: its logit is its bias.
	logits = logits.at[:, 0].set(0.0) + bias
	nll = jax.nn.logsumexp(logits, axis=1)[:, None]
	nll = nll - jnp.take_along_axis(logits, batch["targets"], axis=1)
	weights = batch["weights"]
	return (nll * weights).sum() / jnp.maximum(weights.sum(), 1e-9), inputs


def step(settings, state, batch):
	"""One training step: the state after it, and the loss before it."""
	gradient = jax.value_and_grad(functools.partial(loss, settings), has_aux=True)
	(value, inputs), g = gradient(state["parameters"], state["inputs"], batch)
	function = [name for name in g if not name.startswith("decoder.")]
	norm = jnp.sqrt(sum((g[name] ** 2).sum() for name in function))
	guard = {
		"sum": GUARD_DECAY * state["guard"]["sum"] + (1 - GUARD_DECAY) * norm,
		"weight": GUARD_DECAY * state["guard"]["weight"] + (1 - GUARD_DECAY),
	}
	usual = guard["sum"] / guard["weight"]
	longest = jnp.maximum(usual, norm / settings["clip"])
	steps = state["steps"] + 1
	rate = settings["learning_rate"] * jnp.minimum(steps / settings["warm_up"], 1.0)
	first, second = 1 - BETA_1**steps, 1 - BETA_2**steps
	parameters, moments = {}, {}
	for name, x in state["parameters"].items():
		part = g[name] / (longest if name in function else usual)
		m, v = state["moments"][name]
		m = BETA_1 * m + (1 - BETA_1) * part
		v = BETA_2 * v + (1 - BETA_2) * part * part
		a = jnp.clip(m / first / (jnp.sqrt(v / second) + EPSILON), -1.0, 1.0)
		decays = name in function and not name.endswith("bias")
		decay = settings["weight_decay"] if decays else 0.0
		parameters[name], moments[name] = x - rate * (a + decay * x), (m, v)
	after = {
		"parameters": parameters,
		"moments": moments,
		"inputs": inputs,
		"guard": guard,
		"steps": steps,
	}
	return after, value


class Trainer:
	"""The model of a folder, its batches, and where training is."""

	def __init__(self, folder):
		folder = pathlib.Path(folder)
		settings = json.loads((folder / "settings.json").read_text(encoding="utf-8"))
		parameters = read(folder / "initial.safetensors")
		batches = read(folder / "batches.safetensors")
		count = len(batches["rotation"])
		kinds = {"tokens": np.int32, "targets": np.int32, "rotation": np.int32}

		def batch(n):
			part = {name: all[n].astype(kinds.get(name, np.float32)) for name, all in batches.items()}
			return jax.device_put(part)

		self.batches = [batch(n) for n in range(count)]
		own = settings["own"]
		zero = {name: (np.zeros_like(x), np.zeros_like(x)) for name, x in parameters.items()}
		self.state = jax.device_put(
			{
				"parameters": parameters,
				"moments": zero,
				"inputs": {
					"weight": np.float32(own["weight"]),
					"mean": np.array(own["mean"], np.float32),
					"variance": np.float32(own["variance"]),
				},
				"guard": {"sum": np.float32(0), "weight": np.float32(0)},
				"steps": np.float32(0),
			}
		)
		start = time.process_time()
		one_step = jax.jit(functools.partial(step, settings), donate_argnums=0)
		self.step = one_step.lower(self.state, self.batches[0]).compile()
		self.compiled = time.process_time() - start

	def run(self, first, steps):
		"""So many steps, from this batch on."""
		gc.collect()
		losses = []
		start = time.process_time()
		for n in range(first, first + steps):
			self.state, value = self.step(self.state, self.batches[n % len(self.batches)])
			losses.append(value)
		jax.block_until_ready(losses)
		jax.block_until_ready(self.state)
		seconds = time.process_time() - start
		peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
		return {"seconds": seconds, "losses": [float(x) for x in losses], "peak_bytes": peak}


class Server:
	"""The trainer that was asked for last."""

	def __init__(self):
		self.trainer = None

	def answer(self, line):
		"""The answer to a line."""
		try:
			request = json.loads(line)
			if "folder" in request:
				self.trainer = Trainer(request["folder"])
				return {"compiled": self.trainer.compiled}
			if self.trainer is None:
				return {"error": "no folder was named yet"}
			return {"ran": self.trainer.run(request["first"], request["steps"])}
		except Exception as error:
			return {"error": f"{type(error).__name__}: {error}"}


def main():
	"""Answers each line of stdin until it ends."""
	answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
	os.dup2(2, 1)
	versions = {"jax": jax.__version__, "numpy": np.__version__, "python": platform.python_version()}
	print(json.dumps({"versions": versions}), file=answers, flush=True)
	server = Server()
	for line in sys.stdin:
		print(json.dumps(server.answer(line)), file=answers, flush=True)


if __name__ == "__main__":
	main()
