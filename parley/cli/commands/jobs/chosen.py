"""Which jobs a command is about: some by their ids, or all of a batch."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any
from urllib.parse import quote, urlencode

import typer

from parley.cli.ask import ask
from parley.errors import BadInput

PATH = "/v1/jobs"
PAGE = 1000
Ids = Annotated[list[str] | None, typer.Argument(metavar="ID...", help="Jobs.")]
Batch = Annotated[str, typer.Option("--batch", help="All jobs of a batch instead.")]


def of_batch(http: str, batch: str, state: str = "", most: int = 0, webhook: str = "") -> Iterator[Any]:
    """Page after page; an empty batch means any."""
    asked = {"batch": batch, "state": state, "webhook": webhook, "limit": min(most or PAGE, PAGE)}
    cursor, given = "", 0
    while True:
        query = {name: value for name, value in (asked | {"cursor": cursor}).items() if value}
        page = ask(http, f"{PATH}?{urlencode(query)}")
        yield from page["jobs"]
        given, cursor = given + len(page["jobs"]), page["next"]
        if not cursor or (most and given >= most):
            return


def chosen(http: str, ids: Sequence[str] | None, batch: str, state: str = "") -> list[Any]:
    """The jobs that were named."""
    if bool(ids) == bool(batch):
        raise BadInput("Name jobs by their ids, or all of one --batch.")
    if batch:
        return list(of_batch(http, batch, state))
    return [ask(http, f"{PATH}/{quote(each, safe='')}") for each in ids or ()]
