"""Long recordings in pieces, by real processes: nothing lost, nothing said twice, one answer."""

import os
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from parley.audio.pcm import RATE_HZ
from tests.e2e.jobs.cluster import JobsCluster, wav
from tests.e2e.jobs.test_jobs import PIPELINE
from tests.e2e.live import recording
from tests.waiting import until

pytestmark = [pytest.mark.asyncio(loop_scope="module")]
TALK, REST = 7 * 2 * RATE_HZ, 3 * 2 * RATE_HZ  # bytes
SOUND = b"".join(recording(seed)[:TALK] + bytes(REST) for seed in range(6))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cluster(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[JobsCluster]:
    """Two workers, for whom a quarter of a minute is long."""
    async with JobsCluster(tmp_path_factory.mktemp("pieces"), workers=2, piece_s=10.0, at_once=2) as cluster:
        yield cluster


async def heard(cluster: JobsCluster) -> Any:
    """What is heard of the recording."""
    id_ = await cluster.submit(wav(SOUND), PIPELINE)
    (job,) = await cluster.ended(id_)
    assert (job["state"], job["error"]) == ("done", None)
    return await cluster.result(id_)


async def test_pieces_say_what_the_whole_says(cluster: JobsCluster, tmp_path_factory: pytest.TempPathFactory) -> None:
    """What is spoken is heard once, at its place, of the same speaker, and translated; the turns are the same."""
    async with JobsCluster(tmp_path_factory.mktemp("whole"), piece_s=0.0) as undivided:
        wanted = await heard(undivided)
    found = await heard(cluster)
    for name in ("duration_s", "models", "language", "turns", "notices"):
        assert found[name] == wanted[name], name
    assert len(found["segments"]) == len(wanted["segments"]) == 6
    for one, other in zip(found["segments"], wanted["segments"], strict=True):
        assert one["speaker"] == other["speaker"]
        assert len(one["words"]) == pytest.approx(len(other["words"]), abs=1)  # the recogniser says one for each moment
        assert _seconds(one) == pytest.approx(_seconds(other), abs=0.1)
        assert all(_seconds(one)[0] <= at <= _seconds(one)[1] for word in one["words"] for at in _seconds(word))
    said = [(each["source_text"], each["speaker"]) for each in found["translations"]]
    assert said == [(each["text"], each["speaker"]) for each in found["segments"]]


def _seconds(event: Any) -> list[float]:
    return [float(event["interval"].get(edge, "0s")[:-1]) for edge in ("start", "end")]


async def test_the_cleaned_recording_has_no_seam(cluster: JobsCluster) -> None:
    """It is that of the whole, and nothing is left of the pieces."""
    id_ = await cluster.submit(wav(SOUND), PIPELINE)
    await cluster.ended(id_)
    assert (await cluster.result(id_, "flac"))[:4] == b"fLaC"

    async def tidy() -> bool:
        return all(each.is_file() for each in os.scandir(cluster.folder / "jobs/files" / id_))

    await until(tidy)


async def test_killed_in_the_middle_of_pieces(cluster: JobsCluster) -> None:
    """Both workers at once, and then one: the result is the same."""
    wanted = await heard(cluster)
    id_ = await cluster.submit(wav(SOUND), PIPELINE)

    async def divided() -> bool:
        return bool((await cluster.job(id_))["progress"]["stage"] == "transcribe")

    await until(divided, 0.01)
    for names in (cluster.workers, cluster.workers[:1]):
        for name in names:
            cluster.kill(name)
        for name in names:
            cluster.start_again(name)
    (job,) = await cluster.ended(id_)
    assert job["state"] == "done"
    found = await cluster.result(id_)
    assert {name: found[name] for name in found if name != "id"} == {
        name: wanted[name] for name in wanted if name != "id"
    }


async def test_a_long_recording_that_is_deleted_leaves_nothing(cluster: JobsCluster) -> None:
    """While its pieces are worked on."""
    id_ = await cluster.submit(wav(SOUND * 5), PIPELINE)

    async def begun() -> bool:
        return bool((await cluster.job(id_))["progress"]["done_s"] > 0)

    await until(begun)
    assert (await cluster.ask(f"/v1/jobs/{id_}", "DELETE"))["deleted"]

    async def gone() -> bool:
        return not os.path.exists(cluster.folder / "jobs/files" / id_)  # noqa: ASYNC240

    await until(gone)
    tables = b"".join(file.read_bytes() for file in (cluster.folder / "jobs").glob("jobs.sqlite*"))
    assert id_.encode() not in tables
