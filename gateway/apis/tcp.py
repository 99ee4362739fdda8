"""A TCP port of a contract that is not HTTP: how many connections, and how one ends. Must not know what is said."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from gateway.access.audit import Audit
from gateway.access.entry import public
from parley.errors import BadConfig, BadInput, ParleyError, Unavailable

log = logging.getLogger(__name__)
FAREWELL_S = 2.0  # for who goes on to send after an error
Reader = asyncio.StreamReader
Writer = asyncio.StreamWriter


class Cut(BadInput):
    """A connection ends in the middle of something."""

    reason = "EVENT_CUT"


class TcpPort:
    """Listens where the config says under this name; nowhere where that is empty."""

    def __init__(
        self,
        name: str,
        listen: str,
        most: int,
        serve: Callable[[Reader, Writer], Awaitable[None]],
        refusal: Callable[[ParleyError], bytes],
        audit: Audit,
    ) -> None:
        self._name, self._listen, self._most = name, listen, most
        self._serve, self._refusal, self._audit = serve, refusal, audit
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, limit: int) -> None:
        """Takes connections from now on; `limit` is how much a reader keeps that nobody has read."""
        if not self._listen:
            return
        host, _, port = self._listen.rpartition(":")
        try:
            self._server = await asyncio.start_server(self._taken, host, int(port), limit=limit)
        except OSError as error:
            why = f"`{self._name}.listen` cannot take {host}:{port} ({error.strerror}); write a free one."
            raise BadConfig(why) from None
        log.info("serving", extra={self._name: self._listen})

    async def stop(self) -> None:
        """Takes no new connections, and ends those that are open."""
        if self._server:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _taken(self, reader: Reader, writer: Writer) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        try:
            if len(self._tasks) > self._most:
                raise Unavailable(f"{self._most} connections are open here; come back.", retry_s=1.0)
            self._audit.check()
            host, *_ = writer.get_extra_info("peername") or ("",)
            with self._audit.call(f"{self._name} connection", str(host)):
                await self._serve(reader, writer)
        except (ConnectionError, Cut):
            pass  # they are gone
        except Exception as error:
            with suppress(ConnectionError, TimeoutError):
                writer.write(self._refusal(public(error)))
                await _farewell(reader, writer)
        finally:
            self._tasks.discard(task)
            writer.close()
            with suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()


async def _farewell(reader: Reader, writer: Writer) -> None:
    """What still comes is read and thrown away: a close amid it would take the answer back."""
    async with asyncio.timeout(FAREWELL_S):
        await writer.drain()
        writer.write_eof()
        while await reader.read(1 << 16):
            pass
