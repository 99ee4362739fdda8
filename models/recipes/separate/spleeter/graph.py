"""Both nets as one ONNX graph: magnitudes of both channels in, the voice's share of them out.

Windows are the first axis and stay free. Weights are kept as eight-bit integers with a scale for each channel that they
make; what is computed with is 32-bit.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
from onnx import TensorProto, helper

from models.recipes.builder import OPSET, Builder
from models.recipes.separate.spleeter.weights import Values, Weights

BINS, CHANNELS = 1024, 2
STEPS = 6  # down, and up again
LEAK, EPSILON, LEAST = 0.2, 1e-3, 1e-10
PADS = [1, 1, 2, 2]  # as TensorFlow pads a kernel of five at every other place
MADE = {"Conv": 0, "ConvTranspose": 1}  # the axis of the channels that a weight makes


def build(nets: Sequence[Weights], *, eight_bits: bool = True) -> onnx.ModelProto:
    """From `magnitudes` to `voice`, [windows, channels, frames, bins] both; frames come in sixty-fours."""
    g = Small() if eight_bits else Builder()
    voice, rest = (g.squared(net(g, weights)) for weights in nets)
    shares = [g.op("Add", part, g.value(LEAST / 2)) for part in (voice, rest)]
    g.nodes.append(helper.make_node("Div", [shares[0], g.op("Add", *shares)], ["voice"]))
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["windows", CHANNELS, "frames", BINS])
        for name in ("magnitudes", "voice")
    ]
    graph = helper.make_graph(g.nodes, "spleeter", ends[:1], ends[1:], list(g.constants.values()))
    opsets = [helper.make_opsetid("", OPSET)]
    made = helper.make_model(graph, opset_imports=opsets, ir_version=8, producer_name="parley")
    onnx.checker.check_model(made, full_check=True)
    return made


class Small(Builder):
    """Writes layers' weights as eight-bit integers; the runtime makes them 32-bit once, when it opens the graph."""

    def weight(self, weight: Values, axis: int) -> str:
        """One layer's; the axis is of the channels that it makes."""
        rest = tuple(n for n in range(weight.ndim) if n != axis)
        scale = np.abs(weight).max(rest) / 127
        whole = np.round(weight / np.expand_dims(scale, rest)).astype(np.int8)
        zero = self.value(np.zeros(len(scale)), np.int8)
        return self.op("DequantizeLinear", self.value(whole, np.int8), self.value(scale), zero, axis=axis)


def net(g: Builder, weights: Weights) -> str:
    """One stem's magnitudes."""
    heard, skipped = "magnitudes", list[str]()
    for step in range(1, STEPS + 1):
        skipped.append(layer(g, "Conv", heard, weights, f"down{step}_conv.1", pads=PADS, strides=[2, 2]))
        heard = g.op("LeakyRelu", normed(g, skipped[-1], weights, f"down{step}_act.0"), alpha=LEAK)
    heard = skipped.pop()
    for step in range(1, STEPS + 1):
        heard = heard if step == 1 else g.join(skipped.pop(), heard, axis=1)
        wide = layer(g, "ConvTranspose", heard, weights, f"up{step}.0", pads=PADS, strides=[2, 2])
        heard = normed(g, g.op("Relu", wide), weights, f"up{step}.3")
    last = layer(g, "Conv", heard, weights, "up7.0", pads=[3, 3, 3, 3], dilations=[2, 2])
    return g.op("Mul", g.op("Sigmoid", last), "magnitudes")


def normed(g: Builder, of: str, weights: Weights, name: str) -> str:
    """Batch normalisation with the means that training left."""
    values = [g.value(weights[f"{name}.{part}"]) for part in ("weight", "bias", "running_mean", "running_var")]
    return g.op("BatchNormalization", of, *values, epsilon=EPSILON)


def layer(g: Builder, kind: str, of: str, weights: Weights, name: str, **settings: list[int]) -> str:
    """A convolution, or its transpose."""
    weight, bias = weights[f"{name}.weight"], weights[f"{name}.bias"]
    kept = g.weight(weight, MADE[kind]) if isinstance(g, Small) else g.value(weight)
    return g.op(kind, of, kept, g.value(bias), **settings)
