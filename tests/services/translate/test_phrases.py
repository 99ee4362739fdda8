import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.translate.phrases import Phrases, with_numbers_of

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


def plainly(glossary: set[str], text: str) -> list[str]:
    """As one pattern of all phrases splits it: right, and slow with many."""

    def whole(phrase: str) -> str:
        before = r"(?<!\w)" if phrase[0].isalnum() and phrase[0] < "\u0e00" else ""
        after = r"(?!\w)" if phrase[-1].isalnum() and phrase[-1] < "\u0e00" else ""
        return f"{before}{re.escape(phrase)}{after}"

    longest_first = [*map(whole, sorted(glossary, key=len, reverse=True))]
    link = r"https?://\S*[\w/]|www\.\S*[\w/]|[\w.+-]+@[\w-]+\.[\w.-]*\w"
    return re.split(f"({'|'.join([*longest_first, link])})", text)


@given(st.text(st.sampled_from("aB .!好@w_"), max_size=60), st.sets(WORDS, max_size=8))
def test_phrases_are_found_where_one_pattern_of_all_finds_them(text: str, kept: set[str]) -> None:
    """The index of first letters is quicker than a pattern of ten thousand phrases, and finds the same."""
    kept = {phrase.strip() for phrase in kept}
    assert Phrases(dict.fromkeys(kept, "")).split(text) == plainly(kept, text)


@given(st.text(st.sampled_from("aB .!好"), max_size=40), st.sets(WORDS, max_size=5), st.integers(0, 40))
def test_where_a_phrase_goes_on(text: str, kept: set[str], end: int) -> None:
    """A text is not cut inside of a phrase with an end of sentence in it."""
    broken = [phrase for phrase in kept if any(sign in phrase[:-1] for sign in ".!")]
    inside = any(
        text.startswith(phrase, at) and at < end < at + len(phrase) for phrase in broken for at in range(len(text))
    )
    assert Phrases(dict.fromkeys(kept, "")).across(text, end) == inside


@pytest.mark.parametrize(
    ("text", "said", "same"),
    [
        ("31 December 2025, 4,500 euros", "31. Dezember 2025, 4.500 Euro", True),
        ("31 December 2025, 4,500 euros", "31. Dezember 202, 450 Euro", False),
        ("at 10:30", "um 10.30 Uhr", True),
        ("2 dogs", "zwei Hunde", False),
        ("two dogs", "2 Hunde", True),
        ("5 of 5", "5", False),
    ],
)
def test_whether_numbers_stand(text: str, said: str, same: bool) -> None:
    """Each number of the source must be there, as often as it was; how its digits are divided may differ."""
    assert Phrases.stand(Phrases({}).split(text), said) == same


def test_numbers_are_parts_with_what_is_glued_to_them() -> None:
    """Where a number did not come through, it is copied with its unit and its dots."""
    parts = Phrases({}).split("On the 3rd, 10-12 of B2B: 4,500.", numbers=True)
    assert parts == ["On the ", "3rd", ", ", "10-12", " of ", "B2B", ": ", "4,500", "."]


@pytest.mark.parametrize(
    ("source", "text", "want"),
    [
        ("31 December 2025, 4,500 euros", "31. Dezember 202, 450 Euro", "31. Dezember 2025, 4,500 Euro"),
        ("at 10:30 in 5", "um 10.30 in 5", "um 10.30 in 5"),
        ("5 of 7", "7 von 50", "7 von 5"),
        ("5 of 5", "5 von 6", "5 von 5"),
        ("2 dogs", "zwei Hunde", "zwei Hunde"),
        ("one", "1", "1"),
    ],
)
def test_numbers_that_a_model_got_wrong_are_put_right(source: str, text: str, want: str) -> None:
    """Only those that are others, in their order, and only where there are as many."""
    assert with_numbers_of(source, text) == want
