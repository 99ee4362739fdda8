"""Who calls: told apart by key, and without one by where they are."""

import pytest

from gateway.apis.calls import host_of
from gateway.caller import Caller, network


@pytest.mark.parametrize(
    ("one", "other"),
    [("127.0.0.1", "::1"), ("127.0.0.1", "127.8.8.8"), ("localhost", ""), ("::ffff:10.0.0.1", "10.0.0.1")],
)
def test_a_host_has_one_name(one: str, other: str) -> None:
    """However it is reached, it is one caller."""
    assert network(one) == network(other)


def test_a_machine_has_a_whole_network_of_addresses() -> None:
    """An IPv6 host takes any address of its /64; that of another network is another host."""
    assert network("2001:db8::1") == network("2001:db8::ffff:2")
    assert network("2001:db8::1") != network("2001:db8:0:1::1")
    assert network("10.0.0.1") != network("10.0.0.2")


def test_a_key_goes_before_a_place() -> None:
    """One key is one caller wherever they are; without keys the host is."""
    assert Caller(name="ann", peer="10.0.0.1").who == Caller(name="ann", peer="10.0.0.2").who
    assert Caller(peer="10.0.0.1").who != Caller(peer="10.0.0.2").who


@pytest.mark.parametrize(
    ("peer", "host"),
    [("ipv4:10.0.0.1:5000", "10.0.0.1"), ("ipv6:%5B::1%5D:5000", "::1"), ("ipv6:[::1]:80", "::1"), ("unix:", "")],
)
def test_grpc_says_where_a_call_comes_from(peer: str, host: str) -> None:
    """The port is another one for each connection, so it must not count."""
    assert host_of(peer) == host
