"""The examination: held-out speakers over pieces of held-out instruments, the same for every system."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from models.recipes import noises, sound, strange_noises
from models.recipes.denoise.bank import speech
from models.recipes.denoise.mixtures import LEVEL_DBFS, Mixture
from models.recipes.separate.nano.pieces import compose
from models.recipes.separate.nano.render import render
from models.recipes.separate.nano.singing import sung
from models.recipes.sound import Audio

PIECES, PIECE_S, SEED = 40, 8.0, 99
LOWEST_DB, HIGHEST_DB = -5.0, 10.0
SECONDS = (4.0, 6.0)
JUDGED = ("librispeech-mini", "an4", "common-voice-mini")  # their names tell speakers apart
SUNG, PER_BED, CLEAN = 20, 4, 24


def examination(folders: Sequence[Path]) -> Iterator[Mixture]:
    """Every mixture, in a fixed order."""
    known = [folder for folder in folders if folder.name in JUDGED]
    voices = [audio for _, audio in speech(known, kept=True) if len(audio) > SECONDS[0] * sound.RATE_HZ]
    pieces = music()
    yield from over("music", voices, pieces)
    rng = np.random.default_rng(SEED)
    singers = [sung(voice[: int(SECONDS[1] * sound.RATE_HZ)], rng) for voice in voices[:SUNG]]
    yield from over("sung", singers, pieces[:SUNG])
    for kind, make in strange_noises.STRANGE.items():
        yield from over("beds", voices, [bed(make, kind, n) for n in range(PER_BED)], kind)
    for n, voice in enumerate(voices[:: max(1, len(voices) // CLEAN)][:CLEAN]):
        cut = sound.at_level(voice[: int(SECONDS[1] * sound.RATE_HZ)], LEVEL_DBFS)
        yield Mixture("clean", str(n), sound.quantised(cut), cut)


def music() -> list[Audio]:
    """Pieces of instruments that nothing in training has."""
    rng = np.random.default_rng(SEED)
    return list(render([compose(rng, PIECE_S, held_out=True) for _ in range(PIECES)], PIECE_S, rng))


def bed(make: noises.Noise, kind: str, number: int) -> Audio:
    """A sound effect of a kind that nothing in training has."""
    return make(np.random.default_rng([zlib.crc32(kind.encode()), number]), int(PIECE_S * sound.RATE_HZ))


def over(row: str, voices: Sequence[Audio], beds: Sequence[Audio], kind: str = "") -> Iterator[Mixture]:
    """A voice over each bed, evenly over the ratios."""
    rng = np.random.default_rng([zlib.crc32(f"{row}{kind}".encode())])
    for n, ratio_db in enumerate(rng.permutation(np.linspace(LOWEST_DB, HIGHEST_DB, len(beds)))):
        voice = voices[int(rng.integers(len(voices)))][: int(rng.uniform(*SECONDS) * sound.RATE_HZ)]
        yield mixture(row, kind or f"piece {n}", voice, beds[n], float(ratio_db))


def mixture(row: str, kind: str, voice: Audio, bed: Audio, ratio_db: float) -> Mixture:
    """At the usual level, in 16 bits."""
    cut = np.resize(bed, len(voice)) if len(bed) < len(voice) else bed[: len(voice)]
    rest = sound.at_level(cut - cut.mean(), 20 * np.log10(sound.rms(voice)) - ratio_db)
    both = voice + rest
    scale = np.float32(min(10 ** (LEVEL_DBFS / 20) / sound.rms(both), 0.99 / float(np.abs(both).max())))
    return Mixture(row, kind, sound.quantised(both * scale), voice * scale)
