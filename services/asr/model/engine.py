"""Utterances -> words, a whole batch at once. Must not know streams."""

import logging
import math
import time
from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from parley.audio.pcm import RATE_HZ
from parley.budget import Clock
from parley.engines import backends
from parley.engines.backends import Placed
from parley.engines.model import ModelSpec
from parley.engines.protocols import Decoding, Engine, Generated, Generator, Rank, Tokens
from services.asr.model.features import Rows
from services.asr.model.guards import packs, quietest, without_loop
from services.asr.model.prompting import Prompting, prompting
from services.asr.speech.vad import detector
from services.asr.spoken import weights
from services.asr.utterance import PendingJob, Recognition, SpokenWord, Token, Utterance, joined

log = logging.getLogger(__name__)
USUAL_S, TOKENS_A_SECOND = 4.0, 3.5  # of an utterance between two pauses
COUNTED = " one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
LEAST_CHANCE = 1e-10  # less than this has no logarithm that says more
SHORTEST_HALVED = 4 * RATE_HZ  # samples
LONGEST_WORD = 2 * RATE_HZ  # samples: in a longer one others were said, and not heard


@dataclass(frozen=True)
class _Case:
    """An utterance as the model is given it: features, their window and the prompt."""

    utterance: Utterance
    rows: Rows
    window: int
    prompt: Tokens
    begun: Tokens


@dataclass(frozen=True)
class _Answer:
    """What the model said, and whether it ran into its limit."""

    generated: Generated
    is_cut: bool = False


