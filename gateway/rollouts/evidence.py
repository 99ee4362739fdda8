"""How strong the evidence is that a version is worse, at any time that one looks. Pure.

Each test is a game against the claim "it is not worse". Whoever bets starts with 1, and the odds are such that nobody
can expect to gain while the claim holds: the chance that the wealth ever reaches x is then at most 1 / x, however long
is played and however often one looks (Ville's inequality). So `1 / wealth` may be read as a p-value that stays valid.
How bold to bet depends on how bad the version is, which is not known: each test plays several bets and keeps the mean.
"""

import math
from collections.abc import Iterable, Sequence

BOLDNESS = (0.1, 0.3, 0.6, 0.9)
WORSE_BY = (0.02, 0.1, 0.3, 0.9)  # shares by which the new one may be worse
UNSEEN = 0.5  # of a share: as if half a stream of two had been so before the first one


class Wealth:
    """What a test's bets have come to, as logarithms."""

    bets = len(BOLDNESS)

    def __init__(self, logs: Iterable[float] = ()) -> None:
        self.logs = list(logs) or [0.0] * self.bets

    @property
    def log(self) -> float:
        """Of the mean over all bets."""
        most = max(self.logs)
        return most + math.log(sum(math.exp(each - most) for each in self.logs) / len(self.logs))

    def _play(self, gains: Iterable[float]) -> None:
        self.logs = [log + gain for log, gain in zip(self.logs, gains, strict=True)]


class HigherTest(Wealth):
    """Claim: a value of the new version is no likelier to be above than below one of the old. Knows no distribution."""

    def see(self, new: float, old: Sequence[float]) -> None:
        """One value of the new version, among values of the old that no other one is compared with."""
        above = sum((new > each) + 0.5 * (new == each) for each in old) / len(old)
        self._play(math.log1p(boldness * (2 * above - 1)) for boldness in BOLDNESS)


class OftenerTest(Wealth):
    """Claim: what happens to a stream of the new version happens to one of the old at least as often.

    The bet on one stream of the new version and several of the old is the likelihood ratio against the one share that
    would explain both best; that is fair for every share that they could have in common.
    """

    bets = len(WORSE_BY)

    def __init__(self, logs: Iterable[float] = (), old: Sequence[float] = (UNSEEN, 2 * UNSEEN)) -> None:
        super().__init__(logs)
        self.old = list(old)  # streams of the old version to which it happened, and all of them

    def see(self, new: bool, old: Sequence[bool]) -> None:
        """One stream of the new version, and streams of the old that no other one is compared with."""
        happened, share = sum(old), self.old[0] / self.old[1] / 2
        self._play(_gain(share, worse, new, happened, len(old)) for worse in WORSE_BY)
        self.old[0] += happened
        self.old[1] += len(old)


def _gain(share: float, worse: float, new: bool, happened: int, of: int) -> float:
    """The logarithm of what a bet on "oftener by so much" makes of 1."""
    theirs, ours = share, share + worse * (1 - share)
    common = (ours + of * theirs) / (1 + of)
    gain = math.log(ours / common) if new else math.log((1 - ours) / (1 - common))
    return gain + happened * math.log(theirs / common) + (of - happened) * math.log((1 - theirs) / (1 - common))


class AboveTest(Wealth):
    """Claim: values from 0 to 1 are on average no higher than a bound."""

    def __init__(self, bound: float, logs: Iterable[float] = ()) -> None:
        super().__init__(logs)
        self.bound = bound

    def see(self, value: float) -> None:
        """One more value."""
        excess = min(1.0, max(0.0, value)) / self.bound - 1
        self._play(math.log1p(boldness * excess) for boldness in BOLDNESS)
