"""The instrument itself, against real servers: what is slow, frozen or full must be seen."""

import asyncio
import signal
from pathlib import Path
from typing import Any

import pytest

from loadtest.address import Where
from loadtest.clients.apis import deepgram, twilio
from loadtest.clients.apis.deepgram import DeepgramFailed
from loadtest.clients.apis.hearing import Hearing
from loadtest.clients.apis.realtime import OpenTurns, RealtimeFailed
from loadtest.clients.apis.twilio import TwilioFailed
from loadtest.clients.lateness import LAG
from loadtest.clients.talk import Talk
from loadtest.measured.clips import Clip
from loadtest.measured.hdr import Book
from loadtest.measured.measures import Measures
from loadtest.measured.samples import scores
from loadtest.scenario import Scenario
from loadtest.target.server import Server
from tests.e2e.process import Running, running

PROMISE = {"chunk": {"p99_ms": 500.0}}


def talk(service: Running, **more: Any) -> Talk:
    scenario: dict[str, Any] = {
        "name": "x",
        "api": "denoise",
        "people": 4,
        "seconds": 3.5,
        "ramp_s": 0.1,
        "grace_s": 20.0,
    }
    return Talk(Scenario(promise=PROMISE, **scenario | more), Where(service.address))


async def test_a_frozen_server_cannot_hide(tmp_path: Path, clips: Path) -> None:
    """Stopped for 2 s, a server is 2 s late for everything that was due meanwhile: no coordinated omission.

    A load generator that waited for answers would have a handful of slow chunks; this one has every chunk of those 2 s.
    """
    async with running("denoise", tmp_path, PARLEY_MODELS="echo@1") as service:
        talking = asyncio.create_task(talk(service, clips=str(clips)).alone())
        await asyncio.sleep(1)  # some seconds of the run are undisturbed
        service.process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(2)  # so long it is frozen
        service.process.send_signal(signal.SIGCONT)
        measures = await talking
    chunks = measures.latencies["chunk"]
    slow = sum(n for counts in chunks.seconds.values() for us, n in counts.items() if us > 500_000)
    assert chunks.percentile_ms(100) > 1700  # 1.9 to 2.0, where both signals act at once
    # Of 2 s, the chunks of the first 1.5 s are more than 0.5 s late: 15 for each of the 4.
    assert slow >= 4 * 15 * 0.9
    assert chunks.percentile_ms(1) < 1500  # some did not wait for it, however slow the machine is
    assert measures.latencies[LAG].percentile_ms(50) < 500  # the load generator itself was not frozen
    assert measures.among("error ") == {}


async def test_a_full_server_is_seen(tmp_path: Path, clips: Path) -> None:
    """Who is refused is counted as refused, at once; who is in notices nothing."""
    async with running("denoise", tmp_path, PARLEY_MODELS="echo@1", PARLEY_STREAMS="2") as service:
        measures = await talk(service, people=6, seconds=0.5, clips=str(clips)).alone()
    assert measures.among("refused ") == {"STREAMS_FULL": 4}
    assert measures.among("error ") == {}
    assert measures.latencies["refusal"].percentile_ms(100) < 10_000  # it does not wait for room, which comes later


APIS = {
    "pipeline": "chunk",
    "denoise": "chunk",
    "asr": "final",
    "diarize": "turn",
    "translate": "translation",
    "rest": "rest of up to 3 s",
    "realtime": "final",
    "translations": "translation",
    "deepgram": "final",
    "twilio": "final",
    "wyoming": "final",
    "riva": "final",
}


@pytest.fixture(scope="module")
def heard(server: Server, clips: Path) -> dict[str, Measures]:
    """What people hear who talk through every API at the same time."""

    def one(api: str) -> Talk:
        people = {"rate": 4.0} if api in ("translate", "rest") else {"people": 2}
        asked: dict[str, Any] = {"name": "x", "api": api, "stages": ("denoise", "asr"), "seconds": 1.5, "ramp_s": 0.1}
        return Talk(Scenario(promise=PROMISE, clips=str(clips), grace_s=20.0, **asked, **people), server.where)

    async def everybody() -> list[Measures]:
        return await asyncio.gather(*(one(api).alone() for api in APIS))

    return dict(zip(APIS, asyncio.run(everybody()), strict=True))


@pytest.mark.parametrize(("api", "measure"), APIS.items())
def test_every_api(api: str, measure: str, heard: dict[str, Measures]) -> None:
    """Through each API people talk, everything is heard of, and the words are those of the calm question."""
    measures = heard[api]
    assert measures.among("error ") == {}
    assert measures.latencies[measure].count >= measures.total("calls") >= 2
    assert 0 < measures.latencies[measure].percentile_ms(50) < 20_000  # a hang, or a wrong unit
    assert [measures.total(f"{what} words") for what in ("lost", "doubled", "changed")] == [0, 0, 0]
    if measure == "chunk":
        assert measures.latencies["chunk"].count >= 10 * measures.total("audio s") - 2
    if api in ("asr", "rest", "realtime", "deepgram", "twilio", "wyoming", "riva"):
        assert measures.total("words") > 2
        assert scores(measures.samples)["worse wer"] == 0


async def test_time_to_the_final_segment(server: Server, clips: Path) -> None:
    """Who flushes 0.2 s after speech is timed once a stream, from the last word to the last final, silence or not."""
    scenario = Scenario(
        name="x", api="asr", people=2, seconds=1.5, ramp_s=0.1, promise=PROMISE, clips=str(clips), flush_s=0.2
    )
    measures = await Talk(scenario, server.where).alone()
    assert measures.latencies["ttfs"].count == measures.total("calls") >= 2
    assert measures.latencies["ttfs"].percentile_ms(50) >= 200
    assert measures.total("audio s") == pytest.approx(1.7 * measures.total("calls"), abs=0.1)
    assert measures.total("unheard") == 0


def test_a_stream_without_words_is_counted() -> None:
    """Somebody spoke and was answered with nothing: no time to the final segment, and one who was not heard."""
    measures = Measures()
    Hearing(Clip("odd", bytes(3200), "One."), 0.0, Book(measures, 0.0)).end()
    assert measures.total("unheard") == 1
    assert "ttfs" not in measures.latencies


def test_an_error_of_a_socket_is_told() -> None:
    """A server that complains is an error with its code, not a wait."""
    clip = Clip("odd", b"\0" * 3200)
    with pytest.raises(DeepgramFailed) as complained:
        deepgram._take({"type": "Error", "variant": "odd"}, Hearing(clip, 0.0, Book(Measures(), 0.0)))
    assert complained.value.reason == "DEEPGRAM_ODD"
    with pytest.raises(TwilioFailed) as ended:
        twilio._take({"type": "call_ended", "reason": "odd"}, Hearing(clip, 0.0, Book(Measures(), 0.0)))
    assert ended.value.reason == "TWILIO_ODD"
    with pytest.raises(RealtimeFailed) as failed:
        OpenTurns(Hearing(clip, 0.0, Book(Measures(), 0.0))).take({"type": "error", "error": {"code": "odd"}})
    assert failed.value.reason == "REALTIME_ODD"
