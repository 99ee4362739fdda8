"""By which names this gateway is called, and by which web pages. Pure.

A page can send its reader's browser to whatever the reader's machine reaches, also to this machine, and a name of the
page's own can be made to lead here. Browsers say in Origin whose page it is and in Host which name was called.
"""

from collections.abc import Iterable
from urllib.parse import urlsplit

from gateway.access.locality import address_of, is_loopback
from parley.errors import BadConfig, UnknownHost, UnknownOrigin

SHOWN = 100  # characters of what is not known
DEFAULT_PORTS = {"http": 80, "https": 443}
EXAMPLES = {"allow.hosts": "parley.example.com", "cors": "https://app.example.com"}


class Pages:
    """What `allow.hosts` and `cors` say, and what is meant where they say nothing."""

    def __init__(self, hosts: Iterable[str], cors: Iterable[str], *, has_keys: bool, is_exposed: bool) -> None:
        self._hosts = {_checked(host, "allow.hosts", _name(f"//{host}")) for host in hosts}
        self.origins = frozenset(_checked(origin, "cors", _listed(origin)) for origin in cors)
        self._any_host = not self._hosts and (has_keys or is_exposed)
        self._any_origin = not self.origins and has_keys  # a page that shows a key was given it

    def check(self, host: str, origin: str | None, *, changes: bool) -> None:
        """Raise where the name is not this gateway's, or a page may not open a WebSocket or post here."""
        if not self._any_host and not self._knows(host):
            raise UnknownHost(
                f"This gateway is not called {host[:SHOWN]!r}; call localhost or its address, "
                "or name it in `allow.hosts` of gateway.toml."
            )
        if changes and origin is not None and not self._any_origin and not self._is_ours(origin, host):
            raise UnknownOrigin(
                f"Web pages of {origin[:SHOWN]!r} may not call this gateway; "
                "name them in `cors` of gateway.toml, or ask for keys."
            )

    def are_ours(self, host: str, origin: str | None) -> bool:
        """The name is this gateway's, and if a page asks, it is one of ours."""
        return self._knows(host) and (origin is None or self._is_ours(origin, host))

    def _knows(self, host: str) -> bool:
        """An address cannot be made to lead elsewhere."""
        name = _name(f"//{host}")
        return is_loopback(name) or address_of(name) is not None or name in self._hosts

    def _is_ours(self, origin: str, host: str) -> bool:
        if origin.lower() in self.origins:
            return True
        scheme = origin.partition("://")[0].lower()
        name = _name(origin) if scheme in DEFAULT_PORTS else ""
        return is_loopback(name) or (self._knows(name) and _place(origin, scheme) == _place(f"//{host}", scheme))


def _checked(text: str, key: str, name: str) -> str:
    if not name or "*" in name:
        raise BadConfig(f"`{key}` has {text!r}; write each, e.g. {EXAMPLES[key]}.")
    return name


def _listed(origin: str) -> str:
    """As browsers write it: scheme, name, and the port where it is not the scheme's own."""
    scheme, _, place = origin.lower().rstrip("/").partition("://")
    plain = place.removesuffix(f":{DEFAULT_PORTS.get(scheme)}")
    return f"{scheme}://{plain}" if _name(origin) and not set("/?#@") & set(plain) else ""


def _name(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").rstrip(".").lower()
    except ValueError:
        return ""


def _place(url: str, scheme: str) -> tuple[str, int | None]:
    try:
        return _name(url), urlsplit(url).port or DEFAULT_PORTS.get(scheme)
    except ValueError:
        return "", None
