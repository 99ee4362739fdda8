"""A call's webhook: in order, tried again, bounded. A real receiver, on this machine."""

import asyncio
import json

import pytest
from prometheus_client import REGISTRY
from standardwebhooks import Webhook

from gateway.calls import telling
from gateway.calls.telling import Teller
from gateway.config import TelephonyConfig
from parley.wire import webhooks
from tests.receiver import SECRET, Receiver, receiving

HERE = TelephonyConfig(private=("localhost",))


def teller(receiver: Receiver, config: TelephonyConfig = HERE) -> Teller:
    return Teller(receiver.url, "MZ1", config, webhooks.signing(SECRET))


def bodies(receiver: Receiver) -> list[dict[str, object]]:
    return [json.loads(body)["data"] for _, body in receiver.came]


async def test_what_is_said_is_told_in_order_and_signed() -> None:
    """The receiver's own library believes it; what waits meanwhile goes together."""
    async with receiving(200) as receiver:
        here = teller(receiver)
        for n in range(telling.AT_ONCE + 1):
            here.tell({"number": n})
        here.end()
        await here.run()
    for headers, body in receiver.came:
        assert Webhook(SECRET).verify(body, headers)["type"] == "call.events"
    assert [headers["webhook-id"] for headers, _ in receiver.came] == ["MZ1.1", "MZ1.2"]
    told = [event["number"] for data in bodies(receiver) for event in data["events"]]  # type: ignore[attr-defined]
    assert told == list(range(telling.AT_ONCE + 1))


async def test_a_refused_delivery_is_tried_again_before_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under the same name."""
    monkeypatch.setattr(telling, "PAUSES_S", (0.0, 0.0))
    async with receiving(500, 302, 200) as receiver:
        here = teller(receiver)
        running = asyncio.create_task(here.run())
        here.tell({"number": 1})
        here.end()
        await running
    assert {headers["webhook-id"] for headers, _ in receiver.came} == {"MZ1.1"}
    assert len(receiver.came) == 3


async def test_what_is_lost_is_counted_in_the_next_delivery(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether nobody took it, or too much waited."""
    monkeypatch.setattr(telling, "PAUSES_S", ())
    monkeypatch.setattr(telling, "WAITING_MOST", 2)
    monkeypatch.setattr(telling, "AT_ONCE", 1)
    async with receiving(500, 200) as receiver:
        here = teller(receiver)
        for n in range(5):
            here.tell({"number": n})
        here.end()
        await here.run()
    assert [data["missed"] for data in bodies(receiver)] == [3, 4]
    assert bodies(receiver)[-1]["events"] == [{"number": 4}]


async def test_a_private_address_is_not_called(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Unless the config names its host."""
    monkeypatch.setattr(telling, "PAUSES_S", ())
    async with receiving(200) as receiver:
        here = teller(receiver, TelephonyConfig())
        here.tell({"number": 1})
        here.end()
        await here.run()
        assert receiver.came == []
    assert "private address" in caplog.text
    assert REGISTRY.get_sample_value("parley_calls_webhooks_total", {"outcome": "dead"})
