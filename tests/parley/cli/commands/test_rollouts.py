"""`parley routes canary` and its kin: what is asked of the gateway, and what a person reads."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import CliRunner

from parley.cli import app
from parley.cli.commands.rollouts import seconds
from parley.errors import BadInput

RUNNING = {"alias": "asr/default", "model": "a@2", "share": 10, "plan": [1, 10, 100], "step": 1, "streams": 42}
RUNNING |= {"waits_for": "20 s and 8 streams", "state": "running", "why": ""}
MEASURES = {
    "errors": {"strength": 0.5, "said": "streams that failed: 1.0 %"},
    "words": {"strength": -3.0, "said": "fine"},
}
STATE: dict[str, Any] = {
    "running": [RUNNING | {"measures": MEASURES}],
    "ended": [],
    "in_charge": True,
    "gateway": "one",
}
Asked = list[tuple[str, str, object, object]]


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, Any]], Asked]:
    """The gateway answers this; what it was asked."""

    def answering(answer: dict[str, Any]) -> Asked:
        asked: Asked = []

        def ask(http: str, path: str, method: str = "GET", body: object = None, headers: object = None) -> Any:
            asked.append((path, method, body, headers))
            return answer

        monkeypatch.setattr("parley.cli.commands.rollouts.ask", ask)
        return asked

    return answering


def run(*words: str) -> str:
    done = CliRunner().invoke(app, ["routes", *words])
    assert done.exit_code == 0, done.output
    return done.output


def test_a_canary_is_asked_for_as_it_is_written(say: Callable[[dict[str, Any]], Asked]) -> None:
    """Plan and time in the gateway's units; why goes as a header, in any script."""
    asked = say(STATE)
    run("canary", "asr/default", "a@2", "--plan", "5,100", "--hold", "2m", "--why", "größer")
    ((path, method, body, headers),) = asked
    assert (path, method) == ("/v1/rollouts/begin", "POST")
    assert body == {
        "alias": "asr/default", "model": "a@2", "plan": [5, 100], "hold_s": 120.0,
        "streams": 200, "risk": 0.05, "shadow": 10, "divergence": 0.3,
    }  # fmt: skip
    assert headers == {"parley-why": "gr%C3%B6%C3%9Fer"}


def test_what_runs_is_shown_with_the_evidence(say: Callable[[dict[str, Any]], Asked]) -> None:
    """The step stands in brackets; a bar is as long as the evidence is strong; whoever else judges is named."""
    say(STATE)
    shown = run("rollouts")
    assert "asr/default: a@2 has 10 % (1, [10], 100), 42 streams so far." in shown
    assert "waits for 20 s and 8 streams" in shown
    assert f"errors      |{'#' * 10}{' ' * 10}| streams that failed" in shown
    assert f"words       |{' ' * 20}| fine" in shown
    ended = {"alias": "asr/default", "model": "a@2", "state": "rolled back", "why": "It failed."}
    say({"running": [], "ended": [ended], "in_charge": False, "gateway": "two"})
    assert run("rollouts").splitlines() == ["asr/default: a@2 rolled back. It failed.", "The gateway two judges them."]
    say({"running": [], "ended": [], "in_charge": True, "gateway": "one"})
    assert "No version is on trial" in run("rollouts")


def test_a_trial_is_ended(say: Callable[[dict[str, Any]], Asked]) -> None:
    """Back, unless told otherwise."""
    asked = say({"running": [], "ended": [], "in_charge": True, "gateway": "one"})
    run("stop", "asr/default")
    run("stop", "asr/default", "--promote")
    assert [(path, body) for path, _, body, _ in asked] == [
        ("/v1/rollouts/stop", {"alias": "asr/default", "promote": promote}) for promote in (False, True)
    ]


def test_two_versions_side_by_side(say: Callable[[dict[str, Any]], Asked]) -> None:
    """What one of them lacks is a dash; texts only where they are kept."""
    known = {
        "streams": 9,
        "errors": 1,
        "late": 0,
        "numbers": {"wait_s": dict.fromkeys(("mean", "p50", "p95", "p99"), 0.25)},
    }
    found: dict[str, Any] = {"versions": {"a@1": known | {"reference": {"wer": 0.1}}}, "compared": 4, "divergence": 0.5}
    sample = {"divergence": 1.0, "texts": {"a@1": "yes", "a@2": "no"}}
    asked = say(found | {"keeps_samples": True, "samples": [sample]})
    lines = run("compare", "a@1", "a@2").splitlines()
    assert asked[0][0] == "/v1/rollouts/compare?stage=asr&a=a%401&b=a%402"
    assert [line.split() for line in lines if line.startswith(("streams", "wait_s p99", "reference"))] == [
        ["streams", "9", "-"], ["wait_s", "p99", "0.25", "-"], ["reference", "wer", "0.1", "-"],
    ]  # fmt: skip
    assert lines[-2:] == ["  a@1: yes", "  a@2: no"]
    say(found | {"keeps_samples": False, "samples": []})
    assert "samples = 200" in run("compare", "a@1", "a@2")


def test_drift_as_a_table_and_as_json(say: Callable[[dict[str, Any]], Asked]) -> None:
    """What has left its baseline says so."""
    one = {
        "stage": "denoise",
        "model": "a@1",
        "signal": "snr_db",
        "baseline": 10.0,
        "now": 4.0,
        "psi": 1.5,
        "moved": 3.0,
    }
    say({"drift": [one | {"left": True}]})
    assert run("drift").splitlines()[1].split("  ")[-1] == "has left its baseline"
    assert json.loads(run("drift", "--json")) == {"drift": [one | {"left": True}]}


@pytest.mark.parametrize(("text", "found"), [("90", 90), ("90s", 90), ("1.5m", 90), ("2h", 7200), ("1d", 86_400)])
def test_times(text: str, found: float) -> None:
    """In seconds, unless a letter says otherwise."""
    assert seconds(text) == found


@pytest.mark.parametrize("text", ["", "m", "-1s", "1w", "ten"])
def test_what_is_no_time(text: str) -> None:
    """With an example of one that is."""
    with pytest.raises(BadInput, match="10m"):
        seconds(text)


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        (("drift",), ("/v1/drift", "GET")),
        (("rollback",), ("/v1/routes/rollback", "POST")),
        (("promote", "asr/default", "a@2"), ("/v1/routes/change", "POST")),
    ],
)
def test_models_has_what_routes_has(words: tuple[str, ...], asked: tuple[str, str], monkeypatch: Any) -> None:
    """The same commands, for who looks for them there."""
    seen: list[tuple[str, str]] = []

    def ask(http: str, path: str, method: str = "GET", *_: object, **__: object) -> Any:
        seen.append((path, method))
        return {"versions": [], "routes": {"asr/default": {"a@1": 100}}}

    for module in ("rollouts", "routes"):
        monkeypatch.setattr(f"parley.cli.commands.{module}.ask", ask)
    done = [CliRunner().invoke(app, [group, *words]).output for group in ("models", "routes")]
    assert done[0] == done[1]
    assert seen.count(asked) == 2
