"""What a long command says while it works."""

import re

import pytest

from parley.cli.show.steps import Steps
from tests.waiting import until_now


def test_in_a_pipe_steps_are_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """One a step, on stderr, and bytes are no lines."""
    with Steps() as steps:
        steps.say("fetching")
        steps.progress(5, 10)
        steps.say("")
        steps.say("loading")
    assert capsys.readouterr() == ("", "fetching ...\nloading ...\n")


def test_who_wants_json_hears_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    """Neither on stdout nor on stderr."""
    with Steps(quiet=True) as steps:
        steps.say("fetching")
        steps.progress(5, None)
    assert capsys.readouterr() == ("", "")


def test_on_a_terminal_there_is_a_bar(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """It shows what is done and how much of it has come."""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")
    seen: list[str] = []

    def drawn() -> str:
        seen.append(capsys.readouterr().err)
        return "".join(seen)

    with Steps() as steps:
        steps.say("fetching")
        steps.progress(5_000_000, 10_000_000)
        until_now(lambda: "MB" in drawn())
    shown = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", drawn())
    assert "fetching" in shown
    assert "5.0/10.0 MB" in shown
