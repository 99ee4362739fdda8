"""Which exact version a stream gets, by routes and policy. Must not know where the routes come from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gateway.routing import names
from gateway.routing.policy import Draw, Outcome, Policy, PolicyMemory, WeightedHash, number
from gateway.routing.route import Asker, Tables, read
from parley.engines.model import ModelRef
from parley.errors import UnknownModel

MOST_HOPS = 8  # from alias to alias


@dataclass(frozen=True)
class Choice:
    """The version that serves, its fallbacks in order, and the shadows that get a copy."""

    ref: ModelRef | None  # None: the service's own default
    alias: str = ""
    instead: Sequence[ModelRef] = ()
    shadows: Sequence[ModelRef] = ()


class Router:
    """`asr/default` -> {nano@3: 90, nano@4: 10} -> the version for one stream."""

    def __init__(self, tables: Tables, policy: Policy | None = None, memory: PolicyMemory | None = None) -> None:
        self.routes = read(tables)
        self._policy, self._memory = policy or WeightedHash(), memory or PolicyMemory()

    def rebuilt(self, tables: Tables) -> "Router":
        """A router of other routes that remembers what this one has learnt."""
        return Router(tables, self._policy, self._memory)

    def learn(self, outcome: Outcome) -> None:
        """A stream that had a version by an alias has ended."""
        self._policy.learn(outcome, self._memory)

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
        key = asker.metadata.get(route.sticky, "") or asker.draw
        first = ModelRef.of(to) if "@" in to else self._drawn(alias, key, asker.had)
        instead = [ref for name in route.fallback for ref in self._those(name, key, asker.had) if ref != first]
        shadows = [ref for ref, percent in route.shadow.items() if ref != first and _percent(key, ref) < percent]
        return Choice(first, alias, tuple(dict.fromkeys(instead)), tuple(shadows))

    def _those(self, name: str, key: str, had: ModelRef | None) -> Iterator[ModelRef]:
        yield ModelRef.of(name) if "@" in name else self._drawn(name, key, had)

    def _drawn(self, alias: str, key: str, had: ModelRef | None) -> ModelRef:
        return self._policy.pick(Draw(alias, self.routes[alias].shares, key, had), self._memory)


def _percent(key: str, ref: ModelRef) -> float:
    """Drawn independently of the version, so that a shadow gets a fair share of every version's streams."""
    return 100 * number(f"shadow|{key}", ref)
