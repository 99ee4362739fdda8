"""`parley forget`: what a gateway keeps of a key, a session or a job, shown or removed."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import quote, urlencode

import typer

from parley.cli import options
from parley.cli.ask import ask
from parley.cli.show.printing import print_json, print_line
from parley.errors import BadInput

PATH = "/v1/data"


def forget(
    key: Annotated[str, typer.Option(metavar="ID", help="All of this API key; operators only, unless one's own.")] = "",
    session: Annotated[str, typer.Option(metavar="TEXT", help="All of one session, as the client named it.")] = "",
    job: Annotated[str, typer.Option(metavar="ID", help="All of one job.")] = "",
    everything: Annotated[bool, typer.Option("--everything", help="All of one's own key.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what is kept.")] = False,
    http: options.Http = options.HTTP,
    as_json: options.AsJson = False,
) -> None:
    """Remove what is kept of a key, a session or a job, and say what was removed and what stays."""
    narrower = {name: value for name, value in (("session", session), ("job", job)) if value}
    if len(narrower) > 1 or not (narrower or key or everything or dry_run) or (everything and (narrower or key)):
        raise BadInput("Say whose: --key ID, --session TEXT, --job ID, or --everything for one's own key.")
    query = narrower if narrower or dry_run else {"everything": "true"}
    path = f"{PATH}/{quote(key, safe='')}" if key else PATH
    answer = ask(http, f"{path}?{urlencode(query)}", "GET" if dry_run else "DELETE")
    if as_json:
        print_json(answer)
    else:
        _print(answer, "kept" if dry_run else "removed")


def _print(answer: Mapping[str, Any], what: str) -> None:
    for name, found in answer[what].items():
        print_line(f"{what} {_said(name, found)}")
    for each in answer["stays"]:
        print_line(f"stays: {each}")


def _said(name: str, found: int | Sequence[str]) -> str:
    if isinstance(found, int):
        return f"{found} {name}"
    return f"{len(found)} {name}" + (f": {' '.join(found)}" if found else "")
