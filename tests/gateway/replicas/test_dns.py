"""Names and addresses."""

import pytest

from gateway.replicas.dns import addresses, is_name


@pytest.mark.parametrize("address", ["unix:/run/asr.sock", "127.0.0.1:50061", "[::1]:50061"])
async def test_an_address_stands_for_itself(address: str) -> None:
    """Nothing is looked up that needs no looking up."""
    assert not is_name(address)
    assert await addresses(address) == [address]


async def test_a_name_stands_for_addresses_of_one_family() -> None:
    """A name is one replica, not one for each family."""
    assert is_name("localhost:50061")
    assert await addresses("localhost:50061") == ["127.0.0.1:50061"]


async def test_an_unknown_name_stands_for_nobody() -> None:
    """A name that DNS does not know is no error: it may come."""
    assert await addresses("nobody.invalid:1") == []
