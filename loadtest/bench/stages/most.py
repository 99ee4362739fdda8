"""The most people who can talk live to one service while a latency holds. Must not know what the service does."""

from bisect import bisect_left
from dataclasses import dataclass
from pathlib import Path

from loadtest.address import Where
from loadtest.bench.stages.setup import run
from loadtest.clients.lateness import LAG
from loadtest.clients.talk import Talk
from loadtest.measured.clips import CHUNK_S, RATE_HZ, Clip
from loadtest.measured.measures import Measures
from loadtest.promises import Verdict
from loadtest.scenario import Scenario
from parley.audio import media

SIZES = [round(4 * 1.2**n) for n in range(26)]  # up to 381: finer is not worth the time
RAMP_S, LATE_MS = 1.0, 20.0  # a load generator that is later than this measures itself


@dataclass(frozen=True)
class Promise:
    """A measure and the latency that must hold."""

    api: str  # which service
    measure: str
    p99_ms: float


@dataclass(frozen=True)
class Most:
    """How many held."""

    people: int
    at_least: bool  # it was the load generator who could not keep up with more

    def __str__(self) -> str:
        return f"{'>= ' if self.at_least else ''}{self.people}"


def most(address: str, promise: Promise, clip: Clip, folder: Path) -> Most:
    """The most people for whom the promise holds. A size is too large after two failures."""
    folder.mkdir(exist_ok=True)
    (folder / "said.wav").write_bytes(media.wav(clip.pcm, RATE_HZ))
    verdicts: dict[int, Verdict] = {}

    def breaks(people: int) -> bool:
        for _ in range(2):
            verdicts[people] = _verdict(address, promise, folder, people)
            if verdicts[people] is Verdict.HELD:
                return False
        return True

    held = bisect_left(SIZES, True, key=breaks)
    above = verdicts.get(SIZES[held]) if held < len(SIZES) else Verdict.INVALID
    return Most(SIZES[held - 1] if held else 0, above is Verdict.INVALID)


def _verdict(address: str, promise: Promise, folder: Path, people: int) -> Verdict:
    scenario = Scenario(
        name=promise.api, api=promise.api, people=people, seconds=CHUNK_S, ramp_s=RAMP_S, clips=str(folder)
    )
    heard = run(_talked(scenario, address))
    if heard.latencies[LAG].percentile_ms(99) > LATE_MS:
        return Verdict.INVALID
    kept = heard.latencies[promise.measure].percentile_ms(99) < promise.p99_ms
    return Verdict.HELD if kept and not any(heard.among("error ").values()) else Verdict.BROKEN


async def _talked(scenario: Scenario, address: str) -> Measures:
    return await Talk(scenario, Where(address, "")).alone()
