"""Graphs shaped like enhancers of each kind. They are delay lines, so a state that goes astray is heard."""

from pathlib import Path
from typing import Any

import numpy as np

from parley.engines.model import ModelSpec
from tests.parley.backends.tiny import node, spec, written

KINDS = ("waveform", "gtcrn", "dtln")
HOP, WINDOW, BINS = 8, 16, 9


def enhancer(kind: str, folder: Path, backend: str = "onnx") -> ModelSpec:
    """A model of this kind."""
    made = {"waveform": waveform, "gtcrn": gtcrn, "dtln": dtln}[kind]
    files, options = made()
    return spec(folder, backend, files, hop=HOP, **options)


def delay(kind: str) -> int:
    """Samples by which it is later than its kind says."""
    return 0 if kind == "waveform" else HOP


def _state(name: str, *shape: int) -> dict[str, Any]:
    return {"name": name, "next": f"{name}_next", "shape": list(shape)}


def waveform() -> tuple[dict[str, bytes], dict[str, Any]]:
    """[streams, samples], three samples late."""
    nodes = [
        node("Concat", "held sound", "joined", axis=1),
        node("Slice", "joined first last axis", "clean"),
        node("Slice", "joined last far axis", "held_next"),
    ]
    numbers = {"first": 0, "last": -3, "far": 2**40, "axis": 1}
    constants = {name: np.array([number]) for name, number in numbers.items()}
    sound, held = ("streams", "samples"), ("streams", 3)
    data = written(nodes, {"sound": sound, "held": held}, {"clean": sound, "held_next": held}, constants)
    options = {"latency_samples": 3, "input": "sound", "output": "clean", "states": [_state("held", 3)]}
    return {"tiny.onnx": data}, options


def gtcrn() -> tuple[dict[str, bytes], dict[str, Any]]:
    """A spectral frame of one stream, one frame late; the cache has an axis before the one of streams."""
    nodes = [
        node("Squeeze", "cache axis", "enh"),
        node("Unsqueeze", "mix axis", "cache_next"),
    ]
    mix, cache = (1, BINS, 1, 2), (1, 1, BINS, 1, 2)
    ends = ({"mix": mix, "cache": cache}, {"enh": mix, "cache_next": cache})
    data = written(nodes, *ends, {"axis": np.array([0])})
    states, names = [_state("cache", *cache)], {"input": "mix", "output": "enh"}
    return {"tiny.onnx": data}, {"adapter": "gtcrn", "window": WINDOW, **names, "states": states}


def dtln() -> tuple[dict[str, bytes], dict[str, Any]]:
    """A mask of ones, and a frame at half its loudness (two overlap), one frame late."""
    size, frame, half = (1, 1, BINS), (1, 1, WINDOW), np.full((1, 1, WINDOW), 0.5, np.float32)
    nodes = [node("Add", "mood one", "mask"), node("Identity", "mood", "mood_next"), node("Mul", "size none", "unused")]
    numbers = {"one": np.ones(size, np.float32), "none": np.zeros(size, np.float32)}
    outputs = {"mask": size, "mood_next": size, "unused": size}
    first = written(nodes, {"size": size, "mood": size}, outputs, numbers)
    nodes = [node("Mul", "held half", "block"), node("Identity", "frame", "held_next")]
    ends = ({"frame": frame, "held": frame}, {"block": frame, "held_next": frame})
    second = written(nodes, *ends, {"half": half})
    graphs = [
        {"file": "one.onnx", "input": "size", "output": "mask", "states": [_state("mood", *size)]},
        {"file": "two.onnx", "input": "frame", "output": "block", "states": [_state("held", *frame)]},
    ]
    return {"one.onnx": first, "two.onnx": second}, {"adapter": "dtln", "window": WINDOW, "graphs": graphs}
