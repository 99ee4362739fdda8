"""What a canary is judged by: each measure's test, and how much worse is not worth a word. Pure.

A stream of the new version is compared with streams of the old that ended just before it, each of which is used once.
"""

import math
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.rollouts import signals
from gateway.rollouts.evidence import AboveTest, HigherTest, OftenerTest

COMPARED = 10  # streams of the old version at most, with one of the new
WAITING = 50  # streams of the new version that wait for one of the old
TAIL_OF, TAIL_SHARE, TAIL_LEAST = 200, 0.95, 20  # which of the old version's times count as late: the worst of the last
DIVERGENCE = "divergence"
Numbers = Mapping[str, float]


@dataclass(frozen=True)
class Measure:
    """One way in which a version can be worse."""

    name: str
    words: str  # what is worse, in the sentence that says why
    number: str  # of a stream
    unit: str = ""
    by_share: bool = False  # it happens to a stream or not
    factor: float = 1.0  # so many times worse, and
    slack: float = 0.0  # by so much worse is as good as equal
    lower_is_worse: bool = False

    def badness(self, value: float) -> float:
        """The higher the worse."""
        return -value if self.lower_is_worse else value

    def favoured(self, value: float) -> float:
        """The badness of the new version's number, without what is as good as equal."""
        return self.badness(value * self.factor if self.lower_is_worse else value / self.factor) - self.slack


MEASURES = (
    Measure("errors", "streams that failed", signals.ERROR, by_share=True),
    Measure("notices", "streams that were told of lateness", signals.LATE, by_share=True),
    Measure("latency", "how long an answer waits", signals.WAIT, " s", factor=1.2),
    Measure(
        "tail",
        "the slowest answer of a stream",
        signals.WORST_WAIT,
        " s",
        factor=1.2,
    ),
    Measure("doubt", "the log-probability of words", signals.CONFIDENCE, slack=0.1, lower_is_worse=True),
    Measure("no_speech", "how likely it is that nobody spoke", signals.NO_SPEECH, slack=0.05),
    Measure("words", "words a second of speech", signals.WORDS_PER_S, factor=1.1, lower_is_worse=True),
    Measure("snr_gain", "how much noise is taken away", signals.SNR_GAIN, " dB", slack=1.0, lower_is_worse=True),
    Measure("turn_churn", "changes of the speaker a minute", signals.CHURN, factor=1.2, slack=1.0),
    Measure("fallbacks", "streams of which another model translated some", signals.FALLBACK, by_share=True),
    Measure("length", "the length of translations", signals.LENGTH, factor=1.15, lower_is_worse=True),
)
GENERAL = ("errors", "notices", "latency", "tail")
OF_STAGE: Mapping[str, tuple[str, ...]] = {
    "asr": (*GENERAL, "doubt", "no_speech", "words"),
    "denoise": (*GENERAL, "snr_gain"),
    "diarize": (*GENERAL, "turn_churn"),
    "translate": (*GENERAL, "fallbacks", "length"),
}
COMPARABLE = ("asr", "translate")  # stages that say words: a shadow's can be compared


def of_stage(stage: str) -> list[Measure]:
    """Those that the stage's answers hold."""
    return [measure for measure in MEASURES if measure.name in OF_STAGE.get(stage, GENERAL)]


class Running:
    """How often, and the mean."""

    def __init__(self, kept: Sequence[float] = (0, 0.0)) -> None:
        self.count, self.total = int(kept[0]), float(kept[1])

    def add(self, value: float) -> None:
        """One more stream."""
        self.count, self.total = self.count + 1, self.total + value

    @property
    def mean(self) -> float:
        """0 before the first."""
        return self.total / self.count if self.count else 0.0

    @property
    def kept(self) -> list[float]:
        """As JSON keeps it."""
        return [self.count, self.total]


