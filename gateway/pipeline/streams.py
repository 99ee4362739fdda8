"""What a pipeline wants from who opens its stages' streams. Must not know how that is done."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Any, Protocol

from google.protobuf.message import Message

from gateway.caller import Wish

Requests = Callable[[], AsyncIterator[Message]]  # a stage's requests, from where a replica needs them


class StreamOpener(Protocol):
    """The streams of one pipeline, for one caller."""

    def open(self, wish: Wish, requests: Requests) -> AsyncGenerator[Any]:
        """One stage's answers, from one replica, until it has no more or fails."""
