"""`parley routes`: which versions the aliases mean, shown and changed in the gateway."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any

import typer

from parley.cli import options
from parley.cli.ask import ask
from parley.cli.commands import rollouts
from parley.cli.commands.rollouts import Alias, Why
from parley.cli.outcome import Commands
from parley.cli.show.printing import print_json, print_line
from parley.cli.show.table import table
from parley.errors import BadInput, NotFound
from parley.wire.why import header

app = typer.Typer(cls=Commands, help="Which versions the aliases mean.", no_args_is_help=True, rich_markup_mode=None)
Weights = Annotated[list[str], typer.Argument(metavar="NAME@VERSION=WEIGHT", help="Versions and their weights.")]
PATH = "/v1/routes"
HEADS = ("alias", "versions", "more")


@app.command()
def show(http: options.Http = options.HTTP, as_json: options.AsJson = False) -> None:
    """Show every alias."""
    _print(ask(http, PATH), as_json)


@app.command("set")
def set_(
    alias: Alias,
    weights: Weights,
    shadow: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME@VERSION=PERCENT", help="Hears so many streams too; 0: none any more."),
    ] = None,
    fallback: Annotated[
        list[str] | None, typer.Option(metavar="ALIAS|NAME@VERSION", help="Serves where these cannot; repeatable.")
    ] = None,
    why: Why = "",
    http: options.Http = options.HTTP,
    as_json: options.AsJson = False,
) -> None:
    """Share an alias's streams out; its rules stay, and so do shadows and fallbacks that are not named."""
    route = _full(ask(http, PATH)["routes"].get(alias, {})) | {"versions": _numbers(weights)}
    route |= {"fallback": list(fallback)} if fallback else {}
    _change(http, alias, _shadowed(route, _numbers(shadow or ())), why, as_json)


@app.command()
def promote(
    alias: Alias,
    model: Annotated[str, typer.Argument(metavar="NAME@VERSION", help="The version that gets everything.")],
    why: Why = "",
    http: options.Http = options.HTTP,
    as_json: options.AsJson = False,
) -> None:
    """Give all of an alias's streams to one version, which is no shadow any more."""
    routes = ask(http, PATH)["routes"]
    if alias not in routes:
        raise NotFound(f"There is no route {alias!r}; there are {', '.join(routes) or 'none'}.")
    route = _full(routes[alias]) | {"versions": {model: 100}}
    _change(http, alias, _shadowed(route, {model: 0}), why, as_json)


@app.command()
def rollback(why: Why = "", http: options.Http = options.HTTP, as_json: options.AsJson = False) -> None:
    """Take the last change back; again: the one before it, never forward."""
    _print(ask(http, f"{PATH}/rollback", "POST", headers=header(why)), as_json)


@app.command()
def history(http: options.Http = options.HTTP, as_json: options.AsJson = False) -> None:
    """Who changed which route, when and why; the newest first."""
    entries = ask(http, f"{PATH}/history")["history"]
    if as_json:
        print_json({"history": entries})
        return
    rows = [
        (each["at"], each["by"], each["what"], alias, *_changed(change), each["why"])
        for each in entries
        for alias, change in each["changes"].items()
    ]
    print_line(table(("at", "by", "what", "alias", "from", "to", "why"), rows))


def _changed(change: Mapping[str, Any]) -> Iterator[str]:
    for route in (change["from"], change["to"]):
        yield "; ".join(filter(None, _row(_full(route)))) if route else "-"


def _shadowed(route: Mapping[str, Any], more: Mapping[str, int]) -> dict[str, Any]:
    """The route with these shadows too; one of 0 percent is none."""
    shadow = {name: percent for name, percent in {**route.get("shadow", {}), **more}.items() if percent}
    rest = {key: value for key, value in route.items() if key != "shadow"}
    return rest | ({"shadow": shadow} if shadow else {})


def _change(http: str, alias: str, route: Mapping[str, Any], why: str, as_json: bool) -> None:
    _print(ask(http, f"{PATH}/change", "POST", {alias: route}, header(why)), as_json)


def _full(route: Mapping[str, Any]) -> dict[str, Any]:
    """A route that only says weights says nothing else."""
    return dict(route) if "versions" in route else {"versions": dict(route)}


def _numbers(pairs: Iterable[str]) -> dict[str, int]:
    found = {}
    for pair in pairs:
        name, _, number = pair.rpartition("=")
        if "@" not in name or not number.isdecimal():
            raise BadInput(f"{pair!r} is not NAME@VERSION=NUMBER; write e.g. nano@4=10.")
        found[name] = int(number)
    return found


def _print(answer: Mapping[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(answer)
        return
    print_line(table(HEADS, [(alias, *_row(_full(route))) for alias, route in answer["routes"].items()]))
    if answer.get("fault"):
        print_line(f"the file is not obeyed: {answer['fault']}")


def _row(route: Mapping[str, Any]) -> tuple[str, str]:
    total = sum(route["versions"].values()) or 1
    shares = (f"{name} {100 * weight / total:.0f}%" for name, weight in route["versions"].items())
    return ", ".join(shares), "; ".join(_more(route))


def _more(route: Mapping[str, Any]) -> Iterator[str]:
    for rule in route.get("rules", ()):
        yield " ".join(f"{key} {value}" for key, value in rule.items() if key != "to") + f" to {rule['to']}"
    if route.get("shadow"):
        yield "shadow " + ", ".join(f"{name} {percent}%" for name, percent in route["shadow"].items())
    if route.get("fallback"):
        yield "else " + ", ".join(route["fallback"])
    if route.get("policy"):
        yield f"by {route['policy']}"
    if route.get("sticky"):
        yield f"sticky by {route['sticky']}"


for command in (rollouts.canary, rollouts.rollouts, rollouts.stop, rollouts.compare, rollouts.drift):
    app.command()(command)
