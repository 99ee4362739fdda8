"""One status line per process: redrawn on a terminal, printed at each change elsewhere. Must not know why."""

import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, Self

from parley.cli.processes.launcher import resident_bytes
from parley.cli.processes.supervisor import Keeper, ProcessState
from parley.cli.show.printing import print_json, print_line
from parley.cli.show.table import table

HEADS = ("process", "state", "pid", "uptime", "restarts", "memory", "")
Why = Callable[[Keeper], str]  # what a process said before it ended


class Board(Protocol):
    """Shows processes."""

    def changed(self, keeper: Keeper) -> None:
        """One is in another state now."""

    def redraw(self) -> None:
        """Called regularly; redraws what depends on time."""

    def say(self, text: str) -> None:
        """Something for people."""

    def ready(self, after_s: float, hints: str) -> None:
        """Everything can be used now."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


def row(keeper: Keeper, why: Why) -> tuple[str, ...]:
    """A process as one row: name, state, pid, uptime, restarts, memory, last error."""
    running = keeper.pid is not None
    held = resident_bytes(keeper.pid) if keeper.pid is not None else None
    memory = f"{held >> 20} MB" if held else "-"
    state = f"restart in {keeper.wait_s:.1f} s" if keeper.state is ProcessState.WAITING else keeper.state.value
    uptime = _duration(keeper.age_s) if running else "-"
    reason = why(keeper) if keeper.state is ProcessState.WAITING else ""
    return keeper.name, state, str(keeper.pid or "-"), uptime, str(keeper.restarts), memory, reason


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class PlainBoard:
    """For pipes and logs."""

    def __init__(self, why: Why) -> None:
        self._why = why

    def changed(self, keeper: Keeper) -> None:
        """One line."""
        pid = f" pid {keeper.pid}" if keeper.pid else ""
        code = f" exit code {keeper.exit_code}" if keeper.state in (ProcessState.WAITING, ProcessState.STOPPED) else ""
        reason = f": {self._why(keeper)}" if keeper.state is ProcessState.WAITING else ""
        print_line(f"{keeper.name:<10} {keeper.state.value}{pid}{code}{reason}")

    def redraw(self) -> None:
        """Nothing moves here."""

    def say(self, text: str) -> None:
        """As it is."""
        print_line(text)

    def ready(self, after_s: float, hints: str) -> None:
        """As it is."""
        print_line(f"Ready after {after_s:.1f} s.\n{hints}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return


class JsonBoard:
    """For programs."""

    def __init__(self, why: Why) -> None:
        self._why = why

    def changed(self, keeper: Keeper) -> None:
        """One line."""
        facts = {"process": keeper.name, "state": keeper.state.value, "pid": keeper.pid, "restarts": keeper.restarts}
        ended = {"exit_code": keeper.exit_code, "said": self._why(keeper)}
        print_json(facts | (ended if keeper.state is ProcessState.WAITING else {}))

    def redraw(self) -> None:
        """Nothing moves here."""

    def say(self, text: str) -> None:
        """Programs know."""

    def ready(self, after_s: float, hints: str) -> None:
        """One line."""
        print_json({"ready": True, "after_s": round(after_s, 2)})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return


class LiveBoard:
    """For terminals."""

    def __init__(self, keepers: Sequence[Keeper], why: Why) -> None:
        from rich.console import Console
        from rich.live import Live as RichLive
        from rich.text import Text

        self._keepers, self._why, self._text = keepers, why, Text
        self._console = Console(highlight=False)
        self._live: Any = RichLive(console=self._console, auto_refresh=False)

    def changed(self, keeper: Keeper) -> None:
        """Seen at once."""
        self.redraw()

    def redraw(self) -> None:
        """Every line."""
        lines = table(HEADS, [row(keeper, self._why) for keeper in self._keepers])
        self._live.update(self._text(lines, no_wrap=True, overflow="ellipsis"), refresh=True)

    def say(self, text: str) -> None:
        """Above the lines."""
        self._console.print(self._text(text))

    def ready(self, after_s: float, hints: str) -> None:
        """Above the lines; unbroken, so that it can be pasted."""
        for line in (f"Ready after {after_s:.1f} s.", *hints.splitlines()):
            self._console.print(self._text(line, style="bold" if line.startswith("Ready") else ""), soft_wrap=True)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()


def board(keepers: Sequence[Keeper], why: Why, *, as_json: bool) -> AbstractContextManager[Board]:
    """The display for this output: JSON lines, terminal or plain."""
    if as_json:
        return JsonBoard(why)
    return LiveBoard(keepers, why) if sys.stdout.isatty() else PlainBoard(why)
