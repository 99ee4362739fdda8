"""Sound as the answer to a request: a file, sent as its samples come, or one of each track. Must not know a stage."""

import asyncio
import tempfile
import zipfile
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import ExitStack, aclosing
from typing import IO, Any

from gateway.http.endpoint import served
from gateway.http.streaming import Flow
from parley.audio.recorder import Flac, Recorder, Unseekable, Wav
from parley.budget import Budget

SOUNDS: dict[str, Callable[[int, int | None, int], Recorder]] = {"wav": Wav, "flac": Flac}
HELD = 8 << 20  # bytes of a track in memory; what is more lies in a file without a name until it is sent
BLOCK = 1 << 16


def recorded(file: Recorder, answers: AsyncGenerator[Any], kind: str, budget: Budget) -> Flow:
    """A filter's answers as a file."""
    model = ""

    async def pieces() -> AsyncGenerator[bytes]:
        nonlocal model
        async with aclosing(answers):
            async for answer in answers:
                model = answer.opened.model or model
                if piece := file.write(answer.audio.data):
                    yield piece
        yield file.end()

    flow = Flow(pieces(), kind, budget, lambda: served(model))
    if file.size is not None:
        flow.headers["content-length"] = str(file.size)
    return flow


class Tracks:
    """Every track of a recording as a FLAC file, in a zip."""

    def __init__(self, rate_hz: int, samples: int | None, channels: int) -> None:
        self._form, self._open = (rate_hz, samples, channels), ExitStack()
        self._files: dict[str, tuple[Recorder, IO[bytes]]] = {}

    def flow(self, answers: AsyncGenerator[Any], budget: Budget) -> Flow:
        """It is sent once all is there: the files of a zip stand one behind the other."""
        model = ""

        async def pieces() -> AsyncGenerator[bytes]:
            nonlocal model
            with self._open:
                async with aclosing(answers):
                    async for answer in answers:
                        model = answer.opened.model or model
                        await asyncio.to_thread(self._hear, answer)
                blocks = self._zip()
                while block := await asyncio.to_thread(next, blocks, b""):
                    yield block

        return Flow(pieces(), "application/zip", budget, lambda: served(model))

    def _hear(self, answer: Any) -> None:
        kind = answer.WhichOneof("event")
        chunk = getattr(getattr(answer, kind), "audio", answer.audio)
        if kind == "opened" or not chunk.track:
            return
        if chunk.track not in self._files:
            kept = self._open.enter_context(tempfile.SpooledTemporaryFile(HELD))  # noqa: SIM115
            self._files[chunk.track] = Flac(*self._form), kept
        file, held = self._files[chunk.track]
        held.write(file.write(chunk.data))

    def _zip(self) -> Iterator[bytes]:
        out = Unseekable()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as package:
            for name, (file, held) in self._files.items():
                held.write(file.end())
                held.seek(0)
                with package.open(f"{name}.flac", "w", force_zip64=True) as entry:
                    while block := held.read(BLOCK):
                        entry.write(block)
                        yield bytes(out.take())
        yield bytes(out.take())
