"""Who calls, what for, and their deadline. Must not know an API."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from parley.budget import Budget
from parley.wire import protocol


@dataclass(frozen=True)
class Caller:
    """Who calls, as an API knows them."""

    metadata: Mapping[str, str] = field(default_factory=dict)
    budget: Budget = field(default_factory=lambda: Budget.of(None))
    name: str = ""  # of the API key
    is_local: bool = False  # a program on this machine, called by no web page and through no proxy
    draw: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def key(self) -> str:
        """Calls with the same key get the same version; without a session each call has its own."""
        return self.metadata.get(protocol.SESSION) or self.draw


@dataclass(frozen=True)
class Wish:
    """Which stage and model a stream is for."""

    stage: str
    model: str = ""  # an alias or name@version; empty: the default
    languages: Sequence[str] = ()
    origin: str = ""  # what was wished when the stream began
    is_again: bool = False  # it goes on with another replica


@dataclass(frozen=True)
class CacheScope:
    """What a cached answer depends on beside the request."""

    key: str  # whose API key: who has not asked must not learn that somebody has
    routes: str  # as they are now
    versions: tuple[str, ...]  # that this caller would get
