"""Where a text may be cut: after sentences, at line ends, and where it gets too long. Pure, whatever the chunking."""

import re

LONGEST = 400
_ENDS = re.compile(r"[。！？]+(?=[^。！？])|[.!?…]+[\"'”’»)\]]*(?=\s)|\n")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\"'])(?:mr|mrs|ms|dr|prof|st|vs|etc|e\.g|i\.e|vol|fig|z\.b|d\.h|bzw|usw|nr|mme|mlle|[a-z])\.\Z",
    re.IGNORECASE,
)


class Sentences:
    """Text in, pieces out; together, and with the rest, they are the text."""

    def __init__(self, longest: int = LONGEST) -> None:
        self._longest, self._held = longest, ""

    def feed(self, text: str) -> list[str]:
        """The sentences that this text completes."""
        self._held += text
        pieces, start = [], 0
        while end := self._end(self._held[start : start + self._longest + 1]):
            pieces.append(self._held[start : start + end])
            start += end
        self._held = self._held[start:]
        return pieces

    def finish(self) -> list[str]:
        """What is left is a sentence too."""
        rest, self._held = self._held, ""
        return [rest] if rest else []

    def _end(self, view: str) -> int:
        """Where the first piece of what is in view ends; 0: not yet."""
        for match in _ENDS.finditer(view):
            if view[: match.end()].strip() and not _ABBREVIATION.search(view[: match.end()]):
                return match.end()
        return self._overlong(view) if len(view) > self._longest else 0

    def _overlong(self, view: str) -> int:
        """Cut at the last space that is allowed, else in mid-word."""
        space = view.rfind(" ", 1, self._longest)
        return space if space > 0 and view[:space].strip() else self._longest