class Comparison:
    """One measure of two versions, stream after stream."""

    def __init__(self, measure: Measure, kept: Mapping[str, Any] | None = None) -> None:
        kept = kept or {}
        self.measure = measure
        self.new, self.old = Running(kept.get("new", (0, 0.0))), Running(kept.get("old", (0, 0.0)))
        shares = {"old": kept["shares"]} if "shares" in kept else {}
        self._oftener = OftenerTest(kept.get("logs", ()), **shares) if self._counts else None
        self._higher = None if self._counts else HigherTest(kept.get("logs", ()))
        self._before: deque[float] = deque(maxlen=COMPARED)  # of the old version, not compared yet
        self._waiting: deque[float] = deque(maxlen=WAITING)  # of the new one
        self._times: deque[float] = deque(kept.get("times", ()), maxlen=TAIL_OF)
        self._fresh = len(self._times)  # since the bound was looked for
        self._bound: float | None = None  # a time beyond it is late

    @property
    def _counts(self) -> bool:
        return self.measure.by_share or self.measure.name == "tail"

    @property
    def log(self) -> float:
        """Of the evidence."""
        test = self._oftener or self._higher
        return test.log if test else 0.0

    def see(self, numbers: Numbers, *, is_new: bool) -> None:
        """One more stream of either."""
        value = numbers.get(self.measure.number)
        if value is None or not math.isfinite(value):
            return
        (self.new if is_new else self.old).add(value)
        (self._waiting if is_new else self._before).append(value)
        while self._waiting and self._before:
            self._compare(self._waiting.popleft(), list(self._before))
            self._before.clear()

    def _compare(self, new: float, old: Sequence[float]) -> None:
        measure = self.measure
        if self._higher:
            self._higher.see(measure.favoured(new), [measure.badness(each) for each in old])
        elif self._oftener and measure.by_share:
            self._oftener.see(bool(new), [bool(each) for each in old])
        elif self._oftener and (late := self._late()) is not None:
            self._oftener.see(measure.favoured(new) > late, [each > late for each in old])
        if measure.name == "tail":
            self._times.extend(old)
            self._fresh += len(old)

    def _late(self) -> float | None:
        """A time that is known before those that are compared; looked for again after some."""
        if self._fresh >= TAIL_LEAST:
            self._fresh, self._bound = 0, sorted(self._times)[int(TAIL_SHARE * len(self._times))]
        return self._bound

    def said(self) -> str:
        """The two versions' means, in words."""
        show = _percent if self.measure.by_share else lambda value: f"{value:.3g}{self.measure.unit}"
        return (
            f"{self.measure.words}: {show(self.new.mean)} in {self.new.count} streams, "
            f"against {show(self.old.mean)} in {self.old.count}"
        )

    @property
    def kept(self) -> dict[str, Any]:
        """As JSON keeps it; streams that wait for one to be compared with are forgotten."""
        test = self._oftener or self._higher
        assert test
        more = {"shares": self._oftener.old, "times": list(self._times)} if self._oftener else {}
        return {"new": self.new.kept, "old": self.old.kept, "logs": test.logs} | more


class Divergence:
    """How far the words of the new version are from the old one's, where both heard the same."""

    def __init__(self, bound: float, kept: Mapping[str, Any] | None = None) -> None:
        kept = kept or {}
        self._test, self.new = AboveTest(bound, kept.get("logs", ())), Running(kept.get("new", (0, 0.0)))

    @property
    def log(self) -> float:
        """Of the evidence."""
        return self._test.log

    def see(self, share: float) -> None:
        """One more stream that both heard."""
        self.new.add(share)
        self._test.see(share)

    def said(self) -> str:
        """In words."""
        mean, bound = _percent(self.new.mean), _percent(self._test.bound)
        return (
            f"words that differ from the current version's: {mean} in {self.new.count} streams, where {bound} are borne"
        )

    @property
    def kept(self) -> dict[str, Any]:
        """As JSON keeps it."""
        return {"new": self.new.kept, "logs": self._test.logs}


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def comparisons(stage: str, bound: float, kept: Mapping[str, Any]) -> Iterator[tuple[str, Comparison | Divergence]]:
    """Every measure of a stage, as it was kept."""
    for measure in of_stage(stage):
        yield measure.name, Comparison(measure, kept.get(measure.name))
    if stage in COMPARABLE:
        yield DIVERGENCE, Divergence(bound, kept.get(DIVERGENCE))
