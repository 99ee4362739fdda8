"""One stream's memory in diarize: windows out, turns said, and revised. Never awaits, never reads a clock."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import inf
from typing import cast

import numpy as np
from google.protobuf.message import Message

from parley.audio.pcm import PcmDecoder
from parley.v1.diarize_pb2 import Enrolled, Revision, Voiceprint
from services.diarize.clustering import Embedding, Voices
from services.diarize.engine import Active, Rows, SegmentJob, WindowsJob
from services.diarize.past import Past
from services.diarize.pieces import Cutter, Piece
from services.diarize.segments import Segment, Segments
from services.diarize.turns import Turns, drafts_of

AT_ONCE = 4  # windows of one stream in one job: a file must not hold up the live
FIRST_LOOK, LATER = 16.0, 1.25  # windows before the first second look, and how many times as many before the next


class DiarizeSession:
    """Hears bytes, hands out windows, says turns."""

    def __init__(
        self,
        decoder: PcmDecoder,
        cutter: Cutter | Segments,
        voices: Voices,
        enrolments: Sequence[Piece] = (),
        *,
        open_turns: bool = False,
        print_model: str = "",
    ) -> None:
        self._decoder, self._cutter, self._voices = decoder, cutter, voices
        self._waiting: deque[Piece | Segment] = deque(enrolments)
        self._working: list[Piece | Segment] = []  # pieces, or one segment
        self._company, self._beside = 0, set[int]()  # who speaks at once, and the voices that it has by now
        self._past, self._turns = Past(), Turns(voices.name)
        self._heard, self._look_at = 0, FIRST_LOOK  # windows
        self._ended, self._open_turns = False, open_turns
        self._print_model = print_model  # the version that is told with each enrolled voice; empty: none is told

    def feed(self, item: bytes) -> Iterator[Message]:
        """More sound."""
        return iter(self._take(self._cutter.feed(self._decoder.feed(item))))

    def flush(self) -> Iterator[Message]:
        """The turn ends here, also when the engine has not come as far."""
        return iter((*self._take(self._cutter.flush()), *self._close()))

    def finish(self) -> Iterator[Message]:
        """The end of the stream may lie in no window yet."""
        events = self._take(self._cutter.feed(self._decoder.finish())) + self._take(self._cutter.finish())
        self._ended = True
        return iter(events + self._complete())

    def _take(self, cut: Sequence[Piece | Segment]) -> list[Message]:
        events: list[Message] = []
        for each in cut:
            if each.speech:
                self._waiting.append(each)
            else:
                events += self._close()
        return events

    def _close(self) -> Sequence[Message]:
        queue = self._waiting or self._working
        if queue:
            queue[-1] = replace(queue[-1], known_to=inf)
            return []
        return self._silence()

    def _silence(self) -> Sequence[Message]:
        self._past.close()
        return self._turns.close()

    def next_job(self) -> WindowsJob | SegmentJob | None:
        """As many windows as are there, within reason; enrolled voices before everything else, each by itself."""
        if not self._waiting:
            return None
        first = self._waiting.popleft()
        self._working = [first]
        if isinstance(first, Segment):
            return SegmentJob(first.samples)
        while self._waiting and self._goes_along(self._waiting[0], first):
            self._working.append(self._waiting.popleft())
        return WindowsJob(np.stack([piece.samples for piece in self._working]))

    def _goes_along(self, each: Piece | Segment, first: Piece) -> bool:
        return isinstance(each, Piece) and each.name == first.name and len(self._working) < AT_ONCE

    def absorb(self, result: Rows | Active) -> Iterator[Message]:
        """Give each window a voice; say the turns that end."""
        working, self._working = self._working, []
        if isinstance(working[0], Segment):
            return iter([*self._divide(working[0], cast(Active, result)), *self._complete()])
        return self._hear(cast(list[Piece], working), cast(Rows, result))

    def _divide(self, segment: Segment, active: Active) -> Sequence[Message]:
        """The pieces of a segment come before everything that waits."""
        assert isinstance(self._cutter, Segments)
        found = self._cutter.pieces(segment, active)
        self._waiting.extendleft(reversed(found))
        return [] if found else self._silence()

    def _hear(self, working: Sequence[Piece], result: Rows) -> Iterator[Message]:
        if working[0].name:
            self._voices.enrol(working[0].name, list(result))
            return iter([*self._enrolled(working[0].name), *self._complete()])
        events = [event for piece, row in zip(working, result, strict=True) for event in self._place(piece, row)]
        if self._open_turns:
            events += self._turns.open()
        return iter(events + self._complete())

    def _enrolled(self, name: str) -> list[Message]:
        """What to keep of a voice, once all of its sound was heard."""
        if not self._print_model or any(isinstance(each, Piece) and each.name == name for each in self._waiting):
            return []
        values = self._voices.print_of(name).astype("<f4").tobytes()
        return [Enrolled(name=name, voiceprint=Voiceprint(model=self._print_model, values=values))]

    def _place(self, piece: Piece, embedding: Embedding) -> list[Message]:
        # Not after a window but before the next: by then it is known whether a turn has ended, however fast the engine.
        events: list[Message] = [*self._look()] if self._heard >= self._look_at else []
        if not piece.company or piece.company != self._company:
            self._company, self._beside = piece.company, set()
        voice, likeness = self._voices.hear(embedding, piece.share, self._beside)
        self._beside.add(voice)
        self._past.hear(embedding, piece.share, voice, piece.company)
        for start, end in piece.speech:
            self._past.span(start, end)
            events += self._turns.speak(voice, start, end, likeness)
        if piece.known_to:
            self._past.close(piece.known_to)
            events += self._turns.close(piece.known_to)
        self._heard += 1
        return events

    def _look(self, *, is_whole: bool = False) -> list[Revision]:
        self._look_at = LATER * self._heard
        order = self._past.regroup(self._voices)
        if is_whole:
            self._voices.rename(order)
        spoken = ((voice, s.start, s.end, alike, s.known_to) for s, voice, alike in self._past.spans(self._voices))
        return self._turns.revise(drafts_of(spoken), is_whole=is_whole)

    def _complete(self) -> list[Message]:
        """After the last window: the last turn, and the second look."""
        if not self._ended or self._waiting or self._working:
            return []
        self._past.close()
        return [*self._turns.close(), *(self._look(is_whole=True) if self._heard else ())]
