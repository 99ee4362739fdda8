"""Which exact version a stream gets, by routes and policy. Must not know where the routes come from."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from gateway.routing import names
from gateway.routing.outcome import Outcome
from gateway.routing.policy import Draw, Policy, PolicyMemory, WeightedHash, number
from gateway.routing.route import THOMPSON, WEIGHTED, Asker, Tables, read
from gateway.routing.thompson import Thompson
from parley.engines.model import ModelRef
from parley.errors import UnknownModel

POLICIES: Mapping[str, Policy] = {WEIGHTED: WeightedHash(), THOMPSON: Thompson()}
MOST_HOPS = 8  # from alias to alias


@dataclass(frozen=True)
class Choice:
    """The version that serves, its fallbacks in order, and the shadows that get a copy."""

    ref: ModelRef | None  # None: the service's own default
    alias: str = ""
    # Who serves where it cannot be had: the route's other versions, the heaviest first, then its fallbacks.
    instead: Sequence[ModelRef] = ()
    shadows: Sequence[ModelRef] = ()
    together: str = ""  # what keeps this caller's streams on one version; empty: each stream is on its own


class Router:
    """`asr/default` -> {nano@3: 90, nano@4: 10} -> the version for one stream."""

    def __init__(
        self, tables: Tables, policies: Mapping[str, Policy] = POLICIES, memory: PolicyMemory | None = None
    ) -> None:
        self.routes = read(tables)
        self._policies, self.memory = policies, memory or PolicyMemory()

    def rebuilt(self, tables: Tables) -> "Router":
        """A router of other routes that remembers what this one has learnt."""
        return Router(tables, self._policies, self.memory)

    def learn(self, outcome: Outcome) -> None:
        """A stream that had a version by an alias has ended; an alias that is gone by then teaches nothing."""
        if route := self.routes.get(outcome.alias):
            told = replace(outcome, rewarded=route.reward.of(outcome))
            self._policies[route.policy].learn(told, self.memory)

    def pick(self, stage: str, wanted: str, asker: Asker) -> Choice:
        """An exact version is taken as it is, an alias resolved; without either, the service's own default."""
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

    def named(self, stage: str) -> list[str]:
        """The exact versions that may be asked for because a route names them: by weight, rule, fallback or shadow."""
        routes = [route for alias, route in self.routes.items() if alias.startswith(f"{stage}/")]
        weighed = [ref for route in routes for ref, share in (*route.shares.items(), *route.shadow.items()) if share]
        named = [name for route in routes for name in (*route.fallback, *(rule.to for rule in route.rules))]
        return sorted({*map(str, weighed), *(name for name in named if "@" in name)})

    def options(self, alias: str) -> list[str]:
        """Every version that an alias leads to without its rules: by weight, or instead."""
        if alias not in self.routes:
            return []
        route = self.routes[alias]
        names = [name for name in route.fallback if "@" in name]
        routes = [route, *(self.routes[name] for name in route.fallback if name in self.routes)]
        return names + [str(ref) for each in routes for ref, share in each.shares.items() if share]

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
        together = asker.metadata.get(route.sticky, "")
        key = together or asker.draw
        first = ModelRef.of(to) if "@" in to else self._drawn(alias, key, asker.had)
        others = [] if "@" in to else sorted(filter(route.shares.get, route.shares), key=lambda ref: -route.shares[ref])
        others += [ref for name in route.fallback for ref in self._those(name, key, asker.had)]
        instead = [ref for ref in others if ref != first]
        shadows = [ref for ref, percent in route.shadow.items() if ref != first and _percent(key, ref) < percent]
        return Choice(first, alias, tuple(dict.fromkeys(instead)), tuple(shadows), together)

    def _those(self, name: str, key: str, had: ModelRef | None) -> Iterator[ModelRef]:
        yield ModelRef.of(name) if "@" in name else self._drawn(name, key, had)

    def _drawn(self, alias: str, key: str, had: ModelRef | None) -> ModelRef:
        route = self.routes[alias]
        return self._policies[route.policy].pick(Draw(alias, route.shares, key, had), self.memory)


def _percent(key: str, ref: ModelRef) -> float:
    """Drawn independently of the version, so that a shadow gets a fair share of every version's streams."""
    return 100 * number(f"shadow|{key}", ref)
