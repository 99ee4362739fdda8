"""A gateway with jobs, and a worker that is played by the test."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple, cast

import pytest
from starlette.testclient import TestClient

from gateway.apis.app import app
from gateway.config import CacheConfig, JobsConfig, Limits
from gateway.core import Core
from gateway.jobs import Jobs
from parley.jobs import events
from parley.jobs.files import JobFiles
from parley.jobs.job import EVENTS, SOUND
from parley.jobs.queue import JobQueue
from parley.v1.pipeline_pb2 import PipelineResponse
from tests.gateway.conftest import FakeCore, final, tone

PATH = "/v1/jobs"
ASKED = {"pipeline": '{"asr": {}, "diarize": {}}'}
SECOND = timedelta(seconds=1)
SAID = [
    PipelineResponse(opened={"models": {"asr": "echo@1"}}),
    final("alfa bravo", 0, 1000, ("alfa", "bravo")),
    PipelineResponse(turn={"id": "t1", "speaker": "1", "interval": {"end": SECOND}}),
]


class Served(NamedTuple):
    client: TestClient
    core: FakeCore
    folder: Path


def serving(core: FakeCore, config: JobsConfig) -> TestClient:
    jobs = Jobs(cast(Core, core), config)
    made = app(cast(Core, core), Limits(upload_bytes=200_000, request_s=5.0), CacheConfig(), jobs)
    return TestClient(made, raise_server_exceptions=False)


@pytest.fixture
def served(core: FakeCore, tmp_path: Path) -> Iterator[Served]:
    recordings = tmp_path / "recordings"
    (recordings / "deep").mkdir(parents=True)
    for name in ("a.wav", "deep/b.flac", "notes.txt"):
        (recordings / name).write_bytes(tone(0.1))
    (tmp_path / "outside.wav").write_bytes(tone(0.1))
    (recordings / "link.wav").symlink_to(tmp_path / "outside.wav")
    jobs = JobsConfig(
        folder=str(tmp_path / "jobs"), folders=(str(recordings),), hosts=("ok.example.com", "*.example.org"),
        open_per_key=20, reserve_bytes=0,
    )  # fmt: skip
    with serving(core, jobs) as client:
        yield Served(client, core, tmp_path)


def submit(served: Served, talk: bytes, **more: str) -> Any:
    answer = served.client.post(PATH, files={"file": ("talk.wav", talk)}, data=ASKED | more)
    assert answer.status_code == 200, answer.text
    return answer.json()["jobs"][0]


def work(served: Served, said: list[PipelineResponse] = SAID, sound: bytes = b"") -> None:
    """What a worker does with the next job."""

    async def done() -> None:
        queue, files = JobQueue("", served.folder / "jobs"), JobFiles(served.folder / "jobs")
        (job,) = await queue.claim("test", 1)
        with files.adding(job.id) as file:
            for each in said:
                events.write(each, file)
        results = {EVENTS: files.keep(job.id, Path(file.name))}
        if sound:
            with files.adding(job.id) as file:
                file.write(sound)
            results[SOUND] = files.keep(job.id, Path(file.name))
        assert await queue.finish(job, results, 2.5, files.sizes(job.id))
        queue.close()

    asyncio.run(done())
