"""API keys: read from their file, and checked. Must not know an API or what is asked."""

import logging
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from parley.budget import Clock
from parley.errors import Forbidden, ParleyError, Unauthenticated
from parley.wire.keys import NOBODY, OPERATOR, Key, id_of, read
from parley.wire.trust import HEALTH

log = logging.getLogger(__name__)
LOOK_S = 1.0
BEARER, SUBPROTOCOL = "bearer ", "openai-insecure-api-key."


class KeyRing:
    """The keys in a file, which is read again when it changes; without a file no key is needed."""

    def __init__(self, file: Path | None, clock: Clock = time.monotonic) -> None:
        self._file, self._clock = file, clock
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

    def of(self, metadata: Mapping[str, str], *, is_local: bool = False) -> Key:
        """The key in a call's metadata; raises Unauthenticated where it is missing, unknown or expired."""
        if self._file is None:
            return OPERATOR if is_local else NOBODY
        self._look()
        text = presented(metadata)
        if not text:
            raise Unauthenticated("An API key is needed here; send it as `Authorization: Bearer <key>`.")
        key = self._keys.get(id_of(text))
        if key is None or not key.is_of(text):
            raise Unauthenticated("This API key is not known here; `parley keys add` makes one.")
        if key.has_expired(datetime.now(UTC)):
            raise Unauthenticated(f"The API key {key.name!r} expired at {key.expires}; ask for a new one.")
        return key

    def guard(self, method: str, metadata: Mapping[str, str]) -> None:
        """Raises Unauthenticated for a gRPC call without a good key; health is for everybody."""
        if not method.startswith(HEALTH):
            self.of(metadata)


def presented(metadata: Mapping[str, str]) -> str:
    """The key's text as sent. A browser can set no WebSocket header but the subprotocol; OpenAI's clients use that."""
    header = metadata.get("authorization", "")
    if header.lower().startswith(BEARER):
        return header[len(BEARER) :].strip()
    offered = metadata.get("sec-websocket-protocol", "").split(",")
    in_a_browser = (each.strip()[len(SUBPROTOCOL) :] for each in offered if each.strip().startswith(SUBPROTOCOL))
    return metadata.get("x-api-key", "") or next(in_a_browser, "")


def demand(key: Key, scope: str) -> None:
    """Raises Forbidden unless the key has this scope; Unauthenticated where there is no key at all."""
    if not key.id and not key.may(scope):
        raise Unauthenticated(
            f"This needs a key with the scope {scope}, or a call to localhost from the gateway's own machine: "
            f"`parley keys add NAME --scope {scope}` makes a key, and `keys_file` of gateway.toml names its file."
        )
    if not key.may(scope):
        raise Forbidden(f"The API key {key.name!r} is not for {scope}; it is for {', '.join(key.scopes) or 'nothing'}.")
