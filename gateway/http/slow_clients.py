"""uvicorn's protocols with timeouts and limits for clients that hold memory or a socket and never send a whole request.

Must not know an endpoint.
"""

import asyncio
import json

from starlette.status import HTTP_400_BAD_REQUEST, HTTP_408_REQUEST_TIMEOUT, HTTP_431_REQUEST_HEADER_FIELDS_TOO_LARGE
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode, Frame

HEAD_S = 10.0  # how long a request's head may take
LARGEST_HEAD = 1 << 16  # bytes
HANDSHAKE, WEBSOCKET = (b"connection", b"upgrade"), b"sec-websocket-"
MOST_PIECES = 1024  # of one WebSocket message; a piece may be empty, so their sizes are no bound


class PatientHttp(HttpToolsProtocol):
    """HTTP with a timeout and a size limit for each request's head."""

    head_s = HEAD_S
    _head = 0  # bytes of a head that is not complete
    _timer: asyncio.TimerHandle | None = None
    _cycles: tuple[RequestResponseCycle, ...] = ()  # requests that are not answered yet

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Starts the timer for the request head."""
        super().connection_made(transport)
        self._await_head()

    def on_message_begin(self) -> None:
        """Starts the timer for the head of the next request on the connection."""
        super().on_message_begin()
        if self._timer is None:
            self._await_head()

    def _await_head(self) -> None:
        self._head = 0
        self._timer = self.loop.call_later(self.head_s, self._too_slow)

    def data_received(self, data: bytes) -> None:
        """Counts the head's bytes; refuses one that is too large."""
        super().data_received(data)
        if self._timer is not None:
            self._head += len(data)
            if self._head > LARGEST_HEAD:
                message = f"The request's head is too large; send at most {LARGEST_HEAD} bytes of it."
                self._refuse(HTTP_431_REQUEST_HEADER_FIELDS_TOO_LARGE, "HEAD_TOO_LARGE", message)

    def on_headers_complete(self) -> None:
        """Stops the timer: the head is complete."""
        self._be_done()
        super().on_headers_complete()
        running = (*self._cycles, *filter(None, (self.cycle,)))  # an upgrade has none
        self._cycles = tuple(each for each in running if not each.response_complete)

    def handle_websocket_upgrade(self) -> None:
        """Refuses a handshake that is not ASCII: `websockets` cannot quote it, and would leave the connection open."""
        if all(value.isascii() for name, value in self.headers if name in HANDSHAKE or name.startswith(WEBSOCKET)):
            super().handle_websocket_upgrade()
        else:
            message = "The WebSocket's handshake has other letters than ASCII; send none."
            self._refuse(HTTP_400_BAD_REQUEST, "HANDSHAKE_INVALID", message)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stops the timer and tells every request of it that the connection is gone; uvicorn tells the latest alone."""
        self._be_done()
        for each in self._cycles:
            each.disconnected = True
            each.message_event.set()
        super().connection_lost(exc)

    def _be_done(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_slow(self) -> None:
        message = "The request's head does not arrive; send it faster."
        self._refuse(HTTP_408_REQUEST_TIMEOUT, "HEAD_TOO_SLOW", message)

    def _refuse(self, status: int, reason: str, message: str) -> None:
        self._be_done()
        body = json.dumps({"error": {"code": "INVALID_ARGUMENT", "reason": reason, "message": message}}).encode()
        head = f"content-type: application/json\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
        self.transport.write(STATUS_LINE[status] + head.encode() + body)
        self.transport.close()


class PatientSocket(WebSocketsSansIOProtocol):
    """WebSocket with a limit on a message's fragments and on unread pongs."""

    def handle_ping(self) -> None:
        """Answers a ping, unless earlier pongs are still unread."""
        if self.writable.is_set():
            super().handle_ping()
        else:
            self.conn.data_to_send()

    def handle_cont(self, event: Frame) -> None:
        """Counts the fragments of a message; closes the connection where there are too many."""
        super().handle_cont(event)
        if len(self.frames) > MOST_PIECES:
            message = f"A message of more than {MOST_PIECES} pieces; send fewer."
            self.transport.pause_reading()
            self.conn.fail(CloseCode.MESSAGE_TOO_BIG, message)
            self.handle_parser_exception()
