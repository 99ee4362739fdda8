"""The examination's hardest part: speakers and real noises of corpora that neither training nor tuning has met.

Levels, rooms and codecs are others than training's as well. Knows nothing of the enhancers that it judges.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy.signal import fftconvolve

from models.recipes import sound
from models.recipes.denoise.mixtures import Mixture
from models.recipes.sound import Audio, Random

ROW = "field"
SEED = 1511
CLEAN_DB = 42.0
SECONDS = (3.5, 6.5)
RATIOS_DB, LEVELS_DBFS = (-6.0, 18.0), (-46.0, -16.0)
SPEED_M_S = 343.0
# Made by a machine, or next to nothing: no field recordings.
ARTIFICIAL = ("binaural", "noise-", "white-noise", "pink-noise", "brown", "white_noise", "pink_noise", "silence")
VOICES_A_FOLDER = 40
Place = NDArray[np.float64]


@dataclass(frozen=True)
class Field:
    """Folders that nothing is ever trained or tuned on."""

    voices: Sequence[Path] = ()
    noises: Sequence[Path] = ()

    @classmethod
    def of(cls, asked: argparse.Namespace) -> Field:
        """What the command line named."""
        return cls(asked.field_voices, asked.field_noises)

    def mixtures(self) -> Iterator[Mixture]:
        """Every noise once, each with another voice; ways of hearing, levels and ratios in turn."""
        noises = [path for folder in self.noises for path in sound.files(folder) if not artificial(path)]
        if not noises:
            return
        voices = [voice for folder in self.voices for voice in clean_voices(folder)]
        order = np.random.default_rng(SEED).permutation(len(voices))
        for i, path in enumerate(noises):
            rng = np.random.default_rng([SEED, i])
            way = TURNS[i % len(TURNS)]
            yield mixed(sound.read(path), voices[order[i % len(order)]], way, rng, path)


def artificial(path: Path) -> bool:
    """Whether a file is not a recording of anything."""
    return path.stem.startswith(ARTIFICIAL)


def clean_voices(folder: Path) -> list[Audio]:
    """Utterances clean enough to be a reference, from all over the folder, at most one a speaker's folder."""
    paths = list(sound.files(folder))
    by_speaker = {path.parent: path for path in reversed(paths)}
    first = sorted(by_speaker.values()) if len(by_speaker) > 1 else paths
    found: list[Audio] = []
    for path in (first[int(i)] for i in np.random.default_rng(SEED).permutation(len(first))):
        audio = sound.read(path)
        if len(audio) > SECONDS[0] * sound.RATE_HZ and sound.dynamic_range(audio) > CLEAN_DB:
            found.append(audio - audio.mean())
        if len(found) == VOICES_A_FOLDER:
            break
    return found


def mixed(noise: Audio, voice: Audio, way: str, rng: Random, path: Path) -> Mixture:
    """One mixture. `way` is how it was heard: dry, in a room, by telephone, through a codec."""
    clean = voice[: int(rng.uniform(*SECONDS) * sound.RATE_HZ)]
    part = excerpt(noise, len(clean), rng)
    clean, part = WAYS[way](clean, part, rng)
    part = sound.at_level(part - part.mean(), 20 * np.log10(sound.rms(clean)) - rng.uniform(*RATIOS_DB))
    scale = 10 ** (rng.uniform(*LEVELS_DBFS) / 20) / sound.rms(clean + part)
    scale = min(scale, 0.99 / float(np.abs(clean + part).max()))
    noisy = sound.quantised((clean + part) * np.float32(scale))
    if way in CODECS:
        noisy = CODECS[way](noisy)
    usual = 10 ** (-25 / 20) / sound.rms(noisy)
    return Mixture(ROW, f"{way}/{path.parent.name}-{path.stem}", noisy, clean * np.float32(scale), float(usual))


def excerpt(noise: Audio, samples: int, rng: Random) -> Audio:
    """A stretch in which something is to be heard, repeated if the recording is too short."""
    if len(noise) < samples:
        noise = np.resize(noise, samples)
    starts = rng.integers(0, len(noise) - samples + 1, 6)
    loudest = max(starts, key=lambda start: sound.rms(noise[start : start + samples]))
    return noise[loudest : loudest + samples].copy()


def dry(clean: Audio, noise: Audio, rng: Random) -> tuple[Audio, Audio]:
    """Close to the microphone."""
    return clean, noise


def in_a_room(clean: Audio, noise: Audio, rng: Random) -> tuple[Audio, Audio]:
    """The voice in one corner, the noise in another. What is wanted is the voice as the room gives it."""
    size = rng.uniform([3, 2.5, 2.3], [9, 7, 3.6])
    ear = size * rng.uniform(0.2, 0.8, 3)
    bounce = rng.uniform(0.55, 0.88)
    made = [fftconvolve(a, shoebox(size, ear, bounce, rng))[: len(a)] for a in (clean, noise)]
    return made[0].astype(np.float32), made[1].astype(np.float32)


def shoebox(size: Place, ear: Place, bounce: float, rng: Random, order: int = 7) -> Audio:
    """The images of one place in six mirroring walls."""
    place = size * rng.uniform(0.1, 0.9, 3)
    steps = np.arange(-order, order + 1)
    cells = np.stack(np.meshgrid(steps, steps, steps), -1).reshape(-1, 3)
    images = cells * size + np.where(cells % 2, size - place, place)
    far = np.linalg.norm(images - ear, axis=1)
    heard = (far - far.min()) / SPEED_M_S * sound.RATE_HZ
    response = np.zeros(int(heard.max()) + 2, np.float32)
    np.add.at(response, heard.round().astype(int), bounce ** np.abs(cells).sum(1) / far)
    return np.asarray(response / np.abs(response[0]), np.float32)


def by_telephone(clean: Audio, noise: Audio, rng: Random) -> tuple[Audio, Audio]:
    """The band of a telephone; what is wanted has no more of it."""
    return sound.telephone(clean), sound.telephone(noise)


def companded(audio: Audio) -> Audio:
    """The 8 bits of G.711's mu-law."""
    return coded(audio, "WAV", "ULAW")


def opus(audio: Audio) -> Audio:
    """Ogg Opus at a low rate."""
    return coded(audio, "OGG", "OPUS", compression_level=0.8)


def mp3(audio: Audio) -> Audio:
    """MP3 at a low rate."""
    return coded(audio, "MP3", "MPEG_LAYER_III", compression_level=0.9)


def coded(audio: Audio, container: str, kind: str, **how: float) -> Audio:
    """There and back, in step with what went in."""
    held = io.BytesIO()
    soundfile.write(held, audio, sound.RATE_HZ, format=container, subtype=kind, **how)
    held.seek(0)
    back, _ = soundfile.read(held, dtype="float32")
    return np.pad(back, (0, max(0, len(audio) - len(back))))[: len(audio)]


Way = Callable[[Audio, Audio, Random], tuple[Audio, Audio]]
WAYS: dict[str, Way] = {"dry": dry, "room": in_a_room, "telephone": by_telephone, "opus": dry, "mp3": dry}
TURNS = ("dry", "room", "telephone", "dry", "opus", "room", "dry", "mp3")
CODECS: dict[str, Callable[[Audio], Audio]] = {"telephone": companded, "opus": opus, "mp3": mp3}
