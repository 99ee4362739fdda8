"""Segments of a stream, and the pieces that come of knowing who speaks when in them. Pure.

A segmentation tells a few local speakers apart, under numbers that mean nothing in the next segment. So each piece of
each local speaker gets a window of what that one says alone, from near by, to be embedded.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from parley.audio.pcm import RATE_HZ, Samples, Tape
from services.diarize.activity import Activity, Stretches
from services.diarize.engine import Active
from services.diarize.pieces import Piece, filled
from services.diarize.turns import PAUSE

STEP, FIELD = 270, 991  # samples from frame to frame, and samples that a frame is told by
PIECE = 12_000  # samples, about: what one embedding answers for
FEW = 20  # frames of somebody: fewer say nothing of the voice
REACH = 12_000  # samples from the middle of a piece: what one local speaker says farther away may be somebody else's
LEAST = 2 * STEP  # samples: less is nobody's
FAINT = 0.05  # seconds that a piece weighs in which nobody speaks alone
TICK = RATE_HZ // 2  # samples from one look for a pause to the next
ONSET = 1_600  # samples at the end of silence that may turn out to be where somebody begins
SHORTEST = RATE_HZ  # samples that the segmentation is shown at the least

Bits = npt.NDArray[np.bool_]
Edges = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Segment:
    """A stretch of the stream, from start to end, and the part of it that is answered for."""

    samples: Samples
    start: int
    end: int
    first: int
    last: int
    level: Stretches  # speech by level, from the beginning of that part on
    known_to: float = 0.0  # as of a piece, where it is not for the net to say
    name: str = ""  # it enrols nobody

    @property
    def speech(self) -> Stretches:
        """Speech by level in that part."""
        return overlap(self.level, [(self.first, self.last)])


class Segments:
    """Segments overlap by much; each answers for what came since the one before.

    One ends where a pause shows that what was said is over, so that it is answered for at once; in speech that goes on,
    after a while, and then it does not answer for its very end.
    """

    def __init__(self, size: int, hop: int, delay: int, window: int) -> None:
        self._size, self._hop, self._delay, self._window = size, hop, delay, window
        self._tape, self._activity = Tape(), Activity()
        self._next, self._answered, self._listened = TICK, 0, 0  # where to look next

    def feed(self, samples: Samples) -> list[Segment]:
        """The segments that these samples complete."""
        self._tape.append(samples)
        segments: list[Segment] = []
        while self._next <= self._tape.end:
            # Not all at once: what a level is held against must not depend on how much came with it.
            self._listen(self._next)
            segments += self._segment(self._next, self._due(self._next))
            self._next += TICK
        self._tape.forget(min(self._tape.end, self._next) - self._size)
        return segments

    def _due(self, end: int) -> int:
        """Up to where to answer by now."""
        speech = self._activity.speech(self._answered, end)
        if not speech or end - speech[-1][1] > PAUSE:
            return end - ONSET
        return end - self._delay if end - self._answered >= self._hop + self._delay else 0

    def flush(self) -> list[Segment]:
        """What no segment has answered for yet."""
        self._listen(self._tape.end)
        end = min(self._tape.end, self._activity.end)
        return self._segment(end, end)

    def finish(self) -> list[Segment]:
        """The same, at the end of the stream."""
        self._listen(self._tape.end)
        self._activity.finish()
        return self.flush()

    def _listen(self, end: int) -> None:
        self._activity.feed(self._tape.cut(self._listened, end))
        self._listened = end

    def _segment(self, end: int, last: int) -> list[Segment]:
        if last <= self._answered:
            return []
        first, self._answered = self._answered, last
        start = max(0, end - self._size)
        level = joined(self._activity.speech(first, end), first, end)
        samples = self._tape.cut(start, end)
        return [Segment(np.pad(samples, (0, max(0, SHORTEST - len(samples)))), start, end, first, last, level)]

    def pieces(self, segment: Segment, active: Active) -> list[Piece]:
        """What a segment comes to; the last piece ends the turns that are over by then, or all where that was asked."""
        found = pieces(segment, active, self._window)
        known_to = segment.known_to or silent_to(segment, active)
        return found[:-1] + [replace(piece, known_to=known_to) for piece in found[-1:]]


def joined(speech: Stretches, first: int, last: int) -> Stretches:
    """The stretches without breaths between them, of which also the edges may be full."""
    if not speech:
        return []
    inner = [first, *(edge for pause in between(speech, first, last) for edge in pause), last]
    return [(a, b) for a, b in zip(inner[::2], inner[1::2], strict=True) if a < b]


def between(speech: Stretches, first: int, last: int) -> Stretches:
    """The silence before, between and after the stretches that is longer than a breath."""
    edges = [first, *(edge for stretch in speech for edge in stretch), last]
    return [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a > PAUSE]


def silent_to(segment: Segment, active: Active) -> int:
    """Where somebody speaks next after what is answered for, by the net and by level: more than that was shown."""
    spoken = overlap(runs(np.asarray(active.any(1)), edges_of(segment, active)), segment.level)
    return max(segment.last, min((start for start, end in spoken if end > segment.last), default=segment.end))


def pieces(segment: Segment, active: Active, size: int) -> list[Piece]:
    """What each local speaker says, a little at a time, in order."""
    edges = edges_of(segment, active)
    count = max(1, round((segment.last - segment.first) / PIECE))
    cuts = np.linspace(segment.first, segment.last, count + 1).astype(int).tolist()
    found: list[Piece] = []
    for first, last in pairwise(cuts):
        found += company(list(beside(segment, active, edges, (first, last), size)), first)
    return found


def edges_of(segment: Segment, active: Active) -> Edges:
    """Where frames begin and end; the first and the last reach to the ends of what was shown."""
    edges = segment.start + (FIELD - STEP) // 2 + STEP * np.arange(len(active) + 1)
    edges[[0, -1]] = segment.start, max(edges[-1], segment.last)
    return edges


def company(found: list[Piece], first: int) -> list[Piece]:
    """Pieces of several people, in order, under one number."""
    if len(found) < 2:
        return found
    return sorted((replace(each, company=first + 1) for each in found), key=lambda piece: piece.speech[0])


def beside(segment: Segment, active: Active, edges: Edges, part: tuple[int, int], size: int) -> Iterator[Piece]:
    """One piece for each who speaks in this part."""
    alone = active & (active.sum(1, keepdims=True) == 1)
    inside = (edges[1:] > part[0]) & (edges[:-1] < part[1])
    for local in range(active.shape[1]):
        spoken = overlap(overlap(runs(active[:, local], edges), [part]), segment.level)
        speech = [(start, end) for start, end in spoken if end - start >= STEP]
        if sum(end - start for start, end in speech) < LEAST:
            continue
        seconds = max(FAINT, float((alone[:, local] & inside).sum()) * STEP / RATE_HZ)
        frames = near(active, local, np.abs(edges[:-1] - sum(part) // 2), -(-size // STEP))
        yield Piece(sound(segment, frames, edges, size), speech, share=seconds * RATE_HZ / size)


def near(active: Active, local: int, far: Edges, count: int) -> Bits:
    """The nearest frames in which one speaks alone; if those are too few, in which one speaks at all."""
    others: Bits = np.asarray(np.delete(active, local, 1).any(1))
    alone = active[:, local] & ~others
    return nearest(alone if alone.sum() >= FEW else active[:, local], far, count)


def nearest(allowed: Bits, far: Edges, count: int) -> Bits:
    """So many of the frames that are allowed and near, and a few farther ones where there are no others."""
    frames = np.flatnonzero(allowed)
    chosen = np.zeros(len(allowed), bool)
    near_by = max(FEW, int((far[frames] <= REACH).sum()))
    chosen[frames[np.argsort(far[frames], kind="stable")[: min(count, near_by)]]] = True
    return chosen


def sound(segment: Segment, frames: Bits, edges: Edges, size: int) -> Samples:
    """A window made of some frames."""
    parts = [segment.samples[a - segment.start : b - segment.start] for a, b in runs(frames, edges)]
    return filled(np.concatenate(parts), size)[:size]


def runs(bits: Bits, edges: Edges) -> Stretches:
    """Where frames follow each other, from edge to edge."""
    changes = np.flatnonzero(np.diff(bits.astype(np.int8), prepend=0, append=0))
    return [(int(a), int(b)) for a, b in edges[changes].reshape(-1, 2)]


def overlap(one: Stretches, other: Stretches) -> Stretches:
    """What lies in both."""
    both = [(max(a, c), min(b, d)) for a, b in one for c, d in other]
    return sorted((a, b) for a, b in both if a < b)
