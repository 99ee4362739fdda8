"""Server-sent events as a response: ends when its caller is gone. Must not know what the events say."""

import json
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing

from starlette.requests import ClientDisconnect, Request
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from gateway import hangup, refusal
from parley import wire

Events = AsyncGenerator[Mapping[str, object]]


class EventStream(StreamingResponse):
    """One frame an event. What goes wrong before the first is a refusal with its status, later an event of its own."""

    def __init__(self, events: Events, shape: refusal.Shape, served: Callable[[], Mapping[str, str]]) -> None:
        super().__init__((), media_type="text/event-stream")
        self._events, self._shape, self._served = events, shape, served

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Tell, and listen whether anybody is there."""
        try:
            await hangup.unless(hangup.gone(Request(scope, receive)), self._tell(scope, receive, send))
        except ClientDisconnect:
            return

    async def _tell(self, scope: Scope, receive: Receive, send: Send) -> None:
        opened = False
        try:
            async with aclosing(self._events) as events:
                async for event in events:
                    if not opened:
                        await self._open(send)
                        opened = True
                    await _send(send, event)
        except Exception as error:
            told = wire.public(error, "the gateway")
            if not opened:
                await refusal.response(told, self._shape)(scope, receive, send)
                return
            await _send(send, self._shape(told, refusal.answer(told).status))
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _open(self, send: Send) -> None:
        """Only now is it known what serves."""
        self.headers.update(self._served())
        self.headers["cache-control"] = "no-cache"
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})


async def _send(send: Send, event: Mapping[str, object]) -> None:
    """An empty event only opens."""
    frame = f"data: {json.dumps(event, ensure_ascii=False)}\n\n" if event else ""
    await send({"type": "http.response.body", "body": frame.encode(), "more_body": True})
