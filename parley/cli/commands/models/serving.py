"""`parley models load` and `retire`: what a server has open. Must not know where models lie."""

import asyncio
from typing import Annotated, Any

import typer

from parley.cli import connect, options
from parley.cli.show.printing import plain, print_json, print_line

Stage = Annotated[str, typer.Argument(metavar="STAGE", help="E.g. asr.")]
Exact = Annotated[str, typer.Argument(metavar="NAME@VERSION", help="The exact version.")]


def load(
    stage: Stage,
    model: Exact,
    default: Annotated[bool, typer.Option("--default", help="Serve it where no model is asked for.")] = False,
    server: options.Server = options.SERVER,
    as_json: options.AsJson = False,
) -> None:
    """Load a version from the service's model folder; returns when it is active."""
    answer = asyncio.run(connect.models(server, "Load", stage, model=model, make_default=default))
    _print(stage, answer.model, as_json)


def retire(
    stage: Stage, model: Exact, server: options.Server = options.SERVER, as_json: options.AsJson = False
) -> None:
    """Take no new streams for a version; it goes when its last stream has ended."""
    _print(stage, asyncio.run(connect.models(server, "Retire", stage, model=model)).model, as_json)


def state(model: Any) -> str:
    """In a word."""
    written: str = plain(model)["state"]
    return written.removeprefix("MODEL_STATE_").lower()


def _print(stage: str, model: Any, as_json: bool) -> None:
    if as_json:
        print_json(plain(model))
    else:
        print_line(f"{stage} {model.model} is {state(model)}")
