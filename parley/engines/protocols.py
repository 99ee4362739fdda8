"""What runs a model, as protocols. Must not know a library, a stage or a network."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Literal, Protocol, TypeVar, runtime_checkable

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Tokens = list[str]
Feeds = Mapping[str, Array]  # of one run of a graph
Precision = Literal["int8", "int8_float32", "fp16"]  # that weights may be converted to

Job = TypeVar("Job", contravariant=True)
Result = TypeVar("Result", covariant=True)


class Engine(Protocol[Job, Result]):
    """A stage's model: a whole batch at once, blocking, remembering nothing."""

    def run(self, jobs: Sequence[Job]) -> Sequence[Result]:
        """One result a job, in order."""


class Rank(IntEnum):
    """How urgent a job is; a lower number goes first."""

    NOW = 0  # somebody waits for the answer
    SOON = 1  # a guess while somebody speaks
    LATER = 2  # recordings: nobody waits for one piece of them


@runtime_checkable
class Ranks(Protocol[Job]):
    """An engine whose jobs are not all equally urgent."""

    def rank(self, job: Job) -> Rank:
        """How urgent the job is now; that may change while it waits."""

    def shape(self, job: Job) -> Hashable:
        """Jobs of one shape cost less together than alone; of several shapes each would only wait for the others."""


@runtime_checkable
class Elsewhere(Protocol):
    """An engine that waits for another machine: each job is a batch of its own, and many are out at a time."""

    at_once: int


class Tensors(Protocol):
    """A graph: arrays in, arrays out; the first axis is the batch."""

    def run(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """Every output by its name."""


@dataclass(frozen=True)
class Decoding:
    """How tokens are searched for."""

    beam: int = 1
    longest: int = 128
    repetition_penalty: float = 1.0
    no_repeat_ngram: int = 0  # as many tokens as this never come twice; 0: they may
    begun: Sequence[Tokens] = ()  # with which tokens each answer begins; nothing: with whatever is likeliest
    languages: Sequence[Mapping[str, float]] = ()  # of each source that leaves it open: which may be, how likely
    align: Sequence[int] = ()  # how many frames of each source to find its tokens in; 0, or nothing: not to


@dataclass(frozen=True)
class Alignment:
    """In which frame of its source each token begins, and how sure it is. One more frame: where the last one ends."""

    frames: Sequence[int] = ()
    chances: Sequence[float] = ()


@dataclass(frozen=True)
class Generated:
    """One answer of a generator."""

    tokens: Tokens
    score: float = 0.0
    no_speech: float = 0.0
    language: str = ""  # as it was heard, where the prompt left it open;
    language_confidence: float = 0.0  # and how likely it is, among those that may be
    alignment: Alignment = Alignment()


@dataclass(frozen=True)
class ChatMessage:
    """What one side of a conversation says."""

    role: Literal["system", "user", "assistant"]
    text: str


class Chat(Protocol):
    """A model that answers a conversation. It is asked from several threads at a time."""

    def say(self, messages: Sequence[ChatMessage], longest: int, within_s: float) -> str:
        """Its answer, whole and at most so many characters long; else an error says why there is none."""

    def check(self, within_s: float) -> None:
        """Raises Unavailable where nobody is there, BadModel where the one who is there will never answer."""


class Generator(Protocol):
    """A model that writes: features ([sources, frames, bands]) or tokens in, tokens out."""

    def generate(
        self, sources: Sequence[Tokens] | npt.NDArray[np.float32], prompts: Sequence[Tokens], how: Decoding
    ) -> list[Generated]:
        """One answer a source."""
