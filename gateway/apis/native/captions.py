"""What is said in a telephone call, told while it goes on: as server-sent events, or over a WebSocket. No decisions."""

from contextlib import aclosing

from starlette.responses import Response
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from gateway.apis.native import telling
from gateway.caller import Caller
from gateway.calls.calls import Calls
from gateway.http.document.phrases import TEXT, content, good, operation
from gateway.http.document.schema import Json
from gateway.http.endpoint import Endpoint
from gateway.http.fields import Fields

PATH = "/v1/calls/{call}/captions"
CALL: Json = {"name": "call", "in": "path", "required": True, "schema": TEXT, "example": "CA0123456789abcdef"}
TOLD = """What is said in a telephone call that comes over `/v1/twilio` or AudioSocket, for who has the key of the call;
over a WebSocket on the same path as text frames. An event is as in `/v1/pipeline`, with the call, its stream, a number,
and as track whose side it is: inbound or outbound. A call that has not begun is waited for, for half a minute."""
FINAL = 'data: {"type": "transcript", "text": "Hello.", "is_final": true, "track": "inbound", "number": 2}\n\n'
CURL = "curl -N http://localhost:8080/v1/calls/CA0123456789abcdef/captions"
PATHS: Json = {
    PATH: {
        "get": operation(
            "What is said in a telephone call, while it goes on",
            good("Server-sent events, until the call is over.", content("text/event-stream", TEXT, FINAL)),
        )
        | {"parameters": [CALL], "description": f"{TOLD}\n\n```bash\n{CURL}\n```"}
    }
}


class CaptionsApi:
    """One method an endpoint."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def endpoints(self) -> list[Endpoint]:
        """What answers plain requests."""
        return [Endpoint("GET", PATH, self.events)]

    def sockets(self) -> list[WebSocketRoute]:
        """What answers WebSockets."""
        return [WebSocketRoute(PATH, self.live)]

    async def events(self, fields: Fields, caller: Caller) -> Response:
        """Every event, until the call is over."""
        fields.only(("call",))
        return telling.as_events(self._told(fields.text("call"), caller))

    async def live(self, socket: WebSocket) -> None:
        """The same over a WebSocket, a text frame each."""
        await telling.over(socket, lambda caller: self._told(socket.path_params["call"], caller))

    async def _told(self, call: str, caller: Caller) -> telling.Events:
        async with aclosing(self._calls.listen(call, caller)) as events:
            async for event in events:
                yield event
