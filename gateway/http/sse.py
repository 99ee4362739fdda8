"""Server-sent events as a response. Must not know what the events say."""

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing

from starlette.types import Send

from gateway.http import refusal
from gateway.http.streaming import Flow, Served
from parley.budget import Budget
from parley.errors import ParleyError

Events = AsyncGenerator[Mapping[str, object]]


class EventStream(Flow):
    """One frame an event; an error after the first event is sent as an event."""

    def __init__(self, events: Events, shape: refusal.Shape, budget: Budget, served: Served) -> None:
        super().__init__(_frames(events), "text/event-stream", budget, served)
        self.shape = shape
        self.headers["cache-control"] = "no-cache"

    async def _break_off(self, error: ParleyError, send: Send) -> None:
        body = _frame(self.shape(error, refusal.answer(error).status))
        await send({"type": "http.response.body", "body": body, "more_body": True})
        await self._close(send)


async def _frames(events: Events) -> AsyncGenerator[bytes]:
    async with aclosing(events):
        async for event in events:
            yield _frame(event) if event else b""  # an empty event only opens


def _frame(event: Mapping[str, object]) -> bytes:
    return f"data: {json.dumps(event, ensure_ascii=False)}\n\n".encode()
