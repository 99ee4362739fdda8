"""Several machines: replicas come, go, are cut off and are upgraded under live streams, as a cluster would do it."""

import asyncio
import json
import os
import shutil
import signal
import statistics
import time
import urllib.request
from collections.abc import AsyncIterator, Sequence
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio

from parley.client import Client
from tests.cluster.hosts import HTTP, Hosts
from tests.cluster.network import Host
from tests.e2e.live import Heard, listen, recording
from tests.waiting import until

INSIDE = os.environ.get("IN_NAMESPACES") == "1"
TOOLS = ("ip", "dnsmasq", "mount")
pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(300),
    pytest.mark.skipif(not INSIDE, reason="runs in network namespaces of its own: make cluster-test"),
    pytest.mark.skipif(not all(map(shutil.which, TOOLS)), reason="needs iproute2 and dnsmasq-base"),
]

STREAMS = 20


class Machines(Hosts):
    """Three hosts for asr, two for gateways; DNS says which of them serve."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.asr = [self.network.host(f"asr{n}") for n in (1, 2, 3)]
        self.gateways = [self.network.host(f"gateway{n}") for n in (1, 2)]

    def client(self, gateway: int = 0) -> Client:
        """Of one gateway."""
        return self.client_of(self.gateways[gateway])

    def serve(self, *hosts: Host) -> None:
        """What DNS says of asr from now on."""
        self.network.names({"asr": hosts})

    def taken(self) -> dict[str, int]:
        """How many streams each replica has, as the first gateway sees it."""
        with urllib.request.urlopen(f"http://{self.gateways[0].address}:{HTTP}/v1/status", timeout=10) as answer:
            replicas = json.load(answer)["stages"]["asr"]["replicas"]
        return {each["address"].partition(":")[0]: each["streams"] for each in replicas if each["health"] == "SERVING"}

    def is_ready(self, gateway: int) -> bool:
        """Whether a load balancer would send callers there."""
        return self.is_up(self.gateways[gateway])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def machines(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Machines]:
    """Two gateways and one replica; the other hosts are empty."""
    machines = Machines(tmp_path_factory.mktemp("machines"))
    try:
        machines.start_asr(machines.asr[0])
        machines.serve(machines.asr[0])
        for host in machines.gateways:
            await asyncio.to_thread(machines.start_gateway, host)
        yield machines
    finally:
        machines.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def undisturbed(machines: Machines) -> list[Heard]:
    """What is said when nothing happens."""
    async with machines.client() as client:
        return list(await asyncio.gather(*(listen(client, recording(n), 20.0) for n in range(STREAMS))))


async def _spread(machines: Machines, over: int) -> None:
    """Waits until streams that begin now are on so many replicas."""
    async with machines.client() as client:
        while True:
            people = [asyncio.create_task(listen(client, recording(n), 3.0)) for n in range(2 * over)]
            await asyncio.sleep(0.5)  # they have begun, and none is over
            taken = await asyncio.to_thread(machines.taken)
            for each in people:
                each.cancel()
            await asyncio.gather(*people, return_exceptions=True)
            if len([streams for streams in taken.values() if streams]) == over:
                return


async def test_new_replicas_get_new_streams(machines: Machines, undisturbed: list[Heard]) -> None:
    """From one to three: as soon as DNS names them and they serve, a third of the new streams each."""
    assert all(len(each.finals) == 8 for each in undisturbed)
    for host in machines.asr[1:]:
        machines.start_asr(host)
    machines.serve(*machines.asr)
    began = time.monotonic()
    async with asyncio.timeout(60):
        await _spread(machines, 3)
    print(f"\nscale-out seen by new streams after {time.monotonic() - began:.1f} s")


async def test_a_host_that_is_cut_off_loses_no_word(machines: Machines, undisturbed: list[Heard]) -> None:
    """Nobody is told that it is gone: its streams are missed, moved and replayed, and the words are the same."""
    async with machines.client() as client:
        begun = [asyncio.Event() for _ in range(STREAMS)]
        people = [asyncio.create_task(listen(client, recording(n), 1.0, begun[n])) for n in range(STREAMS)]
        await asyncio.gather(*(each.wait() for each in begun))
        machines.asr[0].cut_off()
        disturbed = await asyncio.gather(*people)
    machines.asr[0].mend()
    assert [each.said() for each in disturbed] == [each.said() for each in undisturbed]
    moved = [each for each in disturbed if each.notices]
    assert 0 < len(moved) < STREAMS
    print(f"\n{len(moved)} of {STREAMS} streams moved; {_longest(moved)}")
    async with asyncio.timeout(60):
        await _spread(machines, 3)


class People:
    """So many who speak again and again, each time through a gateway that is ready, until they are told to stop."""

    def __init__(self, machines: Machines) -> None:
        self._machines, self._over = machines, asyncio.Event()
        self.heard: list[tuple[int, Heard]] = []
        self._tasks = [asyncio.create_task(self._speak(n)) for n in range(STREAMS)]

    async def _speak(self, number: int) -> None:
        while not self._over.is_set():
            async with self._machines.client(await self._gateway(number)) as client:
                self.heard.append((number, await listen(client, recording(number), 1.0)))

    async def _gateway(self, number: int) -> int:
        """One of those that are ready, in turn."""
        while True:
            ready = [n for n in (0, 1) if await asyncio.to_thread(self._machines.is_ready, n)]
            if ready:
                return ready[number % len(ready)]
            await asyncio.sleep(0.1)  # as a client that comes back

    async def end(self) -> None:
        """Nobody begins anew; who speaks is heard to the end."""
        self._over.set()
        await asyncio.gather(*self._tasks)


async def test_a_rolling_upgrade_of_everything_loses_no_word(machines: Machines, undisturbed: list[Heard]) -> None:
    """Every process is asked to go and started anew, one after the other, under twenty who speak all the time."""
    people = People(machines)
    for host in machines.asr:
        machines.serve(*(other for other in machines.asr if other is not host))
        await asyncio.to_thread(_ended, machines, host)
        machines.start_asr(host)
        machines.serve(*machines.asr)
        await until(partial(_serves, machines, host), 0.2)
    for number, host in enumerate(machines.gateways):
        await asyncio.to_thread(_ended, machines, host)
        await asyncio.to_thread(machines.start_gateway, host)
        await until(partial(machines.is_ready, number), 0.2)
    await people.end()
    assert len(people.heard) > STREAMS
    wrong = [number for number, heard in people.heard if heard.said() != undisturbed[number].said()]
    assert wrong == []
    print(f"\n{len(people.heard)} streams; {_longest([heard for _, heard in people.heard])}")


def _longest(heard: Sequence[Heard]) -> str:
    """How long each waited between two answers, at most; people pause too."""
    stalls = sorted(max(each.stalls[1:]) for each in heard)
    return f"longest time without an answer: p50 {stalls[len(stalls) // 2]:.2f} s, at most {stalls[-1]:.2f} s"


def _serves(machines: Machines, host: Host) -> bool:
    return host.address in machines.taken()


def _ended(machines: Machines, host: Host) -> None:
    """It is asked to go, and goes by itself."""
    process = machines.running[host.name]
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0


async def test_over_a_slow_link_every_word_arrives(machines: Machines, undisturbed: list[Heard]) -> None:
    """100 ms each way and a loss of 2 % between gateways and the only replica: later, and nothing else."""
    machines.serve(machines.asr[0])
    await _only(machines, machines.asr[0])
    near = await _twenty(machines)
    with machines.asr[0].far_away(0.1, 0.02):
        await _only(machines, machines.asr[0])
        far = await _twenty(machines)
    for heard in (near, far):
        assert [each.said() for each in heard] == [each.said() for each in undisturbed]
    print(f"\nfrom the end of speech to the final: {_waits(near)}; over the slow link {_waits(far)}")
    assert statistics.median(_all_waits(far)) > statistics.median(_all_waits(near)) + 0.2  # it was the slow one


async def _twenty(machines: Machines) -> list[Heard]:
    async with machines.client() as client:
        return list(await asyncio.gather(*(listen(client, recording(n), 1.0) for n in range(STREAMS))))


async def _only(machines: Machines, host: Host) -> None:
    """Waits until the gateway knows of no other replica."""
    await until(lambda: list(machines.taken()) == [host.address], 0.2)


def _all_waits(heard: Sequence[Heard]) -> list[float]:
    return [wait for each in heard for wait in each.waits]


def _waits(heard: Sequence[Heard]) -> str:
    waits = sorted(_all_waits(heard))
    return f"p50 {statistics.median(waits):.2f} s, p99 {waits[int(0.99 * len(waits))]:.2f} s"
