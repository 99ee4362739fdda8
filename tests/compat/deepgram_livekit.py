"""What LiveKit's Deepgram plugin hears, as JSON on stdout. Must not know Parley but its address.

python -m tests.compat.deepgram_livekit HOST:PORT FOLDER; in it one talk as talk.pcm (16 kHz)
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import aiohttp
from livekit import rtc
from livekit.plugins import deepgram

RATE_HZ = 16_000


async def asked(url: str, folder: Path) -> dict[str, Any]:
    """A stream that is flushed in mid-speech and goes on behind the pause, and a recording."""
    pcm = (folder / "talk.pcm").read_bytes()
    async with aiohttp.ClientSession() as session:
        stt = deepgram.STT(base_url=url, api_key="none", http_session=session, enable_diarization=True)
        stream = stt.stream()
        heard: list[dict[str, Any]] = []
        reading = asyncio.create_task(_read(stream, heard))
        await _push(stream, pcm[: 2 * RATE_HZ])
        stream.flush()
        await _until(heard, "end_of_speech", 1)
        flushed = len(heard)
        await _push(stream, pcm[4 * RATE_HZ :])
        stream.end_input()
        await reading
        await stream.aclose()
        whole = await stt.recognize([_frame(pcm)], language="en")
    return {"stream": heard, "flushed": flushed, "recognized": _plain(whole)}


def _frame(data: bytes) -> rtc.AudioFrame:
    return rtc.AudioFrame(data, RATE_HZ, 1, len(data) // 2)


async def _push(stream: Any, pcm: bytes) -> None:
    for at in range(0, len(pcm), 1600):
        stream.push_frame(_frame(pcm[at : at + 1600]))
        await asyncio.sleep(0.005)


async def _read(stream: Any, heard: list[dict[str, Any]]) -> None:
    async for event in stream:
        heard.append(_plain(event))  # noqa: PERF401  # somebody waits for them one by one


async def _until(heard: list[dict[str, Any]], kind: str, count: int) -> None:
    while sum(each["type"] == kind for each in heard) < count:
        await asyncio.sleep(0.01)


def _plain(event: Any) -> dict[str, Any]:
    said = event.alternatives[0] if event.alternatives else None
    found = {"type": str(event.type.value)}
    if said is None:
        return found
    words = [[str(word), word.start_time, word.end_time] for word in said.words or ()]
    return found | {"text": said.text, "start": said.start_time, "speaker": said.speaker_id, "words": words}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(asked(f"http://{sys.argv[1]}/v1/listen", Path(sys.argv[2])))))
