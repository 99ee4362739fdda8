"""`parley keys`: API keys added, listed, revoked in the gateway's file. Must not know how a gateway reads it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from parley.cli import options
from parley.cli.outcome import Commands
from parley.cli.show.printing import print_json, print_line
from parley.cli.show.table import table
from parley.errors import BadInput, NotFound
from parley.nearest import advice
from parley.places import keys_file
from parley.wire import keys as paper

app = typer.Typer(cls=Commands, help="Who may use the gateway.", no_args_is_help=True, rich_markup_mode=None)
HEADS = ("id", "name", "scopes", "expires", "class", "streams", "in metrics", "redact")
File = Annotated[
    Path | None, typer.Option("--file", metavar="KEYS.json", help="The gateway's `keys_file`; else where `up` runs it.")
]


@app.command()
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Whose it is; routes may go by it.")],
    scope: Annotated[list[str] | None, typer.Option(help="use, admin, or a stage's name; repeatable.")] = None,
    days: Annotated[int, typer.Option(min=0, help="How long it is good for; 0: until it is revoked.")] = 0,
    streams: Annotated[int, typer.Option(min=0, help="Streams at a time; 0: as the gateway's limits say.")] = 0,
    kind: Annotated[str, typer.Option("--class", help="live or batch; else as each call says.")] = "",
    redact: Annotated[
        list[str] | None, typer.Option(help=f"What its transcripts never show: {', '.join(paper.HIDDEN)}; repeatable.")
    ] = None,
    file: File = None,
    as_json: options.AsJson = False,
) -> None:
    """Make a key and print it; it is shown this once."""
    if strange := next((each for each in redact or () if each not in paper.HIDDEN), ""):
        raise BadInput(f"--redact is {strange!r}; {advice(strange, paper.HIDDEN, 'there are {}.')}")
    if kind and kind not in paper.CLASSES:
        raise BadInput(f"--class is {kind!r}; say {' or '.join(paper.CLASSES)}.")
    file, kept = _kept(file)
    expires = datetime.now(UTC) + timedelta(days=days) if days else None
    text, key = paper.make(name, scope or [paper.USE], expires)
    file.parent.mkdir(parents=True, exist_ok=True)
    paper.write(file, [*kept.values(), replace(key, streams=streams, kind=kind, redact=tuple(redact or ()))])
    if as_json:
        print_json({"id": key.id, "name": name, "key": text})
    else:
        print_line(text)


@app.command("list")
def list_(file: File = None, as_json: options.AsJson = False) -> None:
    """Show the keys; what they are is not kept."""
    kept = list(_kept(file)[1].values())
    rows = [_row(key) for key in kept]
    if as_json:
        print_json([dict(zip(HEADS, row, strict=True)) for row in rows])
    else:
        print_line(table(HEADS, rows))


def _row(key: paper.Key) -> tuple[str, ...]:
    limits = (key.expires or "never", key.kind or "-", str(key.streams or "-"))
    return (key.id, key.name, ",".join(key.scopes), *limits, key.label, ",".join(key.redact) or "-")


@app.command()
def revoke(
    key: Annotated[str, typer.Argument(metavar="ID|NAME", help="The key's id, or the name of all its owner's keys.")],
    file: File = None,
) -> None:
    """Take a key back; the gateway refuses it within a second."""
    file, kept = _kept(file)
    stay = [each for each in kept.values() if key not in (each.id, each.name)]
    if len(stay) == len(kept):
        raise NotFound(f"There is no key {key!r}; `parley keys list` shows those there are.")
    paper.write(file, stay)
    print_line(f"revoked {len(kept) - len(stay)}")


def _kept(file: Path | None) -> tuple[Path, dict[str, paper.Key]]:
    """The keys file and the keys in it."""
    file = file or keys_file()
    return file, paper.read(file) if file.exists() else {}
