"""Background jobs over HTTP: submitted, listed, watched, deleted. The worker is played by the test."""

import asyncio
import io
import json
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.access.keys import KeyRing
from gateway.config import JobsConfig
from parley.jobs.queue import JobQueue
from parley.v1.pipeline_pb2 import PipelineResponse
from parley.wire import keys as paper
from tests.gateway.apis.native.conftest import PATH, SAID, SECOND, Served, serving, submit, work
from tests.gateway.conftest import FakeCore


def test_a_recording_is_kept_until_a_worker_has_time(served: Served, talk: bytes) -> None:
    """Queued at once, with its bytes on the disk; heard as recordings are."""
    job = submit(served, talk, batch="monday")
    assert (job["state"], job["name"], job["batch"], job["results"]) == ("queued", "talk.wav", "monday", [])
    assert (served.folder / "jobs/files" / job["id"] / "upload").read_bytes() == talk

    async def kept() -> Any:
        queue = JobQueue("", served.folder / "jobs")
        (claimed,) = await queue.claim("test", 1)
        return json.loads(claimed.pipeline)

    pipeline = asyncio.run(kept())
    assert (pipeline["asr"], pipeline["diarize"]) == ({"recording": True, "word_times": True}, {})


@pytest.mark.parametrize(
    ("kind", "part"),
    [
        ("json", '"text": "alfa bravo"'),
        ("txt", "alfa bravo\n"),
        ("srt", "00:00:00,000 --> 00:00:01,000\nalfa bravo"),
        ("vtt", "WEBVTT"),
        ("rttm", "SPEAKER talk 1 0.000 1.000"),
    ],
)
def test_results_in_every_format(served: Served, talk: bytes, kind: str, part: str) -> None:
    """Of what the worker has kept."""
    job = submit(served, talk)
    assert served.client.get(f"{PATH}/{job['id']}/results/{kind}").json()["error"]["message"].endswith("results yet.")
    work(served)
    shown = served.client.get(f"{PATH}/{job['id']}").json()
    assert (shown["state"], shown["progress"]["done_s"], kind in shown["results"]) == ("done", 2.5, True)
    answer = served.client.get(f"{PATH}/{job['id']}/results/{kind}")
    assert (answer.status_code, part in answer.text) == (200, True)


def test_words_carry_their_speaker(served: Served, talk: bytes) -> None:
    """By the last that was said of the turns; translations too, whenever they came."""
    job = submit(served, talk)
    early = PipelineResponse(translation={"text": "alfa", "target_language": "de", "interval": {"end": SECOND}})
    work(served, [*SAID[:2], early, *SAID[2:]])
    heard = served.client.get(f"{PATH}/{job['id']}/results/json").json()
    (segment,), (translation,) = heard["segments"], heard["translations"]
    assert (segment["speaker"], [word["speaker"] for word in segment["words"]]) == ("1", ["1", "1"])
    assert translation["speaker"] == "1"


def test_the_cleaned_sound_and_all_in_one(served: Served, talk: bytes) -> None:
    """FLAC only where it was made; the archive has what the job has."""
    job = submit(served, talk)
    work(served, sound=b"fLaC...")
    assert served.client.get(f"{PATH}/{job['id']}/results/flac").content == b"fLaC..."
    packed = zipfile.ZipFile(io.BytesIO(served.client.get(f"{PATH}/{job['id']}/results/zip").content))
    assert packed.namelist() == [f"talk.{kind}" for kind in ("json", "txt", "srt", "vtt", "rttm", "flac")]
    other = submit(served, talk)
    work(served)
    answer = served.client.get(f"{PATH}/{other['id']}/results/flac")
    assert (answer.status_code, "it has json, txt" in answer.text) == (404, True)


def test_the_same_request_again(served: Served, talk: bytes) -> None:
    """One key, one job; other content under the same key is a conflict."""
    first = served.client.post(PATH, files={"file": talk}, headers={"idempotency-key": "k"}).json()
    again = served.client.post(PATH, files={"file": talk}, data={"idempotency_key": "k"})
    other = served.client.post(PATH, files={"file": talk + b"x"}, data={"idempotency_key": "k"})
    assert again.json()["jobs"][0]["id"] == first["jobs"][0]["id"]
    assert (other.status_code, other.json()["error"]["reason"]) == (409, "CONFLICT")
    assert len(list((served.folder / "jobs/files").iterdir())) == 1


def test_a_folder_of_the_servers(served: Served) -> None:
    """Its recordings, each a job of one batch; neither other files nor what a link leads to elsewhere."""
    asked = {"folder": str(served.folder / "recordings"), "batch": "all"}
    answer = served.client.post(PATH, json=asked).json()
    assert [job["name"] for job in answer["jobs"]] == ["a.wav", "deep/b.flac"]


