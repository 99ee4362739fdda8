"""What is kept of a key over HTTP: shown, removed, told; with a core that says what it is told to."""

from pathlib import Path
from typing import Any

import pytest

from gateway.access.audit import Audit
from gateway.caller import CacheScope
from gateway.routing.shadow import Compared
from parley.audit.config import AuditConfig
from parley.audit.files import ChainFiles
from parley.audit.listing import Which, listed
from parley.v1.diarize_pb2 import Voiceprint
from parley.wire.keys import NOBODY
from tests.gateway.apis.native.conftest import Served, submit
from tests.gateway.conftest import FakeCore

PATH = "/v1/data"
EVERYBODYS = f"{PATH}/everybody"


@pytest.fixture
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("audit")


@pytest.fixture
def core(log: Path) -> FakeCore:
    """With an audit log, and room for samples."""
    made = FakeCore()
    made.audit = Audit(AuditConfig(folder=str(log), instance="here"))
    made.rollouts.versions._samples_most = 5
    return made


def filled(served: Served, talk: bytes) -> str:
    """A job, a voice, an answer, two samples; the job's id."""
    job = submit(served, talk)
    served.core.voices.add(NOBODY, "Ada", Voiceprint(model="echo@1", values=b"1234"))
    served.core.served = CacheScope("", "", ("echo@1",))
    for _ in range(2):
        served.client.post("/translate", json={"q": "Good day.", "source": "en", "target": "de"})
    compared = Compared("asr", "asr/default", "a@1", "b@1", "alfa", "bravo", 1.0)
    served.core.rollouts.versions.compare(compared)
    served.core.board.comparisons.append(compared)
    return str(job["id"])


def numbers(answer: Any, what: str) -> dict[str, int]:
    return {name: found for name, found in answer[what].items() if isinstance(found, int)}


def test_everything_is_shown_and_removed(served: Served, talk: bytes) -> None:
    """What is told was there, and is not any more; a second time there is nothing."""
    id_ = filled(served, talk)
    shown = served.client.get(PATH).json()
    kept = {"bytes": len(talk), "voices": 1, "answers": 1, "samples": 1}
    assert (shown["key"], shown["kept"]["jobs"], numbers(shown, "kept")) == ("everybody", [id_], kept)
    removed = served.client.delete(f"{EVERYBODYS}?everything=true").json()
    assert numbers(removed, "removed") == kept | {"samples": 2}
    assert removed["removed"]["jobs"] == [id_]
    assert not (served.folder / "jobs/files" / id_).exists()
    assert served.core.voices.of(NOBODY) == {}
    assert "Records of the audit log" in " ".join(removed["stays"])
    assert set(numbers(served.client.get(PATH).json(), "kept").values()) == {0}


def test_an_answer_that_was_removed_is_made_anew(served: Served, talk: bytes) -> None:
    """Not found in the cache."""
    filled(served, talk)
    asked = {"q": "Good day.", "source": "en", "target": "de"}
    assert served.client.post("/translate", json=asked).headers["parley-cache"] == "hit"
    served.client.delete(f"{PATH}?session=any")
    assert served.client.post("/translate", json=asked).headers["parley-cache"] == "miss"


def test_one_job_goes_alone(served: Served, talk: bytes) -> None:
    """Voices stay, and that is told; a job that there is not is no success."""
    id_, other = filled(served, talk), str(submit(served, talk)["id"])
    removed = served.client.delete(f"{PATH}?job={id_}").json()
    assert (removed["job"], removed["removed"]["jobs"], removed["removed"]["voices"]) == (id_, [id_], 0)
    assert "Voices of the key" in " ".join(removed["stays"])
    assert served.client.get(f"/v1/jobs/{other}").status_code == 200
    filled(served, talk)
    again = served.client.delete(f"{PATH}?job={id_}")
    assert served.client.get(PATH).json()["kept"]["answers"] == 1
    assert (again.status_code, again.json()["error"]["reason"]) == (404, "JOB_NOT_FOUND")


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        (PATH, 400, "Say what to remove"),
        (f"{PATH}?session=a&job=b", 400, "not both"),
        (f"{PATH}?session=a&everything=true", 400, "Say what to remove"),
        (f"{PATH}?everything=true", 403, "everything is everybody's"),
        (f"{PATH}/..%2Fother?everything=true", 404, "There is no"),
        (f"{PATH}/a.b?everything=true", 400, "is no key's id"),
        (f"{PATH}?sesion=a", 400, "`session`"),
    ],
)
def test_what_is_not_said_clearly_removes_nothing(
    served: Served, talk: bytes, path: str, status: int, said: str
) -> None:
    """Neither by accident nor from another folder."""
    id_ = filled(served, talk)
    refused = served.client.delete(path)
    assert (refused.status_code, said in refused.text) == (status, True), refused.text
    assert served.client.get(f"/v1/jobs/{id_}").status_code == 200


async def test_a_removal_is_a_record(served: Served, talk: bytes, log: Path) -> None:
    """Whose, and how many of what; of no job its name."""
    filled(served, talk)
    served.client.delete(f"{EVERYBODYS}?everything=true")
    await served.core.audit.close()
    (record,) = [each for each in listed(ChainFiles(log, "here"), Which()) if each["event"] == "forgotten"]
    assert record["removed"] == {"jobs": 1, "files": 0, "batches": 0, "bytes": len(talk)} | {
        "voices": 1, "answers": 1, "samples": 2,
    }  # fmt: skip
    assert "talk" not in str(record)
