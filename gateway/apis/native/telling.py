"""Events that somebody follows: as server-sent events, or over a WebSocket. Must not know what they are about."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing

from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from gateway.access.entry import public
from gateway.apis.native.websocket import SUBPROTOCOL, refuse
from gateway.caller import Caller
from gateway.http import refusal
from gateway.http.endpoint import metadata, peer
from gateway.http.hangup import gone_socket, unless
from gateway.http.sse import EventStream
from parley.budget import Budget

Events = AsyncGenerator[Mapping[str, object]]


def as_events(told: Events) -> Response:
    """Server-sent, until there are no more or the client is gone."""
    return EventStream(told, refusal.ours, Budget.of(None), dict)


async def over(socket: WebSocket, follow: Callable[[Caller], Events]) -> None:
    """The same over a WebSocket, a text frame each."""
    caller = Caller(metadata(socket), Budget.of(None), peer=peer(socket))
    await socket.accept(SUBPROTOCOL if SUBPROTOCOL in socket.scope["subprotocols"] else None)
    try:
        await unless(gone_socket(socket), _tell(socket, follow(caller)))
        await socket.close(1000)
    except WebSocketDisconnect:
        return
    except Exception as error:
        await refuse(socket, public(error))


async def _tell(socket: WebSocket, told: Events) -> None:
    async with aclosing(told) as events:
        async for event in events:
            await socket.send_json(event)
