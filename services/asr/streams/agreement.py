"""Which words of an interim will not change any more: those that two interims in a row agree on. Pure."""

from collections.abc import Sequence


class Agreement:
    """LocalAgreement-2 over one utterance. What was committed stays."""

    def __init__(self) -> None:
        self._last: list[str] = []
        self.committed: list[str] = []

    def update(self, words: Sequence[str]) -> list[str]:
        """Commits the words that two interims agree on; returns the committed words and the new interim's rest."""
        interim = self.committed + list(words[len(self.committed) :])
        self.committed = interim[: max(len(self.committed), _shared(self._last, interim))]
        self._last = interim
        return interim


def _shared(one: Sequence[str], other: Sequence[str]) -> int:
    pairs = list(zip(one, other, strict=False))
    return next((n for n, (a, b) in enumerate(pairs) if a != b), len(pairs))
