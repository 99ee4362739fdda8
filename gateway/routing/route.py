"""What a route is, and how it is written. Pure.

["asr/default"]
versions = {"nano@3" = 90, "nano@4" = 10}    # or these alone, without `versions`
sticky = "user"                              # session (unless said), user, or header:<name>
rules = [{language = "de", to = "asr/german"}, {header = "x-tenant=acme", to = "small@2"}, {key = "lab", to = "big@1"}]
fallback = ["asr/small"]                     # when the version cannot be had
shadow = {"nano@5" = 10}                     # hears so many percent of the streams, and is compared
policy = "thompson"                          # weighted (unless said): by weight; thompson: whichever is rewarded most
reward = {within_s = 1.0}                    # thompson's: no error, and no answer that took longer
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gateway.routing.policy import Reward
from parley.engines.model import ModelRef
from parley.errors import BadConfig, BadInput
from parley.wire import protocol

Tables = Mapping[str, Any]
STICKY = {"session": protocol.SESSION, "user": protocol.USER}
KEYS = ("versions", "sticky", "rules", "fallback", "shadow", "policy", "reward")
WEIGHTED, THOMPSON = "weighted", "thompson"
ANYTHING_WELL = Reward()
OF_A_RULE = ("language", "header", "key", "to")


@dataclass(frozen=True)
class Asker:
    """Who opens a stream: what rules and stickiness look at."""

    draw: str  # decides where nothing else does
    metadata: Mapping[str, str] = field(default_factory=dict)
    key: str = ""  # the name of the API key
    languages: Sequence[str] = ()
    had: ModelRef | None = None  # what an open stream has, when it is asked whether it would get that again


@dataclass(frozen=True)
class RouteRule:
    """Sends matching callers to another alias or version; all conditions that are given must match."""

    to: str
    language: str = ""
    header: tuple[str, str] = ("", "")
    key: str = ""

    def fits(self, asker: Asker) -> bool:
        """Whether all conditions match."""
        spoken = {tag.lower().split("-")[0] for tag in asker.languages} | {tag.lower() for tag in asker.languages}
        name, value = self.header
        return (
            (not self.language or self.language.lower() in spoken)
            and (not name or asker.metadata.get(name) == value)
            and (not self.key or asker.key == self.key)
        )


@dataclass(frozen=True)
class Route:
    """What an alias means."""

    shares: Mapping[ModelRef, int]
    sticky: str = protocol.SESSION  # the metadata that keeps an asker on one version
    rules: Sequence[RouteRule] = ()
    fallback: Sequence[str] = ()
    shadow: Mapping[ModelRef, int] = field(default_factory=dict)  # version -> percent of the streams
    policy: str = WEIGHTED
    reward: Reward = ANYTHING_WELL


def read(tables: Tables) -> dict[str, Route]:
    """Every route, parsed; raises BadConfig for one that is wrong."""
    routes = {alias: _route(alias, written) for alias, written in tables.items()}
    for alias, route in routes.items():
        for name in (*route.fallback, *(rule.to for rule in route.rules)):
            _check(alias, name, routes)
    return routes


def _check(alias: str, name: str, routes: Mapping[str, Route]) -> None:
    stage = alias.partition("/")[0]
    if "@" in name:
        _ref(alias, name)
    elif name not in routes or not name.startswith(f"{stage}/"):
        raise BadConfig(f"The route {alias!r} leads to {name!r}; name an alias of {stage} or a name@version.")


def _route(alias: str, written: Any) -> Route:
    """Parses a route, written as weights alone or as a table with more keys."""
    if not isinstance(written, Mapping) or not written:
        raise BadConfig(f"The route {alias!r} must say at least one name@version and its weight.")
    full = written if set(written) <= set(KEYS) else {"versions": written}
    fallback = full.get("fallback", [])
    if not isinstance(fallback, list | tuple):
        raise BadConfig(f"`fallback` of the route {alias!r} must be a list of aliases or versions.")
    shares = _weights(alias, full.get("versions"), "versions")
    if "/" not in alias or not any(shares.values()):
        raise BadConfig(f"The route {alias!r} must be stage/alias with at least one name@version and a weight above 0.")
    shadow = _weights(alias, full.get("shadow", {}), "shadow")
    rules = tuple(_rule(alias, each) for each in full.get("rules", ()))
    sticky, policy = _sticky(alias, full.get("sticky", "session")), full.get("policy", WEIGHTED)
    if policy not in (WEIGHTED, THOMPSON):
        raise BadConfig(f"`policy` of the route {alias!r} is {policy!r}; say {WEIGHTED} or {THOMPSON}.")
    return Route(shares, sticky, rules, tuple(map(str, fallback)), shadow, policy, _reward(alias, full))


def _reward(alias: str, full: Mapping[str, Any]) -> Reward:
    written = full.get("reward", {})
    within_s = written.get("within_s", 0.0) if isinstance(written, Mapping) and set(written) <= {"within_s"} else None
    if isinstance(within_s, bool) or not isinstance(within_s, int | float) or not 0 <= within_s < math.inf:
        raise BadConfig(f"`reward` of the route {alias!r} must be a table of `within_s` and seconds, 0 or more.")
    return Reward(float(within_s))


def _weights(alias: str, written: Any, what: str) -> dict[ModelRef, int]:
    if not isinstance(written, Mapping):
        raise BadConfig(f"`{what}` of the route {alias!r} must be a table of name@version and a number.")
    for name, weight in written.items():
        if type(weight) is not int or weight < 0:
            raise BadConfig(f"The route {alias!r} gives {name} {weight!r}; give a whole number, 0 or more.")
    return {_ref(alias, name): weight for name, weight in written.items()}


def _ref(alias: str, name: str) -> ModelRef:
    try:
        return ModelRef.of(name)
    except BadInput as error:
        raise BadConfig(f"The route {alias!r}: {error}") from None


def _sticky(alias: str, written: Any) -> str:
    kind, _, name = str(written).partition(":")
    if kind == "header" and name:
        return name.lower()
    if written not in STICKY:
        raise BadConfig(f"`sticky` of the route {alias!r} is {written!r}; say session, user or header:<name>.")
    return STICKY[written]


def _rule(alias: str, written: Any) -> RouteRule:
    if (
        not isinstance(written, Mapping)
        or "to" not in written
        or len(written) < 2
        or not set(written) <= set(OF_A_RULE)
    ):
        raise BadConfig(f"A rule of the route {alias!r} must say `to` and one of language, header, key.")
    name, sign, value = str(written.get("header", "")).partition("=")
    if name and not sign:
        raise BadConfig(f"A rule of the route {alias!r} has the header {name!r}; write name=value.")
    language, key = str(written.get("language", "")), str(written.get("key", ""))
    return RouteRule(str(written["to"]), language, (name.lower(), value), key)
