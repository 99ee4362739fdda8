"""`parley routes`: their options. Must not know how they work."""

from typing import Annotated

import typer

from parley.cli import options
from parley.cli.outcome import Commands

app = typer.Typer(cls=Commands, help="Which versions the aliases mean.", no_args_is_help=True, rich_markup_mode=None)
Alias = Annotated[str, typer.Argument(metavar="STAGE/ALIAS", help="The alias, e.g. asr/default.")]
Weights = Annotated[list[str], typer.Argument(metavar="NAME@VERSION=WEIGHT", help="Versions and their weights.")]


@app.command()
def show(http: options.Http = options.HTTP, as_json: options.AsJson = False) -> None:
    """Show every alias."""
    from parley.cli import routing

    routing.show(http, as_json=as_json)


@app.command("set")
def set_(
    alias: Alias,
    weights: Weights,
    shadow: Annotated[
        list[str] | None, typer.Option(metavar="NAME@VERSION=PERCENT", help="Hears so many streams too; repeatable.")
    ] = None,
    fallback: Annotated[
        list[str] | None, typer.Option(metavar="ALIAS|NAME@VERSION", help="Serves where these cannot; repeatable.")
    ] = None,
    http: options.Http = options.HTTP,
    as_json: options.AsJson = False,
) -> None:
    """Share an alias's streams out; its rules stay, and so do shadows and fallbacks that are not named."""
    from parley.cli import routing

    routing.share(http, alias, weights, shadow or [], fallback or [], as_json=as_json)


@app.command()
def promote(
    alias: Alias,
    model: Annotated[str, typer.Argument(metavar="NAME@VERSION", help="The version that gets everything.")],
    http: options.Http = options.HTTP,
    as_json: options.AsJson = False,
) -> None:
    """Give all of an alias's streams to one version, which is no shadow any more."""
    from parley.cli import routing

    routing.promote(http, alias, model, as_json=as_json)


@app.command()
def rollback(http: options.Http = options.HTTP, as_json: options.AsJson = False) -> None:
    """Bring back the routes as they were before the last change; again: undo that."""
    from parley.cli import routing

    routing.roll_back(http, as_json=as_json)
