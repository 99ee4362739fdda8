"""Windows of sound -> voice embeddings, a whole batch at once. Must not know streams."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from parley.audio.pcm import RATE_HZ
from parley.engines import backends, options
from parley.engines.backends import Placed
from parley.engines.model import ModelSpec
from parley.engines.protocols import Engine, Tensors
from services.diarize.options import DiarizeOptions

Rows = npt.NDArray[np.float32]
A_RUN = 4  # windows: more are no cheaper by the window, and need more memory


@dataclass(frozen=True)
class WindowsJob:
    """Some windows of one stream: [count, samples]."""

    windows: Rows


class DiarizeEngine:
    """Runs the windows of many streams in batches of a bounded size."""

    def __init__(self, tensors: Tensors, spec: ModelSpec) -> None:
        self._tensors, declared = tensors, DiarizeOptions.of(spec)
        self._input, self._output = declared.input, declared.output

    def run(self, jobs: Sequence[WindowsJob]) -> Sequence[Rows]:
        """One array of embeddings a job, a row a window."""
        together = np.concatenate([job.windows for job in jobs])
        parts = [together[at : at + A_RUN] for at in range(0, len(together), A_RUN)]
        rows = np.concatenate([self._tensors.run({self._input: part})[self._output] for part in parts])
        return np.split(rows, np.cumsum([len(job.windows) for job in jobs])[:-1])


@dataclass(frozen=True)
class VoiceModelShape:
    """A model's window, hop and embedding size, and its thresholds."""

    size: int  # samples in a window
    hop: int  # samples from window to window
    same: float  # cosine from which on two embeddings are one voice
    ward_height: float  # cost from which on two groups of embeddings are two voices


def shape_of(spec: ModelSpec) -> VoiceModelShape:
    """What model.toml says."""
    declared = DiarizeOptions.of(spec)
    return VoiceModelShape(
        round(declared.window_s * RATE_HZ), round(declared.step_s * RATE_HZ), declared.same, declared.ward_height
    )


def open_engine(spec: ModelSpec) -> Placed[Engine[WindowsJob, Rows]]:
    """Open a model and run it once at its smallest and its largest, so that no caller pays for a first time."""
    size, placed = shape_of(spec).size, backends.tensors(spec)
    engine = DiarizeEngine(placed.model, spec)
    for windows in (1, A_RUN):
        (rows,) = engine.run([WindowsJob(np.zeros((windows, size), np.float32))])
        _check(rows, windows, spec)
    return placed.holding(engine)


def _check(rows: Rows, windows: int, spec: ModelSpec) -> None:
    """A row a window, as wide as is declared."""
    width = DiarizeOptions.of(spec).width or rows.shape[-1]
    if rows.shape != (windows, width):
        message = f"gives an array of {rows.shape} for {windows} windows, not of {(windows, width)}"
        raise options.fault(spec, f"the graph {message}; mend the graph, or `width`.")
