"""AudioSocket's port; behind it a core that says what it is told to. Frames as Asterisk writes them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast
from uuid import UUID

import pytest
from hypothesis import given

from gateway.apis.audiosocket import server, wire
from gateway.apis.audiosocket.server import AudioSocketServer
from gateway.apis.audiosocket.wire import Frame
from gateway.calls.calls import Calls
from gateway.config import AudioSocketConfig, GatewayConfig, Limits, TelephonyConfig
from gateway.core import Caller, Core
from parley.cli.processes.ports import free_address
from parley.errors import BadConfig, CircuitOpen
from tests.fakes import Clock
from tests.gateway.apis.test_fuzz import mutated
from tests.gateway.conftest import FakeCore, final
from tests.waiting import until

CALL = UUID("6f1d2c5e-9d0b-4f7a-8a3e-0c1b2a3d4e5f")
NAME, SOUND, END = Frame(wire.NAME, CALL.bytes), Frame(0x10, bytes(960)), Frame(wire.HANG_UP)
TALK = (NAME, SOUND, SOUND, END)


class Port:
    """Where Asterisk connects, and who listens."""

    def __init__(self, core: FakeCore, limits: Limits, clock: Clock, **telephony: Any) -> None:
        self.address = free_address()
        settings = AudioSocketConfig(self.address, key=telephony.pop("key", ""))
        config = GatewayConfig(
            upstreams={}, limits=limits, telephony=TelephonyConfig(audiosocket=settings, **telephony)
        )
        self.calls = Calls(cast(Core, core), config)
        self.server = AudioSocketServer(self.calls, clock)

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, _, port = self.address.rpartition(":")
        return await asyncio.open_connection(host, int(port))

    async def said(self, sent: bytes) -> list[Frame]:
        """Everything that comes back until the connection is closed."""
        reader, writer = await self.connect()
        writer.write(sent)
        writer.write_eof()
        found = []
        async with asyncio.timeout(10):
            while frame := await wire.read(reader):
                found.append(frame)
        writer.close()
        return found

    async def overheard(self, *sent: Frame) -> list[dict[str, Any]]:
        """What somebody hears who listens."""
        listening = asyncio.create_task(self._listen())
        await until(lambda: self.calls._rooms._listeners)
        await self.said(b"".join(map(wire.written, sent)))
        return await listening

    async def _listen(self) -> list[dict[str, Any]]:
        return [dict(event) async for event in self.calls.listen(str(CALL), Caller())]


@asynccontextmanager
async def serving(
    core: FakeCore,
    limits: Limits = Limits(),  # noqa: B008
    clock: Clock | None = None,
    **telephony: Any,
) -> AsyncIterator[Port]:
    port = Port(core, limits, clock or Clock(), **telephony)
    await port.server.start()
    try:
        yield port
    finally:
        await port.server.stop()


async def told(core: FakeCore, *sent: Frame, **more: Any) -> list[Frame]:
    async with serving(core, **more) as port:
        return await port.said(b"".join(map(wire.written, sent)))


@pytest.mark.parametrize("end", [(END,), (), (Frame(wire.ERROR, b"\x01"),)])
async def test_a_call_is_heard_to_its_last_word(core: FakeCore, end: tuple[Frame, ...]) -> None:
    """Whether Asterisk says that somebody hung up, or is gone; nothing is sent back."""
    core.answers = [final("alfa", 0, 20)]
    async with serving(core) as port:
        events = await port.overheard(NAME, SOUND, *end)
    assert [event["type"] for event in events] == ["call_started", "opened", "transcript", "call_ended"]
    assert (events[2]["track"], events[3]["reason"]) == ("inbound", "HANG_UP")
    assert await told(core, *TALK) == []
    assert core.open == 0


@pytest.mark.parametrize(("kind", "rate_hz"), [(0x10, 8_000), (0x12, 16_000), (0x16, 48_000)])
async def test_the_kind_of_a_frame_says_its_rate(core: FakeCore, kind: int, rate_hz: int) -> None:
    """As Asterisk numbers them."""
    await told(core, NAME, Frame(kind, bytes(320)), END)
    assert core.asked[0].config.format.sample_rate_hz == rate_hz


async def test_times_go_by_when_sound_came(core: FakeCore) -> None:
    """The protocol has none: who is silent without frames is silent in the call's time too."""
    core.answers, clock = [final("alfa", 1000, 1020)], Clock()
    async with serving(core, clock=clock) as port:
        reader, writer = await port.connect()
        writer.write(wire.written(NAME) + wire.written(SOUND))
        await until(lambda: len(core.asked) == 2)
        clock.now += 3600.0
        writer.write(wire.written(SOUND) + wire.written(Frame(wire.DIGIT, b"5")))
        listening = asyncio.create_task(port._listen())
        await until(lambda: len(core.asked) == 3)
        writer.write(wire.written(END))
        assert await reader.read() == b""
        (digit,) = (event for event in await listening if event["type"] == "dtmf")
        assert (digit["digit"], digit["at"]) == ("5", "3600.000s")
        writer.close()
    assert len(core.asked[2].audio.data) == 48_000 + 960


