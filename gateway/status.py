"""What the doors read out of the core's status. Must not know how it came about."""

from collections.abc import Iterator, Mapping
from typing import Any

Status = Mapping[str, Any]


def _loaded(status: Status) -> Iterator[tuple[str, Status]]:
    for stage, told in status["stages"].items():
        for model in told["models"]:
            if "model" in model:
                yield stage, model


def models(status: Status, stage: str) -> list[str]:
    """What a caller can ask a stage for: every alias, and every exact version that is loaded."""
    aliases = [alias for alias in status["routes"] if alias.startswith(f"{stage}/")]
    return aliases + [model["model"] for name, model in _loaded(status) if name == stage]


def languages(status: Status, stage: str) -> list[str]:
    """What a stage's models speak."""
    return [language for name, model in _loaded(status) if name == stage for language in model["languages"]]
