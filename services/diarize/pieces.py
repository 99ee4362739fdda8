"""A stream -> the windows in which somebody speaks, each with the piece of the stream that it answers for."""

from dataclasses import dataclass

import numpy as np

from parley.audio.pcm import Samples, Tape
from services.diarize.activity import Activity, Stretches


@dataclass(frozen=True)
class Piece:
    """A window on its way to the engine, and where in its piece of the stream there is speech."""

    samples: Samples
    speech: Stretches
    name: str = ""  # it enrols a voice
    known_to: float = 0.0  # samples of the stream, by then: turns that end a breath before are over
    share: float = 0.0  # how much speech of one person alone there is, in windows
    company: int = 0  # pieces with the same number are of people who speak beside each other; zero: of nobody else


class Cutter:
    """Windows overlap; each answers for its middle, so that together they answer for everything once."""

    def __init__(self, size: int, hop: int) -> None:
        self._size, self._hop = size, hop
        self._tape, self._activity = Tape(), Activity()
        self._next = self._answered = 0  # where the next window starts, and up to where the last one answers
        self._listened = 0

    def feed(self, samples: Samples) -> list[Piece]:
        """The pieces that these samples complete."""
        self._tape.append(samples)
        pieces = []
        while self._next + self._size <= self._tape.end:
            # Not all at once: what a piece is held against must not depend on how much came with it.
            self._listen(self._next + self._size)
            end = self._next + (self._size + self._hop) // 2
            if end > self._answered:
                pieces.append(self._piece(self._next, end))
            self._next += self._hop
        self._tape.forget(min(self._next, self._tape.end - self._size))
        return pieces

    def flush(self) -> list[Piece]:
        """What no window has answered for yet; its window ends here."""
        self._listen(self._tape.end)
        end = min(self._tape.end, self._activity.end)
        return [self._piece(max(0, end - self._size), end)] if end > self._answered else []

    def finish(self) -> list[Piece]:
        """The same, at the end of the stream."""
        self._listen(self._tape.end)
        self._activity.finish()
        return self.flush()

    def _listen(self, end: int) -> None:
        self._activity.feed(self._tape.cut(self._listened, end))
        self._listened = end

    def _piece(self, start: int, end: int) -> Piece:
        samples = self._tape.cut(start, min(start + self._size, self._tape.end))
        speech = self._activity.speech(self._answered, end)
        self._answered = end
        return Piece(filled(samples, self._size), speech, share=sum(b - a for a, b in speech) / self._size)


def filled(samples: Samples, size: int) -> Samples:
    """A stream shorter than a window is heard again and again."""
    return np.resize(samples, size) if len(samples) < size else samples


def enrolment(name: str, samples: Samples, size: int) -> list[Piece]:
    """A known voice, cut into windows."""
    starts = range(0, max(1, len(samples) - size + 1), size)
    return [Piece(filled(samples[at : at + size], size), [], name) for at in starts]
