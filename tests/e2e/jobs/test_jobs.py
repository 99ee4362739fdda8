"""Background jobs by real processes: done, failed clearly, deleted, taken up again after a crash."""

import asyncio
import io
import json
import os
import wave
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
import pytest_asyncio

from parley.client import Client, requests_of
from parley.v1.pipeline_pb2 import PipelineConfig, PipelineRequest
from parley.wire import keys
from tests.e2e.cluster import cut
from tests.e2e.jobs.cluster import JobsCluster, wav
from tests.e2e.live import recording
from tests.waiting import until

pytestmark = [pytest.mark.asyncio(loop_scope="module")]
EVERYTHING = {
    "asr": {},
    "denoise": {},
    "diarize": {},
    "translate": [{"source_language": "en", "target_language": "de"}],
}
PIPELINE = f"pipeline={quote(json.dumps(EVERYTHING))}"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cluster(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[JobsCluster]:
    async with JobsCluster(tmp_path_factory.mktemp("jobs")) as cluster:
        yield cluster


async def test_a_job_says_what_a_stream_says(cluster: JobsCluster) -> None:
    """The same words at the same places, with translations, and the cleaned sound."""
    pcm = recording(1)
    id_ = await cluster.submit(wav(pcm), PIPELINE)
    (job,) = await cluster.ended(id_)
    assert (job["state"], job["error"]) == ("done", None)
    heard = await cluster.result(id_)
    config = PipelineConfig(asr={"recording": True, "word_times": True})
    async with Client(cluster.grpc) as client:
        answers = [a async for a in client.stream("Pipeline", requests_of(PipelineRequest, config, cut(pcm)))]
    finals = [answer.transcript.text for answer in answers if answer.transcript.is_final]
    assert [segment["text"] for segment in heard["segments"]] == finals != []
    assert len(heard["translations"]) == len(finals)
    assert heard["turns"]
    assert (await cluster.result(id_, "flac"))[:4] == b"fLaC"


async def test_a_job_is_done_for_the_key_that_submitted(tmp_path: Path) -> None:
    """A key that is for one stage only has jobs of that stage, sees them, and no others."""
    text, key = keys.make("ada", ["asr"])
    keys.write(tmp_path / "keys.json", [key])
    async with JobsCluster(tmp_path, ("asr", "diarize"), more={"keys_file": str(tmp_path / "keys.json")}) as cluster:
        ada = {"authorization": f"Bearer {text}"}
        refused = await cluster.ask("/v1/jobs", "POST", wav(recording(1)))
        assert refused["error"]["reason"] == "KEY_NEEDED"
        refused = await cluster.ask("/v1/jobs?pipeline=" + quote('{"diarize": {}}'), "POST", wav(recording(1)), **ada)
        assert refused["error"]["reason"] == "KEY_NOT_FOR_THIS"
        answer = await cluster.ask("/v1/jobs", "POST", wav(recording(1)), **ada)
        id_ = answer["jobs"][0]["id"]

        async def done() -> bool:
            return bool((await cluster.ask(f"/v1/jobs/{id_}", **ada))["state"] == "done")

        await until(done, 0.1)
        assert len((await cluster.ask("/v1/jobs", **ada))["jobs"]) == 1


async def test_each_channel_by_itself(cluster: JobsCluster) -> None:
    """Words carry their channel; the cleaned sound of several channels is for the listeners only."""
    one, other = (np.frombuffer(recording(seed)[:160_000], np.int16) for seed in (1, 2))
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((2, 2, 16_000, 0, "NONE", ""))
        out.writeframes(np.stack((one, other), 1).tobytes())
    pipeline = quote(json.dumps({"asr": {}, "denoise": {}, "per_channel": True}))
    id_ = await cluster.submit(file.getvalue(), f"pipeline={pipeline}")
    (job,) = await cluster.ended(id_)
    assert (job["state"], "flac" in job["results"]) == ("done", False), job["error"]
    assert {segment["track"] for segment in (await cluster.result(id_))["segments"]} == {"1", "2"}


async def test_a_corrupt_file_in_a_batch_of_a_hundred(cluster: JobsCluster) -> None:
    """99 results and one failure that says what was wrong."""
    sound = wav(recording(2)[: 3 * 32_000])
    ids = [await cluster.submit(b"no sound" if n == 41 else sound, f"batch=hundred&name={n}") for n in range(100)]
    jobs = await cluster.ended(*ids)
    failed = [job for job in jobs if job["state"] == "failed"]
    assert [(job["name"], job["error"]["reason"]) for job in failed] == [("41", "UNDECODABLE_MEDIA")]
    results = [await cluster.result(job["id"], "txt") for job in jobs if job["state"] == "done"]
    assert len(results) == 99
    assert len(set(results)) == 1


async def test_a_killed_worker_goes_on_where_it_was(cluster: JobsCluster) -> None:
    """Its jobs are begun anew by the next process of its name, and end once, with the result of any other run."""
    undisturbed = await cluster.submit(wav(recording(3)), PIPELINE)
    await cluster.ended(undisturbed)
    ids = [await cluster.submit(wav(recording(3)), PIPELINE) for _ in range(4)]

    async def running() -> bool:
        return any([(await cluster.job(each))["state"] == "running" for each in ids])

    await until(running, 0.01)
    cluster.kill("jobs-1")
    cluster.start_again("jobs-1")
    jobs = await cluster.ended(*ids)
    assert {job["state"] for job in jobs} == {"done"}
    assert max(job["attempts"] for job in jobs) > 1
    wanted = await cluster.result(undisturbed, "srt")
    assert [await cluster.result(each, "srt") for each in ids] == [wanted] * 4


async def test_a_running_job_that_is_deleted_leaves_nothing(cluster: JobsCluster) -> None:
    """Neither its folder nor anything that its worker was about to write."""
    id_ = await cluster.submit(wav(b"".join(recording(seed) for seed in range(20))), PIPELINE)

    async def running() -> bool:
        return bool((await cluster.job(id_))["state"] == "running")

    await until(running)
    assert (await cluster.ask(f"/v1/jobs/{id_}", "DELETE"))["deleted"]
    await asyncio.sleep(2.5)  # two of the worker's beats: it must not bring anything back
    assert not os.path.exists(cluster.folder / "jobs/files" / id_)  # noqa: ASYNC240
    assert id_.encode() not in _tables(cluster.folder)


def _tables(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in (folder / "jobs").glob("jobs.sqlite*"))


async def test_a_cancelled_job_is_dropped_and_can_be_retried(cluster: JobsCluster) -> None:
    """While it runs; its worker turns to others."""
    id_ = await cluster.submit(wav(b"".join(recording(seed) for seed in range(20))))
    assert (await cluster.ask(f"/v1/jobs/{id_}/cancel", "POST"))["state"] == "cancelled"
    other = await cluster.submit(wav(recording(1)))
    assert [job["state"] for job in await cluster.ended(other)] == ["done"]
    await cluster.ask(f"/v1/jobs/{id_}/retry", "POST")
    assert [job["state"] for job in await cluster.ended(id_)] == ["done"]


async def test_jobs_wait_for_a_gateway_that_is_away(cluster: JobsCluster) -> None:
    """It counts as nobody's failure."""
    ids = [await cluster.submit(wav(recording(seed))) for seed in range(3)]
    cluster.kill("gateway")
    await asyncio.sleep(1.0)
    cluster.start_again("gateway")
    await cluster.ready()
    assert {job["state"] for job in await cluster.ended(*ids)} == {"done"}
