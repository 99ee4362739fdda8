"""Telephone calls against real processes: what Twilio and Asterisk send of a real recording, and who hears of it."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest
import pytest_asyncio
from standardwebhooks import Webhook
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from gateway.apis.audiosocket.wire import DIGIT, HANG_UP, NAME, Frame, written
from loadtest.measured.clips import SPEECH
from parley.audio import media
from parley.audio.pcm import encode
from parley.cli.processes.ports import free_address
from parley.v1.audio_pb2 import AudioEncoding
from parley.wire.keys import make, write
from tests.e2e.cluster import Cluster
from tests.receiver import SECRET, Receiver, receiving
from tests.waiting import until

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(180)]
CALL = UUID("6f1d2c5e-9d0b-4f7a-8a3e-0c1b2a3d4e5f")
FORM = {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}
TALK = media.read((SPEECH / "read-1858945.flac").read_bytes(), 60.0, 8000).data[: 2 * 8000 * 4] + bytes(2 * 8000)
SAMPLES = (np.frombuffer(TALK, "<i2") / 32768).astype(np.float32)
MULAW = encode(SAMPLES, AudioEncoding.AUDIO_ENCODING_MULAW)
TOLD = ("call_started", "transcript", "call_ended")
Events = list[dict[str, Any]]


@dataclass
class Phones:
    """A gateway that asks for keys, a receiver of webhooks, and where Asterisk connects."""

    cluster: Cluster
    receiver: Receiver
    key: str
    asterisk: str

    def socket(self, path: str, key: str = "") -> connect:
        shown = {"authorization": f"Bearer {key}"} if key else {}
        return connect(f"ws://{self.cluster.http}{path}", additional_headers=shown)

    def parameters(self) -> dict[str, str]:
        return {"key": self.key, "webhook": self.receiver.url, "interim_results": "true", "agent": "Ann"}

    async def told(self, stream: str) -> Events:
        """What the webhook was told of a stream, once it has ended; each delivery is signed."""

        def of_it() -> Events:
            said = [Webhook(SECRET).verify(body, headers)["data"] for headers, body in self.receiver.came]
            return [event for data in said if data["stream"] == stream for event in data["events"]]

        await until(lambda: of_it()[-1:] and of_it()[-1]["type"] == "call_ended")
        return of_it()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def phones(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Phones]:
    folder: Path = tmp_path_factory.mktemp("phones")
    (text, key), asterisk = make("ann", ["use"]), free_address()
    write(folder / "keys.json", [key])
    async with receiving(200) as receiver:
        telephony: dict[str, Any] = {"webhook_secret": SECRET, "private": ["localhost"]}
        telephony |= {"options": {"webhook": receiver.url}, "audiosocket": {"listen": asterisk, "key": text}}
        async with Cluster(folder, ("asr",), keys_file=str(folder / "keys.json"), telephony=telephony) as cluster:
            yield Phones(cluster, receiver, text, asterisk)


def started(call: str, parameters: dict[str, str]) -> Iterator[str]:
    begun: dict[str, Any] = {
        "accountSid": "AC1",
        "streamSid": f"MZ{call}",
        "callSid": call,
        "tracks": ["inbound", "outbound"],
    }
    yield json.dumps({"event": "connected", "protocol": "Call", "version": "1.0.0"})
    begun |= {"mediaFormat": FORM, "customParameters": parameters}
    yield json.dumps({"event": "start", "sequenceNumber": "1", "start": begun, "streamSid": f"MZ{call}"})


def spoken(call: str, sound: bytes, tracks: tuple[str, ...], at_ms: int = 0) -> Iterator[str]:
    """Packets of 20 ms, each side's in turn."""
    for at in range(0, len(sound), 160):
        for track in tracks:
            said = {"track": track, "chunk": str(at // 160 + 1), "timestamp": str(at_ms + at // 8)}
            said["payload"] = base64.b64encode(sound[at : at + 160]).decode()
            yield json.dumps({"event": "media", "sequenceNumber": "2", "media": said, "streamSid": f"MZ{call}"})


async def heard(listener: ClientConnection) -> Events:
    return [json.loads(message) async for message in listener]


def finals(events: Events, track: str = "inbound") -> Events:
    return [
        event for event in events if event["type"] == "transcript" and event["is_final"] and event["track"] == track
    ]


def places_s(events: Events) -> list[tuple[float, float]]:
    """From when to when each was said."""
    edges = ([event["interval"][edge] for edge in ("start", "end")] for event in events)
    return [(float(start.removesuffix("s")), float(end.removesuffix("s"))) for start, end in edges]


async def test_a_call_of_twilios(phones: Phones) -> None:
    """Both sides are heard, at their times over a gap of a minute; who listens and the webhook hear the same."""
    async with phones.socket("/v1/calls/CA1/captions", phones.key) as listener, phones.socket("/v1/twilio") as twilio:
        listening = asyncio.create_task(heard(listener))
        for message in (
            *started("CA1", phones.parameters()),
            *spoken("CA1", MULAW, ("inbound", "outbound")),
            *spoken("CA1", MULAW, ("outbound",), at_ms=60_000),
            '{"event": "stop", "stop": {"callSid": "CA1"}, "streamSid": "MZCA1"}',
        ):
            await twilio.send(message)
        events = await listening
        await twilio.wait_closed()
        assert twilio.close_code == 1000
    mine, theirs = places_s(finals(events)), places_s(finals(events, "outbound"))
    assert mine
    assert all(0 <= start < end <= 5 for start, end in mine)
    assert {start > 59 for start, _ in theirs} == {True, False}
    assert all(0 <= start < end <= 5 or 59 < start < end <= 65 for start, end in theirs)
    sure = [event for event in events if event["type"] != "transcript" or event["is_final"]]
    assert await phones.told("MZCA1") == [event for event in sure if event["type"] in TOLD]
    assert events[0]["ignored"] == ["agent"]


async def test_who_hangs_up_in_mid_call_is_told_to_the_last_word(phones: Phones) -> None:
    """The connection breaks while somebody speaks."""
    async with phones.socket("/v1/twilio") as twilio:
        for message in (*started("CA2", phones.parameters()), *spoken("CA2", MULAW[:16_000], ("inbound",))):
            await twilio.send(message)
        twilio.transport.abort()
    events = await phones.told("MZCA2")
    assert finals(events)
    assert events[-1]["reason"] == "HANG_UP"


async def test_a_call_of_asterisks(phones: Phones) -> None:
    """Heard by its UUID, told where the config says."""
    host, _, port = phones.asterisk.rpartition(":")
    async with phones.socket(f"/v1/calls/{CALL}/captions", phones.key) as listener:
        listening = asyncio.create_task(heard(listener))
        reader, writer = await asyncio.open_connection(host, int(port))
        sound = [Frame(0x10, TALK[at : at + 320]) for at in range(0, len(TALK), 320)]
        for frame in (Frame(NAME, CALL.bytes), *sound, Frame(DIGIT, b"5"), Frame(HANG_UP)):
            writer.write(written(frame))
        assert await reader.read() == b""
        writer.close()
        events = await listening
    assert finals(events)
    assert [event["digit"] for event in events if event["type"] == "dtmf"] == ["5"]
    assert finals(await phones.told(str(CALL))) == finals(events)


async def test_strangers_are_refused(phones: Phones) -> None:
    """With a reason that Twilio shows; and nobody listens without the key."""
    async with phones.socket("/v1/twilio") as twilio:
        for message in started("CA3", {}):
            await twilio.send(message)
        with pytest.raises(ConnectionClosed):
            await twilio.recv()
        assert (twilio.close_code, (twilio.close_reason or "").partition(":")[0]) == (1008, "KEY_NEEDED")
    with pytest.raises(Exception, match="401"):
        await phones.socket("/v1/calls/CA1/captions")
