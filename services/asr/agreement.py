"""Which words of an interim will not change any more: those that two guesses in a row agree on. Pure."""

from collections.abc import Sequence


class Agreement:
    """LocalAgreement-2 over one utterance. What was committed stays."""

    def __init__(self) -> None:
        self._last: list[str] = []
        self.committed: list[str] = []

    def hear(self, words: Sequence[str]) -> list[str]:
        """The best guess now: what is committed, and what follows it in the new guess."""
        guess = self.committed + list(words[len(self.committed) :])
        self.committed = guess[: max(len(self.committed), _shared(self._last, guess))]
        self._last = guess
        return guess


def _shared(one: Sequence[str], other: Sequence[str]) -> int:
    pairs = list(zip(one, other, strict=False))
    return next((n for n, (a, b) in enumerate(pairs) if a != b), len(pairs))
