import pytest

from parley.errors import Code, ModelNotReady, ParleyError, Unavailable
from parley.wire.error_names import of_reason, tree


@pytest.mark.parametrize("kind", list(tree()), ids=lambda kind: kind.__name__)
def test_a_reason_leads_back_to_its_error(kind: type[ParleyError]) -> None:
    """Whatever the code, the reason decides."""
    assert of_reason(Code.INTERNAL.value, kind.reason) is kind


def test_an_unknown_reason_falls_back_to_its_code() -> None:
    """A reason of a newer version still means at least what its code means; an unknown code means INTERNAL."""
    assert of_reason(Code.UNAVAILABLE.value, "NEW") is Unavailable
    assert of_reason(99, "NEW") is ParleyError


def test_a_retry_hint_is_kept() -> None:
    """An error says when to come back, where it knows."""
    assert ModelNotReady("soon", retry_s=1.5).retry_s == 1.5
    assert ModelNotReady("soon").retry_s is None
