"""Sound as the answer to a request: a file, sent as its samples come. Must not know a stage."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any

from gateway.http.endpoint import served
from gateway.http.streaming import Flow
from parley.audio.recorder import Flac, Recorder, Wav
from parley.budget import Budget

SOUNDS: dict[str, Callable[[int, int | None], Recorder]] = {"wav": Wav, "flac": Flac}


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
