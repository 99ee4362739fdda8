"""`parley denoise`, `diarize` and `translate`: one stage by itself, their options. Must not know how they work."""

from typing import Annotated

import typer

from parley.cli import options

File = Annotated[str, typer.Argument(metavar="FILE", help="An audio file.")]


def denoise(
    file: File,
    out: Annotated[str, typer.Argument(metavar="OUT.wav", help="The WAV file to write.")],
    limit_db: Annotated[float, typer.Option("--limit-db", help="Take away no more than this; 0: no limit.")] = 0.0,
    model: options.Model = "",
    server: options.Server = options.SERVER,
    as_json: options.AsJson = False,
) -> None:
    """Take the noise out of a recording."""
    from parley.cli.cleaning import clean

    clean(server, model, file, out, limit_db=limit_db, as_json=as_json)


def diarize(
    file: File,
    most: Annotated[int, typer.Option("--max-speakers", min=0, help="Never more than this; 0: as heard.")] = 0,
    rttm: Annotated[bool, typer.Option("--rttm", help="Print RTTM.")] = False,
    model: options.Model = "",
    server: options.Server = options.SERVER,
    as_json: options.AsJson = False,
) -> None:
    """Say who spoke when."""
    from parley.cli.turns import tell_apart

    if rttm and as_json:
        raise typer.BadParameter("Choose one of --json and --rttm.")
    tell_apart(server, model, file, most=most, form="rttm" if rttm else "json" if as_json else "text")


def translate(
    text: Annotated[str, typer.Argument(metavar="TEXT|-", help="The text; - is standard input.")],
    to: Annotated[str, typer.Option("--to", metavar="TAG", help="The language wanted, e.g. de.")],
    source: Annotated[str, typer.Option("--from", metavar="TAG", help="The text's language; else found out.")] = "",
    model: options.Model = "",
    server: options.Server = options.SERVER,
    as_json: options.AsJson = False,
) -> None:
    """Translate text; from standard input, each sentence as it completes."""
    from parley.cli.text import render

    render(server, model, text, source=source, target=to, as_json=as_json)
