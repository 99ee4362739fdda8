"""The canaries beside the routes file, and which gateway judges them. Must not know what a canary is.

Of gateways that share the file one is in charge: it writes its name and the time. Where it has written nothing for a
while, another one takes over.
"""

import json
import logging
import socket
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from gateway.routing.history import write
from parley.errors import BadConfig

log = logging.getLogger(__name__)
FRESH_S = 30.0  # after which a gateway that wrote nothing is taken for gone


class RolloutState:
    """One JSON file."""

    def __init__(self, file: Path | None, name: str, clock: Callable[[], float] = time.time) -> None:
        self._file, self._clock = file, clock
        self._fault = ""  # why it could not be written
        self.name = f"{socket.gethostname()} {name}"

    def read(self) -> dict[str, Any]:
        """What stands there; empty where nothing does. What cannot be read is set aside, not written over."""
        if self._file is None or not self._file.exists():
            return {}
        try:
            found = json.loads(self._file.read_text("utf-8"))
            if not isinstance(found, dict):
                raise TypeError("it is no table")
        except (OSError, ValueError, TypeError) as error:
            broken = self._file.with_name(f"{self._file.name}.broken")
            log.error("the canaries in %s cannot be read (%s); the file is now %s", self._file, error, broken)
            self._file.replace(broken)
            return {}
        return found

    def is_mine(self, found: Mapping[str, Any]) -> bool:
        """Whether this gateway is in charge, or nobody is any more."""
        fresh = abs(self._clock() - float(found.get("at", 0.0))) < FRESH_S
        return not fresh or found.get("by", self.name) == self.name

    def write(self, content: Mapping[str, Any]) -> None:
        """Whole; a disk that is full or read-only is told in the log, once, and everything goes on without."""
        if self._file is None:
            return
        try:
            write(self._file, json.dumps({"by": self.name, "at": self._clock(), **content}))
            self._fault = ""
        except BadConfig as error:
            if self._fault != str(error):
                log.error("what is known of canaries and versions is not kept: %s", error)
            self._fault = str(error)
