"""The enhancer as one ONNX graph of few, big products. The numbers come from the trained net.

Streams are the first axis of every input and output and stay free, as does the number of hops.
Transforms are matrix products with the window folded in; feature scales are folded into weights.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper

from models.recipes.builder import END, OPSET, Builder
from models.recipes.denoise.network import (
    BINS,
    BLOCKS,
    GATES,
    HOP,
    LOW_BINS,
    MEMORY,
    SILENCE,
    WINDOW,
    Enhancer,
    gate_spread,
    window,
)
from models.recipes.denoise.recurrent import Recurrent

Values = NDArray[np.float32]


def state_shapes(model: Enhancer) -> dict[str, list[int]]:
    """Each state without its stream axis, in the order of `States`."""
    wide = [model.size]
    return {"heard": [HOP], "spoken": [HOP], "low": [2, LOW_BINS], "level": [2], "first": wide, "second": wide}


def build(model: Enhancer) -> onnx.ModelProto:
    """The whole graph, from `audio` and states to `enhanced` and next states."""
    g = Builder()
    hops = g.op("Reshape", g.join("heard", "audio", axis=1), g.whole(0, -1, HOP))
    hops = g.op("Transpose", hops, perm=[1, 0, 2])
    newest = g.part(hops, 1, END, 0)
    frames = g.join(g.part(hops, 0, -1, 0), newest, axis=-1)
    real, imag = g.split(g.op("MatMul", frames, g.value(analysis())), BINS, BINS)
    features, level, low = listen(g, newest, real, imag)
    seen = g.op("Relu", g.linear(features, *entry(model)))
    one, first = recurrence(g, model.first, seen, "first")
    sum_one = g.op("Add", seen, one)
    two, second = recurrence(g, model.second, sum_one, "second")
    middle = g.op("Relu", g.linear(g.op("Add", sum_one, two), array(model.middle.weight), array(model.middle.bias)))
    out = g.op("Tanh", g.linear(middle, array(model.exit.weight), array(model.exit.bias)))
    enhanced, spoken = speak(g, out, real, imag)
    heard = g.part("audio", -HOP, END, 1)
    return finish(g, state_shapes(model), [enhanced, heard, spoken, low, level, first, second])


def listen(g: Builder, newest: str, real: str, imag: str) -> tuple[str, str, str]:
    """Features, and the states `level` and `low` that they are relative to."""
    power = g.op("Add", g.squared(real), g.squared(imag))
    slow, level = follow(g, g.op("ReduceMean", power, axes=[-1], keepdims=0))
    blocks = g.op("Reshape", g.squared(newest), g.whole(0, 0, BLOCKS, HOP // BLOCKS))
    beats = g.op("ReduceMean", blocks, axes=[-1], keepdims=0)
    both = g.join(power, g.op("Mul", beats, g.value(float(WINDOW))), axis=-1)
    tones = g.op("Log", g.op("Add", g.op("Div", both, slow), g.value(1e-6)))
    now = [g.part(x, 0, LOW_BINS, -1) for x in (real, imag)]
    turn = advance(g, now[0], now[1], slow)
    lasts = [g.op("Transpose", g.part(x, -1, END, 0), perm=[1, 0, 2]) for x in now]
    return g.join(tones, turn, axis=-1), level, g.join(*lasts, axis=1)


def follow(g: Builder, power: str) -> tuple[str, str]:
    """The triangular product of `network.follow`, for however many hops came."""
    hops = g.op("Squeeze", g.op("Shape", power, start=0, end=1), g.whole(0))
    one = g.value(1, np.int64)
    at = g.op("Range", g.value(0, np.int64), g.op("Add", hops, one), one)
    ahead = g.op("Sub", g.op("Unsqueeze", g.part(at, 1, END, 0), g.whole(1)), at)
    age = g.op("Cast", ahead, to=TensorProto.FLOAT)
    past = g.op("Cast", g.op("GreaterOrEqual", ahead, g.value(0, np.int64)), to=TensorProto.FLOAT)
    decay = g.op("Mul", g.op("Pow", g.value(MEMORY), g.op("Relu", age)), past)
    ones = g.op("Add", g.op("Mul", power, g.value(0.0)), g.value(1.0))
    news = g.op("Transpose", g.op("Unsqueeze", "level", g.whole(0)), perm=[2, 0, 1])
    pair = g.join(*(g.op("Unsqueeze", x, g.whole(0)) for x in (power, ones)), axis=0)
    sums = g.op("MatMul", decay, g.join(news, pair, axis=1))
    total, weight = g.split(sums, 1, 1, axis=0)
    slow = g.op("Add", g.op("Div", total, weight), g.value(SILENCE))
    latest = g.op("Squeeze", g.part(sums, -1, END, 1), g.whole(1))
    return g.op("Unsqueeze", g.op("Squeeze", slow, g.whole(0)), g.whole(2)), g.op("Transpose", latest, perm=[1, 0])


def advance(g: Builder, real: str, imag: str, slow: str) -> str:
    """The phase advance of `network.advance`."""
    before = g.op("Transpose", "low", perm=[1, 0, 2])
    was = [g.join(g.part(before, i, i + 1, 0), g.part(x, 0, -1, 0), axis=0) for i, x in enumerate((real, imag))]
    along = g.op("Add", g.op("Mul", real, was[0]), g.op("Mul", imag, was[1]))
    across = g.op("Sub", g.op("Mul", imag, was[0]), g.op("Mul", real, was[1]))
    floor = g.squared(g.op("Mul", slow, g.value(1e-3)))
    length = g.op("Sqrt", g.op("Add", g.op("Add", g.squared(along), g.squared(across)), floor))
    return g.join(g.op("Div", along, length), g.op("Div", across, length), axis=-1)


def recurrence(g: Builder, layer: Recurrent, inputs: str, state: str) -> tuple[str, str]:
    """One GRU layer: all of its outputs, and its last state."""
    size = layer.size
    bias_given = array(layer.given.bias)
    bias_state = np.concatenate([np.zeros(2 * size, np.float32), array(layer.bias_n)])
    weights = [regated(array(layer.given.weight)), regated(array(layer.matrix))]
    biases = np.concatenate([regated(bias_given), regated(bias_state)])
    names = [g.value(w[None]) for w in (*weights, biases)]
    initial = g.op("Unsqueeze", state, g.whole(0))
    all_, last = g.ops("GRU", inputs, *names, "", initial, count=2, hidden_size=size, linear_before_reset=1)
    return g.op("Squeeze", all_, g.whole(1)), g.op("Squeeze", last, g.whole(0))


def speak(g: Builder, out: str, real: str, imag: str) -> tuple[str, str]:
    """Mask, inverse transform, time gate, overlap and add."""
    stay, turn, gates = g.split(out, BINS, BINS, GATES)
    stay, turn = g.affine(stay, 0.51, 0.51), g.op("Mul", turn, g.value(0.5))
    new_real = g.op("Sub", g.op("Mul", real, stay), g.op("Mul", imag, turn))
    new_imag = g.op("Add", g.op("Mul", real, turn), g.op("Mul", imag, stay))
    waves = g.op("MatMul", g.join(new_real, new_imag, axis=-1), g.value(synthesis()))
    # The gates' rows of `spread` add to one, so 0.51 + 0.5 x passes through the product.
    gain = g.affine(g.op("MatMul", gates, g.value(array(gate_spread()))), 0.5, 0.51)
    early, late = g.split(g.op("Mul", waves, gain), HOP, HOP)
    waiting = g.join(g.op("Unsqueeze", "spoken", g.whole(0)), g.part(late, 0, -1, 0), axis=0)
    hops = g.op("Transpose", g.op("Add", early, waiting), perm=[1, 0, 2])
    return g.op("Reshape", hops, g.whole(0, -1)), g.op("Squeeze", g.part(late, -1, END, 0), g.whole(0))


def finish(
    g: Builder, shapes: dict[str, list[int]], results: list[str], output: str = "enhanced", name: str = "denoise"
) -> onnx.ModelProto:
    """Name inputs and outputs, and let the checker see it."""
    names = [output, *(f"{state}_next" for state in shapes)]
    named = [helper.make_node("Identity", [a], [b]) for a, b in zip(results, names, strict=True)]

    def tensors(sound: str, suffix: str) -> list[onnx.ValueInfoProto]:
        wanted: dict[str, list[Any]] = {sound: ["samples"], **{state + suffix: s for state, s in shapes.items()}}
        return [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["streams", *s]) for n, s in wanted.items()]

    values = list(g.constants.values())
    inputs, outputs = tensors("audio", ""), tensors(output, "_next")
    graph = helper.make_graph(g.nodes + named, name, inputs, outputs, values)
    opsets = [helper.make_opsetid("", OPSET)]
    made = helper.make_model(graph, opset_imports=opsets, ir_version=8, producer_name="parley")
    onnx.checker.check_model(made, full_check=True)
    return made


def array(value: torch.Tensor) -> Values:
    """As numpy."""
    values: Values = value.detach().numpy().astype(np.float32)
    return values


def regated(values: Values) -> Values:
    """Gates in ONNX's order (z, r, n) from ours (r, z, n)."""
    reset, keep, new = np.split(values, 3)
    return np.concatenate([keep, reset, new])


def entry(model: Enhancer) -> tuple[Values, Values]:
    """The first layer over (natural logs of tones and beats, turn), the features' scales folded in."""
    weight, bias = array(model.entry.weight).astype(np.float64), array(model.entry.bias).astype(np.float64)
    tone, turn, beat = np.split(weight, [BINS, BINS + 2 * LOW_BINS], axis=1)
    shift = bias + tone.sum(1) * 1.0 + beat.sum(1) * 0.5
    scale = 0.5 / np.log(10)
    return np.concatenate([tone * scale, beat * scale, turn], axis=1).astype(np.float32), shift.astype(np.float32)


def analysis() -> Values:
    """Window and forward transform, [window, 2 * bins]."""
    spectrum = np.fft.rfft(np.eye(WINDOW) * array(window())[:, None].astype(np.float64), axis=1)
    return np.concatenate([spectrum.real, spectrum.imag], axis=1).astype(np.float32)


def synthesis() -> Values:
    """Inverse transform and window, [2 * bins, window]."""
    parts = np.concatenate([np.eye(BINS), 1j * np.eye(BINS)])
    return (np.fft.irfft(parts, WINDOW, axis=1) * array(window()).astype(np.float64)).astype(np.float32)
