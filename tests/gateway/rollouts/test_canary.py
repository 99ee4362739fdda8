"""The route that a canary makes of another."""

from typing import Any

import pytest

from gateway.rollouts.canary import CanaryConfig, table


def made(before: dict[str, Any], share: int, *, is_running: bool = True, **config: Any) -> dict[str, Any]:
    asked = CanaryConfig(**{"alias": "asr/default", "model": "v@3", **config})
    return table(before, asked, share, is_running=is_running)


def test_the_others_keep_their_proportions() -> None:
    """A tenth for the new version; two to one among those that were there, and none for who had none."""
    before = {"v@1": 20, "v@2": 10, "v@0": 0}
    assert made(before, 10, shadow=0) == {"versions": {"v@1": 6, "v@2": 3, "v@3": 1}}


def test_a_version_that_had_a_share_gets_the_plans() -> None:
    """What it had before counts no more."""
    assert made({"v@1": 50, "v@3": 50}, 10, shadow=0) == {"versions": {"v@1": 9, "v@3": 1}}


def test_what_else_a_route_says_stays() -> None:
    """Rules, stickiness, fallbacks and other shadows; a policy that moves shares waits until it is over."""
    rest = {"sticky": "user", "fallback": ["v@9"], "rules": [{"key": "lab", "to": "v@8"}]}
    before = {"versions": {"v@1": 1}, "shadow": {"v@7": 5, "v@3": 50}, "policy": "thompson", **rest}
    running = made(before, 50, shadow=20)
    assert running == {"versions": {"v@1": 1, "v@3": 1}, "shadow": {"v@7": 5, "v@3": 20, "v@1": 20}, **rest}
    over = {"versions": {"v@3": 100}, "shadow": {"v@7": 5}, "policy": "thompson", **rest}
    assert made(before, 100, is_running=False) == over
    assert made(before, 0, is_running=False) == before


@pytest.mark.parametrize(("stage", "shadows"), [("asr", True), ("translate", True), ("denoise", False)])
def test_only_words_are_heard_twice(stage: str, shadows: bool) -> None:
    """Where nothing can be compared the engine's time is not spent."""
    assert ("shadow" in made({"v@1": 1}, 10, alias=f"{stage}/default")) is shadows
