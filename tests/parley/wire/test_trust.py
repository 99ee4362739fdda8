"""What services ask of whoever calls them."""

import pytest

from parley.errors import BadConfig, Unauthenticated
from parley.wire.tls import TlsConfig, UpstreamTls
from parley.wire.trust import SharedSecret, check_listen

TOKEN = "0123456789abcdef"


@pytest.mark.parametrize("address", ["127.0.0.1:1", "localhost:1", "[::1]:1", "unix:/tmp/x.sock"])
def test_at_home_nothing_is_asked_for(address: str) -> None:
    """Only this machine reaches it."""
    check_listen(address, "", TlsConfig())


@pytest.mark.parametrize("address", ["0.0.0.0:50061", "[::]:50061", ":50061", "10.0.0.1:50061", "asr:50061"])
def test_open_to_others_it_says_what_to_set(address: str) -> None:
    """Each of the three ways out, ready to be pasted; with one of them it starts."""
    with pytest.raises(BadConfig, match=r"PARLEY_LISTEN=127\.0\.0\.1:50061.*PARLEY_TOKEN=.*`tls`"):
        check_listen(address, "", TlsConfig())
    check_listen(address, TOKEN, TlsConfig())


@pytest.mark.parametrize("token", ["short", "with a space in it", "n\u00e4mlich-nicht-ascii", "0123456789abcdef\n"])
def test_a_token_that_is_none_does_not_start(token: str) -> None:
    """It could be guessed, or not be sent."""
    with pytest.raises(BadConfig, match="openssl rand"):
        check_listen("127.0.0.1:1", token, TlsConfig())


@pytest.mark.parametrize("shown", [{}, {"authorization": "Bearer other"}, {"authorization": f"Bearer {TOKEN}x"}])
def test_who_does_not_show_the_token_is_refused(shown: dict[str, str]) -> None:
    """For whatever but health; the token itself is never repeated."""
    token = SharedSecret(TOKEN)
    token.check("/parley.v1.Models/Retire", token.metadata)
    token.check("/grpc.health.v1.Health/Check", shown)
    with pytest.raises(Unauthenticated, match="PARLEY_TOKEN") as refused:
        token.check("/parley.v1.Models/Retire", shown)
    assert TOKEN not in f"{refused.value} {token!r}"


def test_without_a_token_nobody_is_asked() -> None:
    """On a Unix socket file rights decide."""
    SharedSecret().check("/parley.v1.Models/Retire", {})
    assert SharedSecret().metadata == {}


@pytest.mark.parametrize("tls", [UpstreamTls(cert="x", key="x"), UpstreamTls("no.pem"), UpstreamTls("a", "b")])
def test_half_a_certificate_is_none(tls: UpstreamTls) -> None:
    """What does not fit together is said at the start."""
    with pytest.raises(BadConfig, match="upstream_tls"):
        tls.check()
