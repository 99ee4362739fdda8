"""parley.v1.Jobs by a real gRPC client, against real processes."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
import pytest_asyncio

from parley.v1 import jobs_pb2 as v1
from parley.wire import keys
from parley.wire.protocol import error_of
from tests.e2e.jobs.cluster import JobsCluster, wav
from tests.e2e.live import recording

pytestmark = [pytest.mark.asyncio(loop_scope="module")]
DONE = v1.JobState.JOB_STATE_DONE
STREAMED = {"Watch": v1.JobsWatchResponse, "Results": v1.JobsResultsResponse}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cluster(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[JobsCluster]:
    async with JobsCluster(tmp_path_factory.mktemp("grpc"), ("asr", "denoise")) as cluster:
        yield cluster


class Stub:
    """The service, as clients call it."""

    def __init__(self, channel: grpc.aio.Channel, *metadata: tuple[str, str]) -> None:
        self._channel, self._metadata = channel, metadata

    def _call(self, how: str, method: str, answer: Any) -> Any:
        call = getattr(self._channel, how)
        return call(f"/parley.v1.Jobs/{method}", lambda m: m.SerializeToString(), answer.FromString)

    async def submit(self, config: v1.JobsSubmitConfig, sound: bytes = b"") -> v1.JobsSubmitResponse:
        """A recording in pieces."""

        async def requests() -> AsyncIterator[v1.JobsSubmitRequest]:
            yield v1.JobsSubmitRequest(config=config)
            for at in range(0, len(sound), 100_000):
                yield v1.JobsSubmitRequest(data=sound[at : at + 100_000])

        call = self._call("stream_unary", "Submit", v1.JobsSubmitResponse)
        return await call(requests(), metadata=self._metadata, timeout=30)  # type: ignore[no-any-return]

    async def ask(self, method: str, **fields: Any) -> Any:
        """A call with one answer."""
        request, answer = (getattr(v1, f"Jobs{method}{end}") for end in ("Request", "Response"))
        return await self._call("unary_unary", method, answer)(request(**fields), metadata=self._metadata, timeout=30)

    async def all(self, method: str, **fields: Any) -> list[Any]:
        """A call with many."""
        call = self._call("unary_stream", method, STREAMED[method])
        request = getattr(v1, f"Jobs{method}Request")(**fields)
        return [each async for each in call(request, metadata=self._metadata, timeout=60)]


async def refused(call: Any) -> tuple[grpc.StatusCode, str]:
    """Its status and its reason."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value.code(), error_of(caught.value).reason


async def test_from_a_recording_to_its_results(cluster: JobsCluster) -> None:
    """Submitted, watched to its end, read in every format, listed, deleted; the same as over HTTP."""
    async with grpc.aio.insecure_channel(cluster.grpc) as channel:
        jobs = Stub(channel)
        config = v1.JobsSubmitConfig(name="talk.wav", batch="grpc", pipeline={"asr": {}, "denoise": {}})
        (job,) = (await jobs.submit(config, wav(recording(1)))).jobs
        assert (job.name, job.batch, job.state) == ("talk.wav", "grpc", v1.JobState.JOB_STATE_QUEUED)
        states = [each.job for each in await jobs.all("Watch", id=job.id)]
        assert (states[-1].state, states[-1].done, states[-1].HasField("ended")) == (DONE, states[-1].whole, True)
        assert states[-1] == (await jobs.ask("Get", id=job.id)).job
        assert list(states[-1].results) == ["json", "txt", "srt", "vtt", "flac", "zip"]
        for kind in ("srt", "flac"):
            data = b"".join(each.data for each in await jobs.all("Results", id=job.id, format=kind))
            assert data == await cluster.result(job.id, kind)
        listed = await jobs.ask("List", batch="grpc", states=[DONE])
        assert ([each.id for each in listed.jobs], listed.next) == ([job.id], "")
        assert [(row.state, row.jobs) for row in listed.summary] == [(DONE, 1)]
        await jobs.ask("Delete", id=job.id)
        assert await refused(jobs.ask("Get", id=job.id)) == (grpc.StatusCode.NOT_FOUND, "JOB_NOT_FOUND")


