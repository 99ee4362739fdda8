"""The instrument itself, against real servers: what is slow, frozen or full must be seen."""

import asyncio
import signal
from pathlib import Path
from typing import Any

from loadtest.scenario import Scenario
from loadtest.selfwatch import LAG
from loadtest.talk import Talk, Where
from tests.e2e.process import Running, running

PROMISE = {"chunk": {"p99_ms": 500.0}}


def talk(service: Running, **more: Any) -> Talk:
    scenario: dict[str, Any] = {
        "name": "x",
        "door": "denoise",
        "people": 4,
        "seconds": 6.0,
        "ramp_s": 0.1,
        "grace_s": 20.0,
    }
    return Talk(Scenario(promise=PROMISE, **scenario | more), Where(service.address, ""))


async def test_a_frozen_server_cannot_hide(tmp_path: Path) -> None:
    """Stopped for 2 s, a server is 2 s late for everything that was due meanwhile: no coordinated omission.

    A talker that waited for answers would have a handful of slow chunks; this one has every chunk of those 2 s.
    """
    async with running("denoise", tmp_path, PARLEY_MODELS="echo@1") as service:
        talking = asyncio.create_task(talk(service).alone())
        await asyncio.sleep(2.5)
        service.process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(2)
        service.process.send_signal(signal.SIGCONT)
        measures = await talking
    chunks = measures.latencies["chunk"]
    slow = sum(n for counts in chunks.seconds.values() for us, n in counts.items() if us > 500_000)
    assert chunks.percentile_ms(100) > 1900
    # Of 2 s, the chunks of the first 1.5 s are more than 0.5 s late: 15 for each of the 4.
    assert slow >= 4 * 15 * 0.9
    assert chunks.percentile_ms(50) < 500
    assert measures.latencies[LAG].percentile_ms(50) < 50
    assert measures.among("error ") == {}


async def test_every_chunk_is_heard_of(tmp_path: Path) -> None:
    """A calm server answers every chunk of every recording, and the words are those of the calm question."""
    async with running("denoise", tmp_path, PARLEY_MODELS="echo@1") as service:
        measures = await talk(service, people=2, seconds=0.5).alone()
    assert measures.total("calls") == 2
    assert measures.latencies["chunk"].count >= 10 * measures.total("audio s") - 2
    async with running("asr", tmp_path, PARLEY_MODELS="echo@1") as service:
        heard = await talk(service, door="asr", people=2, seconds=0.5).alone()
    assert heard.total("words") > 10
    assert [heard.total(f"{what} words") for what in ("lost", "doubled", "changed")] == [0, 0, 0]
    assert heard.latencies["final"].count >= 2


async def test_a_full_house_is_seen(tmp_path: Path) -> None:
    """Who is refused is counted as refused, at once; who is in notices nothing."""
    async with running("denoise", tmp_path, PARLEY_MODELS="echo@1", PARLEY_STREAMS="2") as service:
        measures = await talk(service, people=6, seconds=0.5).alone()
    assert measures.among("refused ") == {"STREAMS_FULL": 4}
    assert measures.among("error ") == {}
    assert measures.latencies["refusal"].percentile_ms(100) < 2000
