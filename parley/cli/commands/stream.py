"""`parley stream`: a live stream, from the sound to the screen."""

import asyncio
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from parley.cli import options
from parley.cli.pipeline_options import PipelineOptions, models_of
from parley.cli.show.caption_file import CaptionFile
from parley.cli.show.display import Display, JsonDisplay, PlainDisplay, Terminal
from parley.cli.sound import STDIN, Sound, paced, pieces_of, read_file, read_stdin
from parley.errors import BadInput


def stream(
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="An audio file; - is standard input.")],
    speakers: options.Speakers = False,
    voice: options.Voices = None,
    translate_to: options.TranslateTo = None,
    per_channel: options.PerChannel = False,
    denoise: options.Denoise = False,
    with_: options.With = None,
    interim: Annotated[
        bool | None, typer.Option("--interim/--no-interim", help="Show guesses; default: on a terminal only.")
    ] = None,
    captions: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Keep the last two lines in this file, for OBS and its like.")
    ] = None,
    language: options.Language = "",
    model: options.Models = None,
    server: options.Server = options.SERVER,
    as_json: options.AsJson = False,
) -> None:
    """Send sound as fast as it is spoken and show what is heard, live.

    Standard input is a WAV, or raw PCM: 16 kHz, 16 bit, little-endian, one channel.
    """
    shown = bool(captions) or (sys.stdout.isatty() and not as_json)
    wanted = PipelineOptions(
        language=language,
        interim=shown if interim is None else interim,
        word_times=as_json,
        speakers=speakers,
        voices=tuple(voice or ()),
        per_channel=per_channel,
        denoise=denoise,
        added=tuple(with_ or ()),
        translate_to=tuple(translate_to or ()),
        models=models_of(model or ()),
    )
    displays: list[Display] = [_display(as_json)]
    if captions:
        displays.append(CaptionFile(captions, next(iter(wanted.translate_to), "")))
    asyncio.run(_stream(server, wanted, _sound(file, wanted), displays))


def _sound(file: str, wanted: PipelineOptions) -> Sound:
    if file != STDIN:
        return read_file(file, mixed=not wanted.per_channel)
    if sys.stdin.isatty():
        raise BadInput("Standard input is a terminal; pipe sound into it: arecord -f S16_LE -r 16000 | parley stream -")
    return read_stdin()


def _display(as_json: bool) -> Display:
    if as_json:
        return JsonDisplay()
    return Terminal() if sys.stdout.isatty() else PlainDisplay()


async def _stream(server: str, wanted: PipelineOptions, sound: Sound, displays: Sequence[Display]) -> None:
    with ExitStack() as stack:
        for display in displays:
            stack.enter_context(display)
        async for answer in wanted.answers(server, sound, paced(pieces_of(sound))):
            for display in displays:
                display.show(answer)
