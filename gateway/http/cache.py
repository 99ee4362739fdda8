"""Answers to whole recordings and texts, kept for who asks the same again. Must not know what an answer says.

The same means: the same bytes, the same options, the same exact versions, the same key's owner.
"""

import hashlib
import json
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any, Protocol

from starlette.responses import Response

from gateway import metrics
from gateway.caller import CacheScope
from gateway.config import CacheConfig
from gateway.http.fields import Fields
from gateway.http.sse import EventStream
from gateway.http.streaming import Flow
from parley.budget import Clock
from parley.errors import BadConfig, Unavailable
from parley.extras import install
from parley.wire import protocol
from parley.wire.keys import hashed

log = logging.getLogger(__name__)
CACHE = "parley-cache"  # the header: hit or miss
NOTICES = "parley-notices"
LARGEST_SHARE = 0.25  # of the room, for one answer


class Store(Protocol):
    """Keeps bytes for a while."""

    async def get(self, key: str) -> bytes | None:
        """What was kept, if it still is."""

    async def put(self, key: str, value: bytes) -> None:
        """Keep it."""

    async def count(self, owner: str) -> int:
        """How much is kept whose keys begin like this."""

    async def forget(self, owner: str) -> int:
        """Removes it; how much it was."""


class MemoryStore:
    """The latest answers, within so many bytes."""

    def __init__(self, config: CacheConfig, clock: Clock = time.monotonic) -> None:
        self._config, self._clock = config, clock
        self._kept: OrderedDict[str, tuple[float, bytes]] = OrderedDict()
        self.size = 0

    async def get(self, key: str) -> bytes | None:
        """What was kept, if it still is."""
        until, value = self._kept.get(key, (0.0, b""))
        if until <= self._clock():
            self._drop(key)
            return None
        self._kept.move_to_end(key)
        return value

    async def put(self, key: str, value: bytes) -> None:
        """Keep it; what was not asked for longest goes."""
        self._drop(key)
        self._kept[key] = (self._clock() + self._config.keep_s, value)
        self.size += len(value)
        while self.size > self._config.bytes:
            self._drop(next(iter(self._kept)))

    async def count(self, owner: str) -> int:
        """How much is kept whose keys begin like this."""
        return sum(key.startswith(owner) for key in self._kept)

    async def forget(self, owner: str) -> int:
        """Removes it; how much it was."""
        found = [key for key in self._kept if key.startswith(owner)]
        for key in found:
            self._drop(key)
        return len(found)

    def _drop(self, key: str) -> None:
        _, value = self._kept.pop(key, (0.0, b""))
        self.size -= len(value)


class RedisStore:
    """A Redis that several gateways share; one that does not answer costs a fresh answer, no more."""

    def __init__(self, config: CacheConfig) -> None:
        try:
            from redis.asyncio import Redis as Client
        except ImportError:
            raise BadConfig(f"`cache.store` is a Redis: {install('redis')}.") from None
        self._client: Any = Client.from_url(config.store, socket_timeout=0.5, socket_connect_timeout=0.5)
        self._keep_ms = int(config.keep_s * 1000)

    async def get(self, key: str) -> bytes | None:
        """What was kept, if it still is."""
        value: bytes | None = await self._tried(self._client.get(f"parley:{key}"))
        return value

    async def put(self, key: str, value: bytes) -> None:
        """Keep it."""
        await self._tried(self._client.set(f"parley:{key}", value, px=self._keep_ms))

    async def count(self, owner: str) -> int:
        """How much is kept whose keys begin like this."""
        return len(await self._found(owner))

    async def forget(self, owner: str) -> int:
        """Removes it; how much it was."""
        found = await self._found(owner)
        with _in_words():
            return int(await self._client.unlink(*found)) if found else 0

    async def _found(self, owner: str) -> list[bytes]:
        with _in_words():
            return [key async for key in self._client.scan_iter(match=f"parley:{owner}*", count=1000)]

    async def _tried(self, asked: Awaitable[Any]) -> Any:
        from redis.exceptions import RedisError

        try:
            return await asked
        except (RedisError, OSError) as error:
            log.warning("the cache does not answer: %s", error)
            return None


@contextmanager
def _in_words() -> Iterator[None]:
    """Who wants to know what is kept must not take silence for nothing."""
    from redis.exceptions import RedisError

    try:
        yield
    except (RedisError, OSError) as error:
        raise Unavailable(f"The cache in Redis does not answer ({error}); ask again.", retry_s=1.0) from None


def store_of(config: CacheConfig) -> Store | None:
    """Where answers are kept; None: nowhere."""
    if not config.bytes:
        return None
    if config.store.startswith(("redis://", "rediss://", "unix://")):
        return RedisStore(config)
    if config.store != "memory://":
        raise BadConfig(f"`cache.store` is {config.store!r}; write memory:// or redis://host:6379.")
    return MemoryStore(config)


class Cache:
    """Answers of endpoints that give the same answer to the same request."""

    def __init__(self, config: CacheConfig) -> None:
        self._store = store_of(config)
        self._largest = int(config.bytes * LARGEST_SHARE)

    async def count(self, key: str) -> int:
        """How many answers are kept for the key with this id."""
        return await self._store.count(owner_of(key)) if self._store else 0

    async def forget(self, key: str) -> int:
        """Removes them; how many they were."""
        return await self._store.forget(owner_of(key)) if self._store else 0

    async def answered(
        self,
        path: str,
        fields: Fields,
        serves: Callable[[], CacheScope | None],
        endpoint: Callable[[], Awaitable[Response]],
    ) -> Response:
        """The kept answer, or the endpoint's answer now; `serves` may not know who would serve."""
        store, served = self._store, serves()
        if store is None or served is None:
            return await endpoint()
        key = key_of(path, fields, served)
        kept = await store.get(key)
        metrics.KEPT.labels("miss" if kept is None else "hit", path).inc()
        if kept is not None:
            return _thawed(kept)
        response = await endpoint()

        async def keep(body: bytes) -> None:
            if len(body) <= self._largest and _as_asked(response, served):
                response.headers[CACHE] = "miss"
                await store.put(key, _frozen(response, body))

        if isinstance(response, EventStream):
            return response  # what went otherwise than asked stands in its events, not in its headers
        if isinstance(response, Flow):
            response.keep(keep, self._largest)
            response.headers[CACHE] = "miss"
        else:
            await keep(bytes(response.body))
        return response


def _as_asked(response: Response, served: CacheScope) -> bool:
    """Whether the answer may be cached: whole, without notices, and from the model asked for."""
    by = response.headers.get(protocol.MODEL, "")
    return response.status_code == 200 and NOTICES not in response.headers and by in served.versions


def key_of(path: str, fields: Fields, served: CacheScope) -> str:
    """Whose it is, and a digest of everything that the answer depends on."""
    request = json.dumps([path, fields.values, fields.name, asdict(served)], sort_keys=True, default=str)
    digest = hashlib.blake2b(request.encode(), digest_size=24)
    digest.update(hashlib.sha256(fields.upload or b"").digest())
    return f"{owner_of(served.key)}{digest.hexdigest()}"


def owner_of(key: str) -> str:
    """How the keys begin under which answers for an API key are kept."""
    return f"{hashed(key)[:16]}:"


def _frozen(response: Response, body: bytes) -> bytes:
    head = json.dumps([[name, value] for name, value in response.headers.items() if name != "content-length"])
    return head.encode() + b"\n" + body


def _thawed(kept: bytes) -> Response:
    head, _, body = kept.partition(b"\n")
    return Response(body, headers=dict(json.loads(head)) | {CACHE: "hit"})
