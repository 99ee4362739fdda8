"""One stream's memory where names are found: texts in, names out in order. Never awaits, never reads a clock."""

from collections import deque
from collections.abc import Iterator, Sequence

from google.protobuf.message import Message

from parley.v1.translate_pb2 import NamesFound
from services.translate.people.engine import Span
from services.translate.session import KnownText


class NamesSession:
    """A text is what comes between two flushes."""

    def __init__(self) -> None:
        self._open = ""
        self._waiting: deque[str] = deque()
        self._working = ""

    def feed(self, item: str | KnownText) -> Iterator[Message]:
        """More of a text."""
        self._open += item if isinstance(item, str) else item.text
        return iter(())

    def flush(self) -> Iterator[Message]:
        """The text is whole."""
        if self._open:
            self._waiting.append(self._open)
            self._open = ""
        return iter(())

    def finish(self) -> Iterator[Message]:
        """The stream ends here."""
        return self.flush()

    def next_job(self) -> str | None:
        """The next text."""
        if not self._waiting:
            return None
        self._working = self._waiting.popleft()
        return self._working

    def absorb(self, result: Sequence[Span]) -> Iterator[Message]:
        """Its names."""
        yield NamesFound(source_text=self._working, names=[{"start": start, "end": end} for start, end in result])
