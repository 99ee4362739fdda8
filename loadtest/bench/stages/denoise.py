"""Denoise: how many live streams one core carries, beside GTCRN called frame by frame. Must not know our engine."""

import time
from pathlib import Path

import numpy as np

from loadtest.bench.stages import bare
from loadtest.bench.stages.most import Most, Promise, most
from loadtest.bench.stages.row import BenchRow, Skipped, times
from loadtest.bench.stages.setup import BenchSetup, speech
from loadtest.measured.clips import CHUNK, RATE_HZ, Clip

LIVE = Promise("denoise", "chunk", 40.0)
CHUNKS = 40  # four seconds of each stream
GTCRN, GTCRN_HOP, GTCRN_SECONDS = "gtcrn_simple.onnx", 256, 3.0
AIM = 10.0


def rows(setup: BenchSetup) -> list[BenchRow]:
    """One; without the reference no more than what we do."""
    what = f"denoise: live streams a core, chunk p99 < {LIVE.p99_ms:g} ms"
    try:
        theirs = _gtcrn(setup.reference(GTCRN))
    except Skipped as missing:
        return [BenchRow(what, f"not measured: {missing}", f"{_ours(setup)}")]
    ours = _ours(setup)
    theirs = (theirs + _gtcrn(setup.reference(GTCRN))) / 2  # the machine may have been busy with something else
    beside = f"GTCRN frame by frame, however late: {theirs:.0f}"
    return [
        BenchRow(what, beside, f"{ours}, {times(ours.people, theirs)}", f">= {AIM:g}x", ours.people >= AIM * theirs)
    ]


def _gtcrn(path: Path) -> float:
    """As many streams as fill a core."""
    graph, count = bare.graph(path), round(GTCRN_SECONDS * RATE_HZ / GTCRN_HOP)
    frames = np.random.default_rng(0).normal(0, 1, (count, *graph.inputs["mix"])).astype(np.float32)
    memory = {name: np.zeros(shape, np.float32) for name, shape in graph.inputs.items() if name != "mix"}
    began = time.perf_counter()
    for frame in frames:
        _, *after = graph.run({"mix": frame, **memory})
        memory = dict(zip(memory, after, strict=True))
    return GTCRN_SECONDS / (time.perf_counter() - began)


def _ours(setup: BenchSetup) -> Most:
    setup.weights("denoise")
    clip = Clip("speech", speech().pcm[: CHUNKS * CHUNK])
    with setup.serving("denoise", on_one_core=True) as address:
        return most(address, LIVE, clip, setup.folder / "said")
