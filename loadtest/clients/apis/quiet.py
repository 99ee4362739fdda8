"""Servers that never say that they are done: they are when they have been quiet for long enough."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

from websockets.asyncio.client import ClientConnection

from loadtest.measured.clips import CHUNK_S

SETTLED_S, UNFINISHED_S = 1.5, 10.0  # without a message: where nothing is open any more, and where something is


async def hear_out(
    socket: ClientConnection,
    take: Callable[[Any], None],
    speaking: "asyncio.Task[None]",
    open_: Callable[[], bool],
    unfinished_s: float = UNFINISHED_S,
) -> None:
    """Every message, until all has been said and nothing has come for a while."""
    last = time.monotonic()
    while not speaking.done() or time.monotonic() < last + (unfinished_s if open_() else SETTLED_S):
        try:
            async with asyncio.timeout(CHUNK_S):
                message = await socket.recv()
        except TimeoutError:
            last = last if speaking.done() else time.monotonic()
            continue
        take(json.loads(message))
        last = time.monotonic()
