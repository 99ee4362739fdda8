"""Who is told of a call: guesses go to who listens now, what is sure to the webhook too."""

import asyncio
import json
from typing import Any, cast

import pytest

from gateway.apis.twilio.socket import MULAW
from gateway.calls import calls as module
from gateway.calls.call import STOP, Call, CallStart
from gateway.calls.calls import Calls
from gateway.config import GatewayConfig, TelephonyConfig
from gateway.core import Caller, Core
from parley.errors import Overloaded
from tests.gateway.conftest import FakeCore, final
from tests.receiver import SECRET, Receiver, receiving
from tests.waiting import until

BEGUN = CallStart("CA1", "MZ1", ("inbound",), 40)


async def spoken(call: Call) -> str:
    await call.hear("inbound", MULAW, 0, bytes(480))
    return STOP


def calls_of(core: FakeCore, receiver: Receiver) -> Calls:
    options = {"webhook": receiver.url, "interim_results": "true"}
    telephony = TelephonyConfig(options=options, webhook_secret=SECRET, private=("localhost",))
    return Calls(cast(Core, core), GatewayConfig(upstreams={}, telephony=telephony))


def told(receiver: Receiver) -> list[dict[str, Any]]:
    return [event for _, body in receiver.came for event in json.loads(body)["data"]["events"]]


async def test_guesses_are_for_who_listens(core: FakeCore) -> None:
    """The webhook is told what is sure, under the same numbers, to the end and beyond the call's."""
    guess = final("al")
    guess.transcript.is_final = False
    core.answers = [guess, final("alfa")]

    async def heard() -> list[dict[str, Any]]:
        return [dict(event) async for event in here.listen("CA1", Caller())]

    async with receiving(200) as receiver:
        here = calls_of(core, receiver)
        listening = asyncio.create_task(heard())
        await until(lambda: here._rooms._listeners)
        await here.heard(BEGUN, here.asked({}), Caller(), spoken)
        await here.close(5.0)
        events = await listening
    assert [event.get("text") for event in events if event["type"] == "transcript"] == ["al", "alfa"]
    assert told(receiver) == [event for event in events if event["type"] != "opened" and event.get("is_final", True)]


async def test_webhooks_that_are_being_told_are_bounded(core: FakeCore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that would be one too many is refused, not told to nobody."""
    monkeypatch.setattr(module, "TELLERS_MOST", 0)
    async with receiving(200) as receiver:
        here = calls_of(core, receiver)
        with pytest.raises(Overloaded):
            await here.heard(BEGUN, here.asked({}), Caller(), spoken)
        assert not here._open
