"""Decodes a compressed file while it arrives. Must not know an API."""

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

from parley.audio.media import MediaDecoder
from parley.v1.audio_pb2 import AudioEncoding, AudioFormat

BLOCK_S = 0.1
Chunks = AsyncIterator[bytes]


class FilePipe(io.RawIOBase):
    """What arrives, as a blocking file for the decoder's thread."""

    def __init__(self, begun: bytes, chunks: Chunks) -> None:
        self._rest, self._chunks = begun, chunks
        self._loop = asyncio.get_running_loop()
        self._coming: Future[bytes] | None = None
        self._over = False

    def readable(self) -> bool:
        """True; it cannot seek, however."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Blocks until there are bytes; 0 at the end."""
        while not self._rest and not self._over:
            self._coming = asyncio.run_coroutine_threadsafe(self._next(), self._loop)
            self._rest = self._coming.result()
        place = memoryview(buffer)
        size = min(len(place), len(self._rest))
        place[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size

    async def _next(self) -> bytes:
        async for chunk in self._chunks:
            if chunk:
                return chunk
        self._over = True
        return b""

    def hang_up(self) -> None:
        """Ends the file here, also for a read that waits."""
        self._over = True
        if self._coming is not None:
            self._coming.cancel()


class Unpacking:
    """One file's decoder on a thread of its own: while it waits for its sender it must not hold up other files."""

    def __init__(self, begun: bytes, chunks: Chunks, longest_s: float, *, mixed: bool = True) -> None:
        self._pipe, self._longest_s, self._mixed = FilePipe(begun, chunks), longest_s, mixed
        self._thread = ThreadPoolExecutor(1, "unpack")
        self._decoder: MediaDecoder | None = None

    async def form(self) -> AudioFormat:
        """The format of the decoded samples, from the header."""
        decoder = await self._work(partial(MediaDecoder, self._pipe, self._longest_s, mixed=self._mixed))
        self._decoder, encoding = decoder, AudioEncoding.AUDIO_ENCODING_PCM_S16LE
        return AudioFormat(encoding=encoding, sample_rate_hz=decoder.rate_hz, channels=decoder.channels)

    async def pieces(self) -> Chunks:
        """The decoded samples, in blocks."""
        assert self._decoder is not None
        blocks = self._decoder.blocks(BLOCK_S)
        while block := await self._work(next, blocks, b""):
            yield block

    async def _work(self, work: Callable[..., Any], *more: object) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *more)

    def end(self) -> None:
        """Stop decoding; the thread ends by itself."""
        self._pipe.hang_up()
        self._thread.shutdown(wait=False, cancel_futures=True)
