"""Goes on from a published enhancer: what `graph.build` folded into its weights is taken apart again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper

from models.recipes.denoise.network import BINS, BLOCKS, LOW_BINS, Enhancer
from models.recipes.denoise.recurrent import Recurrent
from models.recipes.provenance import Manifest

Values = NDArray[np.float64]
# After training the first version's last layer was made firmer: gates that open and close for good, a mask a little
# softer and lower. That gained DNSMOS and cost PESQ; later versions leave it as it was trained.
FIRMED, FIRMNESS = "1", ((slice(0, BINS), 0.85, -0.25), (slice(2 * BINS, None), 4.0, 0.4))


def start_from(folder: Path, model: Enhancer) -> None:
    """Put the weights of the model in `folder` into `model`, as they were when training ended."""
    firmed = Manifest.read(folder).version == FIRMED
    graph = onnx.load(folder / "model.onnx").graph
    held = {c.name: numpy_helper.to_array(c).astype(np.float64) for c in graph.initializer}
    added = {n.input[0]: held[n.input[1]] for n in graph.node if n.op_type == "Add" and n.input[1] in held}
    entry, middle, exit_ = (
        (held[n.input[1]].T, added[n.output[0]])
        for n in graph.node
        if n.op_type == "MatMul" and n.input[1] in held and n.output[0] in added
    )
    layers = [[held[name][0] for name in n.input[1:4]] for n in graph.node if n.op_type == "GRU"]
    with torch.no_grad():
        dense(model.entry, *unfolded(*entry))
        dense(model.middle, *middle)
        dense(model.exit, *(softened(*exit_) if firmed else exit_))
        for layer, weights in zip((model.first, model.second), layers, strict=True):
            recurrent(layer, *weights)


def dense(layer: torch.nn.Linear, weight: Values, bias: Values) -> None:
    """Fill one layer."""
    layer.weight.copy_(torch.from_numpy(weight))
    layer.bias.copy_(torch.from_numpy(bias))


def recurrent(layer: Recurrent, given: Values, matrix: Values, biases: Values) -> None:
    """Fill one GRU; ONNX keeps the gates in order z, r, n and one bias for each side."""
    size = layer.size
    layer.given.weight.copy_(torch.from_numpy(ours(given)))
    layer.matrix.copy_(torch.from_numpy(ours(matrix)))
    layer.given.bias.copy_(torch.from_numpy(ours(biases[: 3 * size])))
    layer.bias_n.copy_(torch.from_numpy(biases[5 * size :]))


def ours(values: Values) -> Values:
    """Gates in our order."""
    keep, reset, new = np.split(values, 3)
    return np.concatenate([reset, keep, new])


def unfolded(weight: Values, bias: Values) -> tuple[Values, Values]:
    """The first layer over the features as the net knows them."""
    tone, beat, turn = np.split(weight, [BINS, BINS + BLOCKS], axis=1)
    assert turn.shape[1] == 2 * LOW_BINS
    scale = 0.5 / np.log(10)
    tone, beat = tone / scale, beat / scale
    return np.concatenate([tone, turn, beat], axis=1), bias - tone.sum(1) - beat.sum(1) * 0.5


def softened(weight: Values, bias: Values) -> tuple[Values, Values]:
    """The last layer before it was made firm."""
    weight, bias = weight.copy(), bias.copy()
    for rows, scale, shift in FIRMNESS:
        weight[rows] /= scale
        bias[rows] = (bias[rows] - shift) / scale
    return weight, bias
