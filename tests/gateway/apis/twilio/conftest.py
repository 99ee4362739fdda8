from collections.abc import Iterator

import pytest

from tests.gateway.apis.twilio.phone import Phone
from tests.gateway.conftest import FakeCore


@pytest.fixture
def phone(core: FakeCore) -> Iterator[Phone]:
    with Phone(core) as client:
        yield client
