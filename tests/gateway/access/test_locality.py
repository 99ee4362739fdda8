"""Who is on this machine."""

import pytest

from gateway.access.locality import is_local_peer, is_loopback


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost", "a.localhost", "::ffff:127.0.0.1"]
)
def test_this_machine_is_known_by_its_names(host: str) -> None:
    """Addresses and names that no other machine has."""
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "10.0.0.1", "::2", "127.evil.example", "localhost.evil.example", "0.0.0.0"])
def test_others_are_others(host: str) -> None:
    """What only looks like this machine is another."""
    assert not is_loopback(host)


@pytest.mark.parametrize(
    "peer", ["ipv4:127.0.0.1:4", "ipv6:%5B::1%5D:4", "ipv6:[::ffff:127.0.0.1]:4", "unix:", "unix:/x"]
)
def test_a_grpc_peer_may_be_here(peer: str) -> None:
    """As grpc spells peers; but not where a proxy or a browser asks on somebody's behalf."""
    assert is_local_peer(peer, {})
    assert not is_local_peer(peer, {"x-forwarded-for": "10.0.0.1"})
    assert not is_local_peer(peer, {"origin": "https://evil.example"})


@pytest.mark.parametrize("peer", ["ipv4:172.18.0.1:4", "ipv6:%5B2001:db8::1%5D:4", "unknown", "", "tcp:127.0.0.1:4"])
def test_a_grpc_peer_may_be_elsewhere(peer: str) -> None:
    """What is not known to be here is not here."""
    assert not is_local_peer(peer, {})
