"""A CTranslate2 Whisper folder as two OpenVINO graphs, weights and all. Needs no torch and no training.

`encoder`: features [sounds, bands, frames] -> what each decoder layer looks at: `keys.0`, `values.0`, `keys.1`, ...
`decoder`: tokens [rows, count] and those -> `logits` [rows, count, vocabulary], and of the heads that tell time
their scores before any softmax, `looks` [rows, heads, count, positions].

`python -m models.recipes.asr.graphs models/embedded/asr/whisper-tiny.en-live/1 my-models/asr/whisper-graphs/1`
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
from openvino import opset13 as ops

from models.recipes.provenance import Manifest
from models.recipes.weights import Weights, stored_in

Node = Any  # OpenVINO's own have no types
HIDDEN = np.float32(-1e9)
GELU = 3  # CTranslate2's number for it


KEPT = ("config.json", "vocabulary.json", "vocabulary.txt", "tokenizer.json")  # as far as they are there


def export(folder: Path, out: Path) -> None:
    """A model folder for OpenVINO out of one for CTranslate2."""
    out.mkdir(parents=True)
    write(folder, out)
    for name in KEPT:
        if (folder / name).exists():
            shutil.copy(folder / name, out / name)
    made = [path.name for path in sorted(out.iterdir())]
    manifest = Manifest.read(folder)
    replace(manifest, name=out.parent.name, version=out.name, backend="openvino", files=made).write(out)


def write(folder: Path, out: Path) -> None:
    """The graphs of the model in `folder`, as files in `out`."""
    net = Net(stored_in(folder / "model.bin"))
    heads = json.loads((folder / "config.json").read_text())["alignment_heads"]
    for name, graph in (("encoder", net.encoder()), ("decoder", net.decoder(heads))):
        ov.save_model(graph, out / f"{name}.xml", compress_to_fp16=False)


class Net:
    """The weights, and how they are joined."""

    def __init__(self, weights: Weights) -> None:
        assert weights["decoder/activation"] == GELU
        self._weights = weights

    def encoder(self) -> ov.Model:
        """Sound to what the decoder looks at."""
        features = _input("features", [-1, self._weights["encoder/conv1/weight"].shape[1], -1], np.float32)
        x = self._convolved("encoder/conv2", self._convolved("encoder/conv1", features, 1), 2)
        x = ops.transpose(x, [0, 2, 1])
        x = ops.add(x, self._places("encoder", x))
        for layer in self._layers("encoder"):
            x = self._fed(layer, ops.add(x, self._attention(layer, x, None)))
        memory = self._norm("encoder/layer_norm", x)
        outputs = []
        for n, layer in enumerate(self._layers("decoder")):
            seen = ops.split(self._linear(f"{layer}/attention/linear_1", memory), 2, 2)
            parts = zip(("keys", "values"), seen.outputs(), strict=True)
            outputs += [_named(f"{name}.{n}", self._apart("decoder", part)) for name, part in parts]
        return ov.Model([ops.result(each) for each in outputs], [features], "encoder")

    def decoder(self, heads: Sequence[tuple[int, int]]) -> ov.Model:
        """Tokens so far, to the scores of each next one, and where the heads that tell time looked."""
        tokens = _input("tokens", [-1, -1], np.int64)
        inputs, looks = [tokens], []
        x = self._embedded(tokens)
        x = ops.add(x, self._places("decoder", x))
        hidden = _future(x)
        for n, layer in enumerate(self._layers("decoder")):
            keys, values = (_input(f"{name}.{n}", self._memory_shape(), np.float32) for name in ("keys", "values"))
            inputs += [keys, values]
            x = ops.add(x, self._attention(layer, x, hidden))
            query = self._linear(f"{layer}/attention/linear_0", self._norm(f"{layer}/attention/layer_norm", x))
            seen, scores = self._attend(self._apart("decoder", query), keys, values, None)
            x = self._fed(layer, ops.add(x, self._linear(f"{layer}/attention/linear_2", seen)))
            mine = [head for of, head in heads if of == n]
            looks += [ops.gather(scores, np.array(mine), 1)] if mine else []
        logits = self._linear("decoder/projection", self._norm("decoder/layer_norm", x))
        outputs = (_named("logits", logits), _named("looks", ops.concat(looks, 1)))
        return ov.Model([ops.result(each) for each in outputs], inputs, "decoder")

    def _layers(self, side: str) -> list[str]:
        count = 0
        while f"{side}/layer_{count}/ffn/linear_0/weight" in self._weights:
            count += 1
        return [f"{side}/layer_{n}" for n in range(count)]

    def _memory_shape(self) -> list[int]:
        heads = int(self._weights["decoder/num_heads"])
        return [-1, heads, -1, self._weights["decoder/embeddings/weight"].shape[1] // heads]

    def _weight(self, name: str, rows: Node = None) -> Node:
        """Eight bits stay eight bits in the file; `rows`: only those."""
        value, scale = self._weights[name], self._weights.get(f"{name}_scale")
        stored = ops.constant(value) if rows is None else ops.gather(ops.constant(value), rows, 0)
        if scale is None:
            return ops.convert(stored, np.float32)
        steps = ops.constant((1 / scale).reshape(-1, *[1] * (value.ndim - 1)).astype(np.float32))
        return ops.multiply(ops.convert(stored, np.float32), steps if rows is None else ops.gather(steps, rows, 0))

    def _linear(self, name: str, x: Node) -> Node:
        made = ops.matmul(x, self._weight(f"{name}/weight"), False, True)
        bias = self._weights.get(f"{name}/bias")
        return made if bias is None else ops.add(made, ops.constant(bias.astype(np.float32)))

    def _norm(self, name: str, x: Node) -> Node:
        gamma, beta = (self._weights[f"{name}/{part}"].astype(np.float32) for part in ("gamma", "beta"))
        return ops.add(ops.multiply(ops.mvn(x, np.array([-1]), True, 1e-5, "inside_sqrt"), gamma), beta)

    def _convolved(self, name: str, x: Node, stride: int) -> Node:
        made = ops.convolution(x, self._weight(f"{name}/weight"), [stride], [1], [1], [1])
        bias = self._weights[f"{name}/bias"].astype(np.float32).reshape(1, -1, 1)
        return ops.gelu(ops.add(made, bias), "erf")

    def _embedded(self, tokens: Node) -> Node:
        return self._weight("decoder/embeddings/weight", tokens)

    def _places(self, side: str, x: Node) -> Node:
        return ops.gather(self._weight(f"{side}/position_encodings/encodings"), _range(x), 0)

    def _apart(self, side: str, x: Node) -> Node:
        """[rows, count, width] -> [rows, heads, count, size]."""
        heads = int(self._weights[f"{side}/num_heads"])
        return ops.transpose(ops.reshape(x, [0, 0, heads, -1], True), [0, 2, 1, 3])

    def _attention(self, layer: str, x: Node, hidden: Node) -> Node:
        name = f"{layer}/self_attention"
        parts = ops.split(self._linear(f"{name}/linear_0", self._norm(f"{name}/layer_norm", x)), 2, 3)
        query, keys, values = (self._apart(layer.split("/")[0], part) for part in parts.outputs())
        return self._linear(f"{name}/linear_1", self._attend(query, keys, values, hidden)[0])

    def _attend(self, query: Node, keys: Node, values: Node, hidden: Node) -> tuple[Node, Node]:
        size = self._memory_shape()[-1]
        scores = ops.matmul(ops.multiply(query, np.float32(size**-0.5)), keys, False, True)
        weights = ops.softmax(scores if hidden is None else ops.add(scores, hidden), -1)
        mixed = ops.transpose(ops.matmul(weights, values, False, False), [0, 2, 1, 3])
        return ops.reshape(mixed, [0, 0, -1], True), scores

    def _fed(self, layer: str, x: Node) -> Node:
        inner = self._linear(f"{layer}/ffn/linear_0", self._norm(f"{layer}/ffn/layer_norm", x))
        return ops.add(x, self._linear(f"{layer}/ffn/linear_1", ops.gelu(inner, "erf")))


def _input(name: str, shape: Sequence[int], kind: type) -> Node:
    return _named(name, ops.parameter(list(shape), kind, name))


def _named(name: str, node: Node) -> Node:
    node.output(0).get_tensor().set_names({name})
    return node


def _range(x: Node) -> Node:
    count = ops.gather(ops.shape_of(x), np.array(1), np.array(0))
    return ops.range(np.array(0), count, np.array(1), "i64")


def _future(x: Node) -> Node:
    """Hides from every token what follows it."""
    places = _range(x)
    later = ops.greater(ops.unsqueeze(places, np.array(0)), ops.unsqueeze(places, np.array(1)))
    return ops.multiply(ops.convert(later, np.float32), HIDDEN)


if __name__ == "__main__":
    export(Path(sys.argv[1]), Path(sys.argv[2]))
