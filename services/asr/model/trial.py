"""A model, run once on recordings whose words are known: what it costs and how well it hears. Must not know streams.

Weights that were not taught short contexts get one that costs them nothing: windows are shortened step by step as long
as a greedy search, which no second look mends, gets no more words wrong than with the full one; one step is taken back.
"""

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from parley.audio import media
from parley.audio.pcm import RATE_HZ, Samples
from parley.budget import Clock
from parley.edit_distance import distance
from parley.engines import backends
from parley.engines.model import ModelSpec
from parley.engines.protocols import Generator
from parley.errors import BadInput
from services.asr.model.engine import AsrEngine
from services.asr.model.prompting import prompting
from services.asr.utterance import PendingJob, Utterance

WORDS = "words.tsv"  # beside the recordings: file, tab, what is said
COUNT = 3  # recordings, to try a model on
FULL_S, LONGEST_S = 30.0, 60.0
SHORTER_S = (25.0, 20.0, 16.0, 13.0, 10.0, 8.0, 6.0)
PIECES_S = (1.5, 3.0)  # of each recording, heard by themselves
REST_S = 0.5  # of context behind an utterance, at least
RUNAWAY = 2  # words more than with a full context
PATIENCE_S = 120.0  # of work for all of it; a large model may be left with a longer window than it needs
Report = Callable[[str], None]


@dataclass(frozen=True)
class TrialClip:
    """A recording and its words."""

    samples: Samples
    words: list[str]

    @property
    def duration_s(self) -> float:
        """How long it plays."""
        return len(self.samples) / RATE_HZ

    def first(self, seconds: float) -> "TrialClip":
        """Its beginning."""
        return replace(self, samples=self.samples[: round(seconds * RATE_HZ)])

    def last(self, seconds: float) -> "TrialClip":
        """Its end."""
        return replace(self, samples=self.samples[-round(seconds * RATE_HZ) :])


@dataclass(frozen=True)
class TrialResult:
    """What a run says of a model on this machine."""

    load_ms: int
    full_rtf: float  # seconds of work for a second of sound, 30 s at once
    short_s: float  # of the shortest recording,
    short_rtf: float  # and the same for it, in the window that it gets
    least_window_s: float
    wrong: int
    words: int

    @property
    def wer(self) -> float:
        """The share of words that are wrong."""
        return round(self.wrong / self.words, 4)


def clips(folder: Path, most: int = COUNT) -> list[TrialClip]:
    """The first recordings of the list, at the rate that recognition wants."""
    try:
        lines = (folder / WORDS).read_text("utf-8").splitlines()
        named = [line.split("\t", 1) for line in lines if "\t" in line][:most]
        return [TrialClip(_samples((folder / name).read_bytes()), plain(text)) for name, text in named]
    except OSError as error:
        raise BadInput(f"{error.filename} cannot be read ({error.strerror}); name a folder that has {WORDS}.") from None


def _samples(file: bytes) -> Samples:
    data = media.read(file, LONGEST_S, RATE_HZ).data
    return np.asarray(np.frombuffer(data, "<i2"), np.float32) / np.float32(32768)


def plain(text: str) -> list[str]:
    """Words without case and marks."""
    return re.sub(r"[^\w' ]+", " ", text.lower()).split()


def run(spec: ModelSpec, recordings: Sequence[TrialClip], say: Report) -> TrialResult:
    """Open it, hear the recordings, shorten the window while that is free."""
    say("loading")
    began = time.perf_counter()
    placed = backends.generator(spec)
    # What else this machine does meanwhile is none of the model's cost.
    generator, clock = placed.model, time.process_time if placed.device == "CPU" else time.perf_counter
    engine = _engine(spec, generator, FULL_S)
    engine.run(
        [PendingJob([Utterance(np.zeros(RATE_HZ, np.float32), times=True)])]
    )  # as a service does, in any language
    load_ms = round(1000 * (time.perf_counter() - began))
    say("hearing 30 s")
    tape = np.concatenate([clip.samples for clip in recordings])
    full_s = _timed(clock, engine, np.resize(tape, round(FULL_S * RATE_HZ)))
    scores = [_wrong(engine, clip) for clip in recordings]
    bears = prompting(spec).options
    least_s = bears.least_window_s if bears.short_context else shortest(spec, generator, recordings, say, clock)
    shortest_clip = min(recordings, key=lambda clip: clip.duration_s)
    short_s = _timed(clock, _engine(spec, generator, least_s), shortest_clip.samples)
    return TrialResult(
        load_ms,
        round(full_s / FULL_S, 3),
        round(shortest_clip.duration_s, 2),
        round(short_s / shortest_clip.duration_s, 3),
        least_s,
        sum(scores),
        sum(len(clip.words) for clip in recordings),
    )


def _engine(spec: ModelSpec, generator: Generator, least_s: float) -> AsrEngine:
    options = {"rest_s": REST_S, **spec.options, "least_window_s": least_s}
    return AsrEngine(generator, prompting(replace(spec, options=options)))


def _timed(clock: Clock, engine: AsrEngine, samples: Samples) -> float:
    began = clock()
    engine.run([PendingJob([Utterance(samples, language="en")])])
    return clock() - began


def _wrong(engine: AsrEngine, clip: TrialClip) -> int:
    ((heard,),) = engine.run([PendingJob([Utterance(clip.samples, language="en")])])
    return distance(clip.words, plain(heard.text))


def shortest(
    spec: ModelSpec,
    generator: Generator,
    recordings: Sequence[TrialClip],
    say: Report,
    clock: Clock = time.process_time,
) -> float:
    """The window before the last that costs no word: where one in forty runs away, few recordings may not show it."""
    pieces = [piece for clip in recordings for s in PIECES_S for piece in (clip.first(s), clip.last(s))]
    cases, free = [*pieces, *recordings], [FULL_S, FULL_S]
    full, began = _engine(spec, generator, FULL_S), clock()
    right = [_words(full, case) for case in cases]
    for window_s in SHORTER_S:
        if clock() - began > PATIENCE_S:
            break
        say(f"trying a context of {window_s:g} s")
        if not _is_free(_engine(spec, generator, window_s), window_s, cases, right):
            break
        free.append(window_s)
    return free[-2]


def _is_free(engine: AsrEngine, window_s: float, cases: Sequence[TrialClip], right: Sequence[list[str]]) -> bool:
    """Whole recordings together lose no word, and no piece of one runs away."""
    before = after = 0
    for case, full in zip(cases, right, strict=True):
        if case.duration_s + REST_S > window_s:
            continue  # it has the full one
        short = _words(engine, case)
        if len(short) > len(full) + RUNAWAY:
            return False
        if case.duration_s > max(PIECES_S):
            before, after = before + distance(case.words, full), after + distance(case.words, short)
    return after <= before


def _words(engine: AsrEngine, case: TrialClip) -> list[str]:
    ((heard,),) = engine.run([PendingJob([Utterance(case.samples, is_final=False, language="en")])])
    return plain(heard.text)
