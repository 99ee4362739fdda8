"""`python -m loadtest.bench.long_session`: a live session of two hours, as fast as it is taken; memory must stay flat.

Speech is sent as a live stream up to twenty times as fast as it plays, as whoever replays a recording does. A service
may be slower, but it must not refuse it, hold what it has not worked on, or lose what is said near the end.
"""

import argparse
import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import cycle

from rich.console import Console
from rich.progress import Progress

from loadtest.bench.misbehaving import speech
from loadtest.bench.weighing import EVERY_S, FILES, Scales, WeighedProcess, quarters, table, weighed, write
from loadtest.measured import clips
from loadtest.target.processes import ROOT
from parley.client import Client, requests_of
from parley.v1.pipeline_pb2 import PipelineConfig, PipelineRequest, PipelineResponse

WRITTEN = ROOT / "build/bench/long_session.json"
NEAR_S = 30.0  # of the session's end: there the last words are
# What an hour of a stream may make a process hold, and what it may hold in all. Diarize keeps every turn, because its
# last answer is all of them.
MB_AN_HOUR, MOST_MB = 16.0, 450.0
CONFIG = PipelineConfig(asr={"interim_results": True}, denoise={}, diarize={})


@dataclass
class LongSession:
    """One stream: how far it was sent and answered."""

    length_s: float
    sent_s: float = 0.0
    wall_s: float = 0.0
    finals: int = 0
    last_s: float = 0.0  # where the last final ends
    disorder: int = 0  # finals that begin before the one before
    answers: dict[str, int] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)

    async def sound(self, speed: float) -> AsyncIterator[bytes]:
        """Pieces of 100 ms, no faster than that; how fast they are taken is the server's affair."""
        began, pieces, sent = time.monotonic(), cycle(speech()), 0
        while self.sent_s < self.length_s:
            if (early_s := self.sent_s / speed - (time.monotonic() - began)) > 0:
                await asyncio.sleep(early_s)
            piece = next(pieces)
            sent += len(piece)
            self.sent_s = sent / (2 * clips.RATE_HZ)
            self.wall_s = time.monotonic() - began
            yield piece

    def take(self, answer: PipelineResponse) -> None:
        """Note one answer."""
        kind = answer.WhichOneof("event") or "nothing"
        self.answers[kind] = self.answers.get(kind, 0) + 1
        if answer.HasField("notice"):
            self.notices.append(f"{answer.notice.stage} {answer.notice.reason}")
        if answer.transcript.is_final:
            spoken = answer.transcript.interval
            start, end = spoken.start.ToMilliseconds() / 1000, spoken.end.ToMilliseconds() / 1000
            self.disorder += start < self.last_s - 1e-3
            self.finals, self.last_s = self.finals + 1, max(end, self.last_s)

    def is_flat(self, found: WeighedProcess) -> bool:
        """A process holds hardly more at the end than it did when everything had been used once."""
        (early, late), (few, many) = quarters(found.rss_mb), quarters(found.files)
        hours = self.sent_s / 3600 / 2  # between the middles of the two quarters
        return late - early <= MB_AN_HOUR * hours and many <= few + FILES and max(found.rss_mb) <= MOST_MB

    @property
    def speed(self) -> float:
        """How many times as fast as it plays it was taken."""
        return self.sent_s / self.wall_s if self.wall_s else 0.0

    def faults(self) -> Iterator[str]:
        """What must not be."""
        if self.sent_s < self.length_s:
            yield f"only {self.sent_s / 60:.0f} of {self.length_s / 60:.0f} minutes were taken in time"
        elif self.last_s < self.length_s - NEAR_S:
            yield f"the last final ends at {self.last_s:.0f} s of {self.length_s:.0f} s"
        if self.disorder:
            yield f"{self.disorder} finals out of order"
        if lost := [each for each in self.notices if not each.endswith("LATE")]:
            yield f"stages were lost: {', '.join(sorted(set(lost)))}"


async def talk(session: LongSession, address: str, speed: float) -> None:
    """The whole session."""
    async with Client(address) as client:
        requests = requests_of(PipelineRequest, CONFIG, session.sound(speed))
        async with aclosing(client.stream("Pipeline", requests)) as answers:
            async for answer in answers:
                session.take(answer)


async def run(
    address: str, scales: Scales, bar: Progress, *, session: LongSession, speed: float, minutes: float
) -> None:
    """The session, while the processes are weighed; it is given up after so many minutes."""
    task = bar.add_task("", total=session.length_s)
    talking = asyncio.create_task(talk(session, address, speed))
    began = time.monotonic()
    try:
        while not talking.done() and time.monotonic() - began < 60 * minutes:
            await asyncio.wait((talking,), timeout=EVERY_S)
            scales.weigh()
            bar.update(task, completed=session.sent_s, description=f"{session.speed:.1f}x, {session.finals} finals")
        if talking.done():
            talking.result()
    finally:
        talking.cancel()
        await asyncio.gather(talking, return_exceptions=True)


def main() -> None:
    """Talk, show, write down; the exit code says whether all stayed flat and nothing was lost."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hours", type=float, default=2.0, help="of speech")
    parser.add_argument("--speed", type=float, default=20.0, help="times as fast as it plays, at most")
    parser.add_argument("--minutes", type=float, default=60.0, help="after which it is given up")
    parser.add_argument("--config", default="deploy/config", help="folder of the processes' files")
    asked, console = parser.parse_args(), Console()
    session = LongSession(3600 * asked.hours)
    calls = partial(run, session=session, speed=asked.speed, minutes=asked.minutes)
    found = asyncio.run(weighed(asked.config, console, calls))
    write(WRITTEN, found, session=asdict(session))
    faults = [*session.faults(), *(f"{name} is not flat" for name, each in found.items() if not session.is_flat(each))]
    console.print(table(found, session.is_flat))
    console.print(f"{session.sent_s / 3600:.2f} h at {session.speed:.1f}x, {session.finals} finals.", *faults, sep="\n")
    raise SystemExit(1 if faults else 0)


if __name__ == "__main__":
    main()
