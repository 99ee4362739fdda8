"""A recording's file -> its samples, as fast as they are wanted. Must not know jobs."""

import asyncio
import io
from collections.abc import AsyncIterator

from parley.audio.media import HIGHEST_HZ, MediaDecoder
from parley.v1.audio_pb2 import AudioEncoding, AudioFormat

BLOCK_S = 30.0  # decoded at once, on a thread: a piece of a second each would cost a thread's turn
RAW_HZ = 16_000  # more is not heard by any stage but filters
PIECE_S = 1.0


class JobSound:
    """One recording that is being read."""

    def __init__(self, file: io.RawIOBase, longest_s: float, *, mixed: bool, filtered: bool) -> None:
        most_hz = HIGHEST_HZ if filtered else RAW_HZ
        self._decoder = MediaDecoder(file, longest_s, mixed=mixed, most_hz=most_hz)
        self._blocks = self._decoder.blocks(BLOCK_S)
        self.claimed_s = self._decoder.claimed_s
        self.read_s = 0.0

    @property
    def form(self) -> AudioFormat:
        """The pieces' format."""
        encoding = AudioEncoding.AUDIO_ENCODING_PCM_S16LE
        decoder = self._decoder
        return AudioFormat(encoding=encoding, sample_rate_hz=decoder.rate_hz, channels=decoder.channels)

    async def pieces(self) -> AsyncIterator[bytes]:
        """All samples, once."""
        frame = 2 * self._decoder.channels
        size = round(PIECE_S * self._decoder.rate_hz) * frame
        while block := await asyncio.to_thread(next, self._blocks, b""):
            for at in range(0, len(block), size):
                piece = block[at : at + size]
                self.read_s += len(piece) / frame / self._decoder.rate_hz
                yield piece
