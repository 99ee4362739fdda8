"""One version on trial: what share of the streams it has, the evidence against it, and what follows. Reads no clock.

The shares grow as planned while nothing speaks against it. It is taken back as soon as the evidence that it is worse
in any measure reaches (measures / risk): a version that is no worse is taken back with a chance of `risk` at most, over
all measures and however often one looks. Everything here can be written down and read again.
"""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import Annotated, Any

from gateway.rollouts.measures import COMPARABLE, DIVERGENCE, Comparison, Divergence, comparisons
from gateway.rollouts.signals import Signals
from parley.config import Within
from parley.engines.model import ModelRef
from parley.errors import BadInput, Conflict

CURVE = 200  # points that are kept
STEP_LEAST = 20  # streams of the new version in a step
OF_A_CALLER = 5  # streams that a caller keeps on one version, in a step: they are too much alike to count each
CALLERS = 100_000  # that are told apart
SHARES = tuple[Annotated[int, Within(1, 100)], ...]


class CanaryState(Enum):
    """Where a canary is in its life."""

    RUNNING = "running"
    PROMOTED = "promoted"
    ROLLED_BACK = "rolled back"
    STOPPED = "stopped"


@dataclass(frozen=True)
class CanaryConfig:
    """How a version is tried."""

    alias: str
    model: str
    plan: SHARES = (1, 10, 50, 100)  # percent of the streams, step after step
    hold_s: Annotated[float, Within(0, 604_800)] = 600.0  # of each step
    streams: Annotated[int, Within(1, 1_000_000)] = 200  # of the new version, before it gets all
    risk: Annotated[float, Within(0.0001, 0.5)] = 0.05  # the chance that a version which is no worse is taken back
    shadow: Annotated[int, Within(0, 100)] = (
        10  # percent of each version's streams that the other hears too, and is compared
    )
    divergence: Annotated[float, Within(0.01, 1)] = 0.3  # share of words in which it may differ
    by: str = ""
    why: str = ""

    def check(self) -> None:
        """Refuse what is no plan."""
        if list(self.plan) != sorted(set(self.plan)) or not self.plan or self.plan[-1] != 100:
            raise BadInput(f"The plan {list(self.plan)} must rise and end with 100; write e.g. 1,10,50,100.")
        ModelRef.of(self.model)

    @property
    def stage(self) -> str:
        """Of the alias."""
        return self.alias.partition("/")[0]


