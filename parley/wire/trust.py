"""What the gateway and its services show each other, so that no stranger commands a service. Must not know gRPC.

Whoever reaches a service may load and retire its models. So one that other machines reach asks for the token that its
gateway has too, or for a certificate.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field

from parley.errors import BadConfig, Unauthenticated
from parley.wire.tls import TlsConfig, UpstreamTls

AT_HOME = ("127.", "localhost:", "[::1]:", "unix:")
HEALTH = "/grpc.health.v1.Health/"  # whoever starts containers asks for it, and it says nothing else
HEADER, BEARER = "authorization", "Bearer "
SHORTEST = 16  # characters of a token
MAKE_ONE = "PARLEY_TOKEN=$(openssl rand -hex 32)"


def is_at_home(address: str) -> bool:
    """Whether only this machine can connect to the address."""
    return address.startswith(AT_HOME)


def check_listen(address: str, token: str, tls: TlsConfig) -> None:
    """Raise BadConfig where strangers would reach a service that asks them for nothing."""
    tls.check()
    check_token(token)
    if is_at_home(address) or token or tls.mutual:
        return
    port = address.rpartition(":")[2]
    raise BadConfig(
        f"`listen` is {address}, which other machines reach, and whoever reaches it may change its models. For this "
        f"machine alone set PARLEY_LISTEN=127.0.0.1:{port}. For a gateway elsewhere set the same secret here and there "
        f"({MAKE_ONE}), or `tls` with `cert`, `key` and `client_ca`."
    )


def check_token(token: str) -> None:
    """Raise BadConfig where it could be guessed, or not be sent."""
    if token and (len(token) < SHORTEST or not token.isascii() or not token.isprintable() or " " in token):
        raise BadConfig(f"`token` must have {SHORTEST} ASCII characters or more and no space; {MAKE_ONE} makes one.")


@dataclass(frozen=True)
class SharedSecret:
    """The secret that a gateway and its services share; empty: none is asked for."""

    text: str = field(default="", repr=False)

    def check(self, method: str, metadata: Mapping[str, str]) -> None:
        """Raise Unauthenticated unless the call shows it; health is for everybody."""
        shown = metadata.get(HEADER, "").removeprefix(BEARER)
        if self.text and not method.startswith(HEALTH) and not hmac.compare_digest(shown.encode(), self.text.encode()):
            raise Unauthenticated(
                "This service takes calls of its own gateway only: `token` (PARLEY_TOKEN) must be the same in both."
            )

    @property
    def metadata(self) -> dict[str, str]:
        """The metadata that carries the token."""
        return {HEADER: f"{BEARER}{self.text}"} if self.text else {}


@dataclass(frozen=True)
class Trust:
    """What a gateway shows the services that it calls."""

    token: SharedSecret = field(default_factory=SharedSecret)
    tls: UpstreamTls = field(default_factory=UpstreamTls)
