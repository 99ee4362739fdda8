"""Files -> what is said in them, with a progress bar. Must not know options."""

import asyncio
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import typer

from parley.cli.connect import connected
from parley.cli.display import noticed
from parley.cli.document import Document
from parley.cli.outcome import exit_of, say_error
from parley.cli.printing import print_json, print_line, seconds
from parley.cli.sound import HIGHEST_HZ, RAW_HZ, Sound, pieces_of, read_file
from parley.cli.wishes import Wishes
from parley.errors import ParleyError

Progress = Callable[[float, str], None]  # seconds of the file that are done, and the guess of the moment


def write_down(server: str, wishes: Wishes, files: list[str], *, as_json: bool) -> None:
    """One file after the other; one that fails does not stop the others."""
    documents: list[Document] = []
    failed: list[ParleyError] = []
    for file in files:
        try:
            documents.append(_one(server, wishes, file))
        except ParleyError as error:
            if len(files) == 1:
                raise
            say_error(error if file in str(error) else type(error)(f"{file}: {error}", retry_s=error.retry_s))
            failed.append(error)
            continue
        if not as_json:
            _print(documents[-1], heading=len(files) > 1)
    if as_json:
        print_json({"files": [document.as_json() for document in documents]})
    if failed:
        raise typer.Exit(exit_of(failed[0]))


def _one(server: str, wishes: Wishes, file: str) -> Document:
    sound = read_file(file, mixed=not wishes.per_channel, most_hz=HIGHEST_HZ if wishes.denoise else RAW_HZ)
    with _bar(file, sound.duration_s or 0.0) as progress:
        return asyncio.run(_transcribe(server, wishes, sound, progress))


async def _transcribe(server: str, wishes: Wishes, sound: Sound, progress: Progress) -> Document:
    document = Document(sound.name, sound.duration_s or 0.0)
    async with connected(server) as client:
        async for answer in wishes.answers(client, sound, pieces_of(sound)):
            document.hear(answer)
            _advance(answer, progress)
    return document


def _advance(answer: Any, progress: Progress) -> None:
    kind = answer.WhichOneof("event")
    if kind in ("transcript", "turn"):
        event = getattr(answer, kind)
        progress(seconds(event.interval.end), "" if kind == "turn" or event.is_final else event.text)


def _print(document: Document, *, heading: bool) -> None:
    if heading:
        print_line(f"== {document.file}")
    for line in document.lines():
        print_line(line)
    for notice in document.notices:
        typer.echo(noticed(notice), err=True)


def _bar(file: str, duration_s: float) -> AbstractContextManager[Progress]:
    """On stderr, and only for people."""
    if not sys.stderr.isatty():
        return nullcontext(lambda done_s, guess: None)
    from parley.cli.bar import Bar

    return Bar(file, duration_s)
