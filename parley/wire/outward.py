"""Calls to addresses that callers have chosen. Must not know what for.

What a name leads to is checked, and exactly that is called: a name that leads elsewhere a moment later changes nothing.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import cache
from urllib.parse import urlsplit

import httpx

from parley.errors import BadInput, Forbidden, Unavailable


def client(silent_s: float) -> httpx.AsyncClient:
    """Without redirects, and without the proxies of this process's environment."""
    return httpx.AsyncClient(verify=_trusted(), timeout=silent_s, trust_env=False)


@cache
def _trusted() -> ssl.SSLContext:
    """Made once: to read all certificates takes longer than a call."""
    return ssl.create_default_context()


@asynccontextmanager
async def stream(
    client: httpx.AsyncClient,
    method: str,
    url: httpx.URL,
    private: Sequence[str],
    headers: Mapping[str, str],
    content: bytes | None = None,
) -> AsyncIterator[httpx.Response]:
    """One request to an address of the host; its certificate must be the host's."""
    told = {"host": url.netloc.decode(), "user-agent": "parley", **headers}
    direct, extensions = url.copy_with(host=await _address(url, private)), {"sni_hostname": url.host}
    async with client.stream(method, direct, headers=told, content=content, extensions=extensions) as answer:
        yield answer


def host_of(url: str) -> str:
    """Of an address that may be called; what its name leads to is looked at when it is."""
    try:
        parts = urlsplit(url)
        host, good = parts.hostname or "", parts.scheme in ("http", "https") and not parts.username and parts.port != 0
    except ValueError:
        host, good = "", False
    if not good or not host:
        raise BadInput(f"{url[:80]!r} is not an address; write https://host/file, without a user.")
    return host


async def _address(url: httpx.URL, private: Sequence[str]) -> str:
    """An address of the host, none of which may be private unless that was allowed."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(url.host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        raise Unavailable(f"{url.host} is not known ({error.strerror}).") from None
    addresses = [str(each[4][0]) for each in found]
    if url.host not in private and not all(map(_is_public, addresses)):
        raise Forbidden(f"{url.host} is at a private address; `private` in the config names hosts that may be.")
    return addresses[0]


def _is_public(text: str) -> bool:
    address = ipaddress.ip_address(text.partition("%")[0])
    return (getattr(address, "ipv4_mapped", None) or address).is_global
