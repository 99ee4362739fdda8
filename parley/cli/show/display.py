"""How a live stream looks while it runs: on a terminal, in a pipe, as JSON lines. Must not know the network."""

from collections.abc import Callable
from typing import Any, Protocol, Self

import typer

from parley.cli.show.printing import plain, print_json, print_line


class Display(Protocol):
    """Shows events as they come."""

    def show(self, answer: Any) -> None:
        """One answer of the pipeline."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


class JsonDisplay:
    """Every event, as JSON has it."""

    def show(self, answer: Any) -> None:
        """One line."""
        print_json(plain(answer))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return


class PlainDisplay:
    """Finals and translations on stdout, notices on stderr."""

    def show(self, answer: Any) -> None:
        """No line, or one."""
        kind = answer.WhichOneof("event")
        if kind == "transcript":
            guess = "" if answer.transcript.is_final else "… "
            print_line(guess + text_of(answer.transcript))
        elif kind == "translation":
            print_line(translated(answer.translation))
        elif kind == "notice":
            typer.echo(noticed(answer.notice), err=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return


class Terminal:
    """Finals stay; the guess of the moment is dim, and redrawn below them."""

    def __init__(self) -> None:
        # Rich is slow to import: only a terminal pays for it.
        from rich.console import Console
        from rich.live import Live
        from rich.text import Text

        self._text: Callable[..., Text] = Text
        self._console = Console(highlight=False)
        self._live = Live(console=self._console, transient=True, auto_refresh=False)

    def show(self, answer: Any) -> None:
        """Print it, or redraw the guess."""
        kind = answer.WhichOneof("event")
        if kind == "transcript" and not answer.transcript.is_final:
            return self._guess(text_of(answer.transcript))
        if kind == "transcript":
            self._guess("")
            self._print(text_of(answer.transcript))
        elif kind == "translation":
            self._print(translated(answer.translation), "cyan")
        elif kind == "notice":
            self._print(noticed(answer.notice), "yellow")
        return None

    def _guess(self, text: str) -> None:
        self._live.update(self._text(text, style="dim"), refresh=True)

    def _print(self, text: str, style: str = "") -> None:
        self._console.print(self._text(text, style=style))

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()


def text_of(transcript: Any) -> str:
    """A transcript as `speaker: text`."""
    return named(transcript.speaker, transcript.text.strip())


def translated(translation: Any) -> str:
    """Into which language, who, what."""
    return f"  {translation.target_language}: {named(translation.speaker, translation.text.strip())}"


def named(speaker: str, text: str) -> str:
    """A number is made a name."""
    who = f"Speaker {speaker}" if speaker.isdigit() else speaker
    return f"{who}: {text}" if who else text


def noticed(notice: Any) -> str:
    """What did not go as asked."""
    where = f"{notice.stage}, channel {notice.track}" if notice.track else notice.stage
    return f"[{where}] {notice.message}"
