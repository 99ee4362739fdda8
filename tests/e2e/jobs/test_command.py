"""`parley jobs`, as a person runs it."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.e2e.cluster import ROOT
from tests.e2e.jobs.cluster import JobsCluster, wav
from tests.e2e.live import recording
from tests.fakes import PATIENCE_S

pytestmark = [pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cluster(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[JobsCluster]:
    async with JobsCluster(tmp_path_factory.mktemp("command"), ("asr",)) as cluster:
        yield cluster


@pytest.fixture
def monday(tmp_path: Path) -> Path:
    """A folder of recordings, one of them below, one of them broken."""
    folder = tmp_path / "monday"
    (folder / "deep").mkdir(parents=True)
    for seed, name in enumerate(("one.wav", "two.wav", "deep/one.wav")):
        (folder / name).write_bytes(wav(recording(seed)))
    (folder / "notes.txt").write_text("no recording")
    return folder


def begun(cluster: JobsCluster, *words: str) -> "subprocess.Popen[str]":
    command = (sys.executable, "-m", "parley.cli", "jobs", *words, "--http", f"http://{cluster.http}")
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=pipe, text=True, start_new_session=True)


async def jobs(cluster: JobsCluster, *words: str) -> tuple[int, str, str]:
    """Exit code, and what was said."""
    process = begun(cluster, *words)
    said, complained = await asyncio.to_thread(process.communicate, timeout=PATIENCE_S)
    return process.returncode, said, complained


async def listed(cluster: JobsCluster, batch: str) -> list[Any]:
    _, said, _ = await jobs(cluster, "list", "--batch", batch, "--json")
    found: list[Any] = json.loads(said)["jobs"]
    return found


async def test_a_folder_goes_through_by_one_line(cluster: JobsCluster, monday: Path, tmp_path: Path) -> None:
    """Submitted, watched to the end, saved as it lay; the same line again makes no second job."""
    code, said, _ = await jobs(cluster, "submit", str(monday))
    assert (code, "3 done" in said) == (0, True)
    assert sorted(job["name"] for job in await listed(cluster, "monday")) == ["deep/one.wav", "one.wav", "two.wav"]
    code, _, _ = await jobs(cluster, "submit", str(monday))
    assert (code, len(await listed(cluster, "monday"))) == (0, 3)
    out = tmp_path / "out"
    await jobs(cluster, "results", "--batch", "monday", "--format", "srt", "--to", str(out))
    assert sorted(str(each.relative_to(out)) for each in out.rglob("*.srt")) == ["deep/one.srt", "one.srt", "two.srt"]
    await jobs(cluster, "delete", "--batch", "monday")
    assert await listed(cluster, "monday") == []


async def test_a_failure_is_named_and_can_be_tried_again(cluster: JobsCluster, monday: Path) -> None:
    """The command fails with it, and the others are done."""
    (monday / "broken.wav").write_bytes(b"no sound")
    code, said, complained = await jobs(cluster, "submit", str(monday), "--batch", "tuesday")
    assert (code, "3 done, 1 failed" in said) == (1, True)
    assert "broken.wav: The file cannot be decoded" in complained
    code, said, _ = await jobs(cluster, "retry", "--batch", "tuesday")
    assert (code, said.count("queued again")) == (0, 1)


async def test_a_file_that_is_too_large_does_not_keep_the_others(cluster: JobsCluster, monday: Path) -> None:
    """It is named with the limit; the others are done."""
    with (monday / "huge.wav").open("wb") as file:
        file.truncate((100 << 20) + 1)
    code, said, complained = await jobs(cluster, "submit", str(monday), "--batch", "huge")
    assert (code, "3 done" in said, "huge.wav: " in complained) == (0, True, True), complained


async def test_ctrl_c_leaves_the_jobs_to_go_on(cluster: JobsCluster, monday: Path) -> None:
    """And says how to come back to them."""
    worker = cluster.running["jobs-1"]
    worker.send_signal(signal.SIGSTOP)  # nothing is done before the signal comes
    process = begun(cluster, "submit", str(monday), "--batch", "wednesday")
    assert process.stderr
    await asyncio.to_thread(process.stderr.readline)  # it watches
    process.send_signal(signal.SIGINT)
    _, complained = await asyncio.to_thread(process.communicate, timeout=PATIENCE_S)
    worker.send_signal(signal.SIGCONT)
    assert (process.returncode, "parley jobs watch wednesday" in complained) == (130, True)
    code, said, _ = await jobs(cluster, "watch", "wednesday", "--json")
    assert (code, json.loads(said)["jobs"]["done"]) == (0, 3)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("submit",), "Name recordings"),
        (("submit", "/nowhere"), "There is no /nowhere"),
        (("submit", "--server-folder", "/etc"), "jobs] folders"),
        (("results", "--format", "mp3", "--batch", "x"), "say one of json"),
        (("results", "--format", "zip", "--batch", "x"), "name a folder with --to"),
        (("cancel",), "Name jobs by their ids"),
        (("show", "none"), "no job 'none'"),
        (("watch", "none"), "no batch 'none'"),
    ],
)
async def test_what_was_wrong_is_said(cluster: JobsCluster, words: tuple[str, ...], said: str) -> None:
    """In one sentence, with exit code 2."""
    code, _, complained = await jobs(cluster, *words)
    assert (code, said in complained) == (2, True), complained
