"""Batches from the bank: two cuts of each drawn voice, each in a session of its own."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.recipes.diarize.sound.bank import CLIP, GRID, REACH, places
from models.recipes.diarize.sound.codecs import coded
from models.recipes.sound import Random

# Samples wanted -> samples transformed: the excess holds the room's tail, and the length is fast.
SIZES = {24000: 27648, 48000: 51200}
# Samples wanted -> cuts of the bank's grid that they span.
SPANNED = {24000: 1, 48000: 2}
JITTER = 1600
LONG_SHARE = 0.2
TELEPHONE = 0.4
NOISY = 0.75
ROOMS = 0.5
COLOURED = 0.7
# The bank has no long pauses, windows of a stream do.
PAUSED = 0.5
# Voices as they were recorded are worth more than their shifted copies.
ORIGINAL = 2.5
CORPORA = {"an4": 1.3, "fsdd": 1.5, "common-voice-mini": 0.7}
STEP = np.float32(1 / 32768)
MARGIN, MARGIN_STEPS = 0.25, 3000


@dataclass(frozen=True)
class Batch:
    """Sound [rows, samples], classes, and how large the margin is by now. Rows 2i and 2i + 1 are one voice.

    `lessons`: where a teacher puts the same cuts before anything was done to them.
    """

    audio: Tensor
    labels: Tensor
    margin: float
    lessons: Tensor | None = None


class Mixer:
    """Call with a step number for a batch: the same for the same step, whatever came before."""

    def __init__(self, bank: Path, rows: int, seed: int) -> None:
        self.rows, self.seed = rows, seed
        classes = json.loads((bank / "classes.json").read_text())
        self.spans = [(c["start"], c["end"]) for c in classes]
        counts = [places(end - start) for start, end in self.spans]
        self.firsts = np.concatenate([[0], np.cumsum(counts)])
        taught = bank / "lessons.npy"
        self.lessons = centred(np.load(taught)) if taught.exists() else None
        self.voices = np.memmap(bank / "voices.pcm", np.int16, "r")
        self.noise = np.load(bank / "noise.npy", mmap_mode="r")
        self.rooms = torch.from_numpy(np.load(bank / "rooms.npy"))
        weights = [class_weight(c) for c in classes]
        self.odds = np.array(weights) / np.sum(weights)

    def __call__(self, step: int) -> Batch:
        """Draw voices, cut, put into sessions."""
        rng = np.random.default_rng([self.seed, step])
        samples = 48000 if rng.random() < LONG_SHARE else 24000
        rows = self.rows if samples == 24000 else self.rows // 2
        drawn = rng.choice(len(self.spans), rows // 2, replace=False, p=self.odds)
        labels = np.repeat(drawn, 2)
        cuts = [self.cut(int(label), samples, rng) for label in labels]
        voices = torch.from_numpy(np.stack([speech for speech, _ in cuts]))
        noise = torch.from_numpy(np.stack([self.clip(SIZES[samples], rng) for _ in labels]))
        audio = self.session(voices, noise, samples, rng)
        told = [lesson for _, lesson in cuts if lesson is not None]
        lessons = torch.from_numpy(np.stack(told)) if told else None
        return Batch(audio, torch.from_numpy(labels), MARGIN * min(1.0, step / MARGIN_STEPS), lessons)

    def turn(self, rotation: Tensor) -> None:
        """Have the teacher speak in other directions."""
        if self.lessons is not None:
            self.lessons = self.lessons @ rotation.numpy()

    def taught(self) -> Tensor | None:
        """Where a teacher, if there is one, puts each class."""
        if self.lessons is None:
            return None
        return torch.from_numpy(np.add.reduceat(self.lessons, self.firsts[:-1]))

    def cut(self, label: int, samples: int, rng: Random) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """Somewhere in what a voice says, and the teacher's word on it; what is too short goes round."""
        start, end = self.spans[label]
        first, behind = self.firsts[label : label + 2]
        size, spanned = SIZES[samples], SPANNED[samples]
        place = int(rng.integers(max(1, behind - first - spanned + 1)))
        last = start + (place + spanned - 1) * GRID + REACH
        at = max(start, last - size + int(rng.integers(-JITTER, JITTER)))
        speech = np.resize(self.voices[at : min(at + size, end)], size).astype(np.float32) * STEP
        lesson = self.lesson(first + place, min(first + place + spanned, behind))
        return paused(speech, rng) if rng.random() < PAUSED else speech, lesson

    def lesson(self, first: int, behind: int) -> NDArray[np.float32] | None:
        """The mean of some neighbouring cuts, if there is a teacher."""
        if self.lessons is None:
            return None
        total = self.lessons[first:behind].sum(0)
        return np.asarray(total / np.linalg.norm(total), np.float32)

    def clip(self, size: int, rng: Random) -> NDArray[np.float32]:
        """Somewhere in one noise."""
        start = int(rng.integers(0, CLIP - size))
        row = self.noise[int(rng.integers(len(self.noise)))]
        return np.asarray(row[start : start + size], np.float32) * STEP

    def session(self, voices: Tensor, noise: Tensor, samples: int, rng: Random) -> Tensor:
        """A room, a microphone, a noise and a line for each row."""
        rows, size = voices.shape
        spectrum = torch.fft.rfft(voices)
        inside = np.flatnonzero(rng.random(rows) < ROOMS)
        if len(inside):
            spectrum[inside] *= torch.fft.rfft(self.rooms[rng.integers(0, len(self.rooms), len(inside))], size)
        spectrum = spectrum * colours(rng, rows, size)
        noise = noise * noise_gain(rng, spectrum, noise)
        spectrum = spectrum + torch.fft.rfft(noise) * colours(rng, rows, size)
        heard = torch.fft.irfft(spectrum, size)
        on_line = np.flatnonzero(rng.random(rows) < TELEPHONE)
        if len(on_line):
            heard[on_line] = telephone(spectrum[on_line], size, rng)
        tail: Tensor = heard[:, -samples:].contiguous()
        return tail


