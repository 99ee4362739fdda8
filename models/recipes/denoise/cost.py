"""What a frame costs: ours at several batch sizes beside GTCRN frame by frame, interleaved."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from models.recipes.denoise.network import HOP
from models.recipes.denoise.runner import Stream, session

BATCHES = (1, 8, 32, 64)
ROUNDS = 15


def cost(model: Path, references: Path | None) -> dict[str, float]:
    """Microseconds a frame and stream. Interleaved so that whatever else runs slows all alike."""
    calls: dict[str, Callable[[], object]] = {f"batch_{b}": feeder(model, b) for b in BATCHES}
    if references:
        calls["gtcrn"] = gtcrn_frame(references / "gtcrn_simple.onnx")
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            times[name].append(fastest_us(call))
    per_stream = {
        name: float(np.median(t)) / int(name.rpartition("_")[2] if "_" in name else 1) for name, t in times.items()
    }
    found = {f"{name}_us": round(value, 2) for name, value in per_stream.items()}
    if references:
        found["batch_32_of_gtcrn"] = round(per_stream["batch_32"] / per_stream["gtcrn"], 4)
    found["streams_per_core_at_80_percent"] = float(int(0.8 * HOP / 16000 * 1e6 / per_stream["batch_32"]))
    return found


def fastest_us(call: Callable[[], object], repeats: int = 40) -> float:
    """The lower quartile: a neighbour's burst is not the model's cost."""
    taken = []
    for _ in range(repeats):
        began = time.perf_counter()
        call()
        taken.append(time.perf_counter() - began)
    return float(np.percentile(taken, 25)) * 1e6


def feeder(model: Path, streams: int) -> Callable[[], object]:
    """One call of ours, one hop for every stream."""
    stream = Stream(session(model), streams)
    audio = np.random.default_rng(1).standard_normal((streams, HOP)).astype(np.float32) * 0.05
    return lambda: stream.feed(audio)


def gtcrn_frame(path: Path) -> Callable[[], object]:
    """One call of GTCRN, one frame."""
    net = session(path)
    rng = np.random.default_rng(1)
    given = {i.name: (0.1 * rng.standard_normal(i.shape)).astype(np.float32) for i in net.get_inputs()}
    return lambda: net.run(None, given)
