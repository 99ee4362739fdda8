"""Show and change the gateway's routes. Must not know options."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from parley.cli.ask import ask
from parley.cli.printing import print_json, print_line
from parley.cli.table import table
from parley.errors import BadInput, NotFound

PATH = "/v1/routes"
HEADS = ("alias", "versions", "more")


def show(http: str, *, as_json: bool) -> None:
    """Every alias."""
    _print(ask(http, PATH), as_json)


def share(
    http: str, alias: str, weights: Sequence[str], shadow: Sequence[str], fallback: Sequence[str], *, as_json: bool
) -> None:
    """An alias's versions and weights; what else it says stays unless it is named."""
    told = _full(ask(http, PATH)["routes"].get(alias, {})) | {"versions": _numbers(weights)}
    told |= ({"shadow": _numbers(shadow)} if shadow else {}) | ({"fallback": list(fallback)} if fallback else {})
    _change(http, alias, told, as_json)


def promote(http: str, alias: str, model: str, *, as_json: bool) -> None:
    """Everything to one version."""
    routes = ask(http, PATH)["routes"]
    if alias not in routes:
        raise NotFound(f"There is no route {alias!r}; there are {', '.join(routes) or 'none'}.")
    told = _full(routes[alias]) | {"versions": {model: 100}}
    shadow = {name: percent for name, percent in told.pop("shadow", {}).items() if name != model}
    _change(http, alias, told | ({"shadow": shadow} if shadow else {}), as_json)


def roll_back(http: str, *, as_json: bool) -> None:
    """As they were."""
    _print(ask(http, f"{PATH}/rollback", "POST"), as_json)


def _change(http: str, alias: str, told: Mapping[str, Any], as_json: bool) -> None:
    _print(ask(http, f"{PATH}/change", "POST", {alias: told}), as_json)


def _full(told: Mapping[str, Any]) -> dict[str, Any]:
    """A route that only says weights says nothing else."""
    return dict(told) if "versions" in told else {"versions": dict(told)}


def _numbers(pairs: Iterable[str]) -> dict[str, int]:
    found = {}
    for pair in pairs:
        name, _, number = pair.rpartition("=")
        if "@" not in name or not number.isdecimal():
            raise BadInput(f"{pair!r} is not NAME@VERSION=NUMBER; write e.g. nano@4=10.")
        found[name] = int(number)
    return found


def _print(told: Mapping[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(told)
        return
    print_line(table(HEADS, [(alias, *_row(_full(route))) for alias, route in told["routes"].items()]))
    if told.get("fault"):
        print_line(f"the file is not obeyed: {told['fault']}")


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
    if route.get("sticky"):
        yield f"sticky by {route['sticky']}"
