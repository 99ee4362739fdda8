"""A new version under load: twenty people go on talking while the old one goes."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

from parley.v1 import models_pb2 as v1
from parley.v1.asr_pb2 import AsrConfig, AsrRequest
from parley.v1.audio_pb2 import AudioChunk
from tests.e2e.process import Running, models_root, running
from tests.sound import cut, noise, pcm, silence
from tests.waiting import until

STREAMS = 20
SPEECH = cut(pcm(noise(16_000), silence(1), noise(8000)), range(0, 40_000, 4000), 2)


async def requests() -> AsyncIterator[Any]:
    """A stream that takes its time."""
    yield AsrRequest(config=AsrConfig(interim_results=True))
    for piece in SPEECH:
        await asyncio.sleep(0.02)  # so long that a version can change under it
        yield AsrRequest(audio=AudioChunk(data=piece))


async def said(service: Running) -> tuple[str, tuple[str, ...]]:
    """Which model served, and its finals."""
    answers = [answer async for answer in service.client.stream("Asr", requests())]
    finals = [each.transcript.text for each in answers if each.transcript.is_final]
    return answers[0].opened.model, tuple(finals)


async def talk(service: Running, over: asyncio.Event) -> list[tuple[str, tuple[str, ...]]]:
    """One stream after another until all is over, and one more."""
    heard = [await said(service)]
    while not over.is_set():
        heard.append(await said(service))
    return [*heard, await said(service)]


async def gone(service: Running, model: str) -> None:
    async def left() -> bool:
        return model not in await service.models()

    await until(left)


async def _all_talk(service: Running) -> bool:
    return await service.streams() == STREAMS


async def test_no_stream_notices_a_new_version(tmp_path: Path) -> None:
    """Loaded, made the default, the old one drained: no stream fails, all hear the same, the last ones from the new."""
    root = models_root(tmp_path, "asr", "1", "2")
    async with running("asr", tmp_path, PARLEY_MODELS_ROOT=str(root)) as service:
        over = asyncio.Event()
        talks = [asyncio.create_task(talk(service, over)) for _ in range(STREAMS)]
        await until(partial(_all_talk, service))
        await service.client.models("Load", v1.ModelsLoadRequest(model="echo@2", make_default=True), "asr")
        await service.client.models("Retire", v1.ModelsRetireRequest(model="echo@1"), "asr")
        await gone(service, "echo@1")
        over.set()
        heard = await asyncio.gather(*talks)
    served = Counter(model for each in heard for model, _ in each)
    assert served["echo@1"] >= STREAMS
    assert [each[-1][0] for each in heard] == ["echo@2"] * STREAMS
    assert len({finals for each in heard for _, finals in each}) == 1
    assert len(heard[0][0][1]) == 2
