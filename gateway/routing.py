"""Alias -> exact version. Pure: the same routes and key always give the same version."""

import hashlib
import math
from collections.abc import Mapping

from parley.errors import BadConfig, UnknownModel
from parley.model import ModelRef

Routes = Mapping[str, Mapping[str, int]]


class Router:
    """`asr/default` -> {nano@3: 90, nano@4: 10}: adding a version moves only that version's share of the keys."""

    def __init__(self, routes: Routes) -> None:
        self._routes = {alias: _checked(alias, shares) for alias, shares in routes.items()}

    def pick(self, stage: str, wanted: str, key: str) -> ModelRef | None:
        """An exact version as it is, an alias by weight; nothing wanted and no default alias: the service's default."""
        if "@" in wanted:
            return ModelRef.of(wanted)
        alias = wanted if "/" in wanted else f"{stage}/{wanted or 'default'}"
        if alias in self._routes and alias.startswith(f"{stage}/"):
            shares = self._routes[alias]
            return max(shares, key=lambda ref: _score(key, ref, shares[ref]))
        if not wanted:
            return None
        known = ", ".join(a for a in self._routes if a.startswith(f"{stage}/")) or "none"
        raise UnknownModel(f"There is no {stage} model {wanted!r}; ask for name@version or an alias: {known}.")


def _checked(alias: str, shares: Mapping[str, int]) -> dict[ModelRef, int]:
    if "/" not in alias or not shares or min(shares.values()) < 0 or not any(shares.values()):
        raise BadConfig(f"The route {alias!r} must be stage/alias with at least one name@version and a weight above 0.")
    return {ModelRef.of(ref): weight for ref, weight in shares.items()}


def _score(key: str, ref: ModelRef, weight: int) -> float:
    """Weighted rendezvous hashing: each version draws a number for the key; the highest wins."""
    digest = hashlib.blake2b(f"{key}|{ref}".encode(), digest_size=8).digest()
    drawn = (int.from_bytes(digest) + 1) / (2**64 + 2)
    return -weight / math.log(drawn) if weight else -1.0
