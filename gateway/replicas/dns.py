"""Resolves names to addresses. Must not know a stage."""

import asyncio
import ipaddress
import socket

UNIX = "unix:"


def is_name(address: str) -> bool:
    """True for host:port where the host is a name, not an IP address."""
    return not address.startswith(UNIX) and not _is_ip(address.rpartition(":")[0].strip("[]"))


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


async def addresses(address: str) -> list[str]:
    """The address itself, or all addresses that its name resolves to now; empty if it does not resolve."""
    if not is_name(address):
        return [address]
    host, _, port = address.rpartition(":")
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        return []
    by_family = {family: [at[0] for kind, _, _, _, at in found if kind == family] for family, *_ in found}
    # Only one family: a replica with both would count as two.
    hosts = by_family.get(socket.AF_INET) or [f"[{each}]" for each in by_family.get(socket.AF_INET6, ())]
    return [f"{each}:{port}" for each in dict.fromkeys(hosts)]
