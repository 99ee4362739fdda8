"""`parley audit`, on files that a gateway would have written."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from parley.cli import app
from parley.wire.keys import label_of
from tests.parley.audit.conftest import SECRET, Log


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Log:
    monkeypatch.setenv("PARLEY_AUDIT__SECRET", SECRET)
    monkeypatch.setenv("PARLEY_AUDIT__FOLDER", str(tmp_path))
    return Log(tmp_path)


def run(*words: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, ["audit", *words])
    assert done.exit_code == code, done.output
    return done.output


def test_a_log_that_fits_says_where_it_ends(log: Log) -> None:
    """What it says can be noted, and asked for later."""
    log.write(3)
    noted = run("verify").strip().rpartition(" ")[2].rstrip(".")
    log.write(2)
    assert "here: records 1 to 5 fit" in run("verify", "--instance", "here", "--noted", noted)
    assert json.loads(run("verify", "--json"))[0]["problem"] is None


def test_a_log_that_does_not_fit_is_an_exit_code(log: Log) -> None:
    """For who runs it each night."""
    log.write(3)
    file = log.files[0]
    file.chmod(0o600)
    file.write_bytes(file.read_bytes().replace(b"GET /2", b"GET /9"))
    assert "here: record 2 (here.000000000001.jsonl, line 2) does not fit" in run("verify", code=1)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("verify", "--folder", "/nowhere"), "There is no folder /nowhere"),
        (("verify", "--instance", "there"), "there are here"),
        (("verify", "--noted", "3:abc", "--instance", "here"), "names no record"),
        (("verify", "--noted", "3:abc"), "say which: --instance"),
    ],
)
def test_what_cannot_be_done_says_what_would_be_right(log: Log, words: tuple[str, ...], said: str) -> None:
    """In one sentence, with an exit code."""
    log.write(1)
    assert said in run(*words, code=2)


def test_records_are_found_by_key_day_call_and_outcome(log: Log) -> None:
    """By the key's id; the newest so many."""
    for day, key in ((1, "4f1c2b3a"), (2, "4f1c2b3a"), (2, "00000000")):
        log.day = day
        log.more = {
            "key": label_of(key),
            "outcome": "ok",
            "stages": {"asr": ["nano@3"]},
            "options": {"redact": ["card"]},
        }
        log.write()
    found = json.loads(run("list", "--key", "4f1c2b3a", "--day", "2026-03-02", "--outcome", "ok", "--json"))
    assert [(each["number"], each["key"]) for each in found] == [(2, label_of("4f1c2b3a"))]
    assert [each["number"] for each in json.loads(run("list", "--most", "2", "--json"))] == [2, 3]
    assert json.loads(run("list", "--call", "/9", "--json")) == []
    shown = run("list", "--key", label_of("00000000"))
    assert ("asr=nano@3" in shown, "options=redact:card" in shown) == (True, True)


def test_a_new_secret_is_long_enough(log: Log) -> None:
    """And another one each time."""
    first, second = run("secret").strip(), run("secret").strip()
    assert (len(first) >= 32, first != second) == (True, True)
