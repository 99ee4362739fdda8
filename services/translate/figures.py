"""Dates, amounts of money and large numbers in English text -> as the target writes them. Pure.

A small model copies digits and loses what stands beside them: the month, the currency; and "4,500" it copies is another
number in German. What is found here is put into the sentence as it shall stand, as a glossary's phrases are.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

_MONTH = "January|February|March|April|May|June|July|August|September|October|November|December"
_MONAT = "Januar|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember"
_MOIS = "janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre"
MONTHS = _MONTH.split("|")
_DAY, _TH = r"\d{1,2}", "(?:st|nd|rd|th)?"
_DATE = re.compile(
    rf"(?P<on>[Oo]n )?"
    rf"(?:(?P<month>{_MONTH}) (?P<day>{_DAY}){_TH}|(?:[Tt]he )?(?P<day2>{_DAY}){_TH} (?:of )?(?P<month2>{_MONTH}))"
    rf"\b(?:,? (?P<year>\d{{4}})\b)?|(?P<in>[Ii]n )?(?P<month3>{_MONTH}) (?P<year3>\d{{4}})\b"
)
_AMOUNT = re.compile(
    r"(?<![\w.,])(?P<number>\d+(?:,\d{3})*(?:\.\d+)?) (?P<unit>euro|dollar|pound|cent|percent)s?\b(?!-)"
    r"|(?<![\w.,])(?P<large>\d{1,3}(?:,\d{3})+)(?![\w,]|\.\d)"
)
_START = frozenset("0123456789OoIiTt" + "".join(month[0] for month in MONTHS))  # how any of them begins


@dataclass(frozen=True)
class _Style:
    """How a language writes them."""

    months: tuple[str, ...]
    day: Callable[[int], str]
    on: str
    within: str
    units: Mapping[str, str]
    thousands: str  # between groups of digits
    decimals: str


_DE = _Style(
    tuple(_MONAT.split("|")),
    lambda day: f"{day}.",
    "am",
    "im",
    {"euro": "Euro", "dollar": "Dollar", "pound": "Pfund", "cent": "Cent", "percent": "Prozent"},
    ".",
    ",",
)
_FR = _Style(
    tuple(_MOIS.split("|")),
    lambda day: "1er" if day == 1 else str(day),
    "le",
    "en",
    {"euro": "euros", "dollar": "dollars", "pound": "livres", "cent": "cents", "percent": "pour cent"},
    "",  # a space would make two numbers of one
    ",",
)
STYLES = {"de": _DE, "fr": _FR}


class Figures:
    """Of English text that becomes text in a language whose style is known; of others there are none."""

    def __init__(self, target: str) -> None:
        self._style = STYLES.get(target.split("-")[0])

    def at(self, text: str, start: int) -> tuple[int, str] | None:
        """Where the one that begins there ends, and what becomes of it."""
        if self._style is None or text[start] not in _START or text[start - 1 : start].isalnum():
            return None
        for pattern, becomes in ((_DATE, _date), (_AMOUNT, _amount)):
            if match := pattern.match(text, start):
                return match.end(), becomes(match, self._style)
        return None


NO_FIGURES = Figures("")


def _date(match: re.Match[str], style: _Style) -> str:
    month = style.months[MONTHS.index(match["month"] or match["month2"] or match["month3"])]
    if match["month3"]:
        return _led(match["in"], style.within, f"{month} {match['year3']}")
    day = style.day(int(match["day"] or match["day2"]))
    return _led(match["on"], style.on, f"{day} {month}" + (f" {match['year']}" if match["year"] else ""))


def _led(said: str | None, word: str, date: str) -> str:
    """With its preposition, in capitals where a sentence begins with it."""
    if not said:
        return date
    return f"{word.capitalize() if said[0].isupper() else word} {date}"


def _amount(match: re.Match[str], style: _Style) -> str:
    whole, _, decimals = (match["number"] or match["large"]).partition(".")
    number = whole.replace(",", style.thousands) + (style.decimals + decimals if decimals else "")
    return f"{number} {style.units[match['unit']]}" if match["unit"] else number
