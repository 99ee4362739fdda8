"""`parley stream` and `parley transcribe`: their options. Must not know how they work."""

import sys
from typing import Annotated

import typer

from parley.cli import options


def stream(
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="An audio file; - is standard input.")],
    speakers: options.Speakers = False,
    translate_to: options.TranslateTo = None,
    per_channel: options.PerChannel = False,
    denoise: options.Denoise = False,
    interim: Annotated[
        bool | None, typer.Option("--interim/--no-interim", help="Show guesses; default: on a terminal only.")
    ] = None,
    language: options.Language = "",
    model: options.Models = None,
    server: options.Server = options.SERVER,
    as_json: options.AsJson = False,
) -> None:
    """Send sound as fast as it is spoken and show what is heard, live.

    Standard input is a WAV, or raw PCM: 16 kHz, 16 bit, little-endian, one channel.
    """
    from parley.cli.live import listen
    from parley.cli.wishes import Wishes, models_of

    shown = sys.stdout.isatty() and not as_json
    wishes = Wishes(
        language=language,
        interim=shown if interim is None else interim,
        word_times=as_json,
        speakers=speakers,
        per_channel=per_channel,
        denoise=denoise,
        translate_to=tuple(translate_to or ()),
        models=models_of(model or ()),
    )
    listen(server, wishes, file, as_json=as_json)


def transcribe(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Audio files.")],
    speakers: options.Speakers = False,
    translate_to: options.TranslateTo = None,
    per_channel: options.PerChannel = False,
    denoise: options.Denoise = False,
    interim: Annotated[bool, typer.Option("--interim", help="Show guesses beside the progress bar.")] = False,
    language: options.Language = "",
    model: options.Models = None,
    server: options.Server = options.SERVER,
    as_json: options.AsJson = False,
) -> None:
    """Write down what is said in files, as fast as it goes."""
    from parley.cli.transcripts import write_down
    from parley.cli.wishes import Wishes, models_of

    wishes = Wishes(
        language=language,
        interim=interim,
        word_times=as_json or not interim,
        recording=not interim,
        speakers=speakers,
        per_channel=per_channel,
        denoise=denoise,
        translate_to=tuple(translate_to or ()),
        models=models_of(model or ()),
    )
    write_down(server, wishes, files, as_json=as_json)
