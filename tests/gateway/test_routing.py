"""Alias -> exact version."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.routing import Router
from parley.errors import BadConfig, BadInput, UnknownModel
from parley.model import ModelRef

OLD, NEW = ModelRef("nano", "3"), ModelRef("nano", "4")
SPLIT = Router({"asr/default": {"nano@3": 90, "nano@4": 10}})
KEYS = [f"session-{n}" for n in range(5000)]


@given(st.text())
def test_a_key_always_gets_the_same_version(key: str) -> None:
    """Two routers with the same routes never disagree about a key."""
    again = Router({"asr/default": {"nano@4": 10, "nano@3": 90}})
    assert SPLIT.pick("asr", "", key) == again.pick("asr", "", key)


def test_weights_are_shares() -> None:
    """A weight of 10 out of 100 draws a tenth of the keys."""
    drawn = Counter(SPLIT.pick("asr", "", key) for key in KEYS)
    assert 0.08 < drawn[NEW] / len(KEYS) < 0.12


def test_adding_a_version_moves_only_its_share() -> None:
    """No key goes from one old version to another when a new one comes."""
    before = Router({"asr/default": {"nano@3": 50, "nano@4": 50}})
    after = Router({"asr/default": {"nano@3": 50, "nano@4": 50, "nano@5": 25}})
    moved = [(before.pick("asr", "", k), after.pick("asr", "", k)) for k in KEYS]
    assert {new for old, new in moved if old != new} == {ModelRef("nano", "5")}


def test_a_weight_of_zero_draws_nobody() -> None:
    """A version can be listed and get no traffic."""
    router = Router({"asr/default": {"nano@3": 1, "nano@4": 0}})
    assert {router.pick("asr", "", key) for key in KEYS} == {OLD}


def test_an_exact_version_is_pinned() -> None:
    """name@version passes every alias by."""
    assert SPLIT.pick("asr", "other@7", "k") == ModelRef("other", "7")


def test_nothing_wanted_and_no_alias_is_the_services_default() -> None:
    """Without routes a service chooses itself."""
    assert Router({}).pick("asr", "", "k") is None


@pytest.mark.parametrize("wanted", ["fast", "asr/fast", "denoise/default"])
def test_an_unknown_alias_names_the_known_ones(wanted: str) -> None:
    """An alias of another stage, or of none, is refused with advice."""
    with pytest.raises(UnknownModel, match="asr/default"):
        SPLIT.pick("asr", wanted, "k")


@pytest.mark.parametrize("routes", [{"asr": {"a@1": 1}}, {"asr/default": {}}, {"asr/default": {"a@1": 0}}])
def test_senseless_routes_do_not_start(routes: dict[str, dict[str, int]]) -> None:
    """An alias without a stage, a version or a weight is a start-up error."""
    with pytest.raises(BadConfig):
        Router(routes)


def test_a_route_to_no_exact_version_does_not_start() -> None:
    """Routes end at exact versions."""
    with pytest.raises(BadInput):
        Router({"asr/default": {"nano": 1}})
