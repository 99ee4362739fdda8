"""`parley transcribe`: files -> what is said in them, with a progress bar."""

import asyncio
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Annotated, Any

import typer

from parley.cli import options
from parley.cli.outcome import exit_of, say_error
from parley.cli.pipeline_options import PipelineOptions, models_of
from parley.cli.show.display import noticed
from parley.cli.show.document import Document
from parley.cli.show.printing import print_json, print_line, seconds
from parley.cli.sound import HIGHEST_HZ, RAW_HZ, Sound, pieces_of, read_file
from parley.errors import ParleyError

Progress = Callable[[float, str], None]  # seconds of the file that are done, and the guess of the moment


def transcribe(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Audio files.")],
    speakers: options.Speakers = False,
    voice: options.Voices = None,
    translate_to: options.TranslateTo = None,
    per_channel: options.PerChannel = False,
    denoise: options.Denoise = False,
    with_: options.With = None,
    interim: Annotated[bool, typer.Option("--interim", help="Show guesses beside the progress bar.")] = False,
    language: options.Language = "",
    model: options.Models = None,
    server: options.Server = options.SERVER,
    as_json: options.AsJson = False,
) -> None:
    """Write down what is said in files, as fast as it goes."""
    wanted = PipelineOptions(
        language=language,
        interim=interim,
        word_times=as_json or not interim,
        recording=not interim,
        speakers=speakers,
        voices=tuple(voice or ()),
        per_channel=per_channel,
        denoise=denoise,
        added=tuple(with_ or ()),
        translate_to=tuple(translate_to or ()),
        models=models_of(model or ()),
    )
    _write_down(server, wanted, files, as_json=as_json)


def _write_down(server: str, wanted: PipelineOptions, files: list[str], *, as_json: bool) -> None:
    """One file after the other; one that fails does not stop the others."""
    documents: list[Document] = []
    failed: list[ParleyError] = []
    for file in files:
        try:
            documents.append(_one(server, wanted, file))
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


def _one(server: str, wanted: PipelineOptions, file: str) -> Document:
    sound = read_file(file, mixed=not wanted.per_channel, most_hz=HIGHEST_HZ if wanted.denoise else RAW_HZ)
    with _bar(file, sound.duration_s or 0.0) as progress:
        return asyncio.run(_transcribe(server, wanted, sound, progress))


async def _transcribe(server: str, wanted: PipelineOptions, sound: Sound, progress: Progress) -> Document:
    document = Document(sound.name, sound.duration_s or 0.0)
    async for answer in wanted.answers(server, sound, pieces_of(sound)):
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
    from parley.cli.show.progress_bar import Bar

    return Bar(file, duration_s)
