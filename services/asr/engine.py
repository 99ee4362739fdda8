"""Utterances -> words, a whole batch at once. Must not know streams."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from parley import backends
from parley.audio import Samples
from parley.backends import Placed
from parley.engine import Decoding, Engine, Generated, Generator
from parley.errors import BadModel
from parley.model import ModelSpec
from services.asr.features import FEATURES, FRAME


@dataclass(frozen=True)
class Utterance:
    """What is to be recognised."""

    samples: Samples


@dataclass(frozen=True)
class Spoken:
    """One word, in samples from the utterance's start."""

    text: str
    start: int
    end: int
    confidence: float


@dataclass(frozen=True)
class Heard:
    """What was recognised."""

    words: tuple[Spoken, ...]
    average_log_probability: float
    no_speech_probability: float


class AsrEngine:
    """Features, then the generator."""

    def __init__(self, generator: Generator, spec: ModelSpec) -> None:
        name = spec.options.get("features", "")
        if name not in FEATURES:
            raise BadModel(f"{spec.ref}: options.features is {name!r}; write one of {', '.join(FEATURES)}.")
        self._generator, self._features = generator, FEATURES[name]

    def run(self, jobs: Sequence[Utterance]) -> Sequence[Heard]:
        """One answer an utterance; only utterances of one length share a call."""
        answers: dict[int, Heard] = {}
        features = [self._features(job.samples) for job in jobs]
        for shape in {each.shape for each in features}:
            places = [n for n, each in enumerate(features) if each.shape == shape]
            together = np.stack([features[n] for n in places])
            results = self._generator.generate(together, [[] for _ in places], Decoding())
            answers |= {n: _heard(result, jobs[n]) for n, result in zip(places, results, strict=True)}
        return [answers[n] for n in range(len(jobs))]


def _heard(result: Generated, job: Utterance) -> Heard:
    ends = [min((n + 1) * FRAME, len(job.samples)) for n in range(len(result.tokens))]
    words = [Spoken(text, n * FRAME, end, 1.0) for n, (text, end) in enumerate(zip(result.tokens, ends, strict=True))]
    return Heard(tuple(word for word in words if word.text), result.score, result.no_speech)


def open_engine(spec: ModelSpec) -> Placed[Engine[Utterance, Heard]]:
    """Open a model and run it once, so that the first caller does not pay for it."""
    placed = backends.generator(spec)
    engine = AsrEngine(placed.model, spec)
    engine.run([Utterance(np.zeros(2 * FRAME, np.float32))])
    return placed.holding(engine)
