"""`parley status`: what the gateway says about its stages. Must not know how it found out."""

from collections.abc import Iterator
from typing import Any

import typer

from parley.cli import options
from parley.cli.ask import ask
from parley.cli.outcome import Exit
from parley.cli.show.printing import print_json, print_line
from parley.cli.show.table import table
from parley.errors import ParleyError

OF_REPLICA = ("address", "health", "breaker", "streams")
HEADS = ("stage", *OF_REPLICA, "models")


def status(http: options.Http = options.HTTP, as_json: options.AsJson = False) -> None:
    """Show each stage's replicas and models; exits with 3 when not everything is ready."""
    answer = ask(http, "/v1/status")
    if "stages" not in answer:
        raise ParleyError(f"{http} does not answer like a Parley gateway; check --http.")
    if as_json:
        print_json(answer)
    else:
        print_line(table(HEADS, list(_rows(answer))))
        for line in answer.get("words", ()):
            print_line(line)
    if not answer.get("ready"):
        raise typer.Exit(Exit.UNREACHABLE)


def _rows(answer: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    for stage, facts in sorted(answer["stages"].items()):
        models = ", ".join(map(_model, facts.get("models", ())))
        replicas: list[dict[str, Any]] = facts.get("replicas") or [{}]
        for replica in replicas:
            yield stage, *(str(replica.get(key, "-")).lower() for key in OF_REPLICA), models


def _model(facts: dict[str, Any]) -> str:
    if "error" in facts:
        return f"({facts['error']})"
    return f"{facts.get('model', '?')} on {facts.get('device', '?')}"
