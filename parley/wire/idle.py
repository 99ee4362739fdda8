"""How long a stream may send nothing. Must not know what it sends, nor over what."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from parley.errors import StreamIdle

Message = TypeVar("Message")


async def message(reading: Awaitable[Message], within_s: float) -> Message:
    """The next message; raises StreamIdle where none comes in time. 0: however long it takes."""
    try:
        async with asyncio.timeout(within_s or None) as limit:
            return await reading
    except TimeoutError:
        if not limit.expired():
            raise
        raise StreamIdle(
            f"Nothing came for {within_s:g} s, and others wait for the place; send silence as sound, or end the stream "
            "and open another one later."
        ) from None
