"""Sends a copy of a stream to another version; its answers are compared and never returned.

It must never slow or break the stream: copies are handed over without waiting, and a shadow that lags is dropped.
Transcripts are not logged, only how far they differ.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message

from gateway import metrics
from gateway.replicas.pool import Upstream
from gateway.replicas.replay import Rewind
from gateway.replicas.replica import Call, Source
from parley.edit_distance import distance
from parley.errors import ParleyError
from parley.plain_words import plain_words

log = logging.getLogger(__name__)
COPIED_MOST = 1 << 20  # bytes that wait for a shadow
COMPARED_MOST = 300  # words
LETTERS_MOST = 5_000
COMPARE_TIMEOUT_S = 10.0  # for the stream to end, once its shadow has


@dataclass(frozen=True)
class Compared:
    """What two versions said of the same."""

    stage: str
    alias: str
    served: str  # the version whose answer the caller got
    shadow: str
    served_text: str
    shadow_text: str
    divergence: float  # share of the words, without how they are written
    payer: str = ""  # what stands for the key whose stream it was


@dataclass(frozen=True)
class Beside:
    """Whose stream a shadow hears."""

    alias: str
    served: str
    payer: str
    tell: Callable[[Compared], None]


class Shadow:
    """One stream's copy, for one version."""

    def __init__(self, upstream: Upstream, call: Call, parse: Callable[[bytes], Message], beside: Beside) -> None:
        self._upstream, self._call, self._parse, self._beside = upstream, call, parse, beside
        self._copies: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._waiting = self._heard = 0
        self._answers: list[bytes] = []
        self._last, self._dropped = 0.0, False
        self._ended = asyncio.Event()
        self._task = asyncio.create_task(self._follow())

    def hears(self, requests: Source) -> Source:
        """The same requests, copied as they are read; what a retry reads again is copied once."""

        async def copied() -> AsyncIterator[bytes]:
            number = 0
            async for request in requests():
                number += 1
                if number > self._heard:
                    self._heard = number
                    self._copy(request)
                yield request
            self._copy(None)

        return copied

    def _copy(self, request: bytes | None) -> None:
        if self.over:
            return
        self._waiting += len(request or b"")
        self._copies.put_nowait(request)
        if self._waiting > COPIED_MOST:
            self.drop("lagged")

    def compare(self, answer: bytes) -> None:
        """Notes an answer that the caller got."""
        self._last = time.monotonic()
        if not self.over:
            self._answers.append(answer)

    def done(self) -> None:
        """The caller's stream has ended well: the answers can be compared."""
        self._ended.set()

    def settle(self) -> None:
        """The caller's stream is over; if it did not end well there is nothing to compare."""
        if not self._ended.is_set():
            self.drop("broken off")

    def drop(self, outcome: str) -> None:
        """Stop and count the outcome; nothing is compared."""
        if not self.over:
            self._dropped = True
            self._count(outcome)
            self._task.cancel()
            self._answers.clear()
            while not self._copies.empty():
                self._copies.get_nowait()

    def _count(self, outcome: str) -> None:
        metrics.SHADOWS.labels(self._upstream.stage, self._call.version, outcome).inc()

    async def _follow(self) -> None:
        try:
            answers, last = await self._listen()
            async with asyncio.timeout(COMPARE_TIMEOUT_S):
                await self._ended.wait()
            self._compare(answers, last)
        except (ParleyError, TimeoutError) as error:
            log.info("shadow failed", extra={"model": self._call.version, "why": str(error) or "the stream broke off"})
            self._count("failed")

    async def _listen(self) -> tuple[list[bytes], float]:
        rewind, answers, last = Rewind(self._requests()), [], 0.0
        try:
            async with self._upstream.stream(self._call, rewind.requests) as exchange:
                rewind.settle()
                async for answer in exchange.answers():
                    answers.append(answer)
                    last = time.monotonic()
        finally:
            await rewind.close()
        return answers, last

    async def _requests(self) -> AsyncIterator[bytes]:
        while (request := await self._copies.get()) is not None:
            self._waiting -= len(request)
            yield request

    def _compare(self, answers: Sequence[bytes], last: float) -> None:
        our_text, their_text = (text(map(self._parse, each)) for each in (self._answers, answers))
        ours, theirs = (plain_words(each[:LETTERS_MOST]) for each in (our_text, their_text))
        labels = (self._upstream.stage, self._call.version)
        lag = last - self._last
        metrics.SHADOW_LAG.labels(*labels).observe(lag)
        facts: dict[str, object] = {"stage": labels[0], "model": labels[1], "lag_s": round(lag, 3)}
        if ours or theirs:
            differs = divergence(ours[:COMPARED_MOST], theirs[:COMPARED_MOST])  # 0.1 ms at most
            metrics.SHADOW_DIVERGENCE.labels(*labels).observe(differs)
            facts |= {"words": len(ours), "divergence": round(differs, 3)}
            beside = self._beside
            told = (labels[0], beside.alias, beside.served, labels[1], our_text, their_text, differs, beside.payer)
            beside.tell(Compared(*told))
        self._count("compared")
        log.info("shadow compared", extra=facts)

    async def close(self) -> None:
        """Stop, without counting."""
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    @property
    def over(self) -> bool:
        """It has been compared, or dropped."""
        return self._dropped or self._task.done()


def text(answers: Any) -> str:
    """The final words in a stage's answers."""
    found: list[str] = []
    for answer in answers:
        event = getattr(answer, answer.WhichOneof("event") or "", None)
        if getattr(event, "is_final", True):
            found.append(getattr(event, "text", ""))
    return " ".join(filter(None, found))


def divergence(one: Sequence[str], other: Sequence[str]) -> float:
    """Edit distance in words, as a share of the longer text."""
    return distance(one, other) / max(1, len(one), len(other))
