"""How graphs of voices are fed, and how well they tell people apart, on a recording a person. Must not know how."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from parley.audio.pcm import RATE_HZ
from parley.engines import backends
from parley.engines.model import ModelSpec
from parley.engines.protocols import Feeds
from parley.engines.recorded import RecordedTensors
from parley.serving.offline.examples import for_quality, for_scales
from parley.serving.stage import Conversion
from services.diarize.contract import EMBEDDING, SEGMENTATION, VoiceEngine, alike, clip_of, graph_file
from services.diarize.engine import A_RUN, DiarizeEngine, SegmentJob, WindowsJob, shape_of
from services.diarize.options import DiarizeOptions


def feeds(spec: ModelSpec, examples: Path) -> Mapping[str, Sequence[Feeds]]:
    """What each graph gets while people speak."""
    declared, size = DiarizeOptions.of(spec), shape_of(spec).size
    names = (EMBEDDING, SEGMENTATION) if spec.graphs else (EMBEDDING,)
    heard = [RecordedTensors(backends.tensors(spec.graph(name)).model) for name in names]
    engine = DiarizeEngine(heard[0], heard[1] if spec.graphs else None, declared)
    for path in for_scales(examples):
        clip = clip_of(path)
        windows = np.lib.stride_tricks.sliding_window_view(clip, size)[:: size // 2]
        for at in range(0, len(windows), A_RUN):
            engine.run([WindowsJob(np.ascontiguousarray(windows[at : at + A_RUN]))])
        if spec.graphs:
            engine.run([SegmentJob(np.resize(clip, round(declared.segment_s * RATE_HZ)))])
    return {graph_file(spec, name): each.feeds for name, each in zip(names, heard, strict=True)}


def quality(spec: ModelSpec, engine: VoiceEngine, examples: Path) -> float:
    """By how much voices are nearer to themselves than to others: cosines, on average."""
    near = alike(spec, engine, [clip_of(path) for path in for_quality(examples)])
    own, all_of = float(np.trace(near)), float(near.sum())
    count = len(near)
    return own / count - (all_of - own) / max(1, count * (count - 1))


CONVERSION = Conversion(quality, "cosine nearer to oneself than to others", 0.03, feeds)
