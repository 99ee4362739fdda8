"""Sound -> the voice in it. Must not know streams of clients."""

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from parley.audio.pcm import Samples
from parley.engines import backends
from parley.engines.backends import Placed
from parley.engines.model import ModelSpec
from parley.engines.protocols import Engine, Rank, Tensors
from parley.engines.stateful.engine import open_stateful
from parley.errors import BadModel
from services.separate.adapters import Adapter, Stream, adapter_of
from services.separate.options import STREAM, SeparateOptions

SHORT = 16  # hops: enough to find out whether a graph runs


class SeparateEngine:
    """One segment after the other: each fills the processor, so together they would only wait for each other."""

    def __init__(self, adapter: Adapter, tensors: Tensors) -> None:
        self._adapter, self._tensors = adapter, tensors

    def rank(self, job: Samples) -> Rank:
        """All the same."""
        return Rank.NOW

    def shape(self, job: Samples) -> Hashable:
        """Each goes by itself, whatever the service's `batch.max_size`."""
        return id(job)

    def run(self, jobs: Sequence[Samples]) -> Sequence[Samples]:
        """One answer a job, in order."""
        return [np.asarray(self._adapter.voice(self._tensors, mix), np.float32) for mix in jobs]


def open_engine(spec: ModelSpec) -> Placed[Engine[Any, Any]]:
    """One that answers at once, or one that hears a segment at a time."""
    if SeparateOptions.of(spec).adapter == STREAM:
        return open_stateful(spec, Stream(spec))
    return open_segments(spec)


def open_segments(spec: ModelSpec) -> Placed[Engine[Samples, Samples]]:
    """Open a model and run it once, so that no caller pays for a first time."""
    declared, adapter = SeparateOptions.of(spec), adapter_of(spec)
    placed = backends.tensors(spec)
    engine = SeparateEngine(adapter, placed.model)
    silence = np.zeros((min(declared.segment, SHORT * declared.hop), declared.channels), np.float32)
    try:
        (found,) = engine.run([silence])
    except Exception as error:  # a library's own complaint
        raise BadModel(f"{spec.folder / 'model.toml'}: the graph does not run as [options] say: {error}") from None
    if found.shape != silence.shape:
        raise BadModel(f"{spec.folder / 'model.toml'}: of {silence.shape} samples the graph gives {found.shape}.")
    return placed.holding(engine)
