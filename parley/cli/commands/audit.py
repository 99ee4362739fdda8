"""`parley audit`: whether a gateway's audit log is as it was written, and what it says. Must not know who writes it."""

import base64
import os
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from parley.audit.chain import Link, Seal
from parley.audit.files import ChainFiles, instances
from parley.audit.listing import CALL, Which, listed
from parley.audit.verify import Verdict, verify
from parley.cli import options
from parley.cli.outcome import Commands, Exit
from parley.cli.show.printing import print_json, print_line
from parley.cli.show.table import table
from parley.errors import BadInput
from parley.wire.keys import label_of

app = typer.Typer(cls=Commands, help="Who asked for what, and when.", no_args_is_help=True, rich_markup_mode=None)
HEADS = ("at", "key", "call", "outcome", "audio s", "wall s", "stages", "more")
SHOWN = ("at", "event", "key", "call", "outcome", "audio_s", "wall_s", "stages", "number", "before", "hash")
Folder = Annotated[
    Path, typer.Option(envvar="PARLEY_AUDIT__FOLDER", metavar="FOLDER", help="The gateway's `audit.folder`.")
]
Instance = Annotated[str, typer.Option(metavar="NAME", help="One gateway's; else those of all.")]


@app.command("verify")
def verify_(
    folder: Folder,
    instance: Instance = "",
    noted: Annotated[
        str, typer.Option(metavar="NUMBER:HASH", help="A record that was noted, which must be there still.")
    ] = "",
    as_json: options.AsJson = False,
) -> None:
    """Check every record, and name the first that does not fit. The secret comes from PARLEY_AUDIT__SECRET."""
    if noted and not instance:
        raise BadInput("A record that was noted is of one gateway; say which: --instance NAME.")
    link = Link.of(noted) if noted else None
    found = [verify(ChainFiles(folder, each), _seal(), link) for each in _named(folder, instance)]
    if as_json:
        print_json([_plain(each) for each in found])
    else:
        for each in found:
            print_line(_said(each))
    if any(each.problem for each in found):
        raise typer.Exit(Exit.FAILED)


@app.command("list")
def list_(
    folder: Folder,
    key: Annotated[str, typer.Option(metavar="ID", help="An API key's, as `parley keys list` shows it.")] = "",
    session: Annotated[str, typer.Option(metavar="TEXT", help="A session's, as the client has named it.")] = "",
    day: Annotated[str, typer.Option(metavar="YYYY-MM-DD", help="Of a day, or of a month.")] = "",
    call: Annotated[str, typer.Option(metavar="PART", help="What was called, e.g. /v1/jobs.")] = "",
    outcome: Annotated[str, typer.Option(metavar="REASON", help="ok, cancelled, or the reason of an error.")] = "",
    instance: Instance = "",
    most: Annotated[int, typer.Option(min=1, help="The newest so many of each gateway.")] = 1000,
    as_json: options.AsJson = False,
) -> None:
    """Show records, the newest last. A session is found with the secret in PARLEY_AUDIT__SECRET only."""
    keys = (label_of(key), key) if key else ()
    sessions = _seal().pseudonyms(session) if session else ()
    which = Which(keys, sessions, day, call, outcome)
    found: list[Mapping[str, Any]] = []
    for each in _named(folder, instance):
        found += deque(listed(ChainFiles(folder, each), which), most)
    if as_json:
        print_json(found)
    else:
        print_line(table(HEADS, [tuple(_row(each)) for each in found]))


@app.command()
def secret() -> None:
    """Print a new secret for the gateway's `audit.secret`, without which nobody can write records that fit."""
    print_line(base64.urlsafe_b64encode(os.urandom(32)).decode())


def _seal() -> Seal:
    return Seal(os.environ.get("PARLEY_AUDIT__SECRET", ""))


def _named(folder: Path, instance: str) -> list[str]:
    there = instances(folder)
    if instance and instance not in there:
        raise BadInput(
            f"No gateway called {instance!r} has records in {folder}; there are {', '.join(there) or 'none'}."
        )
    if not there:
        raise BadInput(f"There are no records in {folder}; --folder names the one of `[audit] folder`.")
    return [instance] if instance else there


def _said(verdict: Verdict) -> str:
    if verdict.problem:
        return f"{verdict.instance}: {verdict.problem}."
    if not verdict.records:
        return f"{verdict.instance}: no record yet."
    return f"{verdict.instance}: records {verdict.first} to {verdict.last.number} fit; the last is {verdict.last}."


def _plain(verdict: Verdict) -> dict[str, object]:
    said = {"instance": verdict.instance, "records": verdict.records, "first": verdict.first}
    return {**said, "last": str(verdict.last), "problem": verdict.problem or None}


def _row(facts: Mapping[str, Any]) -> Iterator[str]:
    event = facts.get("event", "")
    yield str(facts.get("at", ""))
    yield str(facts.get("key", "-"))
    yield str(facts.get("call", "")) if event == CALL else f"({event})"
    for name in ("outcome", "audio_s", "wall_s"):
        yield str(facts.get(name, ""))
    yield " ".join(f"{stage}={'+'.join(versions)}" for stage, versions in facts.get("stages", {}).items())
    yield " ".join(f"{name}={_short(value)}" for name, value in facts.items() if name not in SHOWN)


def _short(value: object) -> str:
    if isinstance(value, dict):
        return ",".join(f"{name}:{_short(each)}" for name, each in value.items())
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
