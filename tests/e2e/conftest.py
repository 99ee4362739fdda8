"""Real processes, started once for a file of tests."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.e2e.house import House


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    house = House(tmp_path_factory.mktemp("house"))
    try:
        await house.start()
        yield house
    finally:
        house.stop()
