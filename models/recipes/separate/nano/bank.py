"""Prepares the sounds that training mixes: those of denoise, and music that is composed and played here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from models.recipes import sound
from models.recipes.denoise import bank as denoise
from models.recipes.denoise.bank import LEVEL_DBFS
from models.recipes.separate.nano.pieces import compose
from models.recipes.separate.nano.render import render
from models.recipes.separate.nano.singing import sung
from models.recipes.sound import Audio

PIECES, TOGETHER, PIECE_S = 320, 8, 24.0
SUNG_S, SUNG_CLIP_S = 3600, 12
MUSIC_SEED, SUNG_SEED = 11, 12


def prepare(folders: Sequence[Path], work: Path) -> None:
    """Write what is not there yet under `work/bank`."""
    folder = denoise.prepare(folders, work)
    if not (folder / "speech-sung.npy").exists():
        np.save(folder / "speech-sung.npy", np.concatenate(list(songs(folder))))
    if not (folder / "music.npy").exists():
        np.save(folder / "music.npy", np.stack(list(music())))


def music() -> Iterator[Audio]:
    """Pieces at one level, of instruments that are not held out."""
    rng = np.random.default_rng(MUSIC_SEED)
    for _ in tqdm(range(PIECES // TOGETHER), desc="music", mininterval=5):
        pieces = [compose(rng, PIECE_S, held_out=False) for _ in range(TOGETHER)]
        for audio in render(pieces, PIECE_S, rng):
            yield sound.at_level(audio - audio.mean(), LEVEL_DBFS).astype(np.float16)


def songs(folder: Path) -> Iterator[Audio]:
    """Speech of training on notes."""
    rng = np.random.default_rng(SUNG_SEED)
    spoken = [np.load(path, mmap_mode="r") for path in sorted(folder.glob("speech-*.npy"))]
    length = SUNG_CLIP_S * sound.RATE_HZ
    for _ in tqdm(range(SUNG_S // SUNG_CLIP_S), desc="songs", mininterval=5):
        source = spoken[rng.integers(len(spoken))]
        start = rng.integers(0, len(source) - length)
        yield sung(source[start : start + length].astype(np.float32), rng).astype(np.float16)