@dataclass
class Canary:
    """A version on trial."""

    config: CanaryConfig
    before: Mapping[str, Any]  # the route as it was
    kept: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        kept = self.kept
        self.state = CanaryState(kept.get("state", "running"))
        self.step, self.held_s = int(kept.get("step", 0)), float(kept.get("held_s", 0.0))
        self.streams, self.step_streams = int(kept.get("streams", 0)), int(kept.get("step_streams", 0))
        self.why = str(kept.get("why", ""))
        self.curve: list[dict[str, float]] = list(kept.get("curve", ()))
        measures = kept.get("measures", {})
        self.tests: dict[str, Comparison | Divergence]
        self.tests = dict(comparisons(self.config.stage, self.config.divergence, measures))
        self._together: Counter[str] = Counter()  # what callers keep on one version -> its streams in this step
        self._every = int(kept.get("every", 1))  # a point of the curve for so many streams

    # What is seen.

    def see(self, signals: Signals, *, is_new: bool, together: str = "") -> None:
        """One stream of the alias has ended; of those that one caller keeps together a few count in each step."""
        if together and not self._counts(together):
            return
        for test in self.tests.values():
            if isinstance(test, Comparison):
                test.see(signals.numbers, is_new=is_new)
        if is_new:
            self.streams, self.step_streams = self.streams + 1, self.step_streams + 1

    def _counts(self, together: str) -> bool:
        if len(self._together) > CALLERS:
            self._together.clear()
        self._together[together] += 1
        return self._together[together] <= OF_A_CALLER

    def compare(self, divergence: float) -> None:
        """The new version has heard a stream of the old one too, and differs so far."""
        test = self.tests.get(DIVERGENCE)
        if isinstance(test, Divergence):
            test.see(divergence)

    def _point(self) -> None:
        """Every so many streams; where there are too many points, every other one goes."""
        if self.curve and self.streams < self.curve[-1]["streams"] + self._every:
            return
        self.curve.append({"streams": self.streams, **self.strength()})
        if len(self.curve) > CURVE:
            self.curve, self._every = self.curve[::2], 2 * self._every

    def strength(self) -> dict[str, float]:
        """Of each measure's evidence, on a scale on which 1 takes the version back; below 0 speaks for it."""
        needed = self.needed
        return {name: round(test.log / needed, 4) for name, test in self.tests.items()}

    @property
    def needed(self) -> float:
        """The logarithm of the evidence that takes it back."""
        return math.log(len(self.tests) / self.config.risk)

    # What follows.

    def pass_time(self, seconds: float) -> bool:
        """So much later: decide. True: something has changed."""
        if self.state is not CanaryState.RUNNING:
            return False
        self.held_s += seconds
        self._point()
        name, test = max(self.tests.items(), key=lambda each: each[1].log)
        if test.log >= self.needed:
            self.end(CanaryState.ROLLED_BACK, self._against(name, test))
            return True
        return self._is_due() and self._go_on()

    def _against(self, name: str, test: Comparison | Divergence) -> str:
        chance = max(1, round(math.exp(min(test.log, 60.0))))
        return (
            f"{self.config.model} is taken back from {self.config.alias} after {self.streams} streams for its {name}, "
            f"{test.said()}; by chance a version that is no worse looks like that at most once in {chance:,} times, "
            f"and {len(self.tests)} measures are looked at with a risk of {100 * self.config.risk:g} % in all."
        )

    def _is_due(self) -> bool:
        return self.held_s >= self.config.hold_s and self.step_streams >= STEP_LEAST

    def _go_on(self) -> bool:
        """One step further, and the last one only with enough streams."""
        following = self.config.plan[min(self.step + 1, len(self.config.plan) - 1)]
        if following == 100 and self.streams < self.config.streams:
            return False
        self.step, self.held_s, self.step_streams = self.step + 1, 0.0, 0
        self._together.clear()
        if following == 100:
            risk = f"in {len(self.tests)} measures, at a risk of {100 * self.config.risk:g} %"
            what = f"{self.config.model} gets all of {self.config.alias}: nothing speaks against it"
            self.end(CanaryState.PROMOTED, f"{what} in {self.streams} streams {risk}.")
        return True

    def end(self, state: CanaryState, why: str) -> None:
        """It is over, and why."""
        self.state, self.why = state, why

    @property
    def share(self) -> int:
        """Percent of the streams."""
        ends = {CanaryState.PROMOTED: 100, CanaryState.RUNNING: self.config.plan[self.step]}
        return ends.get(self.state, 0)

    @property
    def waits_for(self) -> str:
        """What the next step waits for, in words."""
        if self.state is not CanaryState.RUNNING:
            return ""
        is_last = self.config.plan[self.step + 1] == 100
        streams = max(STEP_LEAST - self.step_streams, self.config.streams - self.streams if is_last else 0)
        seconds = max(0.0, self.config.hold_s - self.held_s)
        return " and ".join([f"{seconds:.0f} s"] * (seconds > 0) + [f"{streams} streams"] * (streams > 0))

    def table(self) -> dict[str, Any]:
        """The route as it should be now."""
        return table(self.before, self.config, self.share, is_running=self.state is CanaryState.RUNNING)

    @cached_property
    def old(self) -> set[ModelRef]:
        """The versions that it is compared with."""
        return {ModelRef.of(name) for name in _others(self.before, self.config.model)}

    @cached_property
    def _model(self) -> ModelRef:
        return ModelRef.of(self.config.model)

    def is_new(self, ref: ModelRef) -> bool:
        """Whether that is the version on trial."""
        return ref == self._model

    def is_between(self, one: str, other: str) -> bool:
        """Whether these are the version on trial and one that it is compared with."""
        refs = {ModelRef.of(one), ModelRef.of(other)}
        return self._model in refs and bool(refs & self.old)

    def adopt(self, now: Mapping[str, Any] | None) -> None:
        """After a crash between two files: the step that the route says is where it stands."""
        for step, share in enumerate(self.config.plan[:-1]):
            if now is not None and table(self.before, self.config, share, is_running=True) == dict(now):
                if step != self.step:
                    self.step, self.held_s, self.step_streams = step, 0.0, 0
                return

    def written(self) -> dict[str, Any]:
        """All of it, as JSON keeps it."""
        numbers: dict[str, Any] = {
            "state": self.state.value,
            "step": self.step,
            "held_s": round(self.held_s, 1),
            "every": self._every,
        }
        numbers |= {"streams": self.streams, "step_streams": self.step_streams, "why": self.why, "curve": self.curve}
        measures = {name: test.kept for name, test in self.tests.items()}
        return {"config": vars(self.config), "before": dict(self.before), **numbers, "measures": measures}

    def shown(self) -> dict[str, Any]:
        """What a person, or a page, wants to know."""
        facts: dict[str, Any] = {
            "alias": self.config.alias,
            "model": self.config.model,
            "state": self.state.value,
            "why": self.why,
        }
        facts |= {"share": self.share, "plan": list(self.config.plan), "step": self.step, "waits_for": self.waits_for}
        facts |= {"streams": self.streams, "risk": self.config.risk, "by": self.config.by, "curve": self.curve}
        strength = self.strength()
        measures = {
            name: {"strength": strength[name], "said": test.said(), "new": test.new.mean, "streams": test.new.count}
            | ({"old": test.old.mean, "old_streams": test.old.count} if isinstance(test, Comparison) else {})
            for name, test in self.tests.items()
        }
        return facts | {"measures": measures}


