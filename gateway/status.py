"""What the doors read out of the core's status. Must not know how it came about."""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

Status = Mapping[str, Any]


def loaded(status: Status, stage: str) -> Iterator[Status]:
    """A stage's models, as it tells of them itself."""
    return (model for model in status["stages"].get(stage, {}).get("models", ()) if "model" in model)


def models(status: Status, stage: str) -> list[str]:
    """What a caller can ask a stage for: every alias, and every exact version that is loaded."""
    aliases = [alias for alias in status["routes"] if alias.startswith(f"{stage}/")]
    return aliases + [model["model"] for model in loaded(status, stage)]


def pairs(model: Status) -> list[tuple[str, str]]:
    """From what into what a model translates; one that says nothing of that goes from all its languages into all."""
    return [(a, b) for a, b in model.get("pairs") or product(model["languages"], repeat=2) if a != b]
