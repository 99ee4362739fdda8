"""Who has which optional behaviour, as the config says: by key, by header, by a share of the sessions."""

import hashlib
import logging
import time
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gateway.config import Flag
from parley import config as configs
from parley.budget import Clock
from parley.errors import BadConfig, ParleyError
from parley.nearest import advice

log = logging.getLogger(__name__)
LOOK_S = 1.0
FEATURES = ("denoise", "diarize", "translate", "redact", "shadow", "cache")


@dataclass(frozen=True)
class Asker:
    """What is known of who asks."""

    session: str  # the same for all calls of a session; without one, each call has its own
    key: str  # the name of the API key
    headers: Mapping[str, str]


class Flags:
    """The flags of the config, or of a file that is read again when it changes."""

    def __init__(self, flags: Mapping[str, Flag], file: Path | None, clock: Clock = time.monotonic) -> None:
        self._file, self._clock = file, clock
        self._stamp, self._looked = _stamp(file), clock()
        self.now = _read(file) if file and self._stamp else _checked(dict(flags), "`features.flags`")

    def of(self, feature: str) -> Flag | None:
        """The flag as it is now; None: there is none, and everybody has it."""
        if self._file and self._clock() - self._looked >= LOOK_S:
            self._looked = self._clock()
            self._look(self._file)
        return self.now.get(feature)

    def _look(self, file: Path) -> None:
        """A file that cannot be read, or is gone, leaves the flags as they were."""
        if (stamp := _stamp(file)) in (None, self._stamp):
            return
        self._stamp = stamp
        try:
            self.now = _read(file)
            log.info("feature flags changed", extra={"flags": {name: str(flag) for name, flag in self.now.items()}})
        except ParleyError as error:
            log.error("the feature flags stay as they were: %s", error)


def _stamp(file: Path | None) -> int | None:
    try:
        return file.stat().st_mtime_ns if file else None
    except OSError:
        return None


def _read(file: Path) -> dict[str, Flag]:
    try:
        table = tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise BadConfig(f"{file} cannot be read ({error}); write a table a flag.") from None
    return _checked({name: configs.build(Flag, each, f"{file}: {name}") for name, each in table.items()}, str(file))


def _checked(flags: dict[str, Flag], where: str) -> dict[str, Flag]:
    for name, flag in flags.items():
        if name not in FEATURES:
            raise BadConfig(f"{where} has {name!r}; {advice(name, FEATURES, 'there are {}.')}")
        if not 0 <= flag.percent <= 100:
            raise BadConfig(f"`percent` of {name!r} in {where} is {flag.percent:g}; write 0 to 100.")
    return flags


def has(flag: Flag, feature: str, asker: Asker) -> bool:
    """Whoever is named first, then whoever sends the header, then so many of all sessions: the same ones each time."""
    if asker.key and asker.key in flag.never:
        return False
    if asker.key and asker.key in flag.keys:
        return True
    name, colon, value = (each.strip() for each in flag.header.partition(":"))
    if name and (sent := asker.headers.get(name.lower())) is not None and (not colon or sent == value):
        return True
    return share(f"{feature} {asker.session}") * 100 < flag.percent


def share(text: str) -> float:
    """From 0 to 1, evenly."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") / (1 << 64)
