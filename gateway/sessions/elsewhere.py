"""Which gateway has which stream, noted in a Redis; a client that comes to another one is passed on.

Must not know what a stream says. Names are noted as hashes: who reads the store can resume nothing.
"""

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from gateway.access.keys import presented
from gateway.caller import Caller
from gateway.sessions.session import Answers
from parley import telemetry
from parley.client import Client
from parley.errors import BadConfig, SessionGone, Unavailable
from parley.extras import install
from parley.v1.pipeline_pb2 import PipelineRequest

log = logging.getLogger(__name__)
PREFIX = "parley:session:"
NOTED_S = 24 * 3600  # a stream that lives longer is resumed only where it is
LONGEST_S = 0.5  # that a stream waits for the store


class Elsewhere:
    """One gateway's view of the others' streams."""

    def __init__(self, store: str, address: str) -> None:
        if not address:
            raise BadConfig("`sessions.store` needs `sessions.address`, under which the others find this gateway.")
        try:
            from redis.asyncio import Redis
        except ImportError:
            raise BadConfig(f"`sessions.store` is a Redis: {install('redis')}.") from None
        self._redis: Any = Redis.from_url(store, socket_timeout=LONGEST_S, socket_connect_timeout=LONGEST_S)
        self._address = address

    async def note(self, token: str) -> None:
        """This gateway has it. Where the store is away the stream can be resumed here alone."""
        await self._ask(self._redis.set(_key(token), self._address, ex=NOTED_S))

    async def find(self, token: str) -> str:
        """The address of another gateway that has it, or had it; empty: none."""
        found = await self._ask(self._redis.get(_key(token)))
        address = found.decode() if isinstance(found, bytes) else ""
        return "" if address == self._address else address

    async def _ask(self, question: Any) -> object:
        from redis.exceptions import RedisError

        try:
            async with asyncio.timeout(LONGEST_S):
                return await question
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("the store of sessions does not answer", extra={"error": type(error).__name__})
            return None

    async def passed_on(self, address: str, requests: AsyncIterator[PipelineRequest], caller: Caller) -> Answers:
        """What the gateway says that has the stream; it asks for the caller's key itself."""
        key = presented(caller.metadata)
        shown = {"authorization": f"Bearer {key}"} if key else {}
        async with Client(address, shown | telemetry.traceparent()) as there:
            try:
                async with aclosing(there.stream("Pipeline", requests)) as answers:
                    async for answer in answers:
                        yield answer
            except Unavailable as error:
                await self._gone_or(error, there)

    async def _gone_or(self, error: Unavailable, there: Client) -> None:
        """A gateway that can be asked again lost this connection; the streams of one that is not there are gone."""
        try:
            await there.health(timeout_s=2.0)
        except Exception:
            raise SessionGone(f"The gateway that had this stream is gone ({error}); begin a new one.") from None
        raise error

    async def close(self) -> None:
        """Hang up."""
        await self._redis.aclose()


def _key(token: str) -> str:
    return PREFIX + hashlib.sha256(token.encode()).hexdigest()
