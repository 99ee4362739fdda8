"""What a long command is doing, on stderr: a bar on a terminal, lines in a pipe. Must not know the command."""

import sys
from types import TracebackType
from typing import Self

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn


class Steps:
    """One step at a time; a step may have bytes."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet, self._bar = quiet, sys.stderr.isatty() and not quiet
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
        self._progress = Progress(
            *columns, TransferSpeedColumn(), TimeRemainingColumn(), console=Console(stderr=True), transient=True
        )
        self._task = self._progress.add_task("", total=None)

    def say(self, doing: str) -> None:
        """The next step begins."""
        if self._quiet or not doing:
            return
        if self._bar:
            self._progress.reset(self._task, description=doing, total=None)
        else:
            typer.echo(f"{doing} ...", err=True)

    def warn(self, text: str) -> None:
        """What people should know stays on the screen, also where they asked for JSON."""
        if self._bar:
            self._progress.console.print(text, markup=False, highlight=False, soft_wrap=True)
        else:
            typer.echo(text, err=True)

    def progress(self, done: int, total: int | None) -> None:
        """So many bytes have come."""
        if self._bar:
            self._progress.update(self._task, completed=done, total=total)

    def __enter__(self) -> Self:
        if self._bar:
            self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self._bar:
            self._progress.stop()
