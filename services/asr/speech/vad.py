"""How likely it is that somebody speaks, block by block. Must not know utterances.

Silero's graph runs inside `feed`, not in the batcher: it has no axis for streams, a block costs less than the way to
another thread and back, and speech is noticed however busy the recogniser is. Any chunking gives the same bits.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from parley.audio.pcm import RATE_HZ
from parley.engines import backends
from parley.engines.model import ModelSpec, read_spec
from parley.engines.protocols import Tensors
from services.asr.options import AsrOptions

Blocks = npt.NDArray[np.float32]

GRAPH = Path(__file__).parent / "silero"  # its folder, with its licence and where it comes from
CONTEXT = 64  # samples of the block before that the graph wants to see
MEMORY = (1, 1, 128)


class Detector(Protocol):
    """A detector of speech in one stream."""

    block: int  # samples

    def probabilities(self, blocks: Blocks) -> Sequence[float]:
        """How likely speech is in each of the next blocks, [count, block]."""


class Level:
    """Takes every block above a level (dB below full scale) for speech: enough for the echo backend."""

    block = RATE_HZ // 50

    def __init__(self, level_db: float) -> None:
        self._power = 10 ** (level_db / 10)

    def probabilities(self, blocks: Blocks) -> Sequence[float]:
        """1 where a block is loud, else 0."""
        loud: list[float] = (np.mean(blocks * blocks, 1) > self._power).astype(float).tolist()
        return loud


class Silero:
    """Silero VAD, with what it remembers of one stream."""

    block = 512

    def __init__(self, graph: Tensors) -> None:
        self._graph = graph
        self._memory = {name: np.zeros(MEMORY, np.float32) for name in ("h", "c")}
        self._before = np.zeros((1, CONTEXT), np.float32)

    def probabilities(self, blocks: Blocks) -> Sequence[float]:
        """The graph's own, from 0 to 1."""
        if not len(blocks):
            return ()
        tails = np.concatenate((self._before, blocks[:, -CONTEXT:]))
        outputs = self._graph.run({"input": np.concatenate((tails[:-1], blocks), 1), **self._memory})
        self._before, self._memory = tails[-1:], {"h": outputs["hn"], "c": outputs["cn"]}
        chances: list[float] = outputs["speech_probs"].tolist()
        return chances


@cache
def silero() -> Tensors:
    """The graph that ships beside this file; all streams share it."""
    return backends.tensors(read_spec(GRAPH)).model


def detector(spec: ModelSpec, level_db: float = 0.0) -> Detector:
    """A new detector of the kind that the model names, for one stream."""
    return Silero(silero()) if AsrOptions.of(spec).detector == "silero" else Level(level_db)
