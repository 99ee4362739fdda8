"""What a scenario does, and what is promised of it: sla.toml -> frozen dataclasses. Must not know how it is done."""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Self

from loadtest.promises import measures, statistics_of
from parley.wire.stages import STAGES

PEERS = ("whisper-live", "whisperlivekit", "speaches")  # whose own protocols we speak
APIS = ("pipeline", *STAGES, "rest", "realtime", "translations", "deepgram", "twilio", "wyoming", "riva", *PEERS)
TEXTS = tuple(stage.name for stage in STAGES.values() if stage.is_rewriter)
CALLS = ("rest", *TEXTS)  # APIs whose size is a rate
FAULTS = ("kill", "freeze", "slow", "restart", "swap", "hang-up")
Promise = Mapping[str, Mapping[str, float]]  # measure -> statistic -> limit


class BadScenario(Exception):
    """sla.toml says something that is not so; the message says what would be right."""


@dataclass(frozen=True)
class Fault:
    """A fault that is injected at a given time."""

    what: str  # kill, freeze, slow, restart, swap; hang-up: some people hang up
    at_s: float
    who: str = ""  # a process, e.g. asr or gateway
    for_s: float = 0.0  # how long; kill, restart: until it starts again; swap: until the old one retires
    share: float = 0.1  # hang-up: of the people; slow: of the time that it stands still


