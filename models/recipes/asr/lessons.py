"""What the teacher said of each crop, made once and kept on disk in shards. Knows neither pupil nor training."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.recipes import sound
from models.recipes.asr.crops import Crops
from models.recipes.asr.teacher import END, Teacher
from models.recipes.asr.window import Window
from models.recipes.sound import FRAME, RATE_HZ, Audio

SHARD = 50
TIMED = 5  # one crop in so many is answered with times
SLOWEST, FASTEST = 2.1, 12.0  # text tokens in a second of speech
SPEECH_DB, SPEECH_DBFS = 25, -60  # so far below the loudest it is still speech, if it is louder than that
KEYS = ("samples", "tokens", "states")


@dataclass(frozen=True)
class Lesson:
    """One crop, the tokens of its transcript with prompt and end, and the decoder's states at all but the last."""

    corpus: str
    samples: NDArray[np.int16]
    tokens: NDArray[np.int64]
    states: NDArray[np.float16]

    @property
    def audio(self) -> Audio:
        """As floats."""
        return np.asarray(self.samples / np.float32(32768), np.float32)

    @property
    def is_whole(self) -> bool:
        """Whether all of the crop was transcribed, once: without times the teacher likes to end at the first pause."""
        levels = sound.frame_levels(self.audio)
        loud = levels > max(float(np.percentile(levels, 95)) - SPEECH_DB, SPEECH_DBFS)
        seconds = max(0.3, float(np.sum(loud)) * FRAME / RATE_HZ)
        return bool(SLOWEST < np.sum(self.tokens < END) / seconds < FASTEST)


def write(crops: Crops, teacher: Teacher, folder: Path, shards: Sequence[int]) -> Iterator[int]:
    """These shards, as far as they are missing; each that is done is told."""
    folder.mkdir(parents=True, exist_ok=True)
    for shard in shards:
        if not (folder / f"{shard:04}.npz").exists():
            _write_shard(folder, shard, list(_lessons(crops, teacher, shard)))
        yield shard


def _lessons(crops: Crops, teacher: Teacher, shard: int) -> Iterator[Lesson]:
    for number in range(shard * SHARD, (shard + 1) * SHARD):
        corpus, audio = crops.crop(number)
        samples = (np.clip(audio, -1, 1) * 32767).astype(np.int16)
        answer = teacher.answer(Window.of(audio), timed=number % TIMED == 0)
        if answer.is_sure:
            yield Lesson(corpus, samples, np.array(answer.tokens), answer.states.astype(np.float16))


def _write_shard(folder: Path, shard: int, lessons: Sequence[Lesson]) -> None:
    rows = {f"{key}{n}": getattr(lesson, key) for n, lesson in enumerate(lessons) for key in KEYS}
    beside = folder / f"{shard:04}.tmp"
    with beside.open("wb") as out:
        np.savez(out, corpora=np.array([lesson.corpus for lesson in lessons]), **rows)
    os.replace(beside, folder / f"{shard:04}.npz")


def read(folder: Path) -> list[Lesson]:
    """Every lesson that is there and fit to be learnt, in order."""
    every = (lesson for path in sorted(folder.glob("*.npz")) for lesson in _read_shard(path))
    return [lesson for lesson in every if lesson.is_whole]


def _read_shard(path: Path) -> Iterator[Lesson]:
    with np.load(path) as rows:
        for n, corpus in enumerate(rows["corpora"]):
            yield Lesson(str(corpus), *(rows[f"{key}{n}"] for key in KEYS))
