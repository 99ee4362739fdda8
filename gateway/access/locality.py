"""Whether a caller is a program on this machine: whoever is may operate a gateway that asks for no keys. Pure."""

import ipaddress
from collections.abc import Mapping
from urllib.parse import unquote

# What proxies add: the peer is on this machine, whoever asks is perhaps not.
PROXIED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
UNIX = "unix:"


def is_loopback(host: str) -> bool:
    """localhost, a name below it, or an address of this machine alone."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    address = address_of(host)
    return address is not None and (getattr(address, "ipv4_mapped", None) or address).is_loopback


def address_of(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An IP address; None: it is a name."""
    try:
        return ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return None


def is_proxied(metadata: Mapping[str, str]) -> bool:
    """Whether a proxy has forwarded the call."""
    return any(name in metadata for name in PROXIED)


def is_local_peer(peer: str, metadata: Mapping[str, str]) -> bool:
    """A gRPC peer, e.g. ipv4:127.0.0.1:40000 or ipv6:%5B::1%5D:40000."""
    if is_proxied(metadata) or "origin" in metadata:  # no program of ours sends an origin
        return False
    kind, _, rest = unquote(peer).partition(":")
    return f"{kind}:" == UNIX or (kind in ("ipv4", "ipv6") and is_loopback(rest.rpartition(":")[0]))
