"""Hops with what is remembered -> other hops and what is remembered then, many at once. Must not know streams.

Runs have fixed numbers of rows, so that a library prepares for few shapes; rows that nobody fills are silence.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from parley.engines import backends
from parley.engines.backends import Placed
from parley.engines.model import ModelSpec
from parley.engines.protocols import Engine, Tensors
from parley.engines.stateful.graph import Graph, Rows
from parley.errors import BadModel

BUCKETS = (1, 2, 4, 8, 16, 32, 64)
INAUDIBLE = np.float32(1e-25)
SPARE = 8  # hops that may be worked at for nobody: about as dear as one run more


@dataclass(frozen=True)
class Frames:
    """Whole hops of one stream, and what is remembered of it; before the engine and after."""

    samples: Rows
    memory: Rows


@dataclass(frozen=True)
class Shape:
    """A model's rates, hop, delay and state size."""

    hop: int  # samples that it takes at a time
    latency: int  # samples by which its output is late
    memory: int  # numbers that are remembered of a stream
    rate_hz: int = 16_000  # of what it takes and gives


class Adapter(Protocol):
    """One kind of graph. What is remembered of a stream is one flat row, so that many stack in one go."""

    @property
    def shape(self) -> Shape:
        """The model's shape."""

    @property
    def graphs(self) -> Sequence[Graph]:
        """The graphs to open, in order."""

    @property
    def alone(self) -> bool:
        """Streams run one after another: stacking them gains nothing."""

    def run(self, tensors: Sequence[Tensors], audio: Rows, memory: Rows) -> tuple[Rows, Rows]:
        """Whole hops of some streams, equally many, and what is remembered of each; the same again afterwards."""


class StatefulEngine:
    """Stacks streams; who has more hops than others goes on without them."""

    def __init__(self, adapter: Adapter, tensors: Sequence[Tensors]) -> None:
        self._adapter, self._tensors = adapter, tensors

    def run(self, jobs: Sequence[Frames]) -> Sequence[Frames]:
        """One answer a job, in order."""
        if len({len(job.samples) for job in jobs}) == 1:  # as live streams are
            return self._answers(*self._together(*_stacked(jobs)))
        # The longest first: whoever goes on is a prefix, and a prefix needs no copy.
        order = sorted(range(len(jobs)), key=lambda n: -len(jobs[n].samples))
        done = dict(zip(order, self._uneven([jobs[n] for n in order]), strict=True))
        return [done[n] for n in range(len(jobs))]

    def _uneven(self, jobs: Sequence[Frames]) -> Sequence[Frames]:
        """Jobs of several lengths, the longest first."""
        lengths, memory = [len(job.samples) for job in jobs], np.stack([job.memory for job in jobs])
        audio = np.zeros((len(jobs), lengths[0]), np.float32)
        for row, job in zip(audio, jobs, strict=True):
            row[: len(job.samples)] = job.samples
        clean, start = np.zeros_like(audio), 0
        for end in sorted(set(lengths)):
            count = sum(length >= end for length in lengths)
            part = np.ascontiguousarray(audio[:count, start:end])
            clean[:count, start:end], memory[:count] = self._together(part, memory[:count])
            start = end
        return self._answers([row[:end] for end, row in zip(lengths, clean, strict=True)], memory)

    def _answers(self, clean: Iterable[Rows], memory: Rows) -> Sequence[Frames]:
        """Each stream's own: a row of what all share would keep all of it."""
        # What decays in silence must not end as denormal numbers, which cost a processor thirty times as much.
        memory = memory + INAUDIBLE  # not in place: it may be the library's own
        memory -= INAUDIBLE
        return [Frames(row.copy(), left.copy()) for row, left in zip(clean, memory, strict=True)]

    def _together(self, audio: Rows, memory: Rows) -> tuple[Rows, Rows]:
        if self._adapter.alone:
            return self._adapter.run(self._tensors, audio, memory)
        done, start = list[tuple[Rows, Rows]](), 0
        for size in buckets(len(audio), audio.shape[1] // self._adapter.shape.hop):
            rows = slice(start, start + size)
            clean, left = self._adapter.run(self._tensors, _filled(audio[rows], size), _filled(memory[rows], size))
            done.append((clean[: len(audio) - start], left[: len(audio) - start]))
            start += size
        return done[0] if len(done) == 1 else _joined(done)


def _stacked(jobs: Sequence[Frames]) -> tuple[Rows, Rows]:
    if len(jobs) == 1:
        return jobs[0].samples[None], jobs[0].memory[None]
    return np.stack([job.samples for job in jobs]), np.stack([job.memory for job in jobs])


def _joined(parts: Sequence[tuple[Rows, Rows]]) -> tuple[Rows, Rows]:
    return np.concatenate([clean for clean, _ in parts]), np.concatenate([left for _, left in parts])


def buckets(count: int, hops: int = 1) -> Iterator[int]:
    """The sizes of the runs in which so many rows of so many hops go."""
    while count > 0:
        above = next((size for size in BUCKETS if size >= count), BUCKETS[-1])
        size = above if (above - count) * hops <= SPARE else above // 2
        yield size
        count -= size


def _filled(rows: Rows, size: int) -> Rows:
    return (
        rows if len(rows) == size else np.concatenate((rows, np.zeros((size - len(rows), rows.shape[1]), rows.dtype)))
    )


def open_stateful(spec: ModelSpec, adapter: Adapter) -> Placed[Engine[Frames, Frames]]:
    """Open a model and run it at every size, so that no caller pays for a first time."""
    placed = [backends.tensors(graph.only(spec)) for graph in adapter.graphs]
    engine = StatefulEngine(adapter, [each.model for each in placed])
    silence = Frames(np.zeros(adapter.shape.hop, np.float32), np.zeros(adapter.shape.memory, np.float32))
    try:
        for size in BUCKETS[:1] if adapter.alone else BUCKETS:
            engine.run([silence] * size)
    except Exception as error:  # a library's own complaint
        raise BadModel(f"{spec.folder / 'model.toml'}: the graph does not run as [options] say: {error}") from None
    return placed[0].holding(engine)
