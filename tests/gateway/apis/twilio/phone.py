"""A gateway that is called as Twilio calls it, and somebody who listens. Behind it a core that says what it is told."""

import base64
from collections.abc import Mapping
from typing import Any, cast

from starlette.testclient import TestClient

from gateway.apis.app import app
from gateway.calls.calls import Calls
from gateway.config import CacheConfig, GatewayConfig, Limits, TelephonyConfig
from gateway.core import Caller, Core
from tests.gateway.apis.deepgram.test_live import rest
from tests.gateway.apis.twilio.test_messages import BEGUN, frame
from tests.gateway.conftest import FakeCore
from tests.waiting import until_now

PATH, CAPTIONS = "/v1/twilio", "/v1/calls/CA1/captions"
CONNECTED, STOP = '{"event": "connected", "protocol": "Call", "version": "1.0.0"}', frame("stop", callSid="CA1")


def start(**parameters: str) -> str:
    return frame("start", **BEGUN | {"customParameters": parameters})


def media(at_ms: int, name: str = "inbound", length: int = 480) -> str:
    """As much as is handed on at once."""
    payload = base64.b64encode(bytes(length)).decode()
    return frame("media", track=name, chunk="1", timestamp=str(at_ms), payload=payload)


class Phone(TestClient):
    """A client of a gateway that hears calls."""

    def __init__(self, core: FakeCore, telephony: TelephonyConfig = TelephonyConfig(), **more: Any) -> None:  # noqa: B008
        config = GatewayConfig(upstreams={}, limits=Limits(**more), telephony=telephony)
        self.calls = Calls(cast(Core, core), config)
        served = app(cast(Core, core), config.limits, CacheConfig(), calls=self.calls)
        super().__init__(served, raise_server_exceptions=False)

    @property
    def listeners(self) -> int:
        return len(self.calls._rooms._listeners)

    @property
    def streams(self) -> int:
        return self.calls._open.total()


def called(client: TestClient, *sent: str | bytes, path: str = PATH, **headers: str) -> tuple[int, str]:
    """How a call with these messages ends; Twilio is told nothing before that."""
    with client.websocket_connect(path, headers=headers) as socket:
        for each in sent:
            socket.send_bytes(each) if isinstance(each, bytes) else socket.send_text(each)
        told, code, reason = rest(socket)
    assert told == []
    return code, reason


async def heard_of(calls: Calls) -> list[Mapping[str, object]]:
    return [event async for event in calls.listen("CA1", Caller())]


def overheard(client: Phone, *sent: str) -> list[dict[str, Any]]:
    """What somebody hears who listens from before the call to its end."""
    with client.websocket_connect(CAPTIONS) as listener:
        until_now(lambda: client.listeners)
        with client.websocket_connect(PATH) as socket:
            for each in sent:
                socket.send_text(each)
            rest(socket)
        told, code, _ = rest(listener)
    assert code == 1000
    return told
