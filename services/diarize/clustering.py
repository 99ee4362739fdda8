"""Which voice an embedding belongs to. Pure: embeddings in, numbers out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Embedding = npt.NDArray[np.float32]


@dataclass(frozen=True)
class ClusterConfig:
    """How alike is the same."""

    same: float = 0.75  # cosine from which on two embeddings are one voice
    most: int = 16  # voices at the most


@dataclass
class Voice:
    """The sum of what has been heard of one person, and the name, where it is known."""

    total: Embedding
    name: str = ""


class Voices:
    """The voices of one stream, in order of appearance."""

    def __init__(self, config: ClusterConfig) -> None:
        self._config = config
        self._voices: list[Voice] = []

    def enrol(self, name: str, embeddings: Sequence[Embedding]) -> None:
        """A voice whose name is known, or more of it."""
        total = np.sum([_unit(each) for each in embeddings], 0)
        known = next((voice for voice in self._voices if voice.name == name), None)
        if known is None:
            self._voices.append(Voice(total, name))
        else:
            known.total = known.total + total

    def hear(self, embedding: Embedding) -> tuple[int, float]:
        """The voice it belongs to, a new one if none is alike, and how alike it is."""
        voice, likeness = self.nearest(embedding)
        if likeness < self._config.same and len(self._voices) < self._config.most:
            self._voices.append(Voice(_unit(embedding)))
            return len(self._voices) - 1, 1.0
        self._voices[voice].total = self._voices[voice].total + _unit(embedding)
        return voice, likeness

    def nearest(self, embedding: Embedding) -> tuple[int, float]:
        """The voice most alike, and how alike."""
        if not self._voices:
            return -1, -1.0
        likeness = [float(_unit(voice.total) @ _unit(embedding)) for voice in self._voices]
        best = int(np.argmax(likeness))
        return best, likeness[best]

    def name(self, voice: int) -> str:
        """An enrolled name, or a number in order of appearance."""
        nameless = sum(not each.name for each in self._voices[: voice + 1])
        return self._voices[voice].name or str(nameless)


def _unit(vector: Embedding) -> Embedding:
    return vector / max(float(np.linalg.norm(vector)), 1e-9)
