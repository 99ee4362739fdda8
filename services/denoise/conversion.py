"""How an enhancer's graphs are fed, and how much it gains, on recordings: for who converts it. Must not know how."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from parley.audio.golden import clip_of
from parley.engines import backends
from parley.engines.model import ModelSpec
from parley.engines.protocols import Engine, Feeds
from parley.engines.recorded import RecordedTensors
from parley.engines.stateful.engine import Frames
from parley.serving.offline.examples import for_quality, for_scales
from parley.serving.stage import Conversion
from services.denoise.adapters import adapter_of
from services.denoise.contract import SECONDS, gained, in_noise

HOPS = 16  # in a run, as in files


def feeds(spec: ModelSpec, examples: Path) -> Mapping[str, Sequence[Feeds]]:
    """What each graph gets while noisy speech goes through."""
    adapter = adapter_of(spec)
    graphs = [graph.only(spec) for graph in adapter.graphs]
    heard = [RecordedTensors(backends.tensors(graph).model) for graph in graphs]
    hop = adapter.shape.hop
    for path in for_scales(examples):
        noisy = in_noise(clip_of(path, adapter.shape.rate_hz, SECONDS))
        memory = np.zeros((1, adapter.shape.memory), np.float32)
        for at in range(0, len(noisy) - HOPS * hop, HOPS * hop):
            _, memory = adapter.run(heard, noisy[None, at : at + HOPS * hop], memory)
    return {next(iter(graph.files)): each.feeds for graph, each in zip(graphs, heard, strict=True)}


def quality(spec: ModelSpec, engine: Engine[Frames, Frames], examples: Path) -> float:
    """Decibels by which speech in noise gets cleaner, on average."""
    shape = adapter_of(spec).shape
    clips = [clip_of(path, shape.rate_hz, SECONDS) for path in for_quality(examples)]
    return float(np.mean([gained(shape, engine, clip, in_noise(clip)) for clip in clips]))


CONVERSION = Conversion(quality, "dB SI-SDR gained in noise of 5 dB", 0.5, feeds)
