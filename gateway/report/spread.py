"""How long something took, as counts a bucket: over the last hour, and what share was how quick. Pure."""

from collections import deque
from collections.abc import Sequence

Counts = tuple[int, ...]


class Spreads:
    """One version's counts, as processes tell them since their start, kept as what was new at each look."""

    def __init__(self, looks: int) -> None:
        self.bounds_s: Sequence[float] = ()
        self.total: Counts = ()  # over all looks that are kept; asked for more often than there are looks
        self._seen: dict[str, Counts] = {}
        self._fresh: deque[Counts] = deque(maxlen=looks)

    def look(self, bounds_s: Sequence[float], by_process: dict[str, Counts]) -> None:
        """What each process counts now. One that was started again begins at nothing."""
        self.bounds_s = tuple(bounds_s)
        fresh = [_since(self._seen.get(process), counts) for process, counts in by_process.items()]
        self._seen = by_process
        self._add(_sum(fresh))

    def _add(self, counts: Counts) -> None:
        gone = self._fresh[0] if len(self._fresh) == self._fresh.maxlen else ()
        self._fresh.append(counts)
        self.total = _sum([self.total, counts, tuple(-count for count in gone)])

    def quantiles_ms(self, *shares: float) -> list[float | None]:
        """The time within which each share was done; None where nothing was."""
        return [quantile_ms(self.bounds_s, self.total, share) for share in shares]


def _since(before: Counts | None, now: Counts) -> Counts:
    if before is None or len(before) != len(now) or any(old > new for old, new in zip(before, now, strict=True)):
        return now
    return tuple(new - old for old, new in zip(before, now, strict=True))


def _sum(many: Sequence[Counts]) -> Counts:
    longest = max(map(len, many), default=0)
    return tuple(sum(counts[n] for counts in many if n < len(counts)) for n in range(longest))


def quantile_ms(bounds_s: Sequence[float], counts: Counts, share: float) -> float | None:
    """As Prometheus has it: a straight line inside a bucket; of what exceeds every bound only the last is known."""
    wanted, below = share * sum(counts), 0.0
    if not wanted:
        return None
    for n, (bound, count) in enumerate(zip(bounds_s, counts, strict=False)):
        if below + count >= wanted:
            start = bounds_s[n - 1] if n else 0.0
            return round(1000 * (start + (bound - start) * (wanted - below) / count), 2)
        below += count
    return round(1000 * bounds_s[-1], 2)
