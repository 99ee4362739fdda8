"""An alias is a promise: the same model in another MAJOR version, which answers otherwise, needs a new one. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from gateway.routing.route import read
from parley.engines import semantic
from parley.engines.model import ModelRef
from parley.errors import BadInput


def check(before: Mapping[str, Any], after: Mapping[str, Any], changed: Iterable[str]) -> None:
    """Refuse changes by which callers of an alias would meet another MAJOR of the model that they have."""
    old, new = read(before), read(after)
    for alias in changed:
        there = [
            ref for routes in (old, new) if alias in routes for ref, share in routes[alias].shares.items() if share
        ]
        had: dict[str, ModelRef] = {}
        for ref in there:
            first = had.setdefault(ref.name, ref)
            if _differ(first, ref):
                raise BadInput(_refusal(alias, first, ref))


def _differ(one: ModelRef, other: ModelRef) -> bool:
    majors = {semantic.major(one.version), semantic.major(other.version)}
    return len(majors) > 1 and None not in majors


def _refusal(alias: str, had: ModelRef, new: ModelRef) -> str:
    own = f"{alias.removesuffix('/default')}/{new.name}-{semantic.major(new.version)}"
    return (
        f"Callers of {alias} have {had}, and {new} is another MAJOR version: what it takes or answers is not the same. "
        f'Give it an alias of its own, `parley routes set {own} "{new}=100"`, and let callers move to it.'
    )
