"""Draws training mixtures from the banks: a batch is a pure function of the seed and the step."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.recipes.denoise.bank import CLIP, VARIED
from models.recipes.sound import Random

# One transform carries rooms and colours for a whole batch; this length is fast.
SIZE = 51200
LENGTH = 187 * 256
LEAD = SIZE - LENGTH
SPEECH = {"librispeech-mini": 0.55, "an4": 0.12, "common-voice-mini": 0.09}
ONE_VOICE = 0.06
NOISE = {"babble": 0.20, "coloured": 0.12, "white": 0.05, "pink": 0.05, "fan": 0.06, "keyboard": 0.07}
REAL_SHARE = 0.27
RECORDED_SHARE = 0.45
COMPANDED_SHARE = 0.06
VARIED_SHARE = 0.15
OTHER_SHARE = 0.15


class Mixer:
    """Call with a step number for (noisy, clean), both [rows, LENGTH]."""

    def __init__(self, bank: Path, rows: int, seed: int) -> None:
        self.rows, self.seed = rows, seed
        self.speech = {p.stem.removeprefix("speech-"): np.load(p, mmap_mode="r") for p in bank.glob("speech-*.npy")}
        self.noise = np.load(bank / "noise.npy", mmap_mode="r")
        self.rooms = torch.fft.rfft(torch.from_numpy(np.load(bank / "rooms.npy")), SIZE)
        self.kinds: dict[str, list[int]] = json.loads((bank / "kinds.json").read_text())
        self.corpora, self.corpus_odds = odds({name: SPEECH.get(name, ONE_VOICE) for name in sorted(self.speech)})
        self.names, self.name_odds = odds(noise_shares(self.kinds))

    def __call__(self, step: int) -> tuple[Tensor, Tensor]:
        """One batch: the same for the same step, whatever came before."""
        rng = np.random.default_rng([self.seed, step])
        clean = torch.from_numpy(np.stack([self.draw_speech(rng) for _ in range(self.rows)]))
        noise = torch.from_numpy(np.stack([self.draw_noise(rng) for _ in range(self.rows)]))
        clean, noise = self.in_rooms(clean, noise, rng)
        return mix(clean, noise, rng)

    def draw_speech(self, rng: Random) -> NDArray[np.float32]:
        """A cut of speech, sometimes with a silent start or end, sometimes none at all."""
        source = self.speech[self.corpora[rng.choice(len(self.corpora), p=self.corpus_odds)]]
        start = rng.integers(0, len(source) - SIZE)
        piece: NDArray[np.float32] = source[start : start + SIZE].astype(np.float32)
        chance = rng.random()
        if chance < 0.15:
            piece[: LEAD + int(rng.uniform(0.2, 2) * 16000)] = 0
        elif chance < 0.22:
            piece[-int(rng.uniform(0.5, 2) * 16000) :] = 0
        # Some rows are noise alone: then silence is the answer.
        return np.zeros_like(piece) if rng.random() < 0.04 else piece

    def draw_noise(self, rng: Random) -> NDArray[np.float32]:
        """One noise, or two."""
        noise = self.clip(rng)
        if rng.random() < 0.3:
            noise = noise + self.clip(rng) * np.float32(10 ** (-rng.uniform(0, 12) / 20))
        return noise

    def clip(self, rng: Random) -> NDArray[np.float32]:
        """A cut of one noise."""
        kind = self.names[rng.choice(len(self.names), p=self.name_odds)]
        row = self.noise[rng.choice(self.kinds[kind])]
        start = rng.integers(0, CLIP - SIZE)
        return np.asarray(row[start : start + SIZE], np.float32)

    def in_rooms(self, clean: Tensor, noise: Tensor, rng: Random) -> tuple[Tensor, Tensor]:
        """Rooms and colours for some rows. The target keeps its room: this is not a dereverberator."""
        rooms = torch.ones(2, self.rows, SIZE // 2 + 1, dtype=torch.complex64)
        for side, share in enumerate((0.35, 0.35)):
            for row in np.flatnonzero(rng.random(self.rows) < share):
                rooms[side, row] = self.rooms[rng.integers(len(self.rooms))]
        tints = colours(rng, 3 * self.rows).view(3, self.rows, -1)
        own = torch.from_numpy(rng.random(self.rows) < 0.6)[:, None]
        shared = torch.from_numpy(rng.random(self.rows) < 0.4)[:, None]
        microphone = torch.where(shared, tints[1] ** 0.5 * bands(rng, self.rows), 1.0)
        shapes = rooms[0] * microphone, rooms[1] * microphone * torch.where(own, tints[0], 1.0)
        heard = [
            torch.fft.irfft(torch.fft.rfft(a) * b, SIZE)[:, LEAD:] for a, b in zip((clean, noise), shapes, strict=True)
        ]
        return heard[0], heard[1]


def odds(shares: dict[str, float]) -> tuple[list[str], NDArray[np.float64]]:
    """Names and probabilities."""
    values = np.array(list(shares.values()))
    return list(shares), values / values.sum()


def noise_shares(kinds: dict[str, list[int]]) -> dict[str, float]:
    """Shares of each kind: the named ones, real noise by its number of clips, the rest alike."""
    others = [kind for kind in kinds if kind not in (*NOISE, *VARIED) and ":" not in kind]
    varied = [kind for kind in VARIED if kind in kinds and kind not in NOISE]
    shares = {kind: share for kind, share in NOISE.items() if kind in kinds}
    shares |= {kind: OTHER_SHARE / len(others) for kind in others}
    shares |= {kind: VARIED_SHARE / len(varied) for kind in varied}
    return shares | by_size(kinds, "real:", REAL_SHARE) | by_size(kinds, "recorded:", RECORDED_SHARE)


def by_size(kinds: dict[str, list[int]], group: str, share: float) -> dict[str, float]:
    """A group's share, spread over its kinds: those of more clips get more, but not in proportion."""
    found = {kind: len(rows) ** 0.5 for kind, rows in kinds.items() if kind.startswith(group)}
    return {kind: share * count / sum(found.values()) for kind, count in found.items()}


