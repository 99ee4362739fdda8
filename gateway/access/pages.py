"""By which names this gateway is called, and by which web pages. Pure.

A page can send its reader's browser to whatever the reader's machine reaches, also to this machine, and a name of the
page's own can be made to lead here. Browsers say in Origin whose page it is and in Host which name was called.
"""

from urllib.parse import urlsplit

from gateway.access.locality import address_of, is_loopback
from gateway.config import AllowConfig
from parley.errors import BadConfig, UnknownHost, UnknownOrigin

SHOWN = 100  # characters of what is not known
DEFAULT_PORTS = {"http": 80, "https": 443}
EXAMPLES = {"hosts": "parley.example.com", "origins": "https://app.example.com"}


class Pages:
    """What `[allow]` says, and what is meant where it says nothing."""

    def __init__(self, allow: AllowConfig, *, has_keys: bool, is_exposed: bool) -> None:
        self._hosts = {_checked(host, "hosts", _name(f"//{host}")) for host in allow.hosts}
        self._origins = {_checked(origin, "origins", _name(origin)) and _bare(origin) for origin in allow.origins}
        self._any_host = not self._hosts and (has_keys or is_exposed)
        self._any_origin = not self._origins and has_keys  # a page that shows a key was given it

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
                "name them in `allow.origins` of gateway.toml, or ask for keys."
            )

    def are_ours(self, host: str, origin: str | None) -> bool:
        """The name is this gateway's, and if a page asks, it is one of ours."""
        return self._knows(host) and (origin is None or self._is_ours(origin, host))

    def _knows(self, host: str) -> bool:
        """An address cannot be made to lead elsewhere."""
        name = _name(f"//{host}")
        return is_loopback(name) or address_of(name) is not None or name in self._hosts

    def _is_ours(self, origin: str, host: str) -> bool:
        if _bare(origin) in self._origins:
            return True
        scheme = origin.partition("://")[0].lower()
        name = _name(origin) if scheme in DEFAULT_PORTS else ""
        return is_loopback(name) or (self._knows(name) and _place(origin, scheme) == _place(f"//{host}", scheme))


def _checked(text: str, key: str, name: str) -> str:
    if not name or "*" in name:
        raise BadConfig(f"`allow.{key}` has {text!r}; write each, e.g. {EXAMPLES[key]}.")
    return name


def _bare(origin: str) -> str:
    return origin.lower().rstrip("/")


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