async def test_options_and_key_are_the_configs(core: FakeCore) -> None:
    """The protocol has neither."""
    await told(core, *TALK, key="secret", options={"language": "de"})
    assert core.caller
    assert core.caller.metadata["authorization"] == "Bearer secret"
    assert core.asked[0].config.asr.language == "de"


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        ([SOUND], b"CONFIG_EXPECTED"),
        ([Frame(wire.NAME, b"short")], b"INVALID_ARGUMENT"),
        ([NAME, NAME], b"CONFIG_REPEATED"),
        ([NAME, Frame(0x42, b"x")], b"INVALID_ARGUMENT"),
        ([NAME, Frame(0x18, bytes(320))], b"UNSUPPORTED_FORMAT"),
        ([NAME, Frame(0x10, bytes(3))], b"PARTIAL_SAMPLE"),
        ([NAME, SOUND, Frame(0x12, bytes(320))], b"INVALID_ARGUMENT"),
        ([NAME, Frame(wire.DIGIT, b"55")], b"INVALID_ARGUMENT"),
    ],
)
async def test_what_makes_no_sense_is_an_error_frame(core: FakeCore, sent: list[Frame], reason: bytes) -> None:
    """And the end of the connection."""
    assert await told(core, *sent) == [Frame(wire.ERROR, reason)]
    assert core.open == 0


async def test_a_lost_recogniser_is_an_error_frame(core: FakeCore) -> None:
    """So that Asterisk goes on with its dialplan."""
    core.error = CircuitOpen("No more words.")
    assert await told(core, *TALK) == [Frame(wire.ERROR, b"CIRCUIT_OPEN")]


async def test_who_says_nothing_is_sent_away(core: FakeCore) -> None:
    """Before the name and after it."""
    async with serving(core, Limits(first_message_s=0.05, sound_s=0.05)) as port:
        for begun in (b"", wire.written(NAME)):
            reader, writer = await port.connect()
            writer.write(begun)
            assert await wire.read(reader) == Frame(wire.ERROR, b"STREAM_IDLE")
            writer.close()


async def test_one_connection_too_many_is_told(core: FakeCore, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that is there goes on."""
    monkeypatch.setattr(server, "CONNECTIONS_MOST", 1)
    async with serving(core) as port:
        reader, writer = await port.connect()
        writer.write(wire.written(NAME) + wire.written(SOUND))
        await until(lambda: core.open)
        assert await port.said(b"") == [Frame(wire.ERROR, b"UNAVAILABLE")]
        writer.write(wire.written(END))
        assert await reader.read() == b""
        writer.close()


async def test_without_an_address_nobody_listens(core: FakeCore) -> None:
    """It is off unless it is configured; a port that is taken is told."""
    here = AudioSocketServer(Calls(cast(Core, core), GatewayConfig(upstreams={})))
    await here.start()
    await here.stop()
    async with serving(core) as port:
        with pytest.raises(BadConfig, match=r"telephony\.audiosocket\.listen"):
            await AudioSocketServer(port.calls).start()


@given(mutated(b"".join(map(wire.written, TALK))))
async def test_connections_that_something_happened_to(data: bytes) -> None:
    """Nothing, or an error frame that is no error of ours."""
    core = FakeCore()
    async with serving(core) as port:
        frames = await port.said(data)
    assert {frame.kind for frame in frames} <= {wire.ERROR}
    assert b"INTERNAL" not in [frame.payload for frame in frames]
    assert core.open == 0
