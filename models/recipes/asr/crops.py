"""What is heard in one lesson: a recording, a piece of one, or several of one speaker in a row.

A crop is a function of its number.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from models.recipes import sound
from models.recipes.asr.corpus import Recording
from models.recipes.sound import RATE_HZ, Audio, Random

# How often each corpus is drawn from; one that is not listed, as often as the least.
SHARES = {"librispeech": 0.34, "speechocean762": 0.32, "an4": 0.1, "common-voice": 0.1, "ami": 0.1, "fsdd": 0.04}
SHORTEST_S, LONGEST_S = 1.0, 15.0
LONG_S = 28.0  # a file's window is as long as this
IS_LONG, IS_WHOLE = 0.12, 0.45
SILENCE_DBFS = -70.0


class Crops:
    """Draws crops from the training recordings."""

    def __init__(self, recordings: Sequence[Recording], seed: int = 1) -> None:
        self._seed = seed
        self._by_corpus: dict[str, list[Recording]] = defaultdict(list)
        self._by_speaker: dict[tuple[str, str], list[Recording]] = defaultdict(list)
        for each in recordings:
            self._by_corpus[each.corpus].append(each)
            self._by_speaker[each.corpus, each.speaker].append(each)
        self._names = sorted(self._by_corpus)
        shares = np.array([SHARES.get(name, min(SHARES.values())) for name in self._names])
        self._shares = shares / shares.sum()

    def crop(self, number: int) -> tuple[str, Audio]:
        """Its corpus and its sound."""
        rng = np.random.default_rng([self._seed, number])
        corpus = self._names[rng.choice(len(self._names), p=self._shares)]
        mine = self._by_corpus[corpus]
        return corpus, self._cut(mine[rng.integers(len(mine))], rng)

    def _cut(self, recording: Recording, rng: Random) -> Audio:
        longest = LONG_S if rng.random() < IS_LONG else LONGEST_S
        audio = self._joined(recording, rng, rng.uniform(SHORTEST_S, longest))
        if rng.random() < IS_WHOLE and len(audio) <= longest * RATE_HZ:
            return audio
        # Also in the middle of a word: that is how an interim ends.
        count = min(len(audio), round(rng.uniform(SHORTEST_S, longest) * RATE_HZ))
        start = rng.integers(0, len(audio) - count + 1)
        return audio[start : start + count]

    def _joined(self, recording: Recording, rng: Random, wanted_s: float) -> Audio:
        """A short one is followed by others of the same speaker, after a pause, about half of the time."""
        parts = [sound.read(recording.path)]
        others = self._by_speaker[recording.corpus, recording.speaker]
        while sum(map(len, parts)) < wanted_s * RATE_HZ and len(others) > 1 and rng.random() < 0.7:
            parts += [pause(rng), sound.read(others[rng.integers(len(others))].path)]
        return np.concatenate(parts)


def pause(rng: Random) -> Audio:
    """Between two sentences."""
    silence = rng.standard_normal(round(rng.uniform(0.1, 0.9) * RATE_HZ)).astype(np.float32)
    return sound.at_level(silence, SILENCE_DBFS)
