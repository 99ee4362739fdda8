"""Which voice an embedding belongs to. Pure: embeddings in, numbers out."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from math import sqrt

import numpy as np
import numpy.typing as npt

Embedding = npt.NDArray[np.float32]
NOTHING: Embedding = np.zeros(1, np.float32)
FOUNDING = 0.1  # windows: with less than that nobody is taken for somebody new


@dataclass(frozen=True)
class ClusterConfig:
    """From which likeness two embeddings are one voice. Thresholds belong to a model's embeddings."""

    same: float  # cosine from which on two embeddings are one voice
    ward_height: float  # cost from which on two groups of embeddings are two voices
    most: int = 16  # voices at the most
    apart: float = -1.0  # cosine of their means below which two groups of embeddings are two voices at any cost


@dataclass
class Voice:
    """The sum of what has been heard of one person, and of the person's enrolment."""

    name: str
    heard: Embedding
    enrolled: Embedding | None = None

    @property
    def total(self) -> Embedding:
        """Everything heard of the voice, its enrolment included."""
        return self.heard if self.enrolled is None else self.heard + self.enrolled


class Voices:
    """The voices of one stream. One is known by a number that never changes; its name is for people."""

    def __init__(self, config: ClusterConfig) -> None:
        self.config = config
        self._voices: dict[int, Voice] = {}
        self._given = 0

    def enrol(self, name: str, embeddings: Sequence[Embedding]) -> None:
        """A voice whose name is known, or more of it."""
        self.enrol_print(name, np.sum([unit(each) for each in embeddings], 0))

    def enrol_print(self, name: str, total: Embedding) -> None:
        """The same by the sum of its embeddings."""
        known = next((voice for voice in self._voices.values() if voice.name == name), None)
        if known is None:
            known = self._voices[self._new(name)]
        known.enrolled = total if known.enrolled is None else known.enrolled + total

    def print_of(self, name: str) -> Embedding:
        """What an enrolled voice is known by."""
        return next(v.enrolled for v in self._voices.values() if v.name == name and v.enrolled is not None)

    def _new(self, name: str = "") -> int:
        taken = {voice.name for voice in self._voices.values()}
        self._voices[self._given] = Voice(name or next(n for n in map(str, count(1)) if n not in taken), NOTHING)
        self._given += 1
        return self._given - 1

    def hear(self, embedding: Embedding, weight: float = 1.0, apart: Collection[int] = ()) -> tuple[int, float]:
        """The voice it belongs to, a new one if none is alike, and how alike it is; not one that speaks beside it."""
        voice, likeness = self.nearest(embedding, apart)
        can_be_new = len(self._voices) < self.config.most and (weight >= FOUNDING or voice < 0)
        if likeness < self.config.same and can_be_new:
            voice, likeness = self._new(), 1.0
        elif voice < 0:
            voice, likeness = self.nearest(embedding)
        self._voices[voice].heard = self._voices[voice].heard + weight * unit(embedding)
        return voice, likeness

    def nearest(self, embedding: Embedding, apart: Collection[int] = ()) -> tuple[int, float]:
        """The most similar voice but for some, and how similar it is; -1: there is none."""
        direction = unit(embedding)
        voices = {number: voice for number, voice in self._voices.items() if number not in apart}
        likeness = {number: float(unit(voice.total) @ direction) for number, voice in voices.items()}
        best = max(likeness, key=likeness.__getitem__, default=-1)
        return best, likeness.get(best, -1.0)

    def likeness(self, voice: int, embedding: Embedding) -> float:
        """How alike an embedding is to one voice."""
        return float(unit(self._voices[voice].total) @ unit(embedding))

    def name(self, voice: int) -> str:
        """An enrolled name, or the lowest number that was nobody's."""
        return self._voices[voice].name

    def regroup(self, sums: Sequence[Embedding], were: Mapping[tuple[int, int], float]) -> list[int]:
        """Every group's voice, given how much of which group was which voice; a voice without a group is forgotten."""
        found = {group: voice for group, total in enumerate(sums) if (voice := self._known(total)) is not None}
        free = {number for number, voice in self._voices.items() if voice.enrolled is None}
        for group, voice in sorted(were, key=were.__getitem__, reverse=True):
            if group not in found and voice in free:
                found[group] = voice
                free.remove(voice)
        voices = [found[group] if group in found else self._new() for group in range(len(sums))]
        for known in self._voices.values():
            known.heard = NOTHING
        for number, total in zip(voices, sums, strict=True):
            self._voices[number].heard = self._voices[number].heard + total
        self._voices = {n: v for n, v in self._voices.items() if v.enrolled is not None or n in voices}
        return voices

    def rename(self, order: Iterable[int]) -> None:
        """Numbers for names in this order; enrolled names stay."""
        nameless = [voice for voice in dict.fromkeys(order) if self._voices[voice].enrolled is None]
        for place, voice in enumerate(nameless, 1):
            self._voices[voice].name = str(place)

    def _known(self, total: Embedding) -> int | None:
        """The enrolled voice that this is."""
        alike = {n: float(unit(v.enrolled) @ unit(total)) for n, v in self._voices.items() if v.enrolled is not None}
        best = max(alike, key=alike.__getitem__, default=None)
        return best if best is not None and alike[best] >= self.config.same else None


def unit(vector: Embedding) -> Embedding:
    """The vector, scaled to length one."""
    return vector / max(sqrt(vector @ vector), 1e-9)  # a norm of numpy's takes four times as long
