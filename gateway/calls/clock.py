"""The clock of one side of a call: sound as it comes -> sound without gaps, and its times in the call's. Pure.

A gap is filled with silence up to a bound; what is longer is skipped: engines never hear it, and times jump over it.
Sound is never thrown away and times never go back: what comes sooner than its time says follows what came before.
"""

from bisect import bisect_right

MOST_FILLED_S = 3.0  # of one gap: long enough to end whatever was being said
MOST_SKIPS = 1000  # that are remembered: words are about the newest
SECOND_NS = 1_000_000_000


class CallClock:
    """Counts in samples of one side; `silence` is one of them."""

    def __init__(self, rate_hz: int, silence: bytes, tolerance_ms: int) -> None:
        self._rate_hz, self._silence = rate_hz, silence
        self._tolerance = tolerance_ms * rate_hz // 1000
        self._heard = 0  # samples that were handed on, silence too
        self._at, self._skipped = [0], [0]  # from this sample on so many are left out

    def filled(self, at_ms: int | None, data: bytes) -> bytes:
        """The sound, after the silence that is missing; at_ms: when it begins, None: where the last sound ended."""
        gap = 0 if at_ms is None else at_ms * self._rate_hz // 1000 - self._heard - self._skipped[-1]
        missing = gap if gap > self._tolerance else 0
        filled = min(missing, round(MOST_FILLED_S * self._rate_hz))
        if missing > filled:
            self._skip(self._heard + filled // 2, missing - filled)
        self._heard += filled + len(data) // len(self._silence)
        return self._silence * filled + data

    def _skip(self, at: int, more: int) -> None:
        """In the midst of the silence: some of it belongs to the words before the gap, some to those behind it."""
        self._at.append(at)
        self._skipped.append(self._skipped[-1] + more)
        del self._at[:-MOST_SKIPS], self._skipped[:-MOST_SKIPS]

    def call_ns(self, heard_ns: int) -> int:
        """A time in what was handed on -> the same in the call."""
        sample = heard_ns * self._rate_hz // SECOND_NS
        skipped = self._skipped[max(0, bisect_right(self._at, sample) - 1)]
        return heard_ns + skipped * SECOND_NS // self._rate_hz

    def lasts_ns(self, data: bytes) -> int:
        """How long so much sound lasts."""
        return len(data) // len(self._silence) * SECOND_NS // self._rate_hz

    @property
    def now_ns(self) -> int:
        """Where in the call the last sound ended."""
        return (self._heard + self._skipped[-1]) * SECOND_NS // self._rate_hz