@dataclass(frozen=True)
class Burst:
    """More people for a while."""

    times: float
    at_s: float
    for_s: float


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One run: who talks, what, with what; and the promise."""

    name: str
    about: str = ""
    api: str = "pipeline"
    stages: tuple[str, ...] = ()  # what a pipeline does
    model: str = ""  # that a stage's streams over gRPC ask for: an alias, or name@version; empty: its default
    ceiling_share: float = 0.0  # how many, as a share of what the machine's bare engines could do; or
    people: int = 0  # live streams at a time, each one recording after the other; or
    rate: float = 0.0  # calls a second, whoever has been answered
    least: int = 1  # people or calls a second, however slow the machine is
    seconds: float = 20.0
    ramp_s: float = 2.0
    grace_s: float = 10.0  # how long the last calls may take
    burst: Burst | None = None
    clips: str = "bundled"  # or a folder of recordings
    snr_db: float | None = None  # noise this far below the clients
    pause_s: float = 0.8  # of silence after each recording
    flush_s: float | None = None  # streams end so long after the last word, as of clients who know when that is
    target: str = "de"  # the language to translate into
    held_ms: float = 32.0  # what a denoiser may keep back of a chunk until the next one comes
    replicas: Mapping[str, int] = field(default_factory=dict)  # of a stage, of a server of our own
    admitted: float = 0.0  # the share of the people that its gateway takes at a time; 0: as many as its config says
    traced: float = 0.1  # share of the calls whose way is traced: it costs
    faults: tuple[Fault, ...] = ()
    apart: bool = False  # not one of the standard set
    promise: Promise = field(default_factory=dict)
    wanted: Promise = field(default_factory=dict)  # what we would like to promise

    @property
    def crowd(self) -> int:
        """How many people it takes, the burst's left out: each of a rate's calls once a second, or less often."""
        if not (self.people or self.rate):
            raise BadScenario(
                f"[{self.name}]has a size in `ceiling_share`; measure the machine first, or say SLA_SIZE."
            )
        return self.people or max(1, round(self.rate))

    @property
    def sends_calls(self) -> bool:
        """Whether its size is a rate of calls, not a number of people."""
        return self.api in CALLS

    @property
    def size(self) -> float:
        """How many people, or calls a second."""
        return self.rate or self.crowd

    def of_size(self, size: float) -> "Scenario":
        """With so many people, or calls a second."""
        people, rate = (0, float(size)) if self.sends_calls else (round(size), 0.0)
        return replace(self, ceiling_share=0.0, people=people, rate=rate)

    def sized(self, ceiling: float) -> "Scenario":
        """As large as it is on a machine with such a ceiling."""
        size = max(float(self.least), self.ceiling_share * ceiling)
        return replace(self.of_size(round(size, 1)), ceiling_share=self.ceiling_share)

    def granted(self, more_ms: Callable[[str], float]) -> "Scenario":
        """The same with its promised times relaxed by so much for each measure."""

        def longer(promise: Promise) -> Promise:
            return {
                measure: {each: limit + more_ms(measure) * each.endswith("_ms") for each, limit in limits.items()}
                for measure, limits in promise.items()
            }

        return replace(self, promise=longer(self.promise))

    @property
    def most(self) -> int:
        """How many there are at the height of it."""
        return round(self.crowd * self.burst.times) if self.burst else self.crowd

    @property
    def needs_ours(self) -> bool:
        """Whether it can only be run on a server that we start: to set it up so, to hurt it, or to know its port."""
        return self.api == "wyoming" or bool(
            self.replicas or self.admitted or any(fault.what != "hang-up" for fault in self.faults)
        )

    def resized(self, environment: Mapping[str, str]) -> "Scenario":
        """As large and as long as the environment says."""
        sized = self.of_size(float(environment["SLA_SIZE"])) if "SLA_SIZE" in environment else self
        return replace(sized, seconds=float(environment.get("SLA_SECONDS", self.seconds)))

    @classmethod
    def of(cls, name: str, table: Mapping[str, Any]) -> Self:
        """Read one table of sla.toml."""
        known = {each.name for each in fields(cls)} - {"name"}
        for key in table:
            if key not in known:
                raise BadScenario(f"[{name}] has the key {key!r}; known: {', '.join(sorted(known))}.")
        parts = dict(table)
        if "burst" in parts:
            parts["burst"] = _part(Burst, parts["burst"], f"{name}.burst")
        parts["faults"] = tuple(_part(Fault, each, f"{name}.faults") for each in parts.get("faults", ()))
        parts["stages"] = tuple(parts.get("stages", ()))
        scenario = cls(name=name, **parts)
        _check(scenario)
        return scenario


def _part(kind: Any, table: Mapping[str, Any], where: str) -> Any:
    try:
        return kind(**table)
    except TypeError as error:
        known = ", ".join(each.name for each in fields(kind))
        raise BadScenario(f"[{where}]: {str(error).partition(' ')[2]}; it takes {known}.") from None


def _check(scenario: Scenario) -> None:
    def among(what: str, value: str, choices: tuple[str, ...]) -> None:
        if value not in choices:
            raise BadScenario(f"[{scenario.name}]: {what} is {value!r}; write one of {', '.join(choices)}.")

    among("api", scenario.api, APIS)
    for stage in scenario.stages:
        among("a stage", stage, tuple(STAGES))
    for fault in scenario.faults:
        among("a fault", fault.what, FAULTS)
    for measure, limits in (*scenario.promise.items(), *scenario.wanted.items()):
        among("what is promised", measure, (measure,) if statistics_of(measure) else tuple(measures()))
        for statistic in limits:
            among(f"what is promised of {measure}", statistic, statistics_of(measure))
    if sum(map(bool, (scenario.ceiling_share, scenario.people, scenario.rate))) != 1:
        wanted = "say a size in `ceiling_share`, or how many `people` talk, or at which `rate` calls come"
        raise BadScenario(f"[{scenario.name}]: {wanted}; one of them.")
    if not 0 <= scenario.admitted <= 1:
        raise BadScenario(f"[{scenario.name}]: admitted is {scenario.admitted}; write a share of the people, 0 to 1.")
    if scenario.api == "pipeline" and not scenario.stages:
        raise BadScenario(f"[{scenario.name}]: a pipeline needs `stages`, some of {', '.join(STAGES)}.")
    if scenario.model and scenario.api not in STAGES:
        raise BadScenario(f"[{scenario.name}]: `model` is for the streams of one stage; take it out, or name a stage.")
    if not scenario.promise:
        raise BadScenario(f"[{scenario.name}] promises nothing; write [{scenario.name}.promise].")


@dataclass(frozen=True)
class LoadPlan:
    """A whole sla.toml."""

    scenarios: Mapping[str, Scenario]
    price_per_core_hour: float = 0.0
    currency: str = "EUR"
    lag_p99_ms: float = 50.0  # a load generator later than this measured itself,
    lag_share: float = 0.25  # or later than this share of the nearest promise of a tail
    others_cores: float = 0.3  # what others may take of the machine before a broken time may be theirs
    patience: float = 0.0  # times come so many jobs of the bare engine later than they are written
    again_s: float = 120.0  # how long, in all, runs may take that repeat a scenario
    cpu_share: float = 0.9  # of a core, that a load generator may take

    def named(self, names: list[str]) -> list[Scenario]:
        """The scenarios of these names, in this order."""
        strange = [name for name in names if name not in self.scenarios]
        if strange:
            raise BadScenario(f"There is no scenario {strange[0]!r}; there are {', '.join(self.scenarios)}.")
        return [self.scenarios[name] for name in names]


def read(path: Path) -> LoadPlan:
    """Read sla.toml."""
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise BadScenario(f"{path} cannot be read: {error}.") from None
    scenarios = {name: Scenario.of(name, each) for name, each in table.pop("scenarios", {}).items()}
    plan: LoadPlan = _part(LoadPlan, {"scenarios": scenarios, **table}, path.name)
    return plan
