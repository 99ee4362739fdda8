"""`parley voices`: voices that the gateway keeps for a key. Must not know how they are kept."""

import asyncio
import base64
import os
from typing import Annotated, Any

import typer

from parley.cli import options
from parley.cli.connect import voices
from parley.cli.outcome import Commands
from parley.cli.show.printing import print_json, print_line
from parley.cli.show.table import table
from parley.errors import BadInput

app = typer.Typer(cls=Commands, help="Voices that are known by name.", no_args_is_help=True, rich_markup_mode=None)
HEADS = ("name", "model", "added")
Name = Annotated[str, typer.Argument(metavar="NAME", help="What turns of the voice carry.")]


@app.command()
def add(
    name: Name,
    file: Annotated[str, typer.Argument(metavar="FILE", help="Two to thirty seconds of the voice alone.")],
    server: options.Server = options.SERVER,
    as_json: options.AsJson = False,
) -> None:
    """Keep a voice; its sound is not kept."""
    try:
        with open(file, "rb") as opened:
            sound = opened.read()
    except OSError as error:
        raise BadInput(f"{file} cannot be read ({error.strerror}).") from None
    _show([asyncio.run(voices(server, "Add", name=name, file=sound)).voice], as_json=as_json)


@app.command("list")
def list_(server: options.Server = options.SERVER, as_json: options.AsJson = False) -> None:
    """Show the voices of this key."""
    _show(asyncio.run(voices(server, "List")).voices, as_json=as_json)


@app.command()
def rm(name: Name, server: options.Server = options.SERVER) -> None:
    """Forget a voice."""
    asyncio.run(voices(server, "Remove", name=name))
    print_line(f"forgot {name}")


@app.command()
def secret() -> None:
    """Print a new secret for the gateway's `voices.secret`, which encrypts the voices."""
    print_line(base64.urlsafe_b64encode(os.urandom(32)).decode())


def _show(kept: Any, *, as_json: bool) -> None:
    rows = [(each.name, each.model, each.added) for each in kept]
    if as_json:
        print_json([dict(zip(HEADS, row, strict=True)) for row in rows])
    else:
        print_line(table(HEADS, rows))
