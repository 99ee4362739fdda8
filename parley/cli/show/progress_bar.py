"""A progress bar on stderr. Must not know what progresses."""

from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn


class Bar:
    """How much of a file has been answered; gone when all of it has."""

    def __init__(self, name: str, duration_s: float) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:3.0f} %"))
        guess = TextColumn("[dim]{task.fields[guess]}", markup=True)
        self._progress = Progress(
            *columns, TimeElapsedColumn(), guess, console=Console(stderr=True), transient=True, expand=False
        )
        self._task = self._progress.add_task(name, total=max(duration_s, 0.001), guess="")
        self._done_s = 0.0

    def __call__(self, done_s: float, guess: str) -> None:
        """Later stages answer later; the bar never goes back."""
        self._done_s = max(self._done_s, done_s)
        self._progress.update(self._task, completed=self._done_s, guess=guess.replace("[", "\\["))

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()
