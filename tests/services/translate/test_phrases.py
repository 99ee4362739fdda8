import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.translate.phrases import Phrases

WORDS = st.text(st.sampled_from("aB .!好"), min_size=1, max_size=4).filter(str.strip)


@given(st.text(st.sampled_from("aB .!好\n"), max_size=40), st.sets(WORDS, max_size=3))
def test_parts_are_the_text(text: str, kept: set[str]) -> None:
    """Split at phrases that are kept as they are, the parts are the text, and the phrases stand in it."""
    parts = Phrases(dict.fromkeys(kept, "")).split(text)
    assert "".join(parts) == text
    assert Phrases.stand(parts, text)


@pytest.mark.parametrize(
    ("glossary", "text", "want"),
    [
        ({"New York": "1", "New York City": "2", "a.c": "3"}, "New York City abc a.c", ["", "2", " abc ", "3", ""]),
        ({"cat": "Katze"}, "cats concatenate", ["cats concatenate"]),
        ({"C++": "", ".NET": ""}, "C++ or .NET", ["", "C++", " or ", ".NET", ""]),
        ({"东京": "Tokyo"}, "在东京的", ["在", "Tokyo", "的"]),
        ({}, "See https://a.b/c?d=1. Or x.y@z.org!", ["See ", "https://a.b/c?d=1", ". Or ", "x.y@z.org", "!"]),
    ],
)
def test_where_phrases_are(glossary: dict[str, str], text: str, want: list[str]) -> None:
    """The longest phrase wins, dots are dots, words are whole where scripts have spaces, links are phrases."""
    assert Phrases(glossary).split(text) == want


def test_whether_phrases_stand() -> None:
    """Each must be there as often as it was, and not inside another word."""
    parts = Phrases({"cat": "Katze"}).split("a cat, a cat")
    assert Phrases.stand(parts, "eine Katze, eine Katze")
    assert not Phrases.stand(parts, "eine Katze")
    assert not Phrases.stand(parts, "eine Katze, ein Katzenklo")
