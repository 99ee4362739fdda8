"""Dates and amounts of English text, as German and French write them."""

import pytest

from services.translate.figures import Figures
from services.translate.phrases import Phrases

WRITTEN = {
    "He was born on January 15, 1963.": ("He was born am 15. Januar 1963.", "He was born le 15 janvier 1963."),
    "On the 1st of May we rest": ("Am 1. Mai we rest", "Le 1er mai we rest"),
    "until 24 December": ("until 24. Dezember", "until 24 décembre"),
    "In March 2020 and March 3rd": ("Im März 2020 and 3. März", "En mars 2020 and 3 mars"),
    "It costs 1,234.50 euros": ("It costs 1.234,50 Euro", "It costs 1234,50 euros"),
    "3.5 percent of 4,500 people": ("3,5 Prozent of 4.500 people", "3,5 pour cent of 4500 people"),
    "one pound is 357 pounds": ("one pound is 357 Pfund", "one pound is 357 livres"),
}
LEFT = [
    "May I march 3 miles?",
    "In March we met",
    "version 1.2.3 at 10.0.0.7:8080",
    "a 50-dollar note, 12,34,56 and A4,500",
    "They may 15 times",
    "a million dollars",
    "Augusta 3",
]


@pytest.mark.parametrize("text", WRITTEN)
def test_they_are_written(text: str) -> None:
    """With their prepositions; decimals and thousands as the language has them."""
    said = tuple("".join(Phrases({}).split(text, figures=Figures(target))) for target in ("de-AT", "fr"))
    assert said == WRITTEN[text]


@pytest.mark.parametrize("text", LEFT)
def test_what_only_looks_like_one_is_left(text: str) -> None:
    """And in languages whose style is not known everything is."""
    assert Phrases({}).split(text, figures=Figures("de")) == [text]
    for known in WRITTEN:
        assert Phrases({}).split(known, figures=Figures("pl")) == [known]


def test_a_glossary_goes_before() -> None:
    """Whoever names a phrase decides about it."""
    split = Phrases({"May 15": "der Feiertag"}).split("on May 15 and May 16", figures=Figures("de"))
    assert split == ["on ", "der Feiertag", " and ", "16. Mai", ""]
