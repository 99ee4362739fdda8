"""One stream's memory in diarize: windows out, turns said, revised at the end. Never awaits, never reads a clock."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from google.protobuf.message import Message

from parley.audio import Ear, Samples, Windows, interval
from parley.v1.diarize_pb2 import Revision, Turn
from services.diarize.clustering import Embedding, Voices
from services.diarize.engine import Rows, WindowsJob

AT_ONCE = 16  # windows of one stream in one job
QUIET = 10 ** (-50 / 10)  # mean power below which nobody speaks


@dataclass(frozen=True)
class Heard:
    """One window in which somebody spoke: the piece of the stream it answers for, and what the voice was like."""

    start: int
    end: int
    embedding: Embedding
    closes: bool = False  # a flush came after it


@dataclass
class OpenTurn:
    """One person speaking, so far."""

    number: int
    voice: int
    start: int
    end: int
    likeness: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Piece:
    """A window on its way to the engine; one with a name enrols a voice."""

    start: int
    samples: Samples
    name: str = ""
    closes: bool = False  # a flush came after it: its turn ends with it


class DiarizeSession:
    """Hears bytes, hands out windows, says turns."""

    def __init__(
        self,
        ear: Ear,
        windows: Windows,
        voices: Voices,
        enrolments: Sequence[Piece] = (),
        *,
        open_turns: bool = False,
    ) -> None:
        self._ear, self._windows, self._voices = ear, windows, voices
        self._waiting: deque[Piece] = deque(enrolments)
        self._working: list[Piece] = []
        self._heard: list[Heard] = []
        self._turn: OpenTurn | None = None
        self._turns: list[Turn] = []
        self._ended, self._length = False, 0
        self._open_turns = open_turns

    def feed(self, item: bytes) -> Iterator[Message]:
        """More sound."""
        self._cut(self._ear.hear(item))
        return iter(())

    def flush(self) -> Iterator[Message]:
        """The turn ends here, also when the engine has not come as far."""
        queue = self._waiting or self._working
        if not queue:
            self._heard[-1:] = [replace(heard, closes=True) for heard in self._heard[-1:]]
            return iter(self._close())
        queue[-1] = replace(queue[-1], closes=True)
        return iter(())

    def finish(self) -> Iterator[Message]:
        """What does not fill a window is filled with silence."""
        self._cut(self._ear.finish())
        rest, self._ended = self._windows.rest, True
        self._length = self._windows.offset + len(rest)
        if len(rest) and (len(rest) > self._windows.size - self._windows.hop or not self._windows.offset):
            self._cut(np.zeros(self._windows.size - len(rest), np.float32))
        return iter(self._complete())

    def _cut(self, samples: Samples) -> None:
        loud = ((at, cut) for at, cut in self._windows.feed(samples) if np.mean(cut * cut) > QUIET)
        self._waiting.extend(Piece(at, cut) for at, cut in loud)

    def next_job(self) -> WindowsJob | None:
        """As many windows as are there, within reason; enrolled voices before everything else, each by itself."""
        if not self._waiting:
            return None
        name = self._waiting[0].name
        self._working = []
        while self._waiting and self._waiting[0].name == name and len(self._working) < AT_ONCE:
            self._working.append(self._waiting.popleft())
        return WindowsJob(np.stack([piece.samples for piece in self._working]))

    def absorb(self, result: Rows) -> Iterator[Message]:
        """Give each window a voice; say the turns that end."""
        working, self._working = self._working, []
        if working[0].name:
            self._voices.enrol(working[0].name, list(result))
            return iter(self._complete())
        said: list[Message] = []
        for piece, embedding in zip(working, result, strict=True):
            start = piece.start if piece.start == 0 else piece.start + (self._windows.size - self._windows.hop) // 2
            end = piece.start + (self._windows.size + self._windows.hop) // 2
            # Only the last window is filled with silence, and in silence nobody speaks.
            heard = Heard(start, min(end, self._length) if self._ended else end, embedding, piece.closes)
            self._heard.append(heard)
            said += self._extend(heard, *self._voices.hear(embedding))
            said += self._close() if heard.closes else []
        if self._open_turns and self._turn:
            said.append(self._said(self._turn, is_open=True))
        return iter(said + self._complete())

    def _extend(self, heard: Heard, voice: int, likeness: float) -> list[Message]:
        turn, closed = self._turn, []
        if turn is None or voice != turn.voice or heard.start > turn.end:
            closed = self._close()
            turn = self._turn = OpenTurn(len(self._turns) + 1, voice, heard.start, heard.end)
        turn.end = heard.end
        turn.likeness.append(likeness)
        return closed

    def _close(self) -> list[Message]:
        if self._turn is None:
            return []
        turn, self._turn = self._turn, None
        self._turns.append(self._said(turn))
        return [self._turns[-1]]

    def _said(self, turn: OpenTurn, *, is_open: bool = False) -> Turn:
        return Turn(
            is_open=is_open,
            id=f"t{turn.number}",
            speaker=self._voices.name(turn.voice),
            interval=interval(turn.start, turn.end),
            confidence=max(0.0, min(1.0, float(np.mean(turn.likeness)))),
        )

    def _complete(self) -> list[Message]:
        """After the last window: the last turn, and the second look."""
        done = self._ended and not self._waiting and not self._working
        return self._close() + self._whole() if done else []

    def _whole(self) -> list[Message]:
        """A second look: every window goes to the voice that is most alike now that all have been heard."""
        before, self._turns = self._turns, []
        for heard in self._heard:
            self._extend(heard, *self._voices.nearest(heard.embedding))
            if heard.closes:
                self._close()
        self._close()
        gone = [turn.id for turn in before[len(self._turns) :]]
        return [Revision(turns=self._turns, withdrawn_ids=gone, is_whole=True)] if before else []


def enrolment(name: str, samples: Samples, size: int) -> list[Piece]:
    """A known voice, cut into windows."""
    pieces = [cut for _, cut in Windows(size, size).feed(samples)] or [np.pad(samples, (0, size - len(samples)))]
    return [Piece(0, cut, name) for cut in pieces]
