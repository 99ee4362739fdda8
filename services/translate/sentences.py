"""Where a text may be cut: after sentences, at line ends, and where it gets too long. Pure, whatever the chunking."""

import re

LONGEST = 400
_ENDS = re.compile(r"[。！？]+|[.!?…]+[\"'”’»)\]]*(?=\s)|\n")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\"'])(?:mr|mrs|ms|dr|prof|st|vs|etc|e\.g|i\.e|vol|fig|z\.b|d\.h|bzw|usw|nr|mme|mlle|[a-z])\.$",
    re.IGNORECASE,
)


class Sentences:
    """Text in, pieces out; together, and with the rest, they are the text."""

    def __init__(self, longest: int = LONGEST) -> None:
        self._longest, self._held = longest, ""

    def feed(self, text: str) -> list[str]:
        """The sentences that this text completes."""
        self._held += text
        pieces: list[str] = []
        while (end := self._end()) is not None:
            pieces.append(self._held[:end])
            self._held = self._held[end:]
        return pieces

    def finish(self) -> list[str]:
        """What is left is a sentence too."""
        rest, self._held = self._held, ""
        return [rest] if rest else []

    def _end(self) -> int | None:
        for match in _ENDS.finditer(self._held, 0, self._longest + 1):
            if self._held[: match.end()].strip() and not _ABBREVIATION.search(self._held[: match.end()]):
                return match.end()
        return self._overlong() if len(self._held) > self._longest else None

    def _overlong(self) -> int:
        """Cut at the last space that is allowed, else in mid-word."""
        space = self._held.rfind(" ", 1, self._longest)
        return space if space > 0 and self._held[:space].strip() else self._longest
