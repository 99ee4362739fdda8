"""The words of an utterance's interims: which will not change, and which sound the next interim needs. Pure."""

from collections.abc import Sequence

from parley.audio.pcm import RATE_HZ
from services.asr.streams.agreement import Agreement
from services.asr.utterance import SpokenWord

LONG = 4 * RATE_HZ  # of longer sound, committed words are left behind
STAY = 2  # committed words that are heard again all the same: a word's time is not exact, and context helps
EARLIER = RATE_HZ // 10  # than where a word is said to begin: consonants are quiet


class InterimWords:
    """Words that two interims agree on are committed: the next one begins with them, and their sound is left behind."""

    def __init__(self, start: int) -> None:
        self.since = start  # the sample at which the sound of the next interim begins
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
        """All words so far, now that these were recognised from `since` to `end`."""
        is_long = self.is_long(end)
        interim = self._agreement.update(self.committed[: self._behind] + [word.text for word in words])
        first = len(self.committed) - STAY - self._behind
        if is_long and words[first:]:
            self.since += max(0, words[first].start - EARLIER)
            self._behind += first
        return interim

    def add_whole(self, words: Sequence[SpokenWord]) -> list[str]:
        """The same for an interim of the whole utterance."""
        return self._agreement.update([word.text for word in words])
