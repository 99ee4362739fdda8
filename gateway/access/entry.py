"""What is known of the call under way, for the audit log: whoever learns more of it notes it here.

An API, the keys and the switchboard each know a part, in tasks of their own; tasks inherit the entry of the call that
has begun them. Must not know what is done with it.
"""

from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field

from parley.errors import ParleyError
from parley.wire import protocol

PROCESS = "the gateway"


@dataclass
class Entry:
    """One call."""

    call: str  # a method and a path, or the method of a service
    peer: str = ""
    key: str = ""  # the id of the API key that was shown, good or not
    session: str = ""
    outcome: str = ""  # the reason of what went wrong
    stages: dict[str, list[str]] = field(default_factory=dict)  # stage -> the versions that served
    options: dict[str, object] = field(default_factory=dict)
    jobs: list[str] = field(default_factory=list)  # that it has submitted
    audio_s: float = 0.0

    def ask(self, stages: Iterable[str], options: Mapping[str, object]) -> None:
        """What is wished for."""
        for stage in stages:
            self.stages.setdefault(stage, [])
        self.options.update(options)

    def serve(self, stage: str, version: str) -> None:
        """A version takes a stream of a stage."""
        versions = self.stages.setdefault(stage, [])
        if version and version not in versions:
            versions.append(version)

    def fail(self, error: ParleyError) -> None:
        """How it ends; the first that is told counts."""
        self.outcome = self.outcome or error.reason


UNDER_WAY: ContextVar[Entry | None] = ContextVar("call", default=None)


def under_way() -> Entry | None:
    """The call in which this is done; None: none, or nothing is recorded."""
    return UNDER_WAY.get()


def shown(key: str, metadata: Mapping[str, str]) -> None:
    """Notes who asks."""
    if entry := UNDER_WAY.get():
        entry.key, entry.session = key or entry.key, metadata.get(protocol.SESSION, "") or entry.session


def served(stage: str, version: str) -> None:
    """Notes which version serves."""
    if entry := UNDER_WAY.get():
        entry.serve(stage, version)


def public(error: BaseException) -> ParleyError:
    """What a caller may see of an error; it is noted as the call's end."""
    found = protocol.public(error, PROCESS)
    if entry := UNDER_WAY.get():
        entry.fail(found)
    return found