def colours(rng: Random, rows: int) -> Tensor:
    """Random smooth gains over frequency, about +-8 dB."""
    knots = torch.from_numpy(rng.normal(0, 5, (rows, 1, 10)).astype(np.float32))
    gain_db = torch.nn.functional.interpolate(knots, SIZE // 2 + 1, mode="linear", align_corners=True)[:, 0]
    return torch.exp(gain_db.clamp(-16, 16) * (np.log(10) / 20))


def bands(rng: Random, rows: int) -> Tensor:
    """A fifth of the microphones hear less than 8 kHz, some of them no bass."""
    hz = torch.linspace(0, 8000, SIZE // 2 + 1)
    narrow = torch.from_numpy(rng.random((rows, 1)) < 0.2)
    top = torch.from_numpy(rng.uniform(3300, 7000, (rows, 1)).astype(np.float32))
    low = torch.from_numpy(rng.uniform(0, 300, (rows, 1)).astype(np.float32))
    passed = torch.sigmoid((top - hz) / 60) * torch.sigmoid((hz - low) / 20)
    return torch.where(narrow, passed, torch.ones(()))


def mix(
    clean: Tensor, noise: Tensor, rng: Random, lowest_db: float = -8.0, highest_db: float = 22.0
) -> tuple[Tensor, Tensor]:
    """Signal-to-noise ratios, levels from -60 dBFS up, and the 16 bits they are carried in."""
    rows = len(clean)
    ratio_db = np.where(rng.random(rows) < 0.08, rng.uniform(35, 80, rows), rng.uniform(lowest_db, highest_db, rows))
    gain = torch.from_numpy((10 ** (-ratio_db / 20)).astype(np.float32))[:, None]
    voiced = active_rms(clean)
    noise = noise * torch.where(voiced > 0, voiced, 0.05) / active_rms(noise).clamp(min=1e-9) * gain
    noisy = clean + noise
    level_db = np.where(rng.random(rows) < 0.5, rng.uniform(-60, -12, rows), rng.uniform(-35, -18, rows))
    wanted = torch.from_numpy((10 ** (level_db / 20)).astype(np.float32))[:, None]
    scale = wanted / noisy.square().mean(1, True).sqrt().clamp(min=1e-9)
    scale = torch.minimum(scale, 0.99 / noisy.abs().amax(1, True).clamp(min=1e-9))
    carried = torch.round(noisy * scale * 32768) / 32768
    by_phone = torch.from_numpy(rng.random(rows) < COMPANDED_SHARE)[:, None]
    return torch.where(by_phone, companded(carried), carried), clean * scale


def companded(audio: Tensor) -> Tensor:
    """What eight bits of mu-law keep."""
    code = torch.round(audio.sign() * torch.log1p(255 * audio.abs()) / np.log(256) * 127) / 127
    return code.sign() * (torch.exp(code.abs() * np.log(256)) - 1) / 255


def active_rms(audio: Tensor) -> Tensor:
    """The level where there is sound; digital silence does not count."""
    sounding = (audio.abs() > 1e-8).sum(1, keepdim=True).clamp(min=1)
    return (audio.square().sum(1, keepdim=True) / sounding).sqrt()
