"""The instrument itself, against real servers: what is slow, frozen or full must be seen."""

import asyncio
import signal
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from loadtest.book import Book
from loadtest.clips import Clip
from loadtest.doors.hearing import Hearing
from loadtest.doors.realtime import RealtimeFailed, Turns
from loadtest.measures import Measures
from loadtest.samples import scores
from loadtest.scenario import Scenario
from loadtest.selfwatch import LAG
from loadtest.server import Server
from loadtest.talk import Talk, Where
from tests.contract.source import ROOT
from tests.e2e.process import Running, running
from tests.sound import noise, pcm, silence

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


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("server"), ROOT / "deploy/echo") as server:
        yield server


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short recording, so that the test is short."""
    folder = tmp_path_factory.mktemp("clips")
    with wave.open(str(folder / "short.wav"), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(pcm(silence(0.5), noise(16_000), silence(0.5)))
    (folder / "short.txt").write_text("alfa bravo")
    return folder


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


async def test_every_chunk_is_heard_of(tmp_path: Path, clips: Path) -> None:
    """A calm server answers every chunk of every recording, and the words are those of the calm question."""
    async with running("denoise", tmp_path, PARLEY_MODELS="echo@1") as service:
        measures = await talk(service, people=2, seconds=0.5, clips=str(clips)).alone()
    assert measures.total("calls") == 2
    assert measures.latencies["chunk"].count >= 10 * measures.total("audio s") - 2
    async with running("asr", tmp_path, PARLEY_MODELS="echo@1") as service:
        heard = await talk(service, door="asr", people=2, seconds=0.5, clips=str(clips)).alone()
    assert heard.total("words") > 2
    assert [heard.total(f"{what} words") for what in ("lost", "doubled", "changed")] == [0, 0, 0]
    assert heard.latencies["final"].count >= 2


async def test_a_full_house_is_seen(tmp_path: Path, clips: Path) -> None:
    """Who is refused is counted as refused, at once; who is in notices nothing."""
    async with running("denoise", tmp_path, PARLEY_MODELS="echo@1", PARLEY_STREAMS="2") as service:
        measures = await talk(service, people=6, seconds=0.5, clips=str(clips)).alone()
    assert measures.among("refused ") == {"STREAMS_FULL": 4}
    assert measures.among("error ") == {}
    assert measures.latencies["refusal"].percentile_ms(100) < 2000


@pytest.mark.parametrize(
    ("door", "measure"),
    [
        ("pipeline", "chunk"),
        ("asr", "final"),
        ("diarize", "turn"),
        ("translate", "translation"),
        ("rest", "rest of up to 3 s"),
        ("realtime", "final"),
        ("riva", "final"),
    ],
)
async def test_every_door(door: str, measure: str, house: Server, clips: Path) -> None:
    """Through each door people talk, everything is heard of, and nothing is lost."""
    people = {"rate": 4.0} if door in ("translate", "rest") else {"people": 2}
    asked: dict[str, Any] = {"name": "x", "door": door, "stages": ("denoise", "asr"), "seconds": 1.5, "ramp_s": 0.1}
    scenario = Scenario(promise=PROMISE, clips=str(clips), grace_s=20.0, **asked, **people)
    measures = await Talk(scenario, house.where).alone()
    assert measures.among("error ") == {}
    assert measures.latencies[measure].count >= measures.total("calls") >= 2
    assert 0 < measures.latencies[measure].percentile_ms(50) < 5000
    assert measures.total("lost words") == measures.total("doubled words") == 0
    if door in ("asr", "rest", "realtime", "riva"):
        assert measures.total("words") > 0
        assert scores(measures.samples)["worse wer"] == 0


def test_an_error_of_a_socket_is_told() -> None:
    """A Realtime server that complains is an error with its code, not a wait."""
    clip = Clip("odd", b"\0" * 3200)
    with pytest.raises(RealtimeFailed) as failed:
        Turns(Hearing(clip, 0.0, Book(Measures(), 0.0))).take({"type": "error", "error": {"code": "odd"}})
    assert failed.value.reason == "REALTIME_ODD"
