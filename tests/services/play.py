"""Plays a stream to a session, with an engine as quick or as slow as the test wants."""

from collections.abc import Iterable, Sequence
from itertools import cycle
from typing import Any, TypeVar

from google.protobuf.message import Message

from parley.engines.protocols import Engine
from parley.serving.session import Flush, Session

Told = TypeVar("Told", bound=Message)


def play(
    session: Session[Any, Any, Any],
    engine: Engine[Any, Any],
    items: Iterable[Any],
    patience: Sequence[int] = (1000,),
) -> list[Message]:
    """Everything that the session says. patience: how many jobs are done after each item, over and over."""
    said: list[Message] = []
    for item, most in zip(items, cycle(patience), strict=False):
        said += session.flush() if isinstance(item, Flush) else session.feed(item)
        said += _work(session, engine, most)
    said += session.finish()
    return said + _work(session, engine, 100_000)


def paced(
    session: Session[Any, Any, Any], engine: Engine[Any, Any], data: bytes, chunk: int
) -> list[tuple[int, Message]]:
    """What the session says while sound comes, each with how many bytes had come by then."""
    said: list[tuple[int, Message]] = []
    for end in range(chunk, len(data) + 1, chunk):
        events = [*session.feed(data[end - chunk : end]), *_work(session, engine, 100_000)]
        said += [(end, event) for event in events]
    return said


def _work(session: Session[Any, Any, Any], engine: Engine[Any, Any], most: int) -> list[Message]:
    said: list[Message] = []
    for _ in range(most):
        job = session.next_job()
        if job is None:
            break
        (result,) = engine.run([job])
        said += session.absorb(result)
    return said


def of(kind: type[Told], said: Iterable[Message]) -> list[Told]:
    """The events of one kind."""
    return [event for event in said if isinstance(event, kind)]
