"""Work that ends when its caller is gone. Must not know what the work is."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Never, TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.websockets import WebSocket, WebSocketDisconnect

from parley.budget import Budget
from parley.errors import DeadlinePassed

Result = TypeVar("Result")


async def unless(interruption: Coroutine[Any, Any, Never], work: Coroutine[Any, Any, Result]) -> Result:
    """Do the work; the interruption only ever raises, and ends it sooner. Nothing of either is left behind."""
    working, waiting = asyncio.create_task(work), asyncio.create_task(interruption)
    try:
        await asyncio.wait((working, waiting), return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else waiting.result()
    finally:
        working.cancel()
        waiting.cancel()
        await asyncio.gather(working, waiting, return_exceptions=True)
        # An error knows this frame; if the frame knew the error's task too, all they hold would wait for the collector.
        del working, waiting


async def within(budget: Budget, work: Coroutine[Any, Any, Result]) -> Result:
    """Do the work, or say that it takes too long."""
    try:
        async with asyncio.timeout(budget.left) as limit:
            return await work
    except TimeoutError:
        if not limit.expired():
            raise
        raise DeadlinePassed("The work took longer than a request may; send less at once.") from None


async def gone_socket(socket: WebSocket) -> Never:
    """The same of a WebSocket that is only told; what it sends is not looked at."""
    while (message := await socket.receive())["type"] != "websocket.disconnect":
        pass
    raise WebSocketDisconnect(message["code"])


async def gone(request: Request) -> Never:
    """Raises when the client has hung up. The body must have been read."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
    raise ClientDisconnect