def begun(config: CanaryConfig, before: Mapping[str, Any] | None) -> Canary:
    """A new canary of a route."""
    config.check()
    if before is None:
        raise BadInput(f"There is no route {config.alias!r} to try {config.model} on; `parley routes show` lists them.")
    if not any(_others(before, config.model).values()):
        raise Conflict(
            f"{config.alias} leads to no other version than {config.model}: there is nothing to compare with."
        )
    return Canary(config, before)


def _full(route: Mapping[str, Any]) -> dict[str, Any]:
    """A route that only says weights says nothing else."""
    return dict(route) if "versions" in route else {"versions": dict(route)}


def _others(route: Mapping[str, Any], model: str) -> dict[str, int]:
    return {name: weight for name, weight in _full(route)["versions"].items() if name != model}


def table(before: Mapping[str, Any], config: CanaryConfig, share: int, *, is_running: bool) -> dict[str, Any]:
    """A route in which a version has so many percent; shares stay fixed while it is judged, whatever the policy."""
    if not is_running and not share:
        return dict(before)
    before = _full(before)
    others = _others(before, config.model)
    total = sum(others.values())
    versions = {name: weight * (100 - share) for name, weight in others.items() if weight and share < 100}
    versions[config.model] = total * share if share < 100 else 100
    common = math.gcd(*versions.values()) if share < 100 else 1
    shadow = {name: percent for name, percent in before.get("shadow", {}).items() if name != config.model}
    shadow |= _shadows(others, config) if is_running else {}
    gone = ("versions", "shadow", "policy", "reward") if is_running else ("versions", "shadow")
    rest = {key: value for key, value in before.items() if key not in gone}
    return (
        {"versions": {name: weight // common for name, weight in versions.items()}}
        | rest
        | ({"shadow": shadow} if shadow else {})
    )


def _shadows(others: Mapping[str, int], config: CanaryConfig) -> dict[str, int]:
    """Where there are words, the new version hears streams of the old one, and the old one as many of the new one's."""
    pair = (config.model, max(others, key=lambda name: others[name]))
    return dict.fromkeys(pair, config.shadow) if config.shadow and config.stage in COMPARABLE else {}
