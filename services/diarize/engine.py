"""Windows of sound -> voice embeddings, a whole batch at once. Must not know streams."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from parley import backends
from parley.audio import RATE_HZ
from parley.backends import Placed
from parley.engine import Engine, Tensors
from parley.model import ModelSpec

Rows = npt.NDArray[np.float32]


@dataclass(frozen=True)
class WindowsJob:
    """Some windows of one stream: [count, samples]."""

    windows: Rows


class DiarizeEngine:
    """Stacks everybody's windows into one run."""

    def __init__(self, tensors: Tensors) -> None:
        self._tensors = tensors

    def run(self, jobs: Sequence[WindowsJob]) -> Sequence[Rows]:
        """One array of embeddings a job, a row a window."""
        together = np.concatenate([job.windows for job in jobs])
        rows = self._tensors.run({"audio": together})["embedding"]
        return np.split(rows, np.cumsum([len(job.windows) for job in jobs])[:-1])


def window_size(spec: ModelSpec) -> int:
    """Samples in one window."""
    return round(float(spec.option("window_s")) * RATE_HZ)


def open_engine(spec: ModelSpec) -> Placed[Engine[WindowsJob, Rows]]:
    """Open a model and run it once, so that the first caller does not pay for it."""
    placed = backends.tensors(spec)
    engine = DiarizeEngine(placed.model)
    engine.run([WindowsJob(np.zeros((1, window_size(spec)), np.float32))])
    return placed.holding(engine)
