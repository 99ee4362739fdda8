"""A long recording -> recordings of some minutes, cut in pauses: one after the other they are all of its samples.

Must not know what is done with them.
"""

import asyncio
import io
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from parley.audio.media import HIGHEST_HZ, MediaDecoder
from parley.audio.recorder import LAYOUTS, Flac, whole
from services.jobs.quiet import quietest
from services.jobs.sound import BLOCK_S, RAW_HZ

LOOKED_AT = 0.1  # of a piece, at its end: there is the pause in which it is cut
LONG = 1.5  # times a piece's length, a recording is worth cutting


@dataclass(frozen=True)
class Piece:
    """A part of the recording, as a file."""

    start_s: float
    duration_s: float
    file: bytes


def begun(file: io.RawIOBase, longest_s: float, piece_s: float, *, mixed: bool, filtered: bool) -> "Cutting | None":
    """Cuts the recording, where it may be long enough and has no more channels than a file takes."""
    most_hz = HIGHEST_HZ if filtered else RAW_HZ
    decoder = MediaDecoder(file, longest_s, mixed=mixed, most_hz=most_hz)
    if decoder.channels not in LAYOUTS or 0 < decoder.claimed_s <= LONG * piece_s:
        return None
    pieces = max(1, math.ceil(decoder.claimed_s / piece_s))  # 1: nobody knows how long it is
    return Cutting(decoder, decoder.claimed_s / pieces or piece_s)


class Cutting:
    """One recording that is being cut. What is held in memory is one piece."""

    def __init__(self, decoder: MediaDecoder, piece_s: float) -> None:
        self._decoder, self._frame = decoder, 2 * decoder.channels
        self._length = round(piece_s * decoder.rate_hz) * self._frame
        self._looked_at = round(LOOKED_AT * piece_s * decoder.rate_hz) * self._frame
        self._pieces = self._cut()
        self.claimed_s, self.read_s = decoder.claimed_s, 0.0

    async def next(self) -> Piece | None:
        """The next one; a piece is no less than one, so that who waits can be told to stop."""
        return await asyncio.to_thread(next, self._pieces, None)

    def _cut(self) -> Iterator[Piece]:
        held = bytearray()
        for block in self._decoder.blocks(BLOCK_S):
            held += block
            while len(held) > self._length + self._looked_at:  # else what is left would be too little
                end = self._pause(held)
                yield self._piece(bytes(held[:end]))
                del held[:end]
        if held:
            yield self._piece(bytes(held))

    def _pause(self, held: bytearray) -> int:
        first = self._length - self._looked_at
        looked_at = np.frombuffer(held[first : self._length], np.int16).reshape(-1, self._decoder.channels)
        return first + self._frame * quietest(looked_at, self._decoder.rate_hz)

    def _piece(self, data: bytes) -> Piece:
        rate_hz, channels = self._decoder.rate_hz, self._decoder.channels
        start_s, samples = self.read_s, len(data) // self._frame
        self.read_s += samples / rate_hz
        return Piece(start_s, samples / rate_hz, whole(Flac(rate_hz, samples, channels), data))
