"""The separator as one ONNX graph: that of the enhancer, with frames that wait until they are decided.

Weights are kept in half precision and computed with in single: `rounded` makes a net whose weights lose nothing by it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto

from models.recipes.builder import END, Builder
from models.recipes.denoise.graph import (
    Values,
    analysis,
    array,
    finish,
    listen,
    recurrence,
    speak,
)
from models.recipes.denoise.network import BINS, BLOCKS, HOP, LOW_BINS
from models.recipes.separate.nano.network import AHEAD, FEATURES, Separator

LEAST = 4096  # numbers that a constant must have to be worth it


def state_shapes(model: Separator) -> dict[str, list[int]]:
    """Each state without its stream axis, in the order of `States`."""
    enhancer = {"heard": [HOP], "spoken": [HOP], "low": [2, LOW_BINS], "level": [2]}
    wide = {"first": [model.size], "second": [model.size]}
    return {**enhancer, **wide, "seen": [AHEAD, FEATURES], "spectra": [AHEAD, 2 * BINS]}


@torch.no_grad()
def rounded(model: Separator) -> Separator:
    """The same net with the weights that half precision has."""
    for parameter in model.parameters():
        if parameter.numel() >= LEAST:
            parameter.copy_(parameter.half().float())
    return model


class Halves(Builder):
    """Keeps in half precision what is the same in it; the runtime makes it single once, when it opens the graph."""

    def value(self, array: object, kind: type = np.float32) -> str:
        """A constant."""
        data: Any = np.asarray(array)
        if kind is not np.float32 or data.size < LEAST or not np.array_equal(data, data.astype(np.float16)):
            return super().value(array, kind)
        return self.op("Cast", super().value(data, np.float16), to=TensorProto.FLOAT)


def build(model: Separator) -> onnx.ModelProto:
    """The whole graph, from `audio` and states to `voice` and next states."""
    g = Halves()
    hops = g.op("Reshape", g.join("heard", "audio", axis=1), g.whole(0, -1, HOP))
    hops = g.op("Transpose", hops, perm=[1, 0, 2])
    newest = g.part(hops, 1, END, 0)
    frames = g.join(g.part(hops, 0, -1, 0), newest, axis=-1)
    now = g.op("MatMul", frames, g.value(analysis()))
    logs, level, low = listen(g, newest, *g.split(now, BINS, BINS))
    features = wait(g, "seen", g.op("Add", g.op("Mul", logs, g.value(scales())), g.value(shifts())))
    spectra = wait(g, "spectra", now)
    seen = entry(g, model, features)
    one, first = recurrence(g, model.first, seen, "first")
    sum_one = g.op("Add", seen, one)
    two, second = recurrence(g, model.second, sum_one, "second")
    middle = g.op("Relu", g.linear(g.op("Add", sum_one, two), array(model.middle.weight), array(model.middle.bias)))
    out = g.op("Tanh", g.linear(middle, array(model.exit.weight), array(model.exit.bias)))
    voice, spoken = speak(g, out, *g.split(g.part(spectra, 0, -AHEAD, 0), BINS, BINS))
    waiting = [g.op("Transpose", g.part(x, -AHEAD, END, 0), perm=[1, 0, 2]) for x in (features, spectra)]
    heard = g.part("audio", -HOP, END, 1)
    results = [voice, heard, spoken, low, level, first, second, *waiting]
    return finish(g, state_shapes(model), results, "voice", "separate")


def wait(g: Builder, state: str, newest: str) -> str:
    """What waited, and after it what is new; time first."""
    return g.join(g.op("Transpose", state, perm=[1, 0, 2]), newest, axis=0)


def entry(g: Builder, model: Separator, features: str) -> str:
    """The first layer over a frame and those after it."""
    weights = [array(model.entry.weight), *np.split(array(model.ahead.weight), AHEAD, axis=1)]
    last = -AHEAD
    parts = [g.part(features, n, last + n if last + n else END, 0) for n in range(AHEAD + 1)]
    weight = np.concatenate([ordered(each) for each in weights], axis=1)
    return g.op("Relu", g.linear(g.join(*parts, axis=-1), weight, array(model.entry.bias)))


def ordered(weight: Values) -> Values:
    """For features as `listen` gives them: tones, beats, turn."""
    tone, turn, beat = np.split(weight, [BINS, BINS + 2 * LOW_BINS], axis=1)
    return np.concatenate([tone, beat, turn], axis=1)


def scales() -> Values:
    """From what `listen` gives, natural logarithms first, to what the net was trained on."""
    logs = np.full(BINS + BLOCKS, 0.5 / np.log(10))
    return np.concatenate([logs, np.ones(2 * LOW_BINS)]).astype(np.float32)


def shifts() -> Values:
    """What is added then."""
    return np.concatenate([np.ones(BINS), np.full(BLOCKS, 0.5), np.zeros(2 * LOW_BINS)]).astype(np.float32)
