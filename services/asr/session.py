"""One stream's memory in asr: utterances cut, interims guessed, finals said once. Never awaits, never reads a clock."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace

from google.protobuf.message import Message

from parley.audio import RATE_HZ, Ear, Samples, Tape, interval, time_of
from parley.v1.asr_pb2 import SpeechEnded, SpeechStarted, Transcript, Word
from services.asr.agreement import Agreement
from services.asr.endpoint import EndpointConfig, Endpointer, Mark
from services.asr.engine import Heard, Spoken, Utterance

MARGIN = RATE_HZ // 5  # kept before and after speech: consonants are quiet


@dataclass(frozen=True)
class Cut:
    """A piece of the stream that is, or was, with the engine."""

    start: int
    end: int
    is_final: bool


@dataclass(frozen=True)
class Wishes:
    """What the client asked for."""

    language: str = ""
    interim_results: bool = False
    word_times: bool = False
    interim_every: int = RATE_HZ // 2


class AsrSession:
    """Hears bytes, hands out utterances."""

    def __init__(self, ear: Ear, endpoint: EndpointConfig, wishes: Wishes) -> None:
        self._ear, self._wishes = ear, wishes
        self._endpointer = Endpointer(endpoint)
        self._tape = Tape()
        self._keep = round(endpoint.start_s * RATE_HZ) + 2 * MARGIN  # speech is noticed this late at most
        self._start = 0  # of the open utterance; where none is open, what lies before is answered
        self._finals: deque[Cut] = deque()
        self._guessed = 0  # how far the last interim heard
        self._working: Cut | None = None
        self._agreement = Agreement()

    def feed(self, item: bytes) -> Iterator[Message]:
        """More sound."""
        return self._listen(self._ear.hear(item))

    def flush(self) -> Iterator[Message]:
        """The utterance ends here, with the last sample: not with the last whole block."""
        return self._marks([replace(mark, told=self._tape.end) for mark in self._endpointer.end()])

    def finish(self) -> Iterator[Message]:
        """The stream ends here."""
        yield from self._listen(self._ear.finish())
        yield from self.flush()

    def _listen(self, samples: Samples) -> Iterator[Message]:
        self._tape.append(samples)
        yield from self._marks(self._endpointer.feed(samples))
        if self._endpointer.since is None and not self._finals:
            self._tape.forget(max(self._start, self._tape.end - self._keep))

    def _marks(self, marks: list[Mark]) -> Iterator[Message]:
        for mark in marks:
            if mark.began:
                self._start = max(self._start, mark.at - MARGIN)
                self._guessed = mark.at
                yield SpeechStarted(at=time_of(mark.at))
            else:
                end = min(mark.at + MARGIN, mark.told)
                self._finals.append(Cut(self._start, end, True))
                self._start = end
                yield SpeechEnded(at=time_of(mark.at))

    def next_job(self) -> Utterance | None:
        """Finals first; an interim only of what is being said now, and only when there is enough new in it."""
        if self._finals:
            self._working = self._finals.popleft()
        elif self._interim_due():
            self._working = Cut(self._start, self._tape.end, False)
            self._guessed = self._tape.end
        else:
            return None
        return Utterance(self._tape.cut(self._working.start, self._working.end))

    def _interim_due(self) -> bool:
        speaking = self._endpointer.since is not None
        return (
            self._wishes.interim_results and speaking and self._tape.end - self._guessed >= self._wishes.interim_every
        )

    def absorb(self, result: Heard) -> Iterator[Message]:
        """Say what was heard, unless it comes too late to matter."""
        cut = self._working
        assert cut is not None
        if cut.is_final:
            self._agreement = Agreement()
            self._tape.forget(cut.end)
            return iter(self._final(cut, result) if result.words else ())
        late = self._endpointer.since is None or cut.start != self._start
        return iter(() if late else self._interim(cut, result))

    def _final(self, cut: Cut, heard: Heard) -> list[Message]:
        final = Transcript(
            text=" ".join(word.text for word in heard.words),
            is_final=True,
            interval=interval(cut.start, cut.end),
            words=[_word(word, cut.start) for word in heard.words] if self._wishes.word_times else [],
            language=self._wishes.language,
            average_log_probability=heard.average_log_probability,
            no_speech_probability=heard.no_speech_probability,
        )
        final.committed_characters = len(final.text)
        return [final]

    def _interim(self, cut: Cut, heard: Heard) -> list[Message]:
        guess = self._agreement.hear([word.text for word in heard.words])
        committed = " ".join(self._agreement.committed)
        stability = len(self._agreement.committed) / max(1, len(guess))
        interim = Transcript(text=" ".join(guess), interval=interval(cut.start, cut.end), stability=stability)
        interim.committed_characters, interim.language = len(committed), self._wishes.language
        return [interim] if guess else []


def _word(word: Spoken, offset: int) -> Word:
    span = interval(offset + word.start, offset + word.end)
    return Word(text=word.text, interval=span, confidence=word.confidence)
