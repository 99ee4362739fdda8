"""Asr at real Whisper shapes, with random weights: what short context and batches gain, and how much of it we keep.

Times are of one utterance: to encode it, and to write one of its tokens.
"""

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from ctranslate2 import StorageView
from ctranslate2.models import Whisper

from loadtest.bench.stages import random_whisper
from loadtest.bench.stages.bare import CORES
from loadtest.bench.stages.random_whisper import MELS, PROMPT, Size
from loadtest.bench.stages.row import BenchRow
from loadtest.bench.stages.setup import BenchSetup
from parley.engines import backends
from parley.engines.model import ModelRef, ModelSpec
from parley.engines.protocols import Decoding, Generator

TOKENS, WORDS = 16, 51_856  # to write, and to choose from
FULL_S, SHORT_S, BATCHES = 30, (10, 5), (1, 4, 8, 16)
MOST_S = 160  # of sound in one batch: more takes minutes and tells nothing new
FRAMES = 100  # in a second
AIM = 0.8
HOW = Decoding(beam=1, longest=TOKENS)
Sounds = npt.NDArray[np.float32]
Made = TypeVar("Made")


@dataclass(frozen=True)
class Cost:
    """Of one utterance of a batch, in milliseconds."""

    encoder: float
    token: float

    @property
    def whole(self) -> float:
        """All of it."""
        return self.encoder + TOKENS * self.token


def rows(setup: BenchSetup) -> list[BenchRow]:
    """Of two sizes: what a full window costs, what short ones do, and what our backend keeps of that."""
    return [row for size in (random_whisper.TINY, random_whisper.BASE) for row in _rows(size, setup.folder / size.name)]


def _rows(size: Size, folder: Path) -> list[BenchRow]:
    random_whisper.whisper(folder, size, [f"w{n}" for n in range(WORDS)])
    bare, backend = opened(folder), ours(folder)
    cost = {shape: _cost(bare, *shape) for shape in _shapes()}
    dear = cost[FULL_S, 1]
    beside = f"{FULL_S} s, batch 1: encoder {dear.encoder:.0f} ms, a token {dear.token:.2f} ms"
    rows = [_row(size, seconds, cost, beside) for seconds in (FULL_S, *SHORT_S)]
    batched = [shape for shape in cost if shape[0] in SHORT_S and shape[1] > 1]
    kept = [cost[shape].whole / _whole_ms(backend, *shape) for shape in batched]
    least, gain = min(kept), dear.whole / cost[SHORT_S[-1], BATCHES[-1]].whole
    what = f"whisper-{size.name} shape: what our backend keeps of that"
    seen = f"{median(kept):.0%}, at worst {least:.0%}"
    return [*rows, BenchRow(what, f"the bare engine's gain: up to {gain:.0f}x", seen, f">= {AIM:.0%}", least >= AIM)]


def _row(size: Size, seconds: int, cost: dict[tuple[int, int], Cost], beside: str) -> BenchRow:
    mine = [each for (context, _), each in cost.items() if context == seconds]
    batches = "/".join(str(batch) for context, batch in cost if context == seconds)
    seen = f"encoder {_joined([c.encoder for c in mine], 0)} ms, a token {_joined([c.token for c in mine], 2)} ms"
    return BenchRow(f"whisper-{size.name} shape: {seconds} s, batch {batches}", beside, seen)


def _joined(values: Sequence[float], digits: int) -> str:
    return "/".join(f"{value:.{digits}f}" for value in values)


def _shapes() -> list[tuple[int, int]]:
    return [(seconds, n) for seconds in (FULL_S, *SHORT_S) for n in BATCHES if seconds * n <= MOST_S]


def sounds(seconds: int, batch: int) -> Sounds:
    """[batch, frames, bands]."""
    return np.random.default_rng(0).normal(0, 0.5, (batch, seconds * FRAMES, MELS)).astype(np.float32)


def opened(folder: Path) -> Whisper:
    """CTranslate2's own."""
    return Whisper(str(folder), device="cpu", compute_type="int8", intra_threads=CORES)


def written(model: Whisper, shown: Sounds) -> list[list[str]]:
    """What it says of each."""
    return _texts(model, model.encode(_stored(shown)), len(shown))


def _stored(shown: Sounds) -> StorageView:
    return StorageView.from_array(np.ascontiguousarray(shown.transpose(0, 2, 1)))


def _texts(model: Whisper, memory: StorageView, batch: int) -> list[list[str]]:
    results = model.generate(memory, [PROMPT] * batch, beam_size=1, max_length=2 * TOKENS)
    return [each.sequences[0] for each in results]


def _cost(model: Whisper, seconds: int, batch: int) -> Cost:
    shown = _stored(sounds(seconds, batch))
    encoder_ms, memory = _best(lambda: model.encode(shown))
    return Cost(encoder_ms / batch, _best(lambda: _texts(model, memory, batch))[0] / batch / TOKENS)


def ours(folder: Path) -> Generator:
    """The same model, as our services open it."""
    files = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
    options = {"architecture": "whisper", "compute_type": "int8", "threads": CORES}
    return backends.generator(
        ModelSpec(ModelRef(folder.name, "1"), "asr", "ctranslate2", folder, files=files, options=options)
    ).model


def _whole_ms(backend: Generator, seconds: int, batch: int) -> float:
    shown = sounds(seconds, batch)
    return _best(lambda: backend.generate(shown, [PROMPT] * batch, HOW))[0] / batch


def _best(work: Callable[[], Made]) -> tuple[float, Made]:
    """The milliseconds of the better of two, and what was made: one alone may have been disturbed."""
    took = []
    for _ in range(2):
        began = time.perf_counter()
        made = work()
        took.append(1000 * (time.perf_counter() - began))
    return min(took), made
