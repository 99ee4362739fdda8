"""Tells one webhook what is said in one stream of a call, in order. Must not know what an event says.

What waits is bounded and lives in memory. A delivery that is refused is tried again while others wait behind it; what
is lost in the end is counted, and the next delivery says how much it was.
"""

import asyncio
import json
import logging
from collections import deque

import httpx
from standardwebhooks import Webhook

from gateway.calls.rooms import Event
from gateway.config import TelephonyConfig
from gateway.metrics import CALL_WEBHOOKS
from parley.wire import outward, webhooks

log = logging.getLogger(__name__)
PAUSES_S = (1.0, 3.0, 9.0, 27.0, 81.0)  # between tries
WAITING_MOST = 1000  # events
AT_ONCE = 100  # of them in one delivery


class Teller:
    """One stream's. Tell, end; somebody else runs it."""

    def __init__(self, url: str, stream: str, config: TelephonyConfig, signing: Webhook) -> None:
        self._url, self._stream, self._private, self._signing = url, stream, config.private, signing
        self._waiting = deque[Event]()
        self._missed, self._number = 0, 0
        self._is_over, self._changed = False, asyncio.Event()

    def tell(self, event: Event) -> None:
        """Nobody waits for it."""
        if len(self._waiting) >= WAITING_MOST:
            self._waiting.popleft()
            self._missed += 1
        self._waiting.append(event)
        self._changed.set()

    def end(self) -> None:
        """There is nothing more to tell."""
        self._is_over = True
        self._changed.set()

    async def run(self) -> None:
        """Until all is told, or given up."""
        async with outward.client(webhooks.TIMEOUT_S) as client:
            while events := await self._next():
                await self._deliver(client, events)

    async def _next(self) -> list[Event]:
        while not (self._waiting or self._is_over):
            self._changed.clear()
            await self._changed.wait()
        return [self._waiting.popleft() for _ in range(min(AT_ONCE, len(self._waiting)))]

    async def _deliver(self, client: httpx.AsyncClient, events: list[Event]) -> None:
        self._number += 1
        name, missed = f"{self._stream}.{self._number}", self._missed
        data = {"stream": self._stream, "missed": missed, "events": events}
        body = json.dumps({"type": "call.events", "data": data}, ensure_ascii=False)
        for pause_s in (*PAUSES_S, None):
            try:
                await webhooks.post(client, self._url, self._private, name, body, self._signing)
            except webhooks.FAULTS as error:
                CALL_WEBHOOKS.labels("failed").inc()
                log.warning("a call's webhook does not take it: %s", error, extra={"again_in_s": pause_s})
            else:
                CALL_WEBHOOKS.labels("told").inc()
                self._missed -= missed
                return
            if pause_s is not None:
                await asyncio.sleep(pause_s)
        CALL_WEBHOOKS.labels("dead").inc()
        self._missed += len(events)
        log.error("a call's webhook was not told", extra={"delivery": name, "events": len(events)})