class AsrEngine:
    """Features, then the generator, then doubts."""

    second_s, on_cpu = 0.0, False  # of its time for a second of live speech, as far as it was measured; and whose time

    def __init__(self, generator: Generator, how: Prompting) -> None:
        self._generator, self._prompting = generator, how

    def run(self, jobs: Sequence[PendingJob]) -> list[list[Recognition]]:
        """An answer for each utterance of each job, in order."""
        taken = [job.take() for job in jobs]
        heard = iter(self._all([utterance for utterances in taken for utterance in utterances]))
        return [[next(heard) for _ in utterances] for utterances in taken]

    def _all(self, utterances: Sequence[Utterance]) -> list[Recognition]:
        cases = [self._case(utterance) for utterance in utterances]
        answers = self._believed(cases)
        heard = [self._heard(case, answer) for case, answer in zip(cases, answers, strict=True)]
        return [self._in_halves(*each) for each in zip(utterances, answers, heard, strict=True)]

    def _in_halves(self, utterance: Utterance, answer: _Answer, heard: Recognition) -> Recognition:
        """Recognises a doubted window as two halves: shorter windows seldom lose words or loop."""
        if not (utterance.is_recording and heard.words) or len(utterance.samples) < SHORTEST_HALVED:
            return heard
        odd, unlikely = (
            self._is_odd(answer),
            heard.average_log_probability < self._prompting.options.doubts.log_probability,
        )
        gaping = any(word.end - word.start > LONGEST_WORD for word in heard.words)
        if not (odd or unlikely or gaping):
            return heard
        at = quietest(utterance.samples)
        pieces = (utterance.samples[:at], utterance.samples[at:])
        # Where the language changes inside a window, that is why it is doubted.
        among = weights(tuple(utterance.languages), heard.language)
        halves = joined(at, *self._all([replace(utterance, samples=piece, languages=among) for piece in pieces]))
        is_more = gaping and len(halves.words) > len(heard.words)
        return halves if odd or is_more or halves.average_log_probability > heard.average_log_probability else heard

    def rank(self, job: PendingJob) -> Rank:
        """Finals of live streams go first, then their interims, then recordings."""
        return job.rank

    def shape(self, job: PendingJob) -> Hashable:
        """The window size: jobs of one size share calls."""
        utterance = job.longest
        return utterance and (self._window(utterance), utterance.is_final, utterance.is_recording)

    def warm_up(self, clock: Clock) -> None:
        """Run once, so that the first caller does not pay for it; then measure what a final costs.

        The words are put into its mouth: there is no speech here, and saying nothing costs too little.
        """
        self.run([PendingJob([Utterance(np.zeros(RATE_HZ, np.float32), times=True)])])
        sound, took = Utterance(np.zeros(round(USUAL_S * RATE_HZ), np.float32)), list[float]()
        words = self._prompting.spelling.tokens(COUNTED)[: round(USUAL_S * TOKENS_A_SECOND)]
        how = Decoding(self._prompting.options.beam, len(words) + 1, begun=[words])
        for _ in range(2):
            began = clock()
            case = self._case(sound)
            self._generator.generate(_shown([case]), [case.prompt], how)
            took.append(clock() - began)
        self.second_s = min(took) / USUAL_S

    def _case(self, utterance: Utterance) -> _Case:
        rows = self._prompting.features.show(np.pad(utterance.samples, (self._prompting.lead, 0)))
        before = self._prompting.spelling.tokens(utterance.before) if utterance.before else []
        begun = self._prompting.spelling.tokens(utterance.begun) if utterance.begun else []
        return _Case(utterance, rows, self._window(utterance), self._prompting.begin(utterance.language, before), begun)

    def _window(self, utterance: Utterance) -> int:
        frames = self._prompting.features.count(self._prompting.lead + len(utterance.samples))
        if utterance.is_recording:
            return self._prompting.gathered(frames)
        return self._prompting.window(frames, is_interim=not utterance.is_final)

    def _believed(self, cases: Sequence[_Case]) -> list[_Answer]:
        """Answers; a doubted one from a short window is recognised again in a full one."""
        answers = self._ask(cases)
        again = [n for n, case in enumerate(cases) if self._is_worth_another(case, answers[n])]
        full = self._ask([replace(cases[n], window=self._prompting.options.full_frames) for n in again])
        for n, second in zip(again, full, strict=True):
            if not self._is_odd(second) or second.generated.score > answers[n].generated.score:
                answers[n] = second
        return answers

    def _is_worth_another(self, case: _Case, answer: _Answer) -> bool:
        return case.utterance.is_final and case.window < self._prompting.options.full_frames and self._is_odd(answer)

    def _is_odd(self, answer: _Answer) -> bool:
        words = self._words(answer.generated)
        repeats = packs("".join(words)) > self._prompting.options.doubts.compression or without_loop(words) < len(words)
        return answer.is_cut or repeats

    def _words(self, generated: Generated) -> list[str]:
        return [piece.text for piece in self._prompting.spelling.pieces(generated.tokens, generated.language)]

    def _ask(self, cases: Sequence[_Case]) -> list[_Answer]:
        """Generates in one call a shape: padding to a neighbour's length would change an answer."""
        alike: dict[tuple[int, ...], list[int]] = defaultdict(list)
        for n, case in enumerate(cases):
            alike[case.window, len(case.prompt), case.utterance.is_final, case.rows.shape[1]].append(n)
        answers: dict[int, _Answer] = {}
        for (window, *_), places in alike.items():
            size = max(1, self._prompting.options.frames_at_once // window)
            for at in range(0, len(places), size):
                some = places[at : at + size]
                answers |= zip(some, self._together([cases[n] for n in some]), strict=True)
        return [answers[n] for n in range(len(cases))]

    def _together(self, cases: Sequence[_Case]) -> list[_Answer]:
        window, longest = cases[0].window, self._prompting.longest(cases[0].window)
        align = [min(len(case.rows), window) if case.utterance.times else 0 for case in cases]
        beam = self._prompting.options.beam if cases[0].utterance.is_final else 1
        begun = [case.begun for case in cases] if any(case.begun for case in cases) else []
        languages = [case.utterance.languages for case in cases]
        how = Decoding(beam, longest, begun=begun, languages=languages, align=align)
        generated = self._generator.generate(_shown(cases), [case.prompt for case in cases], how)
        return [_Answer(each, len(each.tokens) >= longest) for each in generated]

    def _heard(self, case: _Case, answer: _Answer) -> Recognition:
        generated, doubts = answer.generated, self._prompting.options.doubts
        count = len(generated.tokens)
        score = generated.score * count / (count + 1)  # the end, too, is a token
        silent = generated.no_speech > doubts.no_speech and score < doubts.log_probability
        words = () if silent else self._spoken(case.utterance, generated)
        found = (
            (generated.language, generated.language_confidence)
            if generated.language
            else (case.utterance.language, 1.0)
        )
        return Recognition(words, score, generated.no_speech, *found)

    def _spoken(self, utterance: Utterance, generated: Generated) -> tuple[SpokenWord, ...]:
        pieces = self._prompting.spelling.pieces(generated.tokens, generated.language or utterance.language)
        pieces = pieces[: without_loop([piece.text for piece in pieces])]
        frames, chances = generated.alignment.frames, generated.alignment.chances
        if len(frames) <= len(generated.tokens):  # not asked for
            return tuple(SpokenWord(piece.text) for piece in pieces)
        places = [round(frame * self._prompting.features.hop) - self._prompting.lead for frame in frames]
        edges = [min(max(0, place), len(utterance.samples)) for place in places]
        return tuple(
            SpokenWord(
                piece.text,
                edges[piece.first],
                edges[piece.last],
                float(np.mean(chances[piece.first : piece.last])),
                tuple(map(self._token, generated.tokens[piece.first : piece.last], chances[piece.first : piece.last])),
            )
            for piece in pieces
        )

    def _token(self, token: str, chance: float) -> Token:
        return Token(self._prompting.spelling.raw(token), math.log(max(chance, LEAST_CHANCE)))


def _shown(cases: Sequence[_Case]) -> Rows:
    """The features of several, as one array of windows of one size."""
    window = cases[0].window
    shown = np.zeros((len(cases), window, cases[0].rows.shape[1]), np.float32)  # zeros are silence
    for row, case in zip(shown, cases, strict=True):
        row[: len(case.rows)] = case.rows[:window]
    return shown


def open_engine(spec: ModelSpec) -> Placed[Engine[PendingJob, list[Recognition]]]:
    """Open a model and its speech detector, run both once, and measure."""
    how = prompting(spec)
    noticing = detector(spec)
    noticing.probabilities(np.zeros((1, noticing.block), np.float32))
    placed = backends.generator(spec)
    engine = AsrEngine(placed.model, how)
    # Many a process starts when this one does: time that they take is none of the model's cost.
    engine.on_cpu = placed.device == "CPU"
    engine.warm_up(time.process_time if engine.on_cpu else time.perf_counter)
    log.info("model measured", extra={"model": str(spec.ref), "ms_a_second": round(1000 * engine.second_s, 2)})
    return placed.holding(engine)
