"""What the engine is asked to recognise, and what it answers. Must not know how."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import Lock

import numpy as np

from parley.audio.pcm import Samples
from parley.engines.protocols import Rank


@dataclass(frozen=True)
class Utterance:
    """What is to be recognised."""

    samples: Samples
    is_final: bool = True  # else an interim will do
    times: bool = False  # of the words, and how likely their tokens were
    language: str = ""  # empty: found out,
    languages: Mapping[str, float] = field(default_factory=dict)  # among these, each as likely as that; none: any
    before: str = ""  # text
    begun: str = ""  # what an interim begins with: words that were promised
    is_recording: bool = False  # nobody waits for it while they speak

    @property
    def rank(self) -> Rank:
        """How urgent it is."""
        if self.is_recording:
            return Rank.LATER
        return Rank.NOW if self.is_final else Rank.SOON


class PendingJob:
    """Utterances of one stream that wait for the engine; until it takes them, others can be put in their place."""

    def __init__(self, utterances: Sequence[Utterance]) -> None:
        self._utterances, self._taken = utterances, False
        self._lock = Lock()

    @property
    def is_interim(self) -> bool:
        """Whether all of its utterances are interims."""
        return not any(utterance.is_final for utterance in self._utterances)

    @property
    def rank(self) -> Rank:
        """That of its most urgent utterance."""
        return min((utterance.rank for utterance in self._utterances), default=Rank.LATER)

    @property
    def longest(self) -> Utterance | None:
        """Its longest utterance."""
        return max(self._utterances, key=lambda utterance: len(utterance.samples), default=None)

    def take(self) -> Sequence[Utterance]:
        """The utterances; from now on they cannot be swapped. The engine calls this, on its own thread."""
        with self._lock:
            self._taken = True
            return self._utterances

    def swap(self, utterances: Sequence[Utterance]) -> bool:
        """Replaces the utterances; False: the engine has already taken them."""
        with self._lock:
            self._utterances = self._utterances if self._taken else utterances
            return not self._taken


@dataclass(frozen=True)
class Token:
    """A piece of a word, and how likely it was after those before it."""

    text: bytes
    log_probability: float


@dataclass(frozen=True)
class SpokenWord:
    """One word with the blank before it; where asked for, in samples from the utterance's start."""

    text: str
    start: int = 0
    end: int = 0
    confidence: float = 0.0
    tokens: tuple[Token, ...] = ()


@dataclass(frozen=True)
class Recognition:
    """What the model recognised in one utterance."""

    words: tuple[SpokenWord, ...]
    average_log_probability: float = 0.0
    no_speech_probability: float = 0.0
    language: str = ""
    language_confidence: float = 0.0  # 1 where it was given

    @property
    def text(self) -> str:
        """All words."""
        return "".join(word.text for word in self.words).strip()


def joined(at: int, one: Recognition, other: Recognition) -> Recognition:
    """Two parts of one window, the second beginning at a sample."""
    moved = tuple(replace(word, start=word.start + at, end=word.end + at) for word in other.words)
    counts = [max(1, len(half.words)) for half in (one, other)]
    scores = [one.average_log_probability, other.average_log_probability]
    score = float(np.average(scores, weights=counts))
    silent = min(one.no_speech_probability, other.no_speech_probability)
    longer = one if len(one.words) >= len(other.words) else other
    return Recognition(one.words + moved, score, silent, longer.language, longer.language_confidence)
