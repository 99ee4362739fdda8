"""A recording's memory in asr: windows cut, many heard at a time, said in order. Never awaits, never reads a clock."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from google.protobuf.message import Message

from parley.audio.pcm import RATE_HZ, PcmDecoder, Tape, interval, time_of
from parley.v1 import asr_pb2 as v1
from services.asr.speech.windows import STRETCHED, Window, Windower
from services.asr.spoken import Spoken
from services.asr.streams.segments import segments
from services.asr.utterance import PendingJob, Recognition, SpokenWord, Token, Utterance

STEP = RATE_HZ  # heard at once: what lies behind a window's end is heard again
MOST_AHEAD = 8  # windows with the engine at a time
HELD_MOST = 12 << 20  # bytes in them, as they came: a gateway keeps 24 MiB to send them again


@dataclass(frozen=True)
class RecordingOptions:
    """What the client asked of a recording."""

    language: str = ""
    languages: tuple[str, ...] = ()  # that may be spoken, where `language` is empty; none: any
    word_times: bool = False
    tokens: bool = False  # and how likely they were
    report_heard: bool = False  # up to where all is answered
    before: str = ""  # text that leads in to every window


@dataclass
class Asked:
    """A window whose words were not said yet."""

    window: Window
    answer: Recognition | None = None
    is_again: bool = False  # it was heard before, when nobody knew the language so far


class RecordingSession:
    """Hears bytes, hands out windows; the next job does not wait for the last one's result."""

    def __init__(self, decoder: PcmDecoder, windower_at: Callable[[int], Windower], options: RecordingOptions) -> None:
        self._decoder, self._windower_at, self._options = decoder, windower_at, options
        self._tape, self._windower, self._heard = Tape(), windower_at(0), 0
        self._windows: deque[Window] = deque()
        self._open: deque[Asked] = deque()  # in their order
        self._working: deque[Asked] = deque()  # in that of their jobs
        self._again: deque[Asked] = deque()
        self._spoken = Spoken(options.language, options.languages)
        self._started, self._told = False, 0
        window = round(STRETCHED * self._windower.longest) * decoder.form.rate_hz // RATE_HZ * decoder.form.frame_bytes
        self.ahead = max(1, min(MOST_AHEAD, HELD_MOST // window))

    def feed(self, item: bytes) -> Iterator[Message]:
        """More sound."""
        self._tape.append(self._decoder.feed(item))
        return self._listen()

    def flush(self) -> Iterator[Message]:
        """The window ends here, and every other that lies before."""
        yield from self._listen()
        yield from self._end()

    def finish(self) -> Iterator[Message]:
        """The recording ends here."""
        self._tape.append(self._decoder.finish())
        return self.flush()

    def _end(self) -> Iterator[Message]:
        if window := self._windower.end(self._tape.end):
            yield from self._cut(window)
            yield from self._listen()
            yield from self._end()

    def _listen(self) -> Iterator[Message]:
        while self._heard < self._tape.end:
            before, self._heard = self._heard, min(self._heard + STEP, self._tape.end)
            window = self._windower.feed(self._tape.cut(before, self._heard))
            yield from self._began()
            if window:
                yield from self._cut(window)
        yield from self._forget()

    def _began(self) -> Iterator[Message]:
        if self._windower.speech is not None and not self._started:
            self._started = True
            yield v1.SpeechStarted(at=time_of(self._windower.speech))

    def _cut(self, window: Window) -> Iterator[Message]:
        """Begin the next window with a fresh windower, as another replica would after a failover."""
        self._windows.append(window)
        self._windower, self._heard, self._started = self._windower_at(window.end), window.end, False
        yield v1.SpeechEnded(at=time_of(window.silence))

    def _forget(self) -> Iterator[Message]:
        """What lies before the oldest window is needed no more: it is answered."""
        oldest = next(iter((*(each.window for each in self._open), *self._windows)), None)
        needed_from = oldest.start if oldest else self._windower.needed_from
        self._tape.forget(needed_from)
        if self._options.report_heard and needed_from >= self._told + STEP:
            self._told = needed_from
            yield v1.Answered(at=time_of(needed_from))

    def next_job(self) -> PendingJob | None:
        """One window: which of them share a batch, and with whose, is the batcher's affair."""
        if not (self._again or self._windows):
            return None
        if self._again:
            asked, languages = self._again.popleft(), self._spoken.of_final
        else:
            asked, languages = Asked(self._windows.popleft()), self._spoken.any_of
            self._open.append(asked)
        self._working.append(asked)
        return PendingJob([self._utterance(asked.window, languages)])

    def _utterance(self, window: Window, languages: Mapping[str, float]) -> Utterance:
        samples, options = np.concatenate([self._tape.cut(*part) for part in window.parts]), self._options
        # With times, whoever asks for them: they tell whether the model heard all of it.
        return Utterance(samples, True, True, options.language, languages, options.before, is_recording=True)

    def absorb(self, result: Sequence[Recognition]) -> Iterator[Message]:
        """The transcripts of the oldest windows, as far as they are heard.

        Windows are out together, so each is heard without knowing what those before it are in. One that may be in the
        language so far is heard again with that known: so the words do not depend on which answer came when.
        """
        (self._working.popleft().answer,) = result
        while self._open and (heard := self._open[0].answer):
            if self._spoken.doubts(heard) and not self._open[0].is_again:
                self._open[0].answer, self._open[0].is_again = None, True
                self._again.append(self._open[0])
                break
            self._spoken.heard_final(heard)
            yield from self._events(self._open.popleft().window, heard)
        yield from self._forget()

    def _events(self, window: Window, heard: Recognition) -> Iterator[Message]:
        """A window's segments; only behind the last of them can another replica go on."""
        if not heard.text:
            return
        parts = list(segments(window, heard.words)) if self._options.word_times or self._options.tokens else []
        for n, part in enumerate(parts[:-1]):
            yield self._final(heard, part, part[0].start if n else window.speech, part[-1].end, goes_on=True)
        last = parts[-1] if parts else heard.words
        yield self._final(heard, last, last[0].start if len(parts) > 1 else window.speech, window.end)

    def _final(
        self, heard: Recognition, words: Sequence[SpokenWord], start: int, end: int, *, goes_on: bool = False
    ) -> v1.Transcript:
        text = "".join(word.text for word in words).strip()
        return v1.Transcript(
            text=text,
            is_final=True,
            committed_characters=len(text),
            interval=interval(start, end),
            words=[_word(word) for word in words] if self._options.word_times else [],
            tokens=[_token(token) for word in words for token in word.tokens] if self._options.tokens else [],
            language=heard.language,
            language_confidence=heard.language_confidence,
            average_log_probability=heard.average_log_probability,
            no_speech_probability=heard.no_speech_probability,
            goes_on=goes_on,
        )


def _word(word: SpokenWord) -> v1.Word:
    return v1.Word(text=word.text.strip(), interval=interval(word.start, word.end), confidence=word.confidence)


def _token(token: Token) -> v1.Token:
    return v1.Token(text=token.text, log_probability=token.log_probability)
