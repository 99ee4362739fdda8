"""`parley jobs watch`: a batch until all of it has ended."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any
from urllib.parse import urlencode

import typer

from parley.cli import options
from parley.cli.ask import ask
from parley.cli.commands.jobs.chosen import of_batch
from parley.cli.outcome import Exit
from parley.cli.show.batch import BatchBar, BatchState
from parley.cli.show.printing import print_json
from parley.errors import DeadlinePassed, NotFound, Unavailable

PATH, LOOK_S = "/v1/jobs", 1.0
AWAY_S = 60.0  # how long a server that is started anew is waited for


def watch(
    batch: Annotated[str, typer.Argument(metavar="BATCH", help="As `submit` has called it.")],
    http: options.Http = options.HTTP,
    as_json: options.AsJson = False,
) -> None:
    """Show how far a batch is, until it has ended; Ctrl-C leaves it to go on."""
    watched(http, batch, as_json=as_json)


def watched(http: str, batch: str, *, as_json: bool) -> None:
    """The same, as `submit` ends with it."""
    try:
        with BatchBar(batch, quiet=as_json) as bar, _heeded() as heed:
            while not (state := _state(http, batch)).has_ended:
                bar.show(state)
                heed()
                time.sleep(LOOK_S)
            bar.show(state)
    except KeyboardInterrupt:
        typer.echo(f"\nThe jobs go on. Come back with: parley jobs watch {batch}", err=True)
        raise typer.Exit(Exit.INTERRUPTED) from None
    _ended(http, batch, state, as_json=as_json)


@contextmanager
def _heeded() -> Iterator[Callable[[], None]]:
    """Raises for a Ctrl-C that came while Python closed a connection: there it ignores exceptions, this one too."""
    came = False

    def note(*_: object) -> None:
        nonlocal came
        came = True
        raise KeyboardInterrupt

    def heed() -> None:
        if came:
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, note)
    try:
        yield heed
    finally:
        signal.signal(signal.SIGINT, before)


def _state(http: str, batch: str) -> BatchState:
    end = time.monotonic() + AWAY_S
    while True:
        try:
            summary: dict[str, Any] = ask(http, f"{PATH}?{urlencode({'batch': batch, 'limit': 1})}")["summary"]
            break
        except (DeadlinePassed, Unavailable):
            if time.monotonic() > end:
                raise
            time.sleep(LOOK_S)
    state = BatchState({name: each["jobs"] for name, each in summary.items()}, summary["done"]["done_s"], summary)
    if not state.jobs:
        raise NotFound(f"There is no batch {batch!r} of this key; `parley jobs list` shows what there is.")
    return state


def _ended(http: str, batch: str, state: BatchState, *, as_json: bool) -> None:
    failed = list(of_batch(http, batch, "failed"))
    if as_json:
        print_json({"batch": batch, "jobs": state.counts, "failed": failed})
    else:
        typer.echo(state.words)
        for job in failed:
            typer.echo(f"  {job['name']}: {job['error']['message']}", err=True)
        if state.counts["done"]:
            typer.echo(f"Their results: parley jobs results --batch {batch} --to FOLDER")
    if failed:
        raise typer.Exit(Exit.FAILED)