async def test_cancelled_and_begun_anew(cluster: JobsCluster) -> None:
    """As over HTTP."""
    async with grpc.aio.insecure_channel(cluster.grpc) as channel:
        jobs = Stub(channel)
        (job,) = (await jobs.submit(v1.JobsSubmitConfig(), wav(b"".join(map(recording, range(10)))))).jobs
        cancelled = await jobs.ask("Cancel", id=job.id)
        assert cancelled.job.state == v1.JobState.JOB_STATE_CANCELLED
        assert await refused(jobs.ask("Cancel", id=job.id)) == (grpc.StatusCode.INVALID_ARGUMENT, "CONFLICT")
        assert (await jobs.ask("Retry", id=job.id)).job.state == v1.JobState.JOB_STATE_QUEUED
        assert (await jobs.all("Watch", id=job.id))[-1].job.state == DONE


async def test_pages(cluster: JobsCluster) -> None:
    """Each job once; the same key of idempotency makes no second."""
    async with grpc.aio.insecure_channel(cluster.grpc) as channel:
        jobs, sound = Stub(channel), wav(recording(2))
        configs = [v1.JobsSubmitConfig(batch="pages", idempotency_key=f"k{n}") for n in (0, 1, 2, 2)]
        sent = [(await jobs.submit(each, sound)).jobs[0].id for each in configs]
        assert sent[2] == sent[3]
        first = await jobs.ask("List", batch="pages", limit=2)
        second = await jobs.ask("List", batch="pages", limit=2, cursor=first.next)
        assert [job.id for job in (*first.jobs, *second.jobs)] == [sent[2], sent[1], sent[0]]
        for cursor in ("x", "9" * 30):
            assert (await refused(jobs.ask("List", cursor=cursor)))[0] is grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize(
    ("config", "sound", "code"),
    [
        ({}, b"", "INVALID_ARGUMENT"),
        ({"folder": "/etc"}, b"", "PERMISSION_DENIED"),
        ({"folder": "/etc"}, b"x", "INVALID_ARGUMENT"),
        ({"urls": ["http://example.com/a.wav"]}, b"", "PERMISSION_DENIED"),
        ({"name": "x" * 256}, b"x", "INVALID_ARGUMENT"),
        ({"pipeline": {"asr": {}, "models": {"denoise": "x"}}}, b"x", "INVALID_ARGUMENT"),
        ({"webhook": "https://example.com"}, b"x", "INVALID_ARGUMENT"),
    ],
)
async def test_what_is_refused(cluster: JobsCluster, config: Any, sound: bytes, code: str) -> None:
    """As over HTTP."""
    async with grpc.aio.insecure_channel(cluster.grpc) as channel:
        status, _ = await refused(Stub(channel).submit(v1.JobsSubmitConfig(**config), sound))
        assert status.name == code


async def test_a_key_sees_its_own_jobs(tmp_path_factory: pytest.TempPathFactory) -> None:
    """And no others; without one nobody submits."""
    folder = tmp_path_factory.mktemp("keys")
    made = [keys.make(name, ["asr"]) for name in ("ada", "ben")]
    keys.write(folder / "keys.json", [key for _, key in made])
    async with (
        JobsCluster(folder, ("asr",), more={"keys_file": str(folder / "keys.json")}) as cluster,
        grpc.aio.insecure_channel(cluster.grpc) as channel,
    ):
        ada, ben = (Stub(channel, ("authorization", f"Bearer {text}")) for text, _ in made)
        (job,) = (await ada.submit(v1.JobsSubmitConfig(), wav(recording(1)))).jobs
        assert (await ada.all("Watch", id=job.id))[-1].job.state == DONE
        assert (await refused(ben.ask("Get", id=job.id)))[1] == "JOB_NOT_FOUND"
        assert not (await ben.ask("List")).jobs
        code, _ = await refused(Stub(channel).ask("List"))
        assert code is grpc.StatusCode.UNAUTHENTICATED


async def test_who_hangs_up_on_a_watch_leaves_the_job_alone(cluster: JobsCluster) -> None:
    """It is done all the same."""
    async with grpc.aio.insecure_channel(cluster.grpc) as channel:
        jobs = Stub(channel)
        (job,) = (await jobs.submit(v1.JobsSubmitConfig(), wav(recording(3)))).jobs
        watching = asyncio.create_task(jobs.all("Watch", id=job.id))
        await asyncio.sleep(0.1)
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        assert (await jobs.all("Watch", id=job.id))[-1].job.state == DONE
