"""`parley models`: their options. Must not know how they work."""

from typing import Annotated

import typer

from parley.cli import options
from parley.cli.outcome import Commands

app = typer.Typer(
    cls=Commands, help="The versions of each stage's models.", no_args_is_help=True, rich_markup_mode=None
)
Stage = Annotated[str, typer.Argument(metavar="STAGE", help="asr, denoise, diarize or translate.")]
Exact = Annotated[str, typer.Argument(metavar="NAME@VERSION", help="The exact version.")]


@app.command("list")
def list_(
    stage: Annotated[str, typer.Argument(metavar="[STAGE]", help="Only this stage's.")] = "",
    server: options.Server = options.SERVER,
    as_json: options.AsJson = False,
) -> None:
    """Show what is loaded."""
    from parley.cli import versions

    versions.show(server, stage, as_json=as_json)


@app.command()
def load(
    stage: Stage,
    model: Exact,
    default: Annotated[bool, typer.Option("--default", help="Serve it where no model is asked for.")] = False,
    server: options.Server = options.SERVER,
    as_json: options.AsJson = False,
) -> None:
    """Load a version from the service's model folder; returns when it is active."""
    from parley.cli import versions

    versions.load(server, stage, model, default=default, as_json=as_json)


@app.command()
def add(
    source: Annotated[str, typer.Argument(metavar="FOLDER|WHEEL|URL", help="A Whisper as faster-whisper has it.")],
    name: Annotated[str, typer.Option("--name", help="What to call it; else by its size, e.g. whisper-small.")] = "",
    version: Annotated[str, typer.Option("--version", help="Its version.")] = "1",
    root: Annotated[str, typer.Option("--root", metavar="FOLDER", help="The model folder; else the service's.")] = "",
    most_gb: Annotated[float, typer.Option("--most-gb", help="Refuse what is larger.")] = 4.0,
    as_json: options.AsJson = False,
) -> None:
    """Add a recogniser: fetch it, write its model.toml, run it once, say what was measured."""
    from parley.cli import adding

    adding.add(adding.Wanted(source, name, version, root, most_gb), as_json=as_json)


@app.command()
def retire(
    stage: Stage, model: Exact, server: options.Server = options.SERVER, as_json: options.AsJson = False
) -> None:
    """Take no new streams for a version; it goes when its last stream has ended."""
    from parley.cli import versions

    versions.retire(server, stage, model, as_json=as_json)
