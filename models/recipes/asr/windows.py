"""What the pupil hears in a step: a lesson made harder, with some silence around it, or sound in which nobody speaks.

Random, but a function of the step alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from models.recipes import noises, sound
from models.recipes.asr.lessons import Lesson
from models.recipes.asr.teacher import END, NO_TIMES, START
from models.recipes.asr.window import FULL, Window, view
from models.recipes.sound import RATE_HZ, Audio, Random

EXAMPLES = 5  # in one step
NOBODY = 0.12  # of the examples have no words
NOISY, ROOM, TELEPHONE = 0.5, 0.15, 0.08
SNR_DB, LEVEL_DBFS, NOISE_DBFS = (8, 40), (-42, -14), (-75, -15)
TIGHT, WIDE, WHOLE = 0.12, 0.06, 0.12  # no rest at all, one of 1 to 4 s, the full 30 s; else up to a second
LEAD_S = 0.5


@dataclass(frozen=True)
class Example:
    """A window, the tokens, and the teacher's states at all but the last; none where nobody speaks."""

    shown: Tensor
    tokens: Tensor
    states: Tensor | None


@dataclass(frozen=True)
class Lessons:
    """Draws examples from what the teacher said."""

    lessons: Sequence[Lesson]
    seed: int

    def batch(self, step: int) -> tuple[Example, ...]:
        """The examples of a step."""
        rng = np.random.default_rng([self.seed, step])
        return tuple(self._nobody(rng) if rng.random() < NOBODY else self._speech(rng) for _ in range(EXAMPLES))

    def _speech(self, rng: Random) -> Example:
        lesson = self.lessons[int(rng.integers(len(self.lessons)))]
        audio = harder(lesson.audio, rng)
        # Where times are told, nothing may be moved.
        if lesson.tokens[1] == NO_TIMES and rng.random() < 0.5:
            audio = np.concatenate([quiet(rng, rng.uniform(0, LEAD_S)), audio])
        return Example(shown(audio, rng), torch.from_numpy(lesson.tokens), torch.from_numpy(lesson.states).float())

    def _nobody(self, rng: Random) -> Example:
        return Example(shown(nobody(rng), rng), torch.tensor([START, NO_TIMES, END]), None)


def harder(audio: Audio, rng: Random) -> Audio:
    """In a room, by telephone, in noise, louder or softer; often none of it."""
    if rng.random() < ROOM:
        audio = np.convolve(audio, sound.room(rng))[: len(audio)].astype(np.float32)
    if rng.random() < TELEPHONE:
        audio = sound.telephone(audio)
    if rng.random() < NOISY:
        noise = sound.at_level(made(rng, len(audio)), 20 * np.log10(sound.rms(audio)) - rng.uniform(*SNR_DB))
        audio = audio + noise
    return sound.quantised(sound.at_level(audio, rng.uniform(*LEVEL_DBFS)))


def made(rng: Random, samples: int) -> Audio:
    """Some noise, at least a second of it."""
    names = list(noises.TRAINED)
    count = max(samples, RATE_HZ)
    noise = noises.TRAINED[names[rng.integers(len(names))]](rng, count)[:samples]
    return np.nan_to_num(noise)


def quiet(rng: Random, seconds: float) -> Audio:
    """Hardly anything, or nothing at all."""
    samples = round(seconds * RATE_HZ)
    if rng.random() < 0.4 or not samples:
        return np.zeros(samples, np.float32)
    return sound.at_level(rng.standard_normal(samples).astype(np.float32), rng.uniform(-85, -55))


def nobody(rng: Random) -> Audio:
    """A window without a word: silence one time in four, else noise or music."""
    seconds = rng.uniform(0.5, 12) if rng.random() < 0.85 else rng.uniform(12, 30)
    if rng.random() < 0.25:
        return quiet(rng, seconds)
    noise = made(rng, round(seconds * RATE_HZ))
    return sound.quantised(sound.at_level(noise, rng.uniform(*NOISE_DBFS)))


def shown(audio: Audio, rng: Random) -> Tensor:
    """The features with a rest behind: of real quiet now and then, else the zeros that a service appends."""
    if rng.random() < 0.3:
        audio = np.concatenate([audio, quiet(rng, rest_s(rng))])
    window = Window.of(audio)
    length = FULL if rng.random() < WHOLE else window.length(rest_s(rng))
    return torch.from_numpy(view(window.rows, length))


def rest_s(rng: Random) -> float:
    """How much silence follows."""
    kind = rng.random()
    if kind < TIGHT:
        return 0.0
    return float(rng.uniform(1, 4) if kind < TIGHT + WIDE else rng.uniform(0, 1))
