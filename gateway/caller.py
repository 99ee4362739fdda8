"""Who asks, what for, and how long they wait. Must not know a door."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from parley.budget import Budget
from parley.wire import protocol


@dataclass(frozen=True)
class Caller:
    """What a door knows of who asks."""

    metadata: Mapping[str, str] = field(default_factory=dict)
    budget: Budget = field(default_factory=lambda: Budget.of(None))
    name: str = ""  # of the API key
    draw: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def key(self) -> str:
        """What keeps a caller on one version; without a session every call draws anew."""
        return self.metadata.get(protocol.SESSION) or self.draw


@dataclass(frozen=True)
class Wish:
    """What a stream to a stage is to be like."""

    stage: str
    model: str = ""  # an alias or name@version; empty: the default
    languages: Sequence[str] = ()
    origin: str = ""  # what was wished when the stream began
    is_again: bool = False  # it goes on with another replica


@dataclass(frozen=True)
class CacheScope:
    """What an answer depends on beside what is asked."""

    key: str  # whose API key: who has not asked must not learn that somebody has
    routes: str  # as they are now
    versions: tuple[str, ...]  # that this caller would get
