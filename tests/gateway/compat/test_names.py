import pytest

from gateway.compat import names

ALIASES = {"parakeet-*": "asr/fast", "*": "asr/default"}


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("", ""),
        ("echo@1", "echo@1"),
        ("asr/careful", "asr/careful"),
        ("parakeet-1.1b-en-US", "asr/fast"),
        ("conformer", "asr/default"),
    ],
)
def test_the_first_pattern_that_fits_says_what_is_meant(name: str, meant: str) -> None:
    """Our own names are never turned into others."""
    assert names.ours(name, ALIASES) == meant


def test_a_name_that_no_pattern_knows_stays_for_the_router_to_refuse() -> None:
    """Without a map nothing is guessed."""
    assert names.ours("conformer", {}) == "conformer"
