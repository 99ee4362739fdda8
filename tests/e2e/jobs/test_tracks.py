"""Songs by the thousand: a job's zip holds every track, and somebody can watch it come into being."""

import io
import json
import zipfile
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect

from parley.audio import media
from tests.e2e.jobs.cluster import PATH, JobsCluster, wav
from tests.e2e.live import recording

pytestmark = [pytest.mark.asyncio(loop_scope="module")]


async def test_every_track_is_in_the_zip(tmp_path: Path) -> None:
    """The echo takes everything for the voice; the other track is as long, and silent."""
    cluster = JobsCluster(tmp_path, ("separate",), more={"ready": {"needs": ["separate"]}})
    async with cluster:
        pcm = recording(1)
        async with httpx.AsyncClient(base_url=f"http://{cluster.http}", timeout=30) as client:
            answer = await client.post("/v1/audio/separate/batch", files={"file": ("song.wav", wav(pcm))})
        id_ = answer.json()["jobs"][0]["id"]
        async with connect(f"ws://{cluster.http}{PATH}/{id_}/events") as socket:
            states = [json.loads(text)["state"] async for text in socket]
        assert states[-1] == "done"
        (job,) = await cluster.ended(id_)
        assert job["error"] is None
        packed = zipfile.ZipFile(io.BytesIO(await cluster.result(id_, "zip")))
        tracks = {name: media.read(packed.read(name), 60, 16_000).data for name in packed.namelist() if "flac" in name}
        assert sorted(tracks) == ["song.flac", "song.music.flac"]
        assert tracks["song.flac"] == pcm
        assert tracks["song.music.flac"] == bytes(len(pcm))
        assert "other" not in json.dumps(await cluster.result(id_))
