"""Addresses and numbers in one final after another, of which a number may begin in one and go on in the next. Pure.

A final is told once and never changes. So the end of one that may well be the beginning of a number is a piece already,
and what it ended with is remembered for a while: with that before it, the next one's beginning may be a piece.
"""

import re
from collections.abc import Sequence

from gateway.pipeline import personal
from gateway.pipeline.personal import IBAN_LENGTHS, Found

PAUSE_NS = 10_000_000_000  # whoever dictates a number goes on within this
BRIEF = 3  # words that may come between, e.g. of who writes the number down
LONGEST = 64  # letters that are remembered
_ENDS = " .,;:!?-\u2026"
_FILLERS = re.compile(r"(?i)(?:(?:uh|um|er|and|then|so|okay|ok|yes)[,.]* |[ ,./-])*")
_IBAN = re.compile(r"(?<![A-Za-z0-9])([A-Z] ?[A-Z]) ?\d ?\d(?:[ -]?[A-Z0-9]){2,29}$")
# More digits than may be shown of such a number: of a card its issuer, of a telephone its area.
_BEGINNINGS = {
    "card": re.compile(r"(?<![\d+.,-])(?:2[2-7]|3[04-9]|[456]\d)\d{2}(?:[ -]?\d){1,14}$"),
    "ssn": re.compile(r"(?<![\d-])(?!000|666|9)\d{3}[ -](?!00)\d{2}(?:[ -]\d{0,3})?$"),
    "phone": re.compile(
        r"(?:(?:\+|\b00)[ (]{0,2}[1-9](?:[ ./()-]{0,2}\d){3,13}|(?<![\d.,/-])0[1-9]\d{0,4}(?:[ /-]{0,3}\d){3,9}"
        r"|(?<![\d.,-])(?:1[ .-]?)?\(?[2-9]\d{2}\)?[ .-]{0,2}[2-9]\d{2}[ .-]?\d{0,3})$"
    ),
}


class SplitNumbers:
    """What the last finals of one stream ended with."""

    def __init__(self, kinds: Sequence[str]) -> None:
        self._kinds = kinds
        self._before, self._end_ns = "", 0

    def found(self, text: str, start_ns: int, *, is_final: bool) -> list[Found]:
        """Every piece of a text that begins there, from left to right, none of them overlapping."""
        pieces = [*self._going_on(text, start_ns), *personal.found(text, self._kinds)]
        if is_final and (piece := self._beginning(text)):
            pieces.append(piece)
        return apart(pieces)

    def _going_on(self, text: str, start_ns: int) -> list[Found]:
        """Pieces that have begun in the final before."""
        if not self._is_near(start_ns):
            return []
        rest = _after_fillers(text)
        # Grouped as it is in either, or not at all: nobody knows how it would have been written in one.
        joins = dict.fromkeys((" ", text[:rest].strip()[-1:], ""))
        return [piece for between in joins for piece in self._joined(between, text, rest)]

    def _joined(self, between: str, text: str, rest: int) -> list[Found]:
        joined, first = f"{self._before}{between}{text[rest:]}", len(self._before) + len(between)
        pieces = personal.found(joined, self._kinds)
        if piece := self._beginning(joined):
            pieces.append(piece)
        return [Found(rest, rest + each.end - first, each.kind) for each in pieces if each.start < first < each.end]

    def _is_near(self, start_ns: int) -> bool:
        return self._before != "" and start_ns - self._end_ns <= PAUSE_NS

    def _beginning(self, text: str) -> Found | None:
        """The end of a text, where a number may have begun."""
        view, places = personal.in_digits(text.rstrip(_ENDS))
        for kind in self._kinds:
            match = _iban(view) if kind == "iban" else kind in _BEGINNINGS and _BEGINNINGS[kind].search(view)
            if match:
                return Found(places[match.start()], len(text.rstrip(_ENDS)), kind)
        return None

    def remember(self, text: str, start_ns: int, end_ns: int) -> None:
        """What a final between these times ends with."""
        tail = text[personal.undecided_from(text) :].rstrip(_ENDS)
        if tail:
            is_all = len(tail) >= len(text.rstrip(_ENDS)) - _after_fillers(text)
            goes_on = self._before if is_all and self._is_near(start_ns) else ""
            self._before, self._end_ns = f"{goes_on} {tail}".strip()[-LONGEST:], end_ns
        elif len(text.split()) > BRIEF:
            self._before = ""


def _after_fillers(text: str) -> int:
    match = _FILLERS.match(text)
    assert match is not None  # of nothing, at least
    return match.end()


def _iban(view: str) -> re.Match[str] | None:
    match = _IBAN.search(view)
    is_one = match and sum(map(str.isalnum, match[0])) < IBAN_LENGTHS.get(match[1].replace(" ", ""), 0)
    return match if is_one else None


def apart(pieces: Sequence[Found]) -> list[Found]:
    """Pieces that overlap become one."""
    kept: list[Found] = []
    for piece in sorted(pieces, key=lambda each: (each.start, -each.end)):
        if kept and piece.start < kept[-1].end:
            kept[-1] = Found(kept[-1].start, max(kept[-1].end, piece.end), kept[-1].kind)
        else:
            kept.append(piece)
    return kept