@pytest.mark.parametrize(
    ("asked", "status", "words"),
    [
        ({"folder": "/etc"}, 403, "jobs] folders"),
        ({"folder": "recordings"}, 403, "jobs] folders"),
        ({"folder": "{}/recordings/../outside.wav"}, 403, "jobs] folders"),
        ({"folder": "{}/recordings/link.wav"}, 403, "jobs] folders"),
        ({"folder": "{}/recordings/gone"}, 400, "There is no"),
        ({"urls": ["https://evil.com/a.wav"]}, 403, "jobs] hosts"),
        ({"urls": ["https://evil.com/?ok.example.com"]}, 403, "jobs] hosts"),
        ({"urls": ["https://example.org/a.wav"]}, 403, "jobs] hosts"),
        ({"urls": ["file:///etc/passwd"]}, 400, "is not an address"),
        ({"urls": ["https://a:b@ok.example.com/a.wav"]}, 400, "without a user"),
        ({}, 400, "Send one recording"),
        ({"urls": ["https://ok.example.com/a"], "folder": "/x"}, 400, "Send one recording"),
        ({"urls": ["https://ok.example.com/a"], "pipeline": {"translate": [{"target_language": "de"}]}}, 200, "queued"),
        ({"urls": ["https://ok.example.com/a"], "pipeline": {"denoise": {}, "translate": [{}]}}, 400, "needs words"),
        ({"urls": ["https://ok.example.com/a"], "pipeline": {"asrr": {}}}, 400, "asr"),
        ({"urls": ["https://ok.example.com/a"], "deadline_s": -1}, 400, "deadline_s"),
        ({"urls": ["https://ok.example.com/a"], "name": "x" * 300}, 400, "name"),
        ({"urls": ["https://x.example.org/a b.wav"]}, 200, "a b.wav"),
    ],
)
def test_what_may_be_submitted(served: Served, asked: dict[str, Any], status: int, words: str) -> None:
    """What is refused says what would be right, and leaves nothing behind."""
    if "folder" in asked:
        asked = asked | {"folder": asked["folder"].format(served.folder)}
    answer = served.client.post(PATH, json=asked)
    assert (answer.status_code, words in answer.text) == (status, True), answer.text
    kept = served.folder / "jobs/files"
    assert len(list(kept.iterdir())) == (1 if status == 200 else 0)


def test_a_list_by_pages(served: Served, talk: bytes) -> None:
    """The newest first; the cursor leads on; the summary is of all."""
    ids = [submit(served, talk)["id"] for _ in range(3)]
    first = served.client.get(PATH, params={"limit": 2}).json()
    rest = served.client.get(PATH, params={"limit": 2, "cursor": first["next"]}).json()
    assert [job["id"] for job in first["jobs"] + rest["jobs"]] == ids[::-1]
    assert (rest["next"], rest["summary"]["queued"]["jobs"]) == (None, 3)
    assert served.client.get(PATH, params={"state": "fine"}).status_code == 400


def test_cancelled_retried_deleted(served: Served, talk: bytes) -> None:
    """Deleted means that neither row nor recording is there."""
    job = submit(served, talk)
    assert served.client.post(f"{PATH}/{job['id']}/cancel").json()["state"] == "cancelled"
    assert served.client.post(f"{PATH}/{job['id']}/cancel").status_code == 409
    assert served.client.post(f"{PATH}/{job['id']}/retry").json()["state"] == "queued"
    assert served.client.delete(f"{PATH}/{job['id']}").json() == {"id": job["id"], "deleted": True}
    assert served.client.get(f"{PATH}/{job['id']}").status_code == 404
    assert list((served.folder / "jobs/files").iterdir()) == []


def test_keys_see_their_own(served: Served, talk: bytes) -> None:
    """Another key's job is not there: not to show, to cancel, to delete or to read."""
    texts = {}
    made = []
    for name in ("ada", "ben"):
        texts[name], key = paper.make(name, [paper.USE])
        made.append(key)
    paper.write(served.folder / "keys.json", made)
    served.core.keys = KeyRing(served.folder / "keys.json")
    ada, ben = ({"authorization": f"Bearer {texts[name]}"} for name in ("ada", "ben"))
    job = served.client.post(PATH, files={"file": talk}, headers=ada).json()["jobs"][0]
    assert served.client.get(PATH, headers=ben).json()["jobs"] == []
    one = f"{PATH}/{job['id']}"
    refused = [served.client.get(one, headers=ben), served.client.delete(one, headers=ben)]
    refused += [served.client.post(f"{one}/cancel", headers=ben), served.client.get(f"{one}/events", headers=ben)]
    refused += [served.client.get(f"{one}/results/txt", headers=ben)]
    assert {answer.status_code for answer in refused} == {404}
    assert served.client.get(one, headers=ada).status_code == 200


