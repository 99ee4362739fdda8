"""One recording over one WebSocket: spoken in a task of its own, heard meanwhile. Must not know what messages say."""

import asyncio
import json
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

Speak = Callable[[ClientConnection], Coroutine[Any, Any, None]]
Take = Callable[[Mapping[str, Any]], None]


async def spoken(url: str, headers: Mapping[str, str], speak: Speak, take: Take) -> None:
    """Until the server closes."""
    async with connect(url, additional_headers=headers, max_size=None) as socket:
        speaking = asyncio.create_task(speak(socket))
        try:
            async for message in socket:
                take(json.loads(message))
        finally:
            speaking.cancel()
            await asyncio.gather(speaking, return_exceptions=True)
