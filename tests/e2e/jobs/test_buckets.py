"""Recordings in a bucket, by real processes."""

from pathlib import Path

import pytest

from tests.e2e.jobs.cluster import PATH, JobsCluster, wav
from tests.e2e.live import recording
from tests.s3 import S3


async def test_a_buckets_recordings_go_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that begin like this, under their names; and of no bucket that was not allowed."""
    sound = wav(recording(1))
    objects = {"2026/a.wav": sound, "2026/deep/b.wav": sound, "2026/notes.txt": b"x", "2025/c.wav": sound}
    with S3(objects) as server:
        for name, value in server.env.items():
            monkeypatch.setenv(name, value)
        allowed = {"folders": ["s3://calls/2026"]}
        async with JobsCluster(tmp_path, ("asr",), jobs=allowed, piece_s=4.0) as cluster:
            for folder in ("s3://calls", "s3://calls/2025", "s3://calls/20261", "s3://other"):
                refused = await cluster.ask(PATH, "POST", {"folder": folder})
                assert "`[jobs] folders`" in refused["error"]["message"]
            answer = await cluster.ask(PATH, "POST", {"folder": "s3://calls/2026/", "batch": "bucket"})
            ids = {job["name"]: job["id"] for job in answer["jobs"]}
            assert sorted(ids) == ["a.wav", "deep/b.wav"]
            jobs = await cluster.ended(*ids.values())
            assert [job["state"] for job in jobs] == ["done", "done"], jobs
            results = [await cluster.result(each, "txt") for each in ids.values()]
            sent = await cluster.submit(sound)
            await cluster.ended(sent)
            assert results == [await cluster.result(sent, "txt")] * 2