def test_a_full_disk(served: Served, talk: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was accepted stays; what comes is refused with advice, and leaves nothing."""
    kept = submit(served, talk)
    usage = shutil.disk_usage(served.folder)
    monkeypatch.setattr("parley.jobs.files.shutil.disk_usage", lambda _: usage._replace(free=10))
    answer = served.client.post(PATH, files={"file": talk})
    assert (answer.status_code, answer.json()["error"]["reason"]) == (507, "DISK_FULL")
    assert "make room" in answer.text
    assert [each.name for each in (served.folder / "jobs/files").iterdir()] == [kept["id"]]


def test_a_key_has_so_many_jobs(served: Served, talk: bytes) -> None:
    """One more is refused until some have ended."""
    for _ in range(20):
        submit(served, talk)
    answer = served.client.post(PATH, files={"file": talk})
    assert (answer.status_code, answer.json()["error"]["reason"]) == (429, "JOBS_FULL")
    assert len(list((served.folder / "jobs/files").iterdir())) == 20


def sse(served: Served, id_: str) -> list[Any]:
    text = served.client.get(f"{PATH}/{id_}/events").text
    return [json.loads(line.removeprefix("data: ")) for line in text.splitlines() if line]


def socket(served: Served, id_: str) -> list[Any]:
    with served.client.websocket_connect(f"{PATH}/{id_}/events") as opened:
        said = [opened.receive_json()]
        while said[-1]["state"] not in ("done", "failed", "cancelled"):
            said.append(opened.receive_json())
        return said


@pytest.mark.parametrize("watch", [sse, socket])
def test_progress_as_it_goes(served: Served, talk: bytes, watch: Callable[[Served, str], list[Any]]) -> None:
    """Events until the job has ended; of one that has, its end."""
    job = submit(served, talk)
    work(served)
    assert [each["state"] for each in watch(served, job["id"])] == ["done"]


def test_a_socket_for_no_job_is_told_why(served: Served) -> None:
    """With the reason, before it is closed."""
    with served.client.websocket_connect(f"{PATH}/none/events") as opened:
        assert opened.receive_json()["reason"] == "JOB_NOT_FOUND"


def test_where_no_jobs_are_kept(core: FakeCore, talk: bytes) -> None:
    """The answer says what to set."""
    for config in (JobsConfig(), replace(JobsConfig(folder="/tmp/x"), on=False)):
        with serving(core, config) as client:
            answer = client.post(PATH, files={"file": talk})
        assert (answer.status_code, "[jobs] folder" in answer.text) == (404, True)


def test_a_webhook_needs_a_secret(served: Served, talk: bytes, core: FakeCore, tmp_path: Path) -> None:
    """Without one it is refused when the job is submitted; with one it is shown, and can be asked for anew."""
    told = {"webhook": "https://example.com/hook"}
    answer = served.client.post(PATH, files={"file": talk}, data=told)
    assert (answer.status_code, "webhook_secret" in answer.text) == (400, True)
    with serving(core, JobsConfig(folder=str(tmp_path / "others"), webhook_secret="s", reserve_bytes=0)) as client:
        job = client.post(PATH, files={"file": talk}, data=told).json()["jobs"][0]
        assert job["webhook"] == {"url": told["webhook"], "state": "", "tries": 0, "message": ""}
        assert client.post(f"{PATH}/{job['id']}/webhook").status_code == 409
        client.post(f"{PATH}/{job['id']}/cancel")
        assert client.post(f"{PATH}/{job['id']}/webhook").json()["webhook"]["state"] == "owed"
        assert [each["id"] for each in client.get(PATH, params={"webhook": "owed"}).json()["jobs"]] == [job["id"]]
        assert client.post(PATH, files={"file": talk}, data={"webhook": "ftp://x"}).status_code == 400


def test_recordings_are_sent_to_one_stage_in_the_background(served: Served, talk: bytes) -> None:
    """With its config and its model; all of its tracks are kept, whatever the config says."""
    form = {"config": '{"track": "music"}', "model": "separate/live", "batch": "songs"}
    answer = served.client.post("/v1/audio/separate/batch", files={"file": ("song.wav", talk)}, data=form)
    (job,) = answer.json()["jobs"]
    assert (job["state"], job["name"], answer.json()["batch"]) == ("queued", "song.wav", "songs")

    async def kept() -> Any:
        (claimed,) = await JobQueue("", served.folder / "jobs").claim("test", 1)
        return json.loads(claimed.pipeline)

    pipeline = asyncio.run(kept())
    (stage,) = pipeline["stages"]
    assert (stage["track"], stage["others"], pipeline["models"]) == ("music", True, {"separate": "separate/live"})
    assert "asr" not in pipeline


def test_a_batch_of_a_stage_takes_its_config_and_nothing_else(served: Served, talk: bytes) -> None:
    """What is wrong is named."""
    for form, said in (({"pipeline": "{}"}, "pipeline"), ({"config": '{"trak": "x"}'}, "trak")):
        answer = served.client.post("/v1/audio/separate/batch", files={"file": ("a.wav", talk)}, data=form)
        assert (answer.status_code, said in answer.json()["error"]["message"]) == (400, True)
