"""The examination: mixtures of held-out speakers with held-out noise, the same for every system."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.recipes import noises, sound, strange_noises
from models.recipes.denoise.bank import babble, real_noise, speech
from models.recipes.sound import Audio

FAMILIAR = ("white", "pink", "fan", "keyboard", "babble")
PER_FAMILIAR, PER_UNSEEN, PER_REAL, QUIET, CLEAN = 16, 14, 36, 16, 30
LEVEL_DBFS = -25.0
QUIET_DBFS = (-40.0, -50.0, -60.0)
SECONDS = (3.0, 6.0)


@dataclass(frozen=True)
class Mixture:
    """`row` is the line of the report it counts in; `gain` brings its level back to the usual one."""

    row: str
    kind: str
    noisy: Audio
    clean: Audio
    gain: float = 1.0

    @property
    def key(self) -> str:
        """A name that changes with the audio."""
        return f"{self.row}-{self.kind}-{zlib.crc32(self.noisy.tobytes()):08x}"


def examination(folders: Sequence[Path]) -> Iterator[Mixture]:
    """Every mixture, in a fixed order."""
    voices = [audio for _, audio in speech(folders, kept=True) if len(audio) > SECONDS[0] * sound.RATE_HZ]
    makers = {name: noises.TRAINED[name] for name in FAMILIAR if name in noises.TRAINED}
    makers["babble"] = lambda rng, samples: babble(voices, rng, samples)
    loud = [m for k, f in makers.items() for m in mixtures("familiar", k, f, voices, PER_FAMILIAR)]
    for kind, make in strange_noises.STRANGE.items():
        row = "blind" if kind in strange_noises.BLIND else "unseen"
        loud += mixtures(row, kind, make, voices, PER_UNSEEN)
    for name, pieces in real_noise(folders, kept=True).items():
        loud += mixtures("real", name, lambda rng, n, p=pieces: sound.tile(p, n, rng), voices, PER_REAL)  # type: ignore[misc]
    yield from loud
    for level_dbfs in QUIET_DBFS:
        yield from (at_level(loud[i], level_dbfs) for i in np.linspace(0, len(loud) - 1, QUIET).astype(int))
    for i, voice in enumerate(voices[:: max(1, len(voices) // CLEAN)][:CLEAN]):
        cut = sound.at_level(voice[: int(SECONDS[1] * sound.RATE_HZ)], LEVEL_DBFS)
        yield Mixture("clean", str(i), sound.quantised(cut), cut)


def mixtures(row: str, kind: str, make: noises.Noise, voices: list[Audio], count: int) -> list[Mixture]:
    """`count` mixtures of one kind of noise, evenly over -5..15 dB."""
    rng = np.random.default_rng(zlib.crc32(kind.encode()))
    made = []
    for ratio_db in np.linspace(-5, 15, count):
        voice = voices[rng.integers(len(voices))]
        clean = voice[: int(rng.uniform(*SECONDS) * sound.RATE_HZ)]
        noise = make(rng, len(clean) + 1600)[: len(clean)]
        noise = sound.at_level(noise - noise.mean(), 20 * np.log10(sound.rms(clean)) - ratio_db)
        scale = 10 ** (LEVEL_DBFS / 20) / sound.rms(clean + noise)
        scale = min(scale, 0.99 / float(np.abs(clean + noise).max()))
        made.append(Mixture(row, kind, sound.quantised((clean + noise) * scale), clean * np.float32(scale)))
    return made


def at_level(mixture: Mixture, level_dbfs: float) -> Mixture:
    """The same mixture as a distant or badly set microphone gives it, in 16 bits."""
    factor = np.float32(10 ** ((level_dbfs - LEVEL_DBFS) / 20))
    noisy = sound.quantised(mixture.noisy * factor)
    return Mixture(f"quiet {level_dbfs:g} dBFS", mixture.kind, noisy, mixture.clean * factor, 1 / float(factor))
