"""Twilio's endpoint, a WebSocket. No decisions in it."""

from starlette.routing import WebSocketRoute

from gateway.apis.twilio.socket import MediaStreams
from gateway.calls.calls import Calls
from gateway.core import Core
from gateway.http.endpoint import Endpoint, upgrade
from gateway.http.gate import TWILIO


class Twilio:
    """Served over HTTP, as every other contract's WebSocket is."""

    def __init__(self, core: Core, calls: Calls) -> None:
        self._streams = MediaStreams(core, calls)

    def endpoints(self) -> list[Endpoint]:
        """What answers plain requests."""
        return [Endpoint("GET", TWILIO, upgrade)]

    def sockets(self) -> list[WebSocketRoute]:
        """What answers WebSockets."""
        return [WebSocketRoute(TWILIO, self._streams.serve)]
