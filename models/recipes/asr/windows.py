"""One training window: speech in a room, through a channel, with noise; or noise, music, silence alone."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from scipy.signal import oaconvolve

from models.recipes import sound
from models.recipes.asr import features
from models.recipes.asr.features import Floats
from models.recipes.asr.pieces import Piece, surrounded
from models.recipes.sound import RATE_HZ, Audio, Random

WARPS = np.linspace(0.82, 1.2, 17)


@dataclass(frozen=True)
class Weather:
    """How often what happens to a window."""

    noise: float = 0.6
    room: float = 0.35
    coloured: float = 0.6
    telephone: float = 0.3
    warped: float = 0.7
    masked: float = 0.6
    quiet: float = 0.15
    snr_db: tuple[float, float] = (2.0, 30.0)


@dataclass(frozen=True)
class Window:
    """What the model is shown, and the piece it was made of; None: nothing is said."""

    features: Floats
    piece: Piece | None


@dataclass
class Studio:
    """Noises, rooms and filters, loaded once."""

    work: Path
    weather: Weather = field(default_factory=Weather)

    def __post_init__(self) -> None:
        self._noise = np.load(self.work / "noise.npy", mmap_mode="r")
        self._kinds: dict[str, list[int]] = json.loads((self.work / "noise.json").read_text())
        self._rooms = np.load(self.work / "rooms.npy")
        self._filters = [features.filters(float(warp)) for warp in WARPS]
        self._centres_hz = features.centres_hz()[1:-1]

    def window(self, piece: Piece, rng: Random, calm: bool) -> Window:
        """Some silence around the piece, then the weather; `calm` keeps only the silence."""
        # Endpointers leave less than people do.
        before, after = (int(max(0.0, rng.uniform(-0.15, 0.6)) * RATE_HZ) for _ in range(2))
        placed = surrounded(piece, before, after)
        audio = placed.audio
        if not calm and rng.random() < self.weather.room:
            room = self._rooms[int(rng.integers(len(self._rooms)))]
            audio = np.asarray(oaconvolve(audio, room)[: len(audio)], np.float32)
        if not calm and rng.random() < self.weather.noise:
            audio = self._disturbed(audio, rng)
        audio = self._levelled(audio, rng)
        return Window(self.mels(audio, rng, calm), placed)

    def nothing(self, samples: int, rng: Random) -> Window:
        """A window without words."""
        if rng.random() < 0.15:
            faint = rng.choice([0.0, 1e-5, 1e-4]) * rng.standard_normal(samples)
            return Window(features.log_mel(faint.astype(np.float32)), None)
        kinds = [kind for kind in self._kinds if kind != "babble"]
        audio = self._some(str(rng.choice(kinds)), samples, rng)
        if rng.random() < 0.4:
            # Clicks over a hum over a hiss: not one of them a word.
            audio = audio + self._some(str(rng.choice(kinds)), samples, rng) * rng.uniform(0.1, 1)
        return Window(self.mels(self._levelled(audio, rng, 20.0), rng, False), None)

    def mels(self, audio: Audio, rng: Random, calm: bool) -> Floats:
        """Features through a random throat, channel and masks. What filters does so on the power of the bands."""
        filters = features.PLAIN
        if not calm and rng.random() < self.weather.warped:
            filters = self._filters[int(rng.integers(len(self._filters)))]
        bands = features.power(audio) @ filters
        if not calm:
            bands = bands * self._channel(rng)
        made = features.compressed(bands)
        return self._masked(made, rng) if not calm and rng.random() < self.weather.masked else made

    def _channel(self, rng: Random) -> Floats:
        gain_db = np.zeros(features.MELS)
        if rng.random() < self.weather.coloured:
            knots = rng.standard_normal(7) * rng.uniform(1, 6)
            gain_db += np.interp(np.arange(features.MELS), np.linspace(0, features.MELS - 1, 7), knots)
        if rng.random() < self.weather.telephone:
            low_hz, high_hz = rng.uniform(150, 350), rng.uniform(3000, 4000)
            octaves = np.maximum(np.log2(low_hz / self._centres_hz), np.log2(self._centres_hz / high_hz))
            gain_db -= np.clip(octaves * 60, 0, rng.uniform(30, 80))
        return np.asarray(10 ** (gain_db / 10), np.float32)

    def _masked(self, made: Floats, rng: Random) -> Floats:
        mean = made.mean()
        for _ in range(2):
            width, high = int(rng.integers(0, 11)), int(rng.integers(0, features.MELS - 10))
            made[:, high : high + width] = mean
        for _ in range(1 + len(made) // 200):
            length, at = int(rng.integers(0, 9)), int(rng.integers(0, max(1, len(made) - 8)))
            made[at : at + length] = mean
        return made

    def _disturbed(self, audio: Audio, rng: Random) -> Audio:
        kind = str(rng.choice(list(self._kinds)))
        low_db, high_db = self.weather.snr_db
        snr_db = rng.uniform(max(low_db, 10.0) if kind == "babble" else low_db, high_db)
        loud = audio[np.abs(audio) > 0.1 * np.abs(audio).max(initial=1e-6)]
        noise = self._some(kind, len(audio), rng)
        return audio + noise * np.float32(sound.rms(loud) / sound.rms(noise) * 10 ** (-(snr_db + 6) / 20))

    def _some(self, kind: str, samples: int, rng: Random) -> Audio:
        clip = self._noise[int(rng.choice(self._kinds[kind]))]
        rolled = np.roll(clip, int(rng.integers(len(clip))))
        return np.asarray(np.resize(rolled, samples) / np.float32(32768), np.float32)

    def _levelled(self, audio: Audio, rng: Random, lower_db: float = 0.0) -> Audio:
        quiet = rng.random() < self.weather.quiet
        level_db = rng.uniform(-58, -42) if quiet else rng.uniform(-42 - lower_db, -14)
        return sound.at_level(audio, level_db)
