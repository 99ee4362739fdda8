"""What the client of the real `wyoming` package gets, as JSON on stdout. Must not know Parley but its address.

python -m tests.compat.wyoming_client HOST:PORT FOLDER; in it one talk as talk.pcm (16 kHz)
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from wyoming.asr import Transcribe, Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncTcpClient
from wyoming.error import Error
from wyoming.info import Describe, Info

FORM = {"rate": 16_000, "width": 2, "channels": 1}


async def asked(host: str, port: int, folder: Path) -> dict[str, Any]:
    """As Home Assistant does it: a connection to ask what is served, and one for each utterance."""
    async with AsyncTcpClient(host, port) as client:
        await client.write_event(Describe().event())
        event = await asyncio.wait_for(client.read_event(), 1.0)
        info = Info.from_event(event).to_dict()
    pcm = (folder / "talk.pcm").read_bytes()
    heard = [await _heard(host, port, pcm), await _heard(host, port, pcm)]
    wrong = await _heard(host, port, b"", **FORM | {"width": 4})
    return {"info": info, "heard": heard, "wrong": wrong}


async def _heard(host: str, port: int, pcm: bytes, **form: int) -> list[dict[str, Any]]:
    form = form or FORM
    events: list[dict[str, Any]] = []
    async with AsyncTcpClient(host, port) as client:
        await client.write_event(Transcribe(language="en").event())
        await client.write_event(AudioStart(**form).event())
        for at in range(0, len(pcm), 2048):
            await client.write_event(AudioChunk(audio=pcm[at : at + 2048], **form).event())
        await client.write_event(AudioStop().event())
        while (event := await client.read_event()) is not None:
            events.append(event.to_dict())
            if Transcript.is_type(event.type) or Error.is_type(event.type):
                break
    return events


if __name__ == "__main__":
    where, _, number = sys.argv[1].rpartition(":")
    print(json.dumps(asyncio.run(asked(where, int(number), Path(sys.argv[2])))))
