"""Windows of sound -> voice embeddings, and who speaks when in them; a whole batch at once. Must not know streams."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import cast

import numpy as np
import numpy.typing as npt

from parley.audio.pcm import RATE_HZ, Samples
from parley.engines import backends, options
from parley.engines.backends import Placed
from parley.engines.model import ModelSpec
from parley.engines.protocols import Engine, Tensors
from services.diarize.options import DiarizeOptions

Rows = npt.NDArray[np.float32]
Active = npt.NDArray[np.bool_]  # [frames, local speakers]
A_RUN = 4  # windows: more are no cheaper by the window, and need more memory
LOCAL, AT_ONCE = 3, 2  # speakers that a segmentation tells apart in a window, and how many of them may speak at once
SETS = np.array([[n in s for n in range(LOCAL)] for k in range(AT_ONCE + 1) for s in combinations(range(LOCAL), k)])
PAIRS = SETS.sum(1) > 1


@dataclass(frozen=True)
class WindowsJob:
    """Some windows of one stream: [count, samples]."""

    windows: Rows


@dataclass(frozen=True)
class SegmentJob:
    """A stretch of one stream, of which to say who speaks when."""

    samples: Samples


class DiarizeEngine:
    """Runs the windows of many streams in batches of a bounded size."""

    def __init__(self, embedding: Tensors, segmentation: Tensors | None, declared: DiarizeOptions) -> None:
        self._embedding, self._segmentation, self._declared = embedding, segmentation, declared

    def run(self, jobs: Sequence[WindowsJob | SegmentJob]) -> Sequence[Rows | Active]:
        """A job for windows: a row of numbers a window; one for a segment: who speaks in each frame."""
        embedded = self._embedded([job for job in jobs if isinstance(job, WindowsJob)])
        return [self._active(job.samples) if isinstance(job, SegmentJob) else next(embedded) for job in jobs]

    def _embedded(self, jobs: Sequence[WindowsJob]) -> Iterator[Rows]:
        if not jobs:
            return iter(())
        together = np.concatenate([job.windows for job in jobs])
        parts = [together[at : at + A_RUN] for at in range(0, len(together), A_RUN)]
        rows = np.concatenate(
            [self._embedding.run({self._declared.input: part})[self._declared.output] for part in parts]
        )
        return iter(np.split(rows, np.cumsum([len(job.windows) for job in jobs])[:-1]))

    def _active(self, samples: Samples) -> Active:
        # One at a time: a recurrent net is no cheaper in company, and eight bits would scale by what is beside it.
        assert self._segmentation is not None
        sets = self._segmentation.run({self._declared.input: samples[None]})[self._declared.segment_output][0]
        active: Active = SETS[(sets - self._declared.pair_margin * PAIRS).argmax(-1)]
        return active


@dataclass(frozen=True)
class VoiceModelShape:
    """A model's window, hop and embedding size, and its thresholds."""

    size: int  # samples in a window
    hop: int  # samples from window to window
    same: float  # cosine from which on two embeddings are one voice
    ward_height: float  # cost from which on two groups of embeddings are two voices
    apart: float  # cosine of their means below which they are two at any cost


def shape_of(spec: ModelSpec) -> VoiceModelShape:
    """What model.toml says."""
    declared = DiarizeOptions.of(spec)
    size, hop = (round(seconds * RATE_HZ) for seconds in (declared.window_s, declared.step_s))
    return VoiceModelShape(size, hop, declared.same, declared.ward_height, declared.apart)


def open_engine(spec: ModelSpec) -> Placed[Engine[WindowsJob | SegmentJob, Rows | Active]]:
    """Open a model and run it once at its smallest and its largest, so that no caller pays for a first time."""
    declared, placed = DiarizeOptions.of(spec), backends.tensors(spec.graph("embedding"))
    segmentation = backends.tensors(spec.graph("segmentation")).model if spec.graphs else None
    engine = DiarizeEngine(placed.model, segmentation, declared)
    for windows in (1, A_RUN):
        (rows,) = engine.run([WindowsJob(np.zeros((windows, shape_of(spec).size), np.float32))])
        _check(cast(Rows, rows), windows, spec)
    if segmentation:
        engine.run([SegmentJob(np.zeros(round(declared.segment_s * RATE_HZ), np.float32))])
    return placed.holding(engine)


def _check(rows: Rows, windows: int, spec: ModelSpec) -> None:
    """A row a window, as wide as is declared."""
    width = DiarizeOptions.of(spec).width or rows.shape[-1]
    if rows.shape != (windows, width):
        message = f"gives an array of {rows.shape} for {windows} windows, not of {(windows, width)}"
        raise options.fault(spec, f"the graph {message}; mend the graph, or `width`.")
