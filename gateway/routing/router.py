"""Who gets which exact version. Pure: the same routes and the same asker always give the same choice."""

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from gateway.routing import names
from gateway.routing.route import Asker, Tables, read
from parley.engines.model import ModelRef
from parley.errors import UnknownModel

MOST_HOPS = 8  # from alias to alias


@dataclass(frozen=True)
class Choice:
    """The version that serves, those that may instead, and those that only listen."""

    ref: ModelRef | None  # None: the service's own default
    alias: str = ""
    instead: Sequence[ModelRef] = ()
    shadows: Sequence[ModelRef] = ()


class Router:
    """`asr/default` -> {nano@3: 90, nano@4: 10}: adding a version moves only that version's share of the askers."""

    def __init__(self, tables: Tables) -> None:
        self.routes = read(tables)

    def pick(self, stage: str, wanted: str, asker: Asker) -> Choice:
        """An exact version as it is, an alias by rule or weight; nothing wanted and no alias: the service's default."""
        if "@" in wanted:
            return Choice(ModelRef.of(wanted))
        alias = wanted if "/" in wanted else f"{stage}/{wanted or 'default'}"
        if alias in self.routes and alias.startswith(f"{stage}/"):
            return self._choice(stage, *self._ruled(alias, asker), asker)
        if not wanted or alias == f"{stage}/default":
            return Choice(None)
        raise UnknownModel(names.refusal(stage, wanted, [*self.routes, *self.versions(stage)]))

    def versions(self, stage: str) -> list[str]:
        """The exact versions that a stage's aliases lead to."""
        routes = (route for alias, route in self.routes.items() if alias.startswith(f"{stage}/"))
        return sorted({str(ref) for route in routes for ref in route.shares})

    def _ruled(self, alias: str, asker: Asker) -> tuple[str, str]:
        """Where the rules lead from an alias: to which alias or version, and which alias said so."""
        for _ in range(MOST_HOPS):
            to = next((rule.to for rule in self.routes[alias].rules if rule.fits(asker)), alias)
            if to == alias or "@" in to:
                return to, alias
            alias = to
        return alias, alias

    def _choice(self, stage: str, to: str, alias: str, asker: Asker) -> Choice:
        route = self.routes[alias]
        key = asker.metadata.get(route.sticky, "") or asker.draw
        first = ModelRef.of(to) if "@" in to else _drawn(route.shares, key)
        instead = [ref for name in route.fallback for ref in self._those(name, key) if ref != first]
        shadows = [ref for ref, percent in route.shadow.items() if ref != first and _percent(key, ref) < percent]
        return Choice(first, alias, tuple(dict.fromkeys(instead)), tuple(shadows))

    def _those(self, name: str, key: str) -> Iterator[ModelRef]:
        yield ModelRef.of(name) if "@" in name else _drawn(self.routes[name].shares, key)


def _drawn(shares: Mapping[ModelRef, int], key: str) -> ModelRef:
    return max(shares, key=lambda ref: _score(key, ref, shares[ref]))


def _number(key: str, ref: ModelRef) -> float:
    """Between 0 and 1, always the same for the same."""
    digest = hashlib.blake2b(f"{key}|{ref}".encode(), digest_size=8).digest()
    return (int.from_bytes(digest) + 1) / (2**64 + 2)


def _score(key: str, ref: ModelRef, weight: int) -> float:
    """Weighted rendezvous hashing: each version draws a number for the key; the highest wins."""
    return -weight / math.log(_number(key, ref)) if weight else -1.0


def _percent(key: str, ref: ModelRef) -> float:
    """A draw of its own, so that shadows are a fair share of every version's streams."""
    return 100 * _number(f"shadow|{key}", ref)
