"""Who calls, what for, and their deadline. Must not know an API."""

import ipaddress
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
    payer: str = ""  # what stands for the key in metrics
    is_local: bool = False  # a program on this machine, called by no web page and through no proxy
    peer: str = ""  # the host that the call comes from
    draw: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def key(self) -> str:
        """Calls with the same key get the same version; without a session each call has its own."""
        return self.metadata.get(protocol.SESSION) or self.draw

    @property
    def who(self) -> str:
        """Tells callers apart: by key, and without one by where they are."""
        return self.name or network(self.peer)


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


def network(host: str) -> str:
    """Where a host is. One machine has a whole /64 of IPv6 addresses, and several ways to call itself."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return "here" if host in ("", "localhost") else host
    address = getattr(address, "ipv4_mapped", None) or address
    if address.is_loopback:
        return "here"
    return str(ipaddress.ip_network((address, 64), strict=False) if address.version == 6 else address)
