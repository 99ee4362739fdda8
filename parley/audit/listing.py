"""The records of an audit log that somebody asks for. Must not know who asks, nor whether all of them fit."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from parley.audit.files import ChainFiles, lines

CALL = "call"  # the event of a call


@dataclass(frozen=True)
class Which:
    """Which records; what is empty excludes none."""

    keys: Sequence[str] = ()  # what stands for a key
    sessions: Sequence[str] = ()
    day: str = ""  # or a month: how a moment begins
    call: str = ""  # a part of what was called
    outcome: str = ""

    def holds(self, facts: Mapping[str, Any]) -> bool:
        """Whether it is one of them."""
        return (
            (not self.keys or facts.get("key") in self.keys)
            and (not self.sessions or facts.get("session") in self.sessions)
            and str(facts.get("at", "")).startswith(self.day)
            and self.call in str(facts.get("call", ""))
            and self.outcome in ("", facts.get("outcome"))
        )


def listed(files: ChainFiles, which: Which) -> Iterator[Mapping[str, Any]]:
    """In their order; lines that are no records are left out: `verify` tells of them."""
    for file in files.all():
        for line in lines(file):
            facts = _facts(line)
            if facts is not None and which.holds(facts):
                yield facts


def _facts(line: bytes) -> Mapping[str, Any] | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
