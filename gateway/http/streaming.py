"""An answer that is sent as it comes into being: ends when its caller is gone. Must not know what its pieces mean."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing, suppress

from starlette.requests import ClientDisconnect, Request
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from gateway.access.entry import public
from gateway.http import hangup, refusal
from parley.budget import Budget
from parley.errors import ParleyError

Pieces = AsyncGenerator[bytes]
Served = Callable[[], Mapping[str, str]]
LAST_WORD_S = 5.0  # how long somebody who does not read may take to hear why it ends


class Flow(StreamingResponse):
    """A streamed response. An error before the first piece is an HTTP error; after it the connection breaks off."""

    def __init__(self, pieces: Pieces, kind: str, budget: Budget, served: Served) -> None:
        super().__init__((), media_type=kind)
        self.shape: refusal.Shape = refusal.ours
        self._pieces, self._budget, self._served = pieces, budget, served
        self._keep: Callable[[bytes], Awaitable[None]] | None = None
        self._most, self._opened = 0, False

    def keep(self, keep: Callable[[bytes], Awaitable[None]], most: int) -> None:
        """Hand over a copy of the body once it is whole, unless it is larger than that."""
        self._keep, self._most = keep, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends the answer until it ends or the client is gone."""
        with suppress(ClientDisconnect):
            await hangup.unless(hangup.gone(Request(scope, receive)), self._tell(scope, receive, send))

    async def _tell(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await hangup.within(self._budget, self._flow(send))
        except Exception as error:
            shown = public(error)
            if self._opened:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._break_off(shown, send), LAST_WORD_S)
            else:
                await refusal.response(shown, self.shape)(scope, receive, send)

    async def _flow(self, send: Send) -> None:
        copy = bytearray()
        async with aclosing(self._pieces) as pieces:
            async for piece in pieces:
                await self._open(send)
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                if self._keep and len(copy) <= self._most:
                    copy += piece
        await self._open(send)
        await self._close(send)
        if self._keep and len(copy) <= self._most:
            await self._keep(bytes(copy))

    async def _open(self, send: Send) -> None:
        """Sends the head; only with the first piece is it known which model serves."""
        if not self._opened:
            self.headers.update(self._served())
            self._opened = True
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})

    async def _break_off(self, error: ParleyError, send: Send) -> None:
        """Without its end: the server closes the connection, and no client takes the half for the whole."""

    async def _close(self, send: Send) -> None:
        await send({"type": "http.response.body", "body": b"", "more_body": False})