def centred(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Unit rows around what all of them have in common, which says nothing about a voice."""
    apart = rows - rows.mean(0)
    return np.asarray(apart / np.linalg.norm(apart, axis=1, keepdims=True), np.float32)


def paused(speech: NDArray[np.float32], rng: Random) -> NDArray[np.float32]:
    """With silence somewhere, up to a third of a window."""
    length = int(rng.uniform(0.1, 0.5) * 16000)
    start = int(rng.integers(0, len(speech) - length))
    speech[start : start + length] *= 0
    return speech


def class_weight(entry: dict[str, object]) -> float:
    """How often a class is drawn, before normalisation."""
    original = entry["speed"] == 1.0 and entry["formants"] == 1.0
    return CORPORA.get(str(entry["voice"]).partition("/")[0], 1.0) * (ORIGINAL if original else 1.0)


def colours(rng: Random, rows: int, size: int) -> Tensor:
    """Random smooth gains over frequency for most rows."""
    knots = rng.normal(0, 4, (rows, 1, 12)) * (rng.random((rows, 1, 1)) < COLOURED)
    bent = torch.from_numpy(np.clip(knots, -14, 14).astype(np.float32))
    gain_db = torch.nn.functional.interpolate(bent, size // 2 + 1, mode="linear", align_corners=True)[:, 0]
    return torch.exp(gain_db * (np.log(10) / 20))


def noise_gain(rng: Random, spectrum: Tensor, noise: Tensor) -> Tensor:
    """Signal-to-noise ratios from 3 dB up; some rows are clean."""
    rows, size = noise.shape
    ratio_db = np.where(rng.random(rows) < NOISY, rng.uniform(3, 30, rows), 80)
    voice = (2 * spectrum.abs().square().sum(1) / size**2).sqrt()
    gain = voice / noise.square().mean(1).sqrt().clamp(min=1e-6)
    return (gain * torch.from_numpy((10 ** (-ratio_db / 20)).astype(np.float32)))[:, None]


def telephone(spectrum: Tensor, size: int, rng: Random) -> Tensor:
    """A narrow band at 8 kHz, a codec, and back to 16 kHz."""
    half = size // 2
    hz = torch.linspace(0, 4000, half // 2 + 1)
    low = torch.from_numpy(rng.uniform(150, 400, (len(spectrum), 1)).astype(np.float32))
    high = torch.from_numpy(rng.uniform(2900, 3800, (len(spectrum), 1)).astype(np.float32))
    passed = torch.sigmoid((high - hz) / 40) * torch.sigmoid((hz - low) / 25)
    slow = torch.fft.irfft(spectrum[:, : half // 2 + 1] * passed, half).numpy()
    heard = torch.from_numpy(np.stack([coded(row, rng) for row in slow]))
    wide = torch.nn.functional.pad(torch.fft.rfft(heard), (0, half // 2))
    back: Tensor = 2 * torch.fft.irfft(wide, size)
    return back
