"""Real sockets against uvicorn with our protocols; no endpoint behind them but one that answers."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
import uvicorn
import uvloop
from uvicorn.server import ServerState
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode

from gateway.http.slow_clients import PatientHttp, PatientSocket
from tests.fakes import PATIENCE_S


async def _app(scope: Any, receive: Any, send: Any) -> None:
    """Says ok to a request; listens to a WebSocket and says how long each message is."""
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})
        return
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] != "websocket.disconnect":
        if message["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": str(len(message["bytes"]))})


class Impatient(PatientHttp):
    """With a short timeout."""

    head_s = 1.0


@pytest_asyncio.fixture
async def port() -> AsyncIterator[int]:
    config = uvicorn.Config(_app, http=Impatient, ws=PatientSocket, lifespan="off", log_config=None)
    config.load()
    state = ServerState()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Impatient(config, state, {}), "127.0.0.1", 0)
    yield int(server.sockets[0].getsockname()[1])
    server.close()


async def _answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, Any]]:
    whole = await asyncio.wait_for(reader.read(), PATIENCE_S)
    head, _, body = whole.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)["error"]


@pytest.mark.parametrize("sent", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nhost: parley\r\n"])
async def test_a_head_that_does_not_come_is_not_waited_for(port: int, sent: bytes) -> None:
    """A caller who opens a connection and dawdles holds it no longer than others wait."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    status, error = await _answer(reader)
    assert (status, error["reason"]) == (408, "HEAD_TOO_SLOW")
    writer.close()


async def test_a_header_now_and_then_buys_no_time(port: int) -> None:
    """The clock runs from the first byte, not from the last."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\n")

    async def dawdle() -> None:
        while True:
            writer.write(b"x: y\r\n")
            await asyncio.sleep(0.05)  # slower than a head comes, and faster than its time ends

    dawdling = asyncio.create_task(dawdle())
    assert (await _answer(reader))[0] == 408
    dawdling.cancel()
    writer.close()


async def test_the_second_head_on_a_connection_is_timed_too(port: int) -> None:
    """One honest request does not allow a slow one."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nhost: parley\r\n\r\n")
    assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200")
    writer.write(b"GET / HTTP/1.1\r\n")
    assert (await _answer(reader))[0] == 408
    writer.close()


async def test_a_head_without_end_is_refused(port: int) -> None:
    """Its size is bounded, not only its time."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 15_000)
    status, error = await _answer(reader)
    assert (status, error["reason"]) == (431, "HEAD_TOO_LARGE")
    writer.close()


@pytest.mark.parametrize(
    "name", ["Sec-WebSocket-Version", "Sec-WebSocket-Key", "Sec-WebSocket-Extensions", "Connection"]
)
async def test_a_handshake_that_is_no_text_is_refused(port: int, name: str, caplog: pytest.LogCaptureFixture) -> None:
    """Told, and nothing breaks: a library that cannot quote it would leave a traceback and a connection."""
    headers = {"Host": "x", "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
    headers |= {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Extensions": "x"}
    headers[name] += ", \xff"
    head = "".join(f"{key}: {value}\r\n" for key, value in headers.items())
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET /v1/realtime HTTP/1.1\r\n{head}\r\n".encode("latin-1"))
    status, error = await _answer(reader)
    assert (status, error["reason"]) == (400, "HANDSHAKE_INVALID")
    assert not caplog.records
    writer.close()


async def test_a_slow_request_is_no_slow_head(port: int) -> None:
    """Only the head is timed here: a WebSocket may be silent as long as it likes."""
    async with connect(f"ws://127.0.0.1:{port}/") as socket:
        await asyncio.sleep(1.5)  # longer than a head may take
        await socket.send(b"abc")
        assert await asyncio.wait_for(socket.recv(), PATIENCE_S) == "3"


async def test_a_message_in_endless_pieces_is_refused(port: int) -> None:
    """Empty pieces have no size to add up."""
    async with connect(f"ws://127.0.0.1:{port}/") as socket:
        pieces = b"".join(
            Frame(Opcode.BINARY if n == 0 else Opcode.CONT, b"", fin=False).serialize(mask=True) for n in range(1100)
        )
        socket.transport.write(pieces)
        with pytest.raises(ConnectionClosed) as closed:
            await asyncio.wait_for(socket.recv(), PATIENCE_S)
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, "pieces" in closed.value.rcvd.reason) == (1009, True)


async def test_pieces_of_a_message_are_put_together(port: int) -> None:
    """As long as there are not too many of them."""
    async with connect(f"ws://127.0.0.1:{port}/") as socket:
        await socket.send([b"ab"] * 500)
        assert await asyncio.wait_for(socket.recv(), PATIENCE_S) == "1000"


async def test_pings_of_one_who_does_not_read_cost_no_memory() -> None:
    """Pongs are not piled up for a peer that leaves them lying."""
    written: list[bytes] = []
    socket = PatientSocket.__new__(PatientSocket)
    socket.writable = asyncio.Event()
    socket.conn = Pongs()  # type: ignore[assignment]
    socket.transport = Wire(written)  # type: ignore[assignment]
    socket.handle_ping()
    assert (written, socket.conn.waiting) == ([], [])  # type: ignore[attr-defined]
    socket.writable.set()
    socket.conn.waiting.append(b"pong")  # type: ignore[attr-defined]
    socket.handle_ping()
    assert written == [b"pong"]


class Pongs:
    """What the protocol would send."""

    def __init__(self) -> None:
        self.waiting = [b"pong"]

    def data_to_send(self) -> list[bytes]:
        waiting, self.waiting = self.waiting, []
        return waiting


class Wire:
    """What was sent."""

    def __init__(self, written: list[bytes]) -> None:
        self.write = written.append


def test_garbage_behind_a_request_breaks_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """The connection is closed at once; what works on the request must not write to it and fail."""

    async def late(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(0.02)
        await _app(scope, receive, send)

    async def garbage() -> bytes:
        config = uvicorn.Config(late, http=PatientHttp, ws=PatientSocket, lifespan="off", log_config=None)
        config.load()
        state = ServerState()
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: PatientHttp(config, state, {}), "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n" * 3 + b"\x00 no HTTP\r\n\r\n")
        told = await asyncio.wait_for(reader.read(), PATIENCE_S)
        await asyncio.sleep(0.1)  # whoever would write too late does it now
        writer.close()
        server.close()
        return told

    assert b" 400 " in uvloop.run(garbage())
    assert "Exception in ASGI application" not in caplog.text
