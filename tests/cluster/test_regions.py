"""Two regions, each with gateways and replicas of its own: one is cut off, and its callers go on in the other."""

import asyncio
import os
import shutil
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from parley.audio.pcm import RATE_HZ
from parley.client import requests_of
from parley.errors import ParleyError
from parley.v1.pipeline_pb2 import PipelineRequest
from tests.cluster.hosts import HTTP, Hosts
from tests.cluster.network import Host
from tests.e2e.cluster import cut
from tests.e2e.live import CONFIG, listen, recording

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(300),
    pytest.mark.skipif(
        os.environ.get("IN_NAMESPACES") != "1", reason="runs in network namespaces of its own: make cluster-test"
    ),
    pytest.mark.skipif(not all(map(shutil.which, ("ip", "dnsmasq"))), reason="needs iproute2 and dnsmasq-base"),
]
PEOPLE = 10
PROBE_S, MISSES = 1.0, 2  # as a DNS failover or a load balancer does it: so many times in a row without an answer


class Regions(Hosts):
    """Two of them, which know nothing of each other."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.gateways = {name: self.network.host(f"gate-{name}") for name in ("east", "west")}
        self.asr = {name: self.network.host(f"asr-{name}") for name in self.gateways}
        self.network.names({f"asr-{name}": [host] for name, host in self.asr.items()})

    def start_all(self) -> None:
        """Everything."""
        for name, host in self.asr.items():
            self.start_asr(host)
            self.start_gateway(self.gateways[name], f"asr-{name}")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def regions(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Regions]:
    regions = Regions(tmp_path_factory.mktemp("regions"))
    try:
        await asyncio.to_thread(regions.start_all)
        yield regions
    finally:
        regions.close()


@dataclass
class Person:
    """Somebody who speaks in real time, and goes on elsewhere when their region does not answer."""

    regions: Regions
    pcm: bytes
    said: list[tuple[str, float]] = field(default_factory=list)  # finals: text, and where they begin, in seconds
    until: float = 0.0  # up to here it has been heard
    answered: dict[str, float] = field(default_factory=dict)  # region -> its first answer
    begun: float = field(default_factory=time.monotonic)

    async def speak(self, *order: str) -> None:
        """All of it, in the first region that answers; what was not final is said again in the next one."""
        for name in order:
            stream = asyncio.create_task(self._stream(name))
            watch = asyncio.create_task(self._gone(self.regions.gateways[name]))
            await asyncio.wait((stream, watch), return_when=asyncio.FIRST_COMPLETED)
            watch.cancel()
            if stream.done() and not stream.exception():
                return
            stream.cancel()
            await asyncio.gather(stream, return_exceptions=True)
        raise AssertionError("no region answers")

    async def _stream(self, name: str) -> None:
        at = self.until
        async with self.regions.client_of(self.regions.gateways[name]) as client:
            requests = requests_of(PipelineRequest, CONFIG, self._sound(at))
            async for answer in client.stream("Pipeline", requests, timeout_s=60):
                self.answered.setdefault(name, time.monotonic())
                if answer.transcript.is_final:
                    interval = answer.transcript.interval
                    self.said.append((answer.transcript.text, at + interval.start.ToMilliseconds() / 1000))
                    self.until = at + interval.end.ToMilliseconds() / 1000

    async def _sound(self, at: float) -> AsyncIterator[bytes]:
        """From there on; what has been said already at once, the rest when it is said."""
        first = round(at * RATE_HZ) * 2
        for number, chunk in enumerate(cut(self.pcm[first:])):
            with suppress(ValueError):
                await asyncio.sleep(self.begun + at + number * 0.1 - time.monotonic())
            yield chunk

    async def _gone(self, gateway: Host) -> None:
        """Returns when it has not answered some times in a row."""
        misses = 0
        async with httpx.AsyncClient(timeout=PROBE_S) as http:
            while misses < MISSES:
                await asyncio.sleep(PROBE_S)
                try:
                    answer = await http.get(f"http://{gateway.address}:{HTTP}/readyz")
                    misses = 0 if answer.is_success else misses + 1
                except httpx.HTTPError:
                    misses += 1


async def test_who_speaks_in_a_region_that_is_cut_off_goes_on_in_the_other(regions: Regions) -> None:
    """No word is lost or doubled; those of the other region notice nothing. How long people waited is printed."""
    pcm = [recording(number) for number in range(2 * PEOPLE)]
    async with regions.client_of(regions.gateways["east"]) as client:
        undisturbed = [await listen(client, each, 20.0) for each in pcm]
    east = [Person(regions, each) for each in pcm[:PEOPLE]]
    west = [Person(regions, each) for each in pcm[PEOPLE:]]
    speaking = [asyncio.create_task(each.speak("east", "west")) for each in east]
    speaking += [asyncio.create_task(each.speak("west", "east")) for each in west]
    await asyncio.sleep(5)
    cut_at = time.monotonic()
    for host in (regions.gateways["east"], regions.asr["east"]):
        host.cut_off()
    await asyncio.gather(*speaking)
    moved = [each.answered["west"] - cut_at for each in east]
    print(f"\nwent on after p50 {statistics.median(moved):.1f} s, at most {max(moved):.1f} s")
    for person, wanted in zip((*east, *west), undisturbed, strict=True):
        assert len(person.said) == len(wanted.finals)
        for (text, start), (right, right_start, _) in zip(person.said, wanted.said(), strict=True):
            assert text == right
            assert start == pytest.approx(right_start / 1000, abs=0.11)  # cut into chunks elsewhere
    assert all(set(each.answered) == {"west"} for each in west)


async def test_a_region_that_is_back_takes_callers_again(regions: Regions) -> None:
    """By itself: its gateway finds its replicas again."""
    for host in (regions.gateways["east"], regions.asr["east"]):
        host.mend()
    async with asyncio.timeout(60):
        while True:
            with suppress(ParleyError):
                async with regions.client_of(regions.gateways["east"]) as client:
                    if len((await listen(client, recording(1), 20.0)).finals) == 8:
                        return
            await asyncio.sleep(0.5)
