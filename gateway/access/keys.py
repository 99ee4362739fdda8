"""API keys: read from their file, and checked. Must not know an API or what is asked."""

import hmac
import logging
import math
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from gateway.access import entry
from gateway.caller import Caller
from parley.budget import Clock
from parley.errors import Forbidden, ParleyError, Unauthenticated
from parley.wire import protocol
from parley.wire.keys import BATCH, NOBODY, OPERATOR, Key, id_of, read
from parley.wire.trust import HEALTH

log = logging.getLogger(__name__)
LOOK_S = 1.0
SCHEMES = ("bearer", "token")  # Deepgram's clients write the second
SUBPROTOCOL = "openai-insecure-api-key."


class KeyRing:
    """The keys in a file, which is read again when it changes; without a file no key is needed."""

    def __init__(self, file: Path | None, clock: Clock = time.monotonic, worker_token: str = "") -> None:
        self._file, self._clock, self._worker_token = file, clock, worker_token
        self._keys = read(file) if file else {}
        self._stamp, self._looked = self._now(), clock()

    def _now(self) -> int:
        try:
            return self._file.stat().st_mtime_ns if self._file else 0
        except OSError:
            return self._stamp

    def _look(self) -> None:
        """Reads a changed file within a second; if it cannot be read, the keys stay as they were."""
        if self._file is None or self._clock() - self._looked < LOOK_S:
            return
        self._looked, stamp = self._clock(), self._now()
        if stamp != self._stamp:
            self._stamp = stamp
            try:
                self._keys = read(self._file)
            except ParleyError as error:
                log.error("the keys stay as they were: %s", error)

    def next_expiry(self) -> float:
        """When the next key stops being good, in seconds since 1970; those that have are not told of any more."""
        self._look()
        now = datetime.now(UTC)
        expiring = [key for key in self._keys.values() if key.expires and not key.has_expired(now)]
        return min((datetime.fromisoformat(key.expires).timestamp() for key in expiring), default=math.inf)

    def of(self, metadata: Mapping[str, str], *, is_local: bool = False) -> Key:
        """The key in a call's metadata; raises Unauthenticated where it is missing, unknown or expired."""
        entry.shown(self.claimed(metadata) if self._file else "", metadata)
        if self._file is None:
            return OPERATOR if is_local else NOBODY
        self._look()
        text = presented(metadata)
        if not text:
            raise Unauthenticated("An API key is needed here; send it as `Authorization: Bearer <key>`.")
        key = self._acted_for(metadata) if self._is_worker(text) else self._keys.get(id_of(text))
        if key is None or not (self._is_worker(text) or key.is_of(text)):
            raise Unauthenticated("This API key is not known here; `parley keys add` makes one.")
        if key.has_expired(datetime.now(UTC)):
            raise Unauthenticated(f"The API key {key.name!r} expired at {key.expires}; ask for a new one.")
        return key

    def demanded(self, caller: Caller, scope: str) -> Key:
        """The caller's key, which must have this scope."""
        key = self.of(caller.metadata, is_local=caller.is_local)
        demand(key, scope)
        return key

    def claimed(self, metadata: Mapping[str, str]) -> str:
        """The id of the key that a call says is its own, or that of who has submitted what a worker does."""
        text = presented(metadata)
        return metadata.get(protocol.FOR, "") if self._is_worker(text) else id_of(text)

    def _is_worker(self, text: str) -> bool:
        return bool(self._worker_token) and hmac.compare_digest(text.encode(), self._worker_token.encode())

    def _acted_for(self, metadata: Mapping[str, str]) -> Key | None:
        """The key that has submitted a job, whose limits and routes hold for the work on it, but as batch work."""
        key = self._keys.get(metadata.get(protocol.FOR, ""))
        return key and replace(key, kind=BATCH)

    def guard(self, method: str, metadata: Mapping[str, str]) -> None:
        """Raises Unauthenticated for a gRPC call without a good key; health is for everybody."""
        if not method.startswith(HEALTH):
            self.of(metadata)


def presented(metadata: Mapping[str, str]) -> str:
    """The key's text as sent. A browser can set no WebSocket header but the subprotocol."""
    scheme, _, text = metadata.get("authorization", "").partition(" ")
    if scheme.lower() in SCHEMES:
        return text.strip()
    return metadata.get("x-api-key", "") or _offered(metadata.get("sec-websocket-protocol", ""))


def _offered(subprotocols: str) -> str:
    """OpenAI's clients put the key behind a dot, Deepgram's behind a scheme of its own."""
    offered = [each.strip() for each in subprotocols.split(",")]
    if len(offered) > 1 and offered[0] in SCHEMES:
        return offered[1]
    return next((each[len(SUBPROTOCOL) :] for each in offered if each.startswith(SUBPROTOCOL)), "")


def demand(key: Key, scope: str) -> None:
    """Raises Forbidden unless the key has this scope; Unauthenticated where there is no key at all."""
    if not key.id and not key.may(scope):
        raise Unauthenticated(
            f"This needs a key with the scope {scope}, or a call to localhost from the gateway's own machine: "
            f"`parley keys add NAME --scope {scope}` makes a key, and `keys_file` of gateway.toml names its file."
        )
    if not key.may(scope):
        raise Forbidden(f"The API key {key.name!r} is not for {scope}; it is for {', '.join(key.scopes) or 'nothing'}.")
