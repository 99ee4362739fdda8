"""Who hears of which call."""

import asyncio

import pytest

from gateway.calls import rooms
from gateway.calls.rooms import Rooms, SlowListener
from parley.errors import NotFound, TooManyStreams
from parley.wire.keys import NOBODY, Key, make
from tests.waiting import until

ANN, BEN = (make(name, ["use"])[1] for name in ("ann", "ben"))


def said(events: list[rooms.Event]) -> list[object]:
    return [event["text"] for event in events]


async def heard(here: Rooms, key: Key, name: str = "CA1") -> list[rooms.Event]:
    return [event async for event in here.listen(key, name)]


async def test_everybody_with_the_key_hears_everything_once() -> None:
    """Who was there before the call, who comes in the middle of it, and in the same order."""
    here = Rooms(0)
    early = asyncio.create_task(heard(here, ANN))
    await until(lambda: here._rooms)
    with here.call(ANN.id, "CA1") as room:
        room.tell({"text": "one"})
        room.tell({"text": "guess"}, keep=False)
        late = asyncio.create_task(heard(here, ANN))
        await until(lambda: len(here._listeners) == 2)
        room.tell({"text": "two"})
    assert said(await early) == ["one", "guess", "two"]
    assert said(await late) == ["one", "two"]
    assert not here._rooms
    assert not here._listeners


async def test_a_stranger_hears_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another key's call is as if it were not there."""
    monkeypatch.setattr(rooms, "WAIT_S", 0.02)
    here = Rooms(0)
    with here.call(ANN.id, "CA1") as room:
        room.tell({"text": "secret"})
        for key in (BEN, NOBODY):
            with pytest.raises(NotFound):
                await heard(here, key)
        assert list(here._rooms) == [(ANN.id, "CA1")]


async def test_several_streams_of_a_call_are_one_call() -> None:
    """It is over when the last one is."""
    here = Rooms(0)
    with here.call("", "CA1") as first:
        listening = asyncio.create_task(heard(here, NOBODY))
        await until(lambda: here._listeners)
        with here.call("", "CA1") as second:
            second.tell({"text": "one"})
        first.tell({"text": "two"})
    assert said(await listening) == ["one", "two"]


async def test_who_does_not_read_is_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """The call waits for nobody, and keeps no more for one listener than a bound."""
    monkeypatch.setattr(rooms, "BEHIND_MOST", 3)
    here = Rooms(0)
    with here.call("", "CA1") as room:
        events = here.listen(NOBODY, "CA1")
        room.tell({"text": "one"})
        assert said([await anext(events)]) == ["one"]
        for n in range(10):
            room.tell({"text": str(n)})
        with pytest.raises(SlowListener):
            await anext(events)
    assert not here._listeners


async def test_listeners_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all, and of one key; who goes makes room."""
    monkeypatch.setattr(rooms, "WAIT_S", 0.0)
    here = Rooms(1)
    with here.call(ANN.id, "CA1") as room:
        room.tell({"text": "one"})
        events = here.listen(ANN, "CA1")
        await anext(events)
        with pytest.raises(TooManyStreams):
            await heard(here, ANN)
        with pytest.raises(NotFound):
            await heard(here, BEN)
        await events.aclose()
        await anext(here.listen(ANN, "CA1"))
