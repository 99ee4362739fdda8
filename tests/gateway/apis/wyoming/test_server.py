"""Wyoming's port; behind it a core that says what it is told to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
from hypothesis import given

from gateway.apis.wyoming import server, wire
from gateway.apis.wyoming.server import WyomingServer
from gateway.apis.wyoming.wire import Event
from gateway.config import GatewayConfig, Limits, WyomingConfig
from gateway.core import Core
from parley.cli.processes.ports import free_address
from parley.errors import BadConfig, CircuitOpen
from parley.v1.pipeline_pb2 import PipelineResponse
from tests.gateway.apis.test_fuzz import mutated
from tests.gateway.conftest import FakeCore, final
from tests.waiting import never

PCM = {"rate": 16000, "width": 2, "channels": 1}
CHUNK, STOP = Event("audio-chunk", PCM, bytes(640)), Event("audio-stop")
TALK = [Event("transcribe", {"language": "en"}), Event("audio-start", PCM), CHUNK, CHUNK, STOP]


@asynccontextmanager
async def serving(core: FakeCore, limits: Limits = Limits(), key: str = "") -> AsyncIterator[str]:  # noqa: B008
    address = free_address()
    config = GatewayConfig(upstreams={}, limits=limits, wyoming=WyomingConfig(address, key=key))
    here = WyomingServer(cast(Core, core), config)
    await here.start()
    try:
        yield address
    finally:
        await here.stop()


async def said(address: str, sent: bytes) -> list[Event]:
    """Everything that comes back until the server or the client is done."""
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(sent)
    writer.write_eof()
    found = []
    async with asyncio.timeout(10):
        while (event := await wire.read(reader)) is not None:
            found.append(event)
    writer.close()
    return found


async def told(core: FakeCore, *events: Event, **more: Any) -> list[Event]:
    async with serving(core, **more) as address:
        return await said(address, b"".join(map(wire.written, events)))


def guess(text: str, committed: int) -> PipelineResponse:
    answer = final(text)
    answer.transcript.is_final, answer.transcript.committed_characters = False, committed
    return answer


async def test_what_is_served_is_described(core: FakeCore) -> None:
    """One program with its models and their languages; more may follow on the same connection."""
    (info, pong) = await told(core, Event("describe"), Event("strange"), Event("ping", {"text": "a"}))
    (program,) = info.data["asr"]
    assert program["supports_transcript_streaming"] is True
    assert [(model["name"], model["languages"]) for model in program["models"]] == [("echo@1", ["en"])]
    for each in (program, *program["models"]):
        assert {"name", "attribution", "installed", "description", "version"} <= set(each)
    assert (pong.type, pong.data) == ("pong", {"text": "a"})


async def test_an_utterance_is_a_transcript(core: FakeCore) -> None:
    """Chunks append to each other; the transcript has the last word, and the stop comes after it."""
    core.answers = [guess("alfa br", 4), guess("alfa bravo", 10), final("alfa bravo"), final("charlie")]
    events = await told(core, *TALK)
    assert [event.type for event in events] == [
        "transcript-start", *["transcript-chunk"] * 3, "transcript", "transcript-stop",
    ]  # fmt: skip
    assert [event.data["text"] for event in events[1:5]] == ["alfa", " bravo", " charlie", "alfa bravo charlie"]
    config = core.asked[0].config
    assert (config.asr.language, config.format.sample_rate_hz) == ("en", 16_000)


async def test_a_word_that_is_heard_anew_changes_the_transcript_alone(core: FakeCore) -> None:
    """What was told stays, and the next sentence is told as any other."""
    core.answers = [guess("alfa word fox", 13), final("alfa Harvard fox"), guess("bravo", 5), final("bravo charlie")]
    events = await told(core, *TALK)
    chunks = [event.data["text"] for event in events if event.type == "transcript-chunk"]
    assert chunks == ["alfa word fox", " bravo", " charlie"]
    assert [event.data["text"] for event in events if event.type == "transcript"] == ["alfa Harvard fox bravo charlie"]


async def test_silence_is_an_empty_transcript(core: FakeCore) -> None:
    """Who waits for one gets one."""
    events = await told(core, *TALK)
    assert [(event.type, event.data.get("text")) for event in events][1] == ("transcript", "")


async def test_one_connection_may_say_several(core: FakeCore) -> None:
    """What was asked of one is not asked of the next."""
    core.answers = [final("alfa")]
    events = await told(core, *TALK, *TALK[1:])
    assert [event.data["text"] for event in events if event.type == "transcript"] == ["alfa", "alfa"]
    assert [request.config.asr.language for request in core.asked if request.HasField("config")] == ["en", ""]


async def test_the_key_of_the_config_counts(core: FakeCore) -> None:
    """The protocol has none."""
    await told(core, *TALK, key="secret")
    assert core.caller
    assert core.caller.metadata["authorization"] == "Bearer secret"


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ([Event("audio-start", PCM | {"width": 4})], "UNSUPPORTED_FORMAT"),
        ([Event("audio-start", PCM | {"rate": "fast"})], "UNSUPPORTED_FORMAT"),
        ([Event("audio-start", {})], "UNSUPPORTED_FORMAT"),
        ([Event("audio-start", PCM), Event("audio-chunk", PCM | {"rate": 8000}, bytes(2))], "INVALID_ARGUMENT"),
        ([Event("transcribe", {"language": 5}), *TALK[1:]], "FIELD_INVALID"),
        ([Event("transcribe", {"transcript_names": 5}), *TALK[1:]], "FIELD_INVALID"),
        ([Event("transcribe", {"name": "wisper-1"}), *TALK[1:]], "MODEL_NOT_FOUND"),
    ],
)
async def test_what_makes_no_sense_is_an_error_event(core: FakeCore, sent: list[Event], code: str) -> None:
    """And the end of the connection."""
    *_, last = await told(core, *sent)
    assert (last.type, last.data["code"]) == ("error", code)
    assert core.open == 0


async def test_who_goes_on_to_send_after_an_error_is_not_cut_off(core: FakeCore) -> None:
    """A program that reads only when it has said everything finds the error then."""
    async with serving(core) as address:
        host, _, port = address.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(wire.written(Event("audio-start", PCM | {"width": 4})))
        for _ in range(5):
            await asyncio.sleep(0.05)
            writer.write(wire.written(CHUNK))
            await writer.drain()
        found = await wire.read(reader)
        assert found
        assert found.type == "error"
        writer.close()


@pytest.mark.parametrize("lost", [True, False])
async def test_a_lost_recogniser_is_an_error_event(core: FakeCore, lost: bool) -> None:
    """No transcript that looks whole."""
    notice = {"stage": "asr", "reason": "UNAVAILABLE", "message": "No more words."}
    core.answers = [PipelineResponse(notice=notice)] if lost else []
    core.error = None if lost else CircuitOpen("No more words.")
    (error,) = await told(core, *TALK)
    assert (error.type, error.data["text"]) == ("error", "No more words.")


async def test_a_client_that_is_gone_before_the_stop_leaves_nothing(core: FakeCore) -> None:
    """In mid-speech."""
    assert await told(core, *TALK[:-1]) == []
    assert core.open == 0


async def test_who_says_nothing_is_sent_away(core: FakeCore) -> None:
    """Before an event and in the middle of the sound."""
    limits = Limits(first_message_s=0.05, sound_s=0.05)
    async with serving(core, limits) as address:
        for begun in (b"", b"".join(map(wire.written, TALK[:-1]))):
            host, _, port = address.rpartition(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(begun)
            event = await wire.read(reader)
            assert event
            assert (event.type, event.data["code"]) == ("error", "STREAM_IDLE")
            writer.close()


async def test_one_connection_too_many_is_told(core: FakeCore, monkeypatch: pytest.MonkeyPatch) -> None:
    """And those that are there go on."""
    monkeypatch.setattr(server, "CONNECTIONS_MOST", 1)
    async with serving(core) as address:
        host, _, port = address.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(wire.written(Event("ping")))
        assert await wire.read(reader)
        assert [event.data["code"] for event in await said(address, b"")] == ["UNAVAILABLE"]
        writer.write(wire.written(Event("ping")))
        assert await wire.read(reader)
        writer.close()


async def test_replicas_that_do_not_answer_are_described_as_they_were(
    core: FakeCore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Home Assistant waits a second; what was never known is an error."""
    monkeypatch.setattr(server, "INFO_S", 0.05)
    quick = core.status
    async with serving(core) as address:
        monkeypatch.setattr(core, "status", never)
        assert [event.type for event in await said(address, wire.written(Event("describe")))] == ["error"]
        monkeypatch.setattr(core, "status", quick)
        assert [event.type for event in await said(address, wire.written(Event("describe")))] == ["info"]
        monkeypatch.setattr(core, "status", never)
        assert [event.type for event in await said(address, wire.written(Event("describe")))] == ["info"]


async def test_without_an_address_nobody_listens(core: FakeCore) -> None:
    """It is off unless it is configured; a port that is taken is told."""
    here = WyomingServer(cast(Core, core), GatewayConfig(upstreams={}))
    await here.start()
    await here.stop()
    async with serving(core) as address:
        config = GatewayConfig(upstreams={}, wyoming=WyomingConfig(address))
        with pytest.raises(BadConfig, match="write a free one"):
            await WyomingServer(cast(Core, core), config).start()


@given(mutated(b"".join(map(wire.written, [Event("describe"), *TALK]))))
async def test_connections_that_something_happened_to(data: bytes) -> None:
    """An answer, an error event that is no error of ours, or nothing."""
    core = FakeCore()
    core.answers = [final("alfa")]
    async with serving(core) as address:
        events = await said(address, data)
    assert "INTERNAL" not in {event.data.get("code") for event in events if event.type == "error"}
    assert core.open == 0
