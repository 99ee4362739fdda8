"""Draws training mixtures: a batch is a pure function of the seed and the step. Voice over music, noise, or both."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.recipes.denoise.mixing import SIZE, Mixer, mix
from models.recipes.sound import Random

MUSIC_SHARE, BOTH_SHARE = 0.75, 0.12
SUNG_SHARE = 0.14
TWO_PIECES_SHARE = 0.12
LOWEST_DB, HIGHEST_DB = -8.0, 14.0


class SongMixer(Mixer):
    """Call with a step number for (mix, voice), both [rows, LENGTH]."""

    def __init__(self, bank: Path, rows: int, seed: int) -> None:
        super().__init__(bank, rows, seed)
        self.music = np.load(bank / "music.npy", mmap_mode="r")
        sung = [name == "sung" for name in self.corpora]
        self.corpus_odds = np.where(sung, 0, self.corpus_odds)
        self.corpus_odds *= (1 - SUNG_SHARE) / self.corpus_odds.sum()
        self.corpus_odds[sung] = SUNG_SHARE

    def __call__(self, step: int) -> tuple[Tensor, Tensor]:
        """One batch: the same for the same step, whatever came before."""
        rng = np.random.default_rng([self.seed, step])
        voice = torch.from_numpy(np.stack([self.draw_speech(rng) for _ in range(self.rows)]))
        rest = torch.from_numpy(np.stack([self.draw_rest(rng) for _ in range(self.rows)]))
        voice, rest = self.in_rooms(voice, rest, rng)
        return mix(voice, rest, rng, LOWEST_DB, HIGHEST_DB)

    def draw_rest(self, rng: Random) -> NDArray[np.float32]:
        """Music, or noise, or music in a noisy place."""
        chance = rng.random()
        if chance > MUSIC_SHARE + BOTH_SHARE:
            return self.draw_noise(rng)
        music = self.draw_music(rng)
        if rng.random() < TWO_PIECES_SHARE:
            music = music + self.draw_music(rng) * np.float32(10 ** (-rng.uniform(0, 10) / 20))
        if chance > MUSIC_SHARE:
            music = music + self.draw_noise(rng) * np.float32(10 ** (-rng.uniform(0, 15) / 20))
        return music

    def draw_music(self, rng: Random) -> NDArray[np.float32]:
        """A cut of one piece."""
        piece = self.music[rng.integers(len(self.music))]
        start = rng.integers(0, len(piece) - SIZE)
        return np.asarray(piece[start : start + SIZE], np.float32)
