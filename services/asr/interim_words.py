"""What is guessed of one utterance while it is said, and which part of it is heard again for the next interim. Pure."""

from collections.abc import Sequence

from parley.audio.pcm import RATE_HZ
from services.asr.agreement import Agreement
from services.asr.utterance import SpokenWord

LONG = 4 * RATE_HZ  # so much is heard again for every interim; of more, what was committed is left behind
STAY = 2  # committed words that are heard again all the same: a word's time is not exact, and context helps
EARLIER = RATE_HZ // 10  # than where a word is said to begin: consonants are quiet


class InterimWords:
    """Words that two interims agree on are the beginning of the next one, and their sound need not be heard again."""

    def __init__(self, start: int) -> None:
        self.since = start  # the sample from which on the next interim hears
        self._behind = 0  # committed words that lie before
        self._agreement = Agreement()

    @property
    def committed(self) -> list[str]:
        """Words that will not change, each with the blank before it."""
        return self._agreement.committed

    @property
    def begun(self) -> str:
        """What the next interim begins with."""
        return "".join(self.committed[self._behind :])

    def is_long(self, end: int) -> bool:
        """Whether an interim up to there should tell where its words are, so that the next one can hear less."""
        return end - self.since > LONG and len(self.committed) - self._behind > STAY

    def add(self, words: Sequence[SpokenWord], end: int) -> list[str]:
        """The best interim of the whole utterance, now that these words were heard between `since` and there."""
        told = self.is_long(end)
        interim = self._agreement.update(self.committed[: self._behind] + [word.text for word in words])
        first = len(self.committed) - STAY - self._behind
        if told and words[first:]:
            self.since += max(0, words[first].start - EARLIER)
            self._behind += first
        return interim

    def add_whole(self, words: Sequence[SpokenWord]) -> list[str]:
        """The same, where all of the utterance was heard."""
        return self._agreement.update([word.text for word in words])
