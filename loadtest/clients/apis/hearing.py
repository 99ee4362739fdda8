"""What a paced stream hears, and how late it is. Must not know how it is carried.

Latencies count from the schedule: of a final from when its last word was over, of a chunk from when its last sample
was spoken, however late they were sent.
"""

import time
from typing import Any

from loadtest.measured.clips import CHUNK, CHUNK_S, RATE_HZ, Clip
from loadtest.measured.hdr import Book
from loadtest.measured.words import compare
from loadtest.promises import TTFS, UNHEARD


class Hearing:
    """One stream's answers."""

    def __init__(self, clip: Clip, due: float, book: Book, held_ms: float = 0.0, wanted: str | None = None) -> None:
        self._clip, self._due, self._book, self._wanted = clip, due, book, wanted
        self._held = round(2 * RATE_HZ * held_ms / 1000)  # bytes
        self._answered, self._guessed, self._last = 0, -1.0, 0.0
        self._finals: list[str] = []
        self.audio = bytearray()
        self.translations: list[str] = []

    @property
    def seconds(self) -> float:
        """How long the recording is."""
        return self._clip.seconds

    @property
    def text(self) -> str:
        """All finals."""
        return " ".join(self._finals)

    def take(self, kind: str, event: Any) -> None:
        """One event of parley.v1."""
        if kind == "opened":
            self._book.late("open", self._due)
        elif kind == "transcript" and event.is_final:
            self.final(event.text, _seconds(event.interval.end))
        elif kind == "transcript":
            self.guess(_seconds(event.interval.start))
        elif kind == "turn" and not event.is_open:
            self._late("turn", _seconds(event.interval.end))
        elif kind == "translation":
            self.translation(event.text, _seconds(event.interval.end))
        elif kind == "audio":
            self.audio += event.data
            self._chunks()
        elif kind == "notice":
            self._book.count(f"notice {event.stage} {event.reason}", time.monotonic())

    def final(self, text: str, end_s: float, at: float | None = None) -> None:
        """Words that will not change. end_s: of the piece that they answer, in the recording; at: when, if not now."""
        self._last = time.monotonic() if at is None else at
        self._book.late("final", self._due + self._clip.speech_ends(end_s), self._last)
        self._finals.append(text)

    def translation(self, text: str, end_s: float) -> None:
        """A final in another language; end_s: of what it translates, in the recording."""
        self._late("translation", end_s)
        self.translations.append(text)

    def _late(self, what: str, end_s: float) -> None:
        self._book.late(what, self._due + self._clip.speech_ends(end_s))

    def guess(self, start_s: float) -> None:
        """The first guess of an utterance that begins there."""
        if start_s != self._guessed:
            self._guessed = start_s
            self._book.late("first partial", self._due + self._clip.speech_begins(start_s))

    def _chunks(self) -> None:
        total = len(self._clip.pcm)
        while self._answered * CHUNK < total:
            end = min((self._answered + 1) * CHUNK, total)
            if len(self.audio) < end - (self._held if end < total else 0):
                return
            self._answered += 1
            self._book.late("chunk", self._due + self._answered * CHUNK_S)

    def end(self) -> None:
        """The stream has ended: nothing more will come."""
        self._book.count("audio s", self._due, self._clip.seconds)
        if self._finals:
            self._book.late(TTFS, self._due + self._clip.speech_ends(self._clip.seconds), self._last)
        elif self._clip.text:
            self._book.count(UNHEARD, self._due)
        if self._wanted is not None:
            found = compare(self._wanted, self.text)
            for what, times in (("lost", found.lost), ("doubled", found.doubled), ("changed", found.changed)):
                self._book.count(f"{what} words", self._due, times)
            self._book.count("words", self._due, len(self.text.split()))

    def broken(self) -> None:
        """The stream broke off. Chunks that were spoken by now and never answered waited until now at least."""
        if self.audio or not self._finals:
            spoken = int(min(self._clip.seconds, time.monotonic() - self._due) / CHUNK_S)
            for n in range(self._answered, spoken if self._answered else 0):
                self._book.late("chunk", self._due + (n + 1) * CHUNK_S)


def _seconds(duration: Any) -> float:
    return float(duration.seconds + duration.nanos / 1e9)
