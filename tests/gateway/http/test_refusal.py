import pytest

from gateway.apis.libretranslate import shapes
from gateway.apis.openai import requests
from gateway.http import refusal
from parley.errors import ParleyError
from parley.wire.error_names import tree


@pytest.mark.parametrize("kind", list(tree()))
def test_every_error_has_a_status_and_a_close_code(kind: type[ParleyError]) -> None:
    """No error of the tree is forgotten, and each is told in every shape."""
    error = kind("what was wrong")
    row = refusal.answer(error)
    assert 400 <= row.status < 600
    assert row.close in (1008, 1009, 1011, 1013)
    for shape in (refusal.ours, requests.refusal, shapes.refusal):
        assert "what was wrong" in str(shape(error, row.status))
