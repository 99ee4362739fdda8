"""What the routes were before: a stack of texts beside the routes file. Must not know what a route is.

Beside the texts stands a digest of the routes as a gateway wrote them last. Several gateways that share the file tell
by it whether another gateway wrote what they see, or an editor.
"""

import hashlib
import json
from pathlib import Path

from parley.errors import BadConfig

KEPT = 50  # steps back


class History:
    """A bounded stack, kept in a file of its own."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._texts, self._digest = self._read()

    def _read(self) -> tuple[list[str], str]:
        try:
            found = json.loads(self._file.read_text("utf-8"))
            return [str(text) for text in found["before"]], str(found["now"])
        except FileNotFoundError:
            return [], ""
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BadConfig(
                f"{self._file} cannot be read ({error}); mend it, or remove it: no step back then."
            ) from None

    def before(self, now: str) -> str | None:
        """One step back from there; None: there is none."""
        self._texts, self._digest = self._read()
        return next((text for text in reversed(self._texts) if text != now), None)

    def knows(self, now: str) -> bool:
        """Whether a gateway has written this, and the one before has its place."""
        self._texts, self._digest = self._read()
        return self._digest == _digest(now)

    def push(self, before: str, now: str) -> None:
        """The routes become `now`, one step further."""
        self._texts, _ = self._read()
        self._write([*self._texts, before][-KEPT:], now)

    def replace(self, now: str) -> None:
        """The routes become `now` without a step; steps that lead to where we are already are none."""
        texts, _ = self._read()
        while texts and texts[-1] == now:
            texts.pop()
        self._write(texts, now)

    def pop(self, now: str) -> None:
        """The routes become `now`, which is a step back: it and what came after it are forgotten."""
        texts, _ = self._read()
        while texts and texts.pop() != now:
            pass
        self._write(texts, now)

    def _write(self, texts: list[str], now: str) -> None:
        self._texts, self._digest = texts, _digest(now)
        write(self._file, json.dumps({"now": self._digest, "before": texts}))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def write(file: Path, text: str) -> None:
    """Whole or not at all: who reads meanwhile gets the old one."""
    new = file.with_name(f"{file.name}.new")
    try:
        new.write_text(text, "utf-8")
        new.replace(file)
    except OSError as error:
        raise BadConfig(f"{file} cannot be written ({error.strerror}); make it writable.") from None
