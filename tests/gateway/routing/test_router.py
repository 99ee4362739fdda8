"""Alias -> exact version."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.routing.route import Asker
from gateway.routing.router import Router
from parley.engines.model import ModelRef
from parley.errors import BadConfig, UnknownModel

OLD, NEW = ModelRef("nano", "3"), ModelRef("nano", "4")
SPLIT = Router({"asr/default": {"nano@3": 90, "nano@4": 10}})


def choose(router: Router, draw: str, wanted: str = "", **asker: Any) -> ModelRef | None:
    return router.pick("asr", wanted, Asker(draw, **asker)).ref


KEYS = [f"session-{n}" for n in range(5000)]


@given(st.text())
def test_a_key_always_gets_the_same_version(key: str) -> None:
    """Two routers with the same routes never disagree about a key."""
    again = Router({"asr/default": {"nano@4": 10, "nano@3": 90}})
    assert choose(SPLIT, key) == choose(again, key)


def test_weights_are_shares() -> None:
    """A weight of 10 out of 100 draws a tenth of the keys."""
    drawn = Counter(choose(SPLIT, key) for key in KEYS)
    assert 0.08 < drawn[NEW] / len(KEYS) < 0.12


def test_adding_a_version_moves_only_its_share() -> None:
    """No key goes from one old version to another when a new one comes."""
    before = Router({"asr/default": {"nano@3": 50, "nano@4": 50}})
    after = Router({"asr/default": {"nano@3": 50, "nano@4": 50, "nano@5": 25}})
    moved = [(choose(before, k), choose(after, k)) for k in KEYS]
    assert {new for old, new in moved if old != new} == {ModelRef("nano", "5")}


def test_a_weight_of_zero_draws_nobody() -> None:
    """A version can be listed and get no traffic."""
    router = Router({"asr/default": {"nano@3": 1, "nano@4": 0}})
    assert {choose(router, key) for key in KEYS} == {OLD}


def test_an_exact_version_is_pinned() -> None:
    """name@version passes every alias by."""
    assert choose(SPLIT, "k", "other@7") == ModelRef("other", "7")


def test_nothing_wanted_and_no_alias_is_the_services_default() -> None:
    """Without routes a service chooses itself."""
    assert choose(Router({}), "k") is None


@pytest.mark.parametrize("wanted", ["fast", "asr/fast", "denoise/default"])
def test_an_unknown_alias_names_the_known_ones(wanted: str) -> None:
    """An alias of another stage, or of none, is refused with advice."""
    with pytest.raises(UnknownModel, match="asr/default"):
        choose(SPLIT, "k", wanted)


@pytest.mark.parametrize(
    "told",
    [
        {"asr": {"a@1": 1}},
        {"asr/default": {}},
        {"asr/default": {"a@1": 0}},
        {"asr/default": {"nano": 1}},
        {"asr/default": {"a@1": "all"}},
        {"asr/default": {"versions": {"a@1": 1}, "sticky": "luck"}},
        {"asr/default": {"versions": {"a@1": 1}, "fallback": ["asr/none"]}},
        {"asr/default": {"versions": {"a@1": 1}, "fallback": "b@1"}},
        {"asr/default": {"versions": {"a@1": 1}, "rules": [{"to": "b@1"}]}},
        {"asr/default": {"versions": {"a@1": 1}, "rules": [{"to": "b@1", "weather": "fine"}]}},
        {"asr/default": {"versions": {"a@1": 1}, "rules": [{"to": "b@1", "header": "x-tenant"}]}},
        {"asr/default": {"versions": {"a@1": 1}, "shadow": {"b": 10}}},
    ],
)
def test_senseless_routes_do_not_start(told: dict[str, Any]) -> None:
    """An alias without a stage, a version or a weight, and whatever leads nowhere, is a start-up error."""
    with pytest.raises(BadConfig):
        Router(told)


FULL = Router(
    {
        "asr/default": {
            "versions": {"nano@3": 50, "nano@4": 50},
            "sticky": "header:X-Tenant",
            "rules": [
                {"language": "de", "to": "asr/german"},
                {"header": "x-tier=gold", "key": "lab", "to": "big@1"},
            ],
            "fallback": ["asr/small", "tiny@1"],
            "shadow": {"nano@5": 25},
        },
        "asr/german": {"deutsch@1": 1},
        "asr/small": {"small@1": 1},
    }
)
BOTH = {"x-tier": "gold"}


@pytest.mark.parametrize(
    ("asker", "version"),
    [
        ({"languages": ["de-AT"]}, "deutsch@1"),
        ({"languages": ["DE"]}, "deutsch@1"),
        ({"languages": ["en"], "metadata": BOTH, "key": "lab"}, "big@1"),
        ({"metadata": BOTH}, "nano"),
        ({"key": "lab"}, "nano"),
        ({"languages": ["den"]}, "nano"),
    ],
)
def test_rules_go_before_weights(asker: dict[str, Any], version: str) -> None:
    """A language, a header and a key lead elsewhere when everything that a rule says fits."""
    assert str(choose(FULL, "k", **asker)).startswith(version)


def test_sticky_by_header_keeps_a_tenant_together() -> None:
    """Whatever else differs, one tenant has one version."""
    for tenant in ("acme", "bolt", "cove"):
        assert len({choose(FULL, key, metadata={"x-tenant": tenant}) for key in KEYS[:50]}) == 1


def test_the_session_is_sticky_unless_said_otherwise() -> None:
    """The same session gets the same version whatever is drawn."""
    assert len({choose(SPLIT, key, metadata={"parley-session": "s"}) for key in KEYS[:50]}) == 1


def test_fallbacks_come_in_order() -> None:
    """First the route's other versions, then its fallbacks; aliases are resolved, what serves is not tried twice."""
    chosen = FULL.pick("asr", "", Asker("k"))
    other = NEW if chosen.ref == OLD else OLD
    assert list(map(str, chosen.instead)) == [str(other), "small@1", "tiny@1"]
    big = FULL.pick("asr", "", Asker("k", metadata=BOTH, key="lab"))
    assert (str(big.ref), list(map(str, big.instead))) == ("big@1", ["small@1", "tiny@1"])
    assert FULL.pick("asr", "nano@3", Asker("k")).instead == ()


def test_a_shadow_hears_its_share_of_every_version() -> None:
    """A quarter of the streams, whichever version serves them."""
    drawn = Counter((c.ref, bool(c.shadows)) for c in (FULL.pick("asr", "", Asker(key)) for key in KEYS))
    for version in ("3", "4"):
        heard, alone = drawn[ModelRef("nano", version), True], drawn[ModelRef("nano", version), False]
        assert 0.2 < heard / (heard + alone) < 0.3


def test_a_made_up_name_is_told_the_nearest() -> None:
    """Aliases and the versions behind them; the default is always there."""
    for wanted, near in (("asr/defualt", "asr/default"), ("nano", "nano@[34]"), ("asr/smal", "asr/small")):
        with pytest.raises(UnknownModel, match=f"There is no asr model '{wanted}'; did you mean `{near}`"):
            FULL.pick("asr", wanted, Asker("k"))
    assert Router({}).pick("asr", "asr/default", Asker("k")).ref is None


def test_rules_in_a_circle_end() -> None:
    """Two aliases that point at each other cost no endless loop."""
    rule = [{"language": "de"}]
    circle = {f"asr/{n}": {"versions": {f"v@{n}": 1}, "rules": [rule[0] | {"to": f"asr/{1 - n}"}]} for n in (0, 1)}
    assert choose(Router(circle), "k", "asr/0", languages=["de"])
