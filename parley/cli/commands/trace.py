"""`parley trace`: where the time of one call went, as a waterfall. Must not know what the spans mean."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from parley.cli import options
from parley.cli.ask import ask
from parley.cli.show.printing import print_json, print_line
from parley.cli.show.table import table
from parley.cli.show.waterfall import MOST, Shown, rows
from parley.errors import BadInput, NotFound

DIGITS = 32
Id = Annotated[
    str, typer.Argument(metavar="ID", help="The trace's 32 hexadecimal digits: of a log line, or an answer.")
]
Files = Annotated[
    list[Path] | None, typer.Argument(metavar="FILE...", help="What `telemetry.traces` wrote, of every process.")
]
Tempo = Annotated[str, typer.Option("--tempo", metavar="URL", help="Ask Tempo, e.g. http://localhost:3200.")]


def trace(
    trace_id: Id,
    files: Files = None,
    tempo: Tempo = "",
    http: options.Http = options.HTTP,
    as_json: options.AsJson = False,
) -> None:
    """Show where a call's time went: from files, Tempo, or the gateway, which keeps what a caller asked to see."""
    wanted = trace_id.lower().removeprefix("0x")
    if len(wanted) != DIGITS or set(wanted) - set("0123456789abcdef"):
        raise BadInput(f"{trace_id!r} is no trace id; that has {DIGITS} hexadecimal digits, as `trace_id` in a log.")
    spans = list(_found(wanted, files or [], tempo, http))
    if not spans:
        raise NotFound(f"Nothing is known there of {wanted}; was it sampled, and is that the right place?")
    if as_json:
        print_json([vars(span) for span in spans])
    else:
        _print(spans)


def _print(spans: list[Shown]) -> None:
    print_line(table(("process", "span", "", "time"), rows(spans)))
    if len(spans) > MOST:
        print_line(f"{len(spans)} spans; the first {MOST} are shown, --json has all.")


def _found(wanted: str, files: list[Path], tempo: str, http: str) -> Iterable[Shown]:
    if files:
        return (span for path in files for span in _written(path, wanted))
    if tempo:
        return _told(ask(tempo, f"/api/traces/{wanted}", headers={"accept": "application/json"}))
    kept = ask(http, f"/v1/traces?id={wanted}").get("spans", ())
    return [Shown(*(each[key] for key in Shown.__dataclass_fields__)) for each in kept]


def _written(path: Path, wanted: str) -> Iterator[Shown]:
    """The spans of a trace in a file of JSON lines; a line that is being written is left out."""
    try:
        lines = path.read_text("utf-8", "replace").splitlines()
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}.") from None
    for line in (each for each in lines if wanted in each):
        try:
            span = json.loads(line)
        except ValueError:
            continue
        if span["context"]["trace_id"] == f"0x{wanted}":
            yield _of_line(span)


def _of_line(span: dict[str, Any]) -> Shown:
    start, end = (int(datetime.fromisoformat(span[key]).timestamp() * 1e9) for key in ("start_time", "end_time"))
    process = span["resource"]["attributes"].get("service.name", "?")
    return Shown(process, span["name"], span["context"]["span_id"], span["parent_id"] or "", start, end)


def _told(answer: dict[str, Any]) -> Iterator[Shown]:
    """OTLP as JSON, as Tempo answers."""
    for batch in answer.get("batches", answer.get("resourceSpans", ())):
        named = {each["key"]: each["value"].get("stringValue") for each in batch["resource"].get("attributes", ())}
        process = named.get("service.name") or "?"
        for span in (span for scope in batch.get("scopeSpans", ()) for span in scope.get("spans", ())):
            times = int(span["startTimeUnixNano"]), int(span["endTimeUnixNano"])
            yield Shown(process, span["name"], span["spanId"], span.get("parentSpanId", ""), *times)
