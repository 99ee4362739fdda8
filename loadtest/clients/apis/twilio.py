"""Telephone calls as Twilio sends them, and who listens to their captions. One side speaks. Paced as if spoken."""

import asyncio
import base64
import json
import uuid
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import soxr
from websockets.asyncio.client import ClientConnection, connect

from loadtest.address import Where
from loadtest.clients.apis.hearing import Hearing
from loadtest.clients.pace import paced
from loadtest.measured.clips import RATE_HZ, Clip
from parley.audio.pcm import encode
from parley.v1.audio_pb2 import AudioEncoding

PACKET_S, TELEPHONE_HZ = 0.02, 8_000
PACKET = round(TELEPHONE_HZ * PACKET_S)  # bytes
FORM = {"encoding": "audio/x-mulaw", "sampleRate": TELEPHONE_HZ, "channels": 1}


class TwilioFailed(Exception):
    """The call ended otherwise than by its stop."""

    def __init__(self, event: Mapping[str, Any]) -> None:
        super().__init__(str(event.get("message", "")))
        self.reason = f"TWILIO_{event.get('reason')}".upper()


class TwilioStreamClient:
    """A call a recording."""

    def __init__(self, where: Where) -> None:
        self._where, self._url = where, where.http.replace("http", "ws", 1)
        self._parameters = {"interim_results": "true"} | ({"key": where.key} if where.key else {})

    async def talk(self, clip: Clip, hearing: Hearing, due: float | None) -> None:
        """One recording; what comes of it is heard as anybody hears it who listens."""
        call, headers = f"CA{uuid.uuid4().hex}", self._where.credentials
        async with (
            connect(f"{self._url}/v1/calls/{call}/captions", additional_headers=headers, max_size=None) as captions,
            connect(f"{self._url}/v1/twilio", max_size=None) as socket,
        ):
            speaking = asyncio.create_task(_speak(socket, call, clip, due, self._parameters))
            try:
                async for message in captions:
                    _take(json.loads(message), hearing)
            finally:
                speaking.cancel()
                await asyncio.gather(speaking, return_exceptions=True)

    async def close(self) -> None:
        """Every socket is closed with its recording."""


async def _speak(
    socket: ClientConnection, call: str, clip: Clip, due: float | None, parameters: Mapping[str, str]
) -> None:
    begun: dict[str, Any] = {"accountSid": "AC", "streamSid": "MZ", "callSid": call, "tracks": ["inbound"]}
    begun |= {"mediaFormat": FORM, "customParameters": parameters}
    await socket.send('{"event": "connected", "protocol": "Call", "version": "1.0.0"}')
    await socket.send(json.dumps({"event": "start", "sequenceNumber": "1", "start": begun, "streamSid": "MZ"}))
    async for _, packet in paced(_packets(_mulaw(clip.pcm)), due, PACKET_S):
        await socket.send(packet)
    await socket.send(json.dumps({"event": "stop", "stop": {"callSid": call}, "streamSid": "MZ"}))


def _packets(sound: bytes) -> Iterator[str]:
    for at in range(0, len(sound), PACKET):
        payload = base64.b64encode(sound[at : at + PACKET]).decode()
        media = {"track": "inbound", "chunk": str(at // PACKET + 1), "timestamp": str(at * 1000 // TELEPHONE_HZ)}
        yield json.dumps({"event": "media", "media": media | {"payload": payload}, "streamSid": "MZ"})


@lru_cache(64)
def _mulaw(pcm: bytes) -> bytes:
    """As a telephone carries it."""
    samples = (np.frombuffer(pcm, "<i2") / 32768).astype(np.float32)
    heard = np.asarray(soxr.resample(samples, RATE_HZ, TELEPHONE_HZ), np.float32)
    return encode(heard, AudioEncoding.AUDIO_ENCODING_MULAW)


def _take(event: Mapping[str, Any], hearing: Hearing) -> None:
    if event["type"] == "error" or (event["type"] == "call_ended" and event["reason"] != "STOP"):
        raise TwilioFailed(event)
    if event["type"] == "transcript":
        start_s, end_s = (float(event["interval"][edge].removesuffix("s")) for edge in ("start", "end"))
        if not event["is_final"]:
            hearing.guess(start_s)
        elif event["text"]:
            hearing.final(event["text"], end_s)
