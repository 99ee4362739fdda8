"""Where a text may be cut: after sentences, at line ends, and where it gets too long. Pure, whatever the chunking."""

import re
from dataclasses import dataclass

from services.translate.phrases import Phrases

_LINE = "\n\r\t\v\f\x85\u2028\u2029"
_CLOSING = "\"'”’“‘»«›‹)\\]」』）"
_ENDS = re.compile(
    rf"[。！？｡]+[{_CLOSING}]*(?=[^。！？｡{_CLOSING}])"
    r"|[.!?…।؟۔]+[ \u00a0\u202f]»(?=\s)"
    rf"|[.!?…।؟۔]+[{_CLOSING}]*(?=\s)"
    rf"|[{_LINE}]"
)
_CLAUSE = re.compile(rf"[,;:][{_CLOSING}]*(?=\s)|[、，；：]|[{_CLOSING}](?=\s)|(?=\s[–—-]\s)")


def _word(*words: str) -> re.Pattern[str]:
    return re.compile(rf"(?:^|[\s(\"'„“«])(?:{'|'.join(words)})\.\Z", re.IGNORECASE)


# A sentence never ends with these: something always follows.
_TITLE = _word(
    "mr mrs ms dr prof st vs vol fig rev hon gen lt sgt capt e\\.g i\\.e cf approx".replace(" ", "|"),
    "hr fr frl z\\.\\s?b d\\.\\s?h u\\.\\s?a s\\.\\s?o bzw nr ca evtl ggf inkl sog vgl geb abb art".replace(" ", "|"),
    "mme mlle mm p\\.\\s?ex av apr chap env".replace(" ", "|"),
    "[^\\W\\d_]",
)
# It may end with these; the next word tells.
_PERHAPS = _word(
    "etc inc ltd co corp jr sr a\\.m p\\.m u\\.s u\\.k ph\\.d al usw bspw u\\.\\s?s\\.\\s?w ff min max std".replace(
        " ", "|"
    ),
    "[ivxlcm]+",
    "\\d{1,3}",
)
_NUMBER = re.compile(r"\s*\d+\.\Z")
_NEXT = re.compile(rf"[^\S{_LINE}]*([{_LINE}]|\S+(?=\s))")
_BEGUN = re.compile(rf"[^\S{_LINE}]*([{_LINE}]|\S+)")
_OPENING = "\"'„“«»‹›("
_LAST_SPACE = re.compile(r"\s+\S*\Z")
_MONTHS = re.compile(
    "jan|feb|mär|mar|apr|mai|may|jun|jul|aug|sep|okt|oct|nov|dez|dec|jahrhundert|klasse|stock|geburtstag", re.IGNORECASE
)


@dataclass(frozen=True)
class PieceLimits:
    """How long a piece may get."""

    words: int = 0  # 0: any number
    characters: int = 400


class Sentences:
    """Text in, pieces out; together they are the text."""

    def __init__(self, limits: PieceLimits, phrases: Phrases) -> None:
        self._limits, self._phrases, self._held = limits, phrases, ""
        # One word more than allowed has begun.
        self._many = re.compile(rf"\s*+(?:\S++\s++){{{limits.words}}}(?=\S)") if limits.words else None
        self._view = limits.characters + 1

    def feed(self, text: str) -> list[str]:
        """The sentences that this text completes."""
        self._held += text
        return self._cut(final=False)

    def finish(self) -> list[str]:
        """What is left ends here, whatever might have followed."""
        pieces = self._cut(final=True)
        rest, self._held = self._held, ""
        return [*pieces, rest] if rest else pieces

    def _cut(self, *, final: bool) -> list[str]:
        pieces, start = [], 0
        while end := self._end(self._held[start : start + self._view], final):
            pieces.append(self._held[start : start + end])
            start += end
        self._held = self._held[start:]
        return pieces

    def _end(self, view: str, final: bool) -> int:
        """Where the first piece of what is in view ends; 0: not known yet."""
        limit = self._limit(view)
        # No further than this, however much has come: any chunking must see the same.
        view, closed = view[: limit + 1] if limit else view, final or limit > 0
        for match in _ENDS.finditer(view):
            if limit and match.end() > limit:
                break
            if view[: match.end()].strip():
                ends = self._ends(view, match, closed)
                if ends is None:
                    return 0
                if ends:
                    return match.end()
        return self._overlong(view, limit) if limit else 0

    def _limit(self, view: str) -> int:
        """Where the piece must end at the latest; 0: it is not too long."""
        many = self._many.match(view) if self._many else None
        return many.end() if many else self._view - 1 if len(view) == self._view else 0

    def _ends(self, view: str, match: re.Match[str], closed: bool) -> bool | None:
        """Whether a sentence ends here; None: what follows will tell. closed: nothing follows."""
        end, before = match.end(), view[: match.end()]
        if match.group() in _LINE:
            return True
        if not closed and len(view) < end + self._phrases.ahead:
            return None
        if self._phrases.across(view, end) or before.count("«") > before.count("»") or _TITLE.search(before):
            return False
        if view[end].isspace() and (match.group()[-1] in _CLOSING or _PERHAPS.search(before)):
            following = (_BEGUN if closed else _NEXT).match(view, end)
            return _begins(following[1], before) if following else False if closed else None
        return True

    def _overlong(self, view: str, limit: int) -> int:
        """Cut after the last clause that is not too short, else between words, else in mid-word."""
        for match in reversed(list(_CLAUSE.finditer(view, limit // 3))):
            if match.end() <= limit and view[: match.end()].strip() and not self._phrases.across(view, match.end()):
                return match.end()
        space = _LAST_SPACE.search(view[:limit])
        return space.start() if space and view[: space.start()].strip() else limit


def _begins(word: str, before: str) -> bool:
    """Whether the next word opens a sentence. A line's end is an end itself, and takes what stands before it along."""
    if word in _LINE or word.lstrip(_OPENING)[:1].islower() or _NUMBER.fullmatch(before):
        return False
    return not (before[-2:-1].isdigit() and _MONTHS.match(word))
