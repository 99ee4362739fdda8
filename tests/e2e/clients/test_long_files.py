"""Long recordings over HTTP: the gateway holds what was sent and a few seconds of sound, never the sound itself."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

import httpx
import psutil
import pytest
import pytest_asyncio

from parley.audio import media
from parley.audio.recorder import Flac
from tests.e2e.cluster import Cluster

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(180)]

MEGABYTE = 1 << 20
RATE_HZ, SECONDS = 48_000, 600
SOUND = 2 * RATE_HZ * SECONDS  # bytes


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cluster(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cluster]:
    async with Cluster(tmp_path_factory.mktemp("long"), ("denoise",)) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def recording() -> bytes:
    """Ten minutes, small when packed."""
    file, second = Flac(RATE_HZ, RATE_HZ * SECONDS), bytes(2 * RATE_HZ - 2000) + b"\x11\x07" * 1000
    return b"".join([*(file.write(second) for _ in range(SECONDS)), file.end()])


@contextmanager
def watched(pid: int) -> Iterator[list[float]]:
    """How many megabytes a process holds more than now, at its worst so far."""
    process, over = psutil.Process(pid), Event()
    before, worst = process.memory_info().rss, [0.0]

    def look() -> None:
        while not over.wait(0.02):
            worst[0] = max(worst[0], (process.memory_info().rss - before) / MEGABYTE)

    watcher = Thread(target=look)
    watcher.start()
    try:
        yield worst
    finally:
        over.set()
        watcher.join()


@pytest.mark.parametrize("shape", ["wav", "flac"])
async def test_a_long_recording_takes_little_memory(cluster: Cluster, recording: bytes, shape: str) -> None:
    """Ten minutes are 55 MB of sound; the gateway grows by much less, and no sample is lost."""
    with watched(cluster.running["gateway"].pid) as worst:
        answer = await asyncio.to_thread(_denoised, cluster, recording, shape)
    assert worst[0] < 40
    assert media.samples(answer, RATE_HZ) == RATE_HZ * SECONDS
    assert shape == "flac" or len(answer) == 44 + SOUND


def _denoised(cluster: Cluster, file: bytes, shape: str) -> bytes:
    form = {"files": {"file": ("talk.flac", file)}, "data": {"response_format": shape}}
    answer = httpx.post(f"http://{cluster.http}/v1/audio/denoise", timeout=120, **form)  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.text
    return answer.content


async def test_an_answer_that_breaks_off_is_not_taken_for_a_whole_one(cluster: Cluster, recording: bytes) -> None:
    """The service dies in the middle: the caller's own client says that something is missing."""
    asked: Any = {"url": f"http://{cluster.http}/v1/audio/denoise", "files": {"file": recording}}
    async with httpx.AsyncClient(timeout=60) as client, client.stream("POST", **asked) as answer:
        body = answer.aiter_raw(4096)
        assert (await anext(body))[:4] == b"RIFF"
        cluster.kill("denoise")
        with pytest.raises(httpx.RemoteProtocolError):
            async for _ in body:
                pass
