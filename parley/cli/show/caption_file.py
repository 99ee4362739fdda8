"""The last lines of what is said, in a text file that a video mixer shows, such as OBS. Must not know the network."""

import asyncio
import os
import textwrap
from pathlib import Path
from typing import Any, Self

from parley.cli.show.display import named
from parley.errors import BadInput

WIDTH, LINES = 42, 2  # of subtitles on television
SHOWN_S = 6.0  # nobody has spoken for so long: there is nothing left to read


class CaptionFile:
    """What people said last; where a translation is asked for, that."""

    def __init__(self, path: Path, target: str = "") -> None:
        self._path, self._kind = path, "translation" if target else "transcript"
        self._target = target
        self._said: list[str] = []
        self._timer: asyncio.TimerHandle | None = None

    def show(self, answer: Any) -> None:
        """Every word as it is heard."""
        kind = answer.WhichOneof("event")
        if kind != self._kind or self._target not in ("", getattr(answer.translation, "target_language", "")):
            return
        event = getattr(answer, kind)
        lines = textwrap.wrap(named(event.speaker, event.text.strip()), WIDTH)
        self._write((self._said + lines)[-LINES:])
        if kind == "translation" or event.is_final:
            self._said = (self._said + lines)[-LINES:]
        self._clear_later()

    def _clear_later(self) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(SHOWN_S, self._clear)

    def _clear(self) -> None:
        self._said = []
        self._write([])

    def _write(self, lines: list[str]) -> None:
        """In one step: who reads it meanwhile finds the old lines or the new ones."""
        beside = self._path.with_name(f".{self._path.name}.new")
        try:
            beside.write_text("".join(f"{line}\n" for line in lines), "utf-8")
            os.replace(beside, self._path)
        except OSError as error:
            raise BadInput(f"{self._path} cannot be written: {error.strerror}; name a file that can.") from error

    def __enter__(self) -> Self:
        self._write([])
        return self

    def __exit__(self, *_: object) -> None:
        self._clear()
