"""Answers that are sent as they come into being."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any, cast

import pytest

from gateway.http.refusal import ours
from gateway.http.sse import EventStream
from gateway.http.streaming import Flow
from parley.budget import Budget
from parley.errors import Overloaded
from tests.fakes import PATIENCE_S


class Caller:
    """Reads what is sent; hangs up when told to."""

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []
        self.gone = asyncio.Event()

    async def send(self, message: dict[str, Any]) -> None:
        self.heard.append(message)

    async def receive(self) -> dict[str, Any]:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def hear(self, answer: Flow) -> None:
        await answer({"type": "http"}, cast(Any, self.receive), cast(Any, self.send))

    @property
    def status(self) -> int:
        return int(self.heard[0]["status"])

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.heard)

    @property
    def is_whole(self) -> bool:
        return not self.heard[-1].get("more_body", False)


async def pieces(*told: bytes | Exception | float) -> AsyncGenerator[bytes]:
    for each in told:
        if isinstance(each, Exception):
            raise each
        if isinstance(each, float):
            await asyncio.sleep(each)  # the pause that was asked for
        else:
            yield each


def flow(*told: bytes | Exception | float, budget_s: float = 5.0) -> Flow:
    return Flow(pieces(*told), "audio/wav", Budget.of(budget_s), lambda: {"parley-model": "echo@1"})


async def test_pieces_are_the_body() -> None:
    """In their order, after a head that says who served."""
    caller = Caller()
    await caller.hear(flow(b"a", b"b"))
    assert (caller.status, caller.body, caller.is_whole) == (200, b"ab", True)
    assert (b"parley-model", b"echo@1") in caller.heard[0]["headers"]


@pytest.mark.parametrize(("told", "status"), [(Overloaded("no", retry_s=1), 429), (5.0, 504)])
async def test_what_fails_before_the_first_piece_is_refused(told: Any, status: int) -> None:
    """With a status, as if it had never begun."""
    caller = Caller()
    await caller.hear(flow(told, b"a", budget_s=0.05))
    assert (caller.status, caller.is_whole) == (status, True)


@pytest.mark.parametrize("told", [Overloaded("no", retry_s=1), 5.0])
async def test_what_fails_later_does_not_look_whole(told: Any) -> None:
    """Half a file with a good end would be taken for all of it; it is not kept either."""
    caller, kept = Caller(), list[bytes]()
    answer = flow(b"a", told, b"b", budget_s=0.05)

    async def keep(body: bytes) -> None:
        kept.append(body)

    answer.keep(keep, 100)
    await caller.hear(answer)
    assert (caller.status, caller.body, caller.is_whole, kept) == (200, b"a", False, [])


async def test_events_can_say_what_fails_later() -> None:
    """As an event of its own, the last."""

    async def events() -> AsyncGenerator[dict[str, object]]:
        yield {"text": "alfa"}
        raise Overloaded("no", retry_s=1)

    caller = Caller()
    await caller.hear(EventStream(events(), ours, Budget.of(5.0), dict))
    first, last = caller.body.decode().strip().split("\n\n")
    assert (first, '"QUEUE_FULL"' in last, caller.is_whole) == ('data: {"text": "alfa"}', True, True)


async def test_a_caller_who_hangs_up_ends_the_work() -> None:
    """At once, and nothing is left behind."""
    caller, ended = Caller(), asyncio.Event()

    async def endless() -> AsyncGenerator[bytes]:
        try:
            while True:
                yield b"a"
                await asyncio.sleep(0)
        finally:
            ended.set()

    asyncio.get_running_loop().call_later(0.05, caller.gone.set)
    await asyncio.wait_for(caller.hear(Flow(endless(), "audio/wav", Budget.of(5.0), dict)), PATIENCE_S)
    assert ended.is_set()
