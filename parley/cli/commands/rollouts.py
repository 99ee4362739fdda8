"""`parley routes canary` and what belongs to it: a version tried, watched, ended, compared. Asks the gateway only."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import urlencode

import typer

from parley.cli import options
from parley.cli.ask import ask
from parley.cli.show.printing import print_json, print_line
from parley.cli.show.table import table
from parley.errors import BadInput
from parley.wire.why import header

Alias = Annotated[str, typer.Argument(metavar="STAGE/ALIAS", help="The alias, e.g. asr/default.")]
Model = Annotated[str, typer.Argument(metavar="NAME@VERSION", help="The version.")]
Why = Annotated[str, typer.Option("--why", metavar="TEXT", help="Stands in the history.")]
PATH = "/v1/rollouts"
UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
BAR = 20  # letters
NUMBERS = ("mean", "p50", "p95", "p99")


def canary(
    alias: Alias,
    model: Model,
    plan: Annotated[
        str, typer.Option(metavar="PERCENT,…", help="Shares of the streams, step after step.")
    ] = "1,10,50,100",
    hold: Annotated[str, typer.Option(metavar="TIME", help="How long each step lasts: 90s, 10m, 1h.")] = "10m",
    streams: Annotated[int, typer.Option(help="Streams of the version before it gets all.")] = 200,
    risk: Annotated[float, typer.Option(help="The chance that a version is taken back which is no worse.")] = 0.05,
    shadow: Annotated[int, typer.Option(metavar="PERCENT", help="Of the streams, heard by both and compared.")] = 10,
    divergence: Annotated[float, typer.Option(help="Share of words in which it may differ.")] = 0.3,
    why: Why = "",
    http: options.Http = options.HTTP,
    as_json: options.AsJson = False,
) -> None:
    """Try a version on a growing share of the streams; it is promoted, or takes itself back and says why."""
    asked = {"alias": alias, "model": model, "plan": _plan(plan), "hold_s": seconds(hold), "streams": streams}
    asked |= {"risk": risk, "shadow": shadow, "divergence": divergence}
    _print(ask(http, f"{PATH}/begin", "POST", asked, header(why)), as_json)


def rollouts(http: options.Http = options.HTTP, as_json: options.AsJson = False) -> None:
    """Show the versions on trial with the evidence against them, and what became of the last ones."""
    _print(ask(http, PATH), as_json)


def stop(
    alias: Alias,
    promote: Annotated[bool, typer.Option("--promote", help="Give the version all streams instead.")] = False,
    why: Why = "",
    http: options.Http = options.HTTP,
    as_json: options.AsJson = False,
) -> None:
    """End a trial by hand: the route is as it was before."""
    _print(ask(http, f"{PATH}/stop", "POST", {"alias": alias, "promote": promote}, header(why)), as_json)


def compare(
    one: Model,
    other: Annotated[str, typer.Argument(metavar="NAME@VERSION", help="The one to compare it with.")],
    stage: Annotated[str, typer.Option(help="Whose versions they are.")] = "asr",
    http: options.Http = options.HTTP,
    as_json: options.AsJson = False,
) -> None:
    """Two versions side by side: latency, errors, quality, and the answers that differ most where they are kept."""
    found = ask(http, f"{PATH}/compare?{urlencode({'stage': stage, 'a': one, 'b': other})}")
    if as_json:
        print_json(found)
        return
    print_line(table(("", one, other), list(_beside(found["versions"], (one, other)))))
    differs = "nothing yet" if found["divergence"] is None else f"{100 * found['divergence']:.1f} % of the words differ"
    print_line(f"\nHeard by both: {found['compared']} streams; {differs}.")
    for sample in found["samples"]:
        print_line(f"\n{100 * sample['divergence']:.0f} %")
        for model, text in sample["texts"].items():
            print_line(f"  {model}: {text}")
    if not found["keeps_samples"]:
        print_line("No answers are kept; `[rollouts] samples = 200` in gateway.toml keeps some, in memory.")


def drift(http: options.Http = options.HTTP, as_json: options.AsJson = False) -> None:
    """Show each version's numbers against those that it began with."""
    found = ask(http, "/v1/drift")["drift"]
    if as_json:
        print_json({"drift": found})
        return
    rows = [
        (
            *(each[name] for name in ("stage", "model", "signal")),
            *(_short(each[name]) for name in ("baseline", "now", "psi", "moved")),
            "has left its baseline" if each["left"] else "",
        )
        for each in found
    ]
    print_line(table(("stage", "model", "number", "at first", "now", "psi", "moved", ""), rows))


def _short(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.4g}"


def _plan(text: str) -> list[int]:
    try:
        return [int(each) for each in text.split(",")]
    except ValueError:
        raise BadInput(f"--plan {text!r} is no list of percents; write e.g. 1,10,50,100.") from None


def seconds(text: str) -> float:
    """90s, 10m, 1h."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", text.strip())
    if not found:
        raise BadInput(f"--hold {text!r} is no time; write e.g. 90s, 10m or 1h.")
    return float(found[1]) * UNITS[found[2]]


def _print(answer: Mapping[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(answer)
        return
    for each in answer["running"]:
        for line in _running(each):
            print_line(line)
    for each in answer["ended"]:
        print_line(f"{each['alias']}: {each['model']} {each['state']}. {each['why']}")
    if not answer["running"] and not answer["ended"]:
        print_line("No version is on trial, and none was.")
    if not answer["in_charge"]:
        print_line(f"The gateway {answer['gateway']} judges them.")


def _running(canary: Mapping[str, Any]) -> Iterator[str]:
    plan = ", ".join(f"[{share}]" if n == canary["step"] else str(share) for n, share in enumerate(canary["plan"]))
    yield f"{canary['alias']}: {canary['model']} has {canary['share']} % ({plan}), {canary['streams']} streams so far."
    yield f"  The next step waits for {canary['waits_for']}." if canary["waits_for"] else "  The next step is due."
    for name, measure in canary["measures"].items():
        bar = "#" * round(BAR * min(1.0, max(0.0, measure["strength"])))
        yield f"  {name:<11} |{bar:<{BAR}}| {measure['said']}"


def _beside(versions: Mapping[str, Any], models: Sequence[str]) -> Iterator[tuple[str, ...]]:
    shown = [versions.get(model, {"numbers": {}}) for model in models]
    for name in ("streams", "errors", "late"):
        yield (name, *(str(each.get(name, "-")) for each in shown))
    names = dict.fromkeys(name for each in shown for name in each["numbers"])
    for name in names:
        for at in NUMBERS:
            yield (f"{name} {at}", *(_number(each["numbers"].get(name), at) for each in shown))
    for measure in dict.fromkeys(measure for each in shown for measure in each.get("reference", {})):
        known = (each.get("reference", {}).get(measure) for each in shown)
        yield (f"reference {measure}", *("-" if value is None else f"{value:.4g}" for value in known))


def _number(found: Mapping[str, float] | None, at: str) -> str:
    return "-" if found is None else f"{found[at]:.4g}"
