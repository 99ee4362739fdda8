"""One stream's memory in asr: utterances cut, interims guessed, finals said once. Never awaits, never reads a clock."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from google.protobuf.message import Message

from parley.audio.pcm import RATE_HZ, PcmDecoder, Tape, interval, time_of
from parley.v1.asr_pb2 import Answered, SpeechEnded, SpeechStarted, Transcript, Word
from services.asr.speech.endpoint import AFTER, BEFORE, Endpointer, Mark
from services.asr.spoken import Spoken
from services.asr.streams.interim_words import InterimWords
from services.asr.utterance import PendingJob, Recognition, SpokenWord, Utterance

RARER = 10  # an interim waits until this part of its sound is new
TOLD_EVERY = RATE_HZ // 5  # in silence
STEP = RATE_HZ // 2  # heard at once: what lies behind an end is heard again
AT_ONCE = 8  # utterances in one job: a file has many waiting, and live streams wait for the whole batch


@dataclass(frozen=True)
class Cut:
    """A piece of the stream that is, or was, with the engine."""

    start: int
    end: int
    is_final: bool = False
    may_end: bool = False  # a pause began there: if it lasts, this is the final


@dataclass(frozen=True)
class AsrRequestOptions:
    """What the client asked of a live stream."""

    language: str = ""
    languages: tuple[str, ...] = ()  # that may be spoken, where `language` is empty; none: any
    interim_results: bool = False
    word_times: bool = False
    report_answered: bool = False
    report_heard: bool = False  # in silence too
    interim_every: int = RATE_HZ // 2
    before: str = ""  # text that leads in to every utterance


class AsrSession:
    """Hears bytes, hands out utterances."""

    def __init__(
        self, decoder: PcmDecoder, endpointer_at: Callable[[int], Endpointer], options: AsrRequestOptions
    ) -> None:
        self._decoder, self._endpointer_at, self._options = decoder, endpointer_at, options
        self._tape, self._endpointer, self._heard = Tape(), endpointer_at(0), 0
        self._start = 0  # of the open utterance; where none is open, what lies before is answered
        self._finals: deque[Cut] = deque()
        self._interim_end = 0  # how far the last interim heard
        self._working: list[Cut] = []
        self._job = PendingJob(())
        self._ready: tuple[Cut, Recognition] | None = None  # the last interim in a pause
        self._interims = InterimWords(0)
        self._spoken = Spoken(options.language, options.languages)
        self._flushed: int | None = None  # up to where a flush asks for all answers
        self._told = 0  # up to where all was said to be answered

    def feed(self, item: bytes) -> Iterator[Message]:
        """More sound."""
        self._tape.append(self._decoder.feed(item))
        return self._listen()

    def flush(self) -> Iterator[Message]:
        """Ends the utterance at the last sample, not at the last whole block."""
        yield from self._end()
        yield from self._listen()
        self._flushed = self._tape.end
        yield from self._settle_flush()

    def finish(self) -> Iterator[Message]:
        """The stream ends here."""
        self._tape.append(self._decoder.finish())
        yield from self._listen()
        yield from self._end()

    def _end(self) -> Iterator[Message]:
        return self._marks([replace(mark, known_at=self._tape.end) for mark in self._endpointer.end()])

    def _listen(self) -> Iterator[Message]:
        while self._heard < self._tape.end:
            before, self._heard = self._heard, min(self._heard + STEP, self._tape.end)
            yield from self._marks(self._endpointer.feed(self._tape.cut(before, self._heard)))
        if self._interim_is_out() and (interim := self._interim_due()):
            self._swap(interim)
        if self._endpointer.since is None and not self._finals:
            quiet = self._tape.end - self._endpointer.noticed_within - BEFORE  # no later utterance begins before
            self._tape.forget(max(self._start, quiet - BEFORE))
            if self._options.report_heard and not self._working and quiet >= self._told + TOLD_EVERY:
                yield from self._answered(quiet)

    def _marks(self, marks: list[Mark]) -> Iterator[Message]:
        for mark in marks:
            if mark.began:
                self._start = max(self._start, mark.at - BEFORE)
                self._interim_end, self._interims = mark.at, InterimWords(self._start)
                self._spoken.begin()
                yield SpeechStarted(at=time_of(mark.at))
            else:
                end = mark.at if mark.is_cut else min(mark.at + AFTER, mark.known_at)
                yield SpeechEnded(at=time_of(mark.at))
                yield from self._ended(end)

    def _ended(self, end: int) -> Iterator[Message]:
        """Begin the next utterance with a fresh endpointer, as another replica would after a failover."""
        start, self._start, self._heard = self._start, end, end
        self._endpointer = self._endpointer_at(end)
        yield from self._settled(start, end)

    def _settled(self, start: int, end: int) -> Iterator[Message]:
        """Make the final: of the interim made in the pause, in a job that still waits, or as a job of its own."""
        final, rest = Cut(start, end, is_final=True), Cut(start, end, may_end=True)
        if self._ready and self._ready[0] == rest:
            yield from self._final(final, self._ready[1])
        elif self._working == [rest]:
            self._working = [final]
        elif not (self._interim_is_out() and self._swap(final)):
            self._finals.append(final)

    def _interim_is_out(self) -> bool:
        return any(not cut.is_final for cut in self._working)

    def _swap(self, cut: Cut) -> bool:
        """Put the cut in place of the interim that waits for the engine; False: the engine has taken it."""
        swapped = self._job.swap([self._utterance(cut)])
        if swapped:
            self._working, self._interim_end = [cut], cut.end
        return swapped

    def next_job(self) -> PendingJob | None:
        """Finals first; an interim only of what is being said now, and only when there is enough new in it."""
        if self._finals:
            self._working = [self._finals.popleft() for _ in range(min(AT_ONCE, len(self._finals)))]
        elif interim := self._interim_due():
            self._working, self._interim_end = [interim], interim.end
        else:
            return None
        self._job = PendingJob([self._utterance(cut) for cut in self._working])
        return self._job

    def _utterance(self, cut: Cut) -> Utterance:
        options = self._options
        if cut.is_final or cut.may_end:
            samples, languages = self._tape.cut(cut.start, cut.end), self._spoken.of_final
            return Utterance(samples, True, options.word_times, options.language, languages, options.before)
        interims, (language, languages) = self._interims, self._spoken.of_interim
        samples, times = self._tape.cut(interims.since, cut.end), interims.is_long(cut.end)
        return Utterance(samples, False, times, language, languages, options.before, interims.begun)

    def _interim_due(self) -> Cut | None:
        """The interim that is due: the longer its sound, the rarer it is. In a pause only the pause's start is news."""
        if self._endpointer.since is None or not self._options.interim_results:
            return None
        pause = self._endpointer.pause
        if pause is not None:
            end = pause + AFTER
            return Cut(self._start, end, may_end=True) if self._interim_end < end <= self._tape.end else None
        end = self._tape.end
        enough = max(self._options.interim_every, (end - self._interims.since) // RARER)
        return Cut(self._start, end) if end - self._interim_end >= enough else None

    def absorb(self, result: Sequence[Recognition]) -> Iterator[Message]:
        """Final transcripts, and interims of the utterance that is still open."""
        cuts, self._working = self._working, []
        for cut, heard in zip(cuts, result, strict=True):
            if cut.is_final:
                yield from self._final(cut, heard)
            elif self._endpointer.since is not None and cut.start == self._start:
                self._ready = (cut, heard)
                self._spoken.heard_interim(heard, cut.end - cut.start)
                yield from self._interim(cut, heard)
        yield from self._settle_flush()

    def _settle_flush(self) -> Iterator[Message]:
        """A flush is answered once every final that it asked for is."""
        if self._flushed is not None and not self._finals and not any(cut.is_final for cut in self._working):
            at, self._flushed = self._flushed, None
            yield from self._answered(at)

    def _answered(self, at: int) -> Iterator[Message]:
        if self._options.report_answered or self._options.report_heard:
            self._told = max(self._told, at)
            yield Answered(at=time_of(at))

    def _final(self, cut: Cut, heard: Recognition) -> Iterator[Message]:
        self._ready = None
        self._tape.forget(cut.end)
        self._spoken.heard_final(heard)
        if heard.text:
            yield self._transcript(cut, heard)
        yield from self._answered(cut.end)

    def _transcript(self, cut: Cut, heard: Recognition) -> Transcript:
        return Transcript(
            text=heard.text,
            is_final=True,
            committed_characters=len(heard.text),
            interval=interval(cut.start, cut.end),
            words=[_word(word, cut.start) for word in heard.words] if self._options.word_times else [],
            language=heard.language,
            language_confidence=heard.language_confidence,
            average_log_probability=heard.average_log_probability,
            no_speech_probability=heard.no_speech_probability,
        )

    def _interim(self, cut: Cut, heard: Recognition) -> Iterator[Message]:
        if not self._spoken.is_settled:
            interim = [word.text for word in heard.words]
        elif cut.may_end:
            interim = self._interims.add_whole(heard.words)
        else:
            interim = self._interims.add(heard.words, cut.end)
        if not interim:
            return
        committed = self._interims.committed
        yield Transcript(
            text="".join(interim).strip(),
            committed_characters=len("".join(committed).strip()),
            interval=interval(cut.start, cut.end),
            language=heard.language,
            stability=len(committed) / len(interim),
        )


def _word(word: SpokenWord, offset: int) -> Word:
    span = interval(offset + word.start, offset + word.end)
    return Word(text=word.text.strip(), interval=span, confidence=word.confidence)
