"""`parley jobs list, show, cancel, retry, results, delete`: jobs that the server keeps."""

from pathlib import Path, PurePosixPath
from typing import Annotated, Any

import typer

from parley.cli import options
from parley.cli.ask import ask, fetch
from parley.cli.commands.jobs.chosen import PATH, Batch, Ids, chosen, of_batch
from parley.cli.outcome import Exit, exit_of, say_error
from parley.cli.show.batch import described
from parley.cli.show.printing import print_json, print_line
from parley.cli.show.table import table
from parley.errors import BadInput, ParleyError

HEADS = ("id", "batch", "name", "state", "submitted", "")
FORMATS = ("json", "txt", "srt", "vtt", "rttm", "flac", "zip")


def list_(
    batch: Annotated[str, typer.Option("--batch", help="Only those of this batch.")] = "",
    state: Annotated[str, typer.Option("--state", help="queued, running, done, failed or cancelled.")] = "",
    webhook: Annotated[str, typer.Option("--webhook", help="Whose webhook is owed, told or dead.")] = "",
    most: Annotated[int, typer.Option("--most", min=1, help="How many.")] = 50,
    http: options.Http = options.HTTP,
    as_json: options.AsJson = False,
) -> None:
    """Show jobs, the newest first."""
    found = list(of_batch(http, batch, state, most, webhook))
    if as_json:
        print_json({"jobs": found})
    else:
        print_line(table(HEADS, [_row(job) for job in found]))


def _row(job: Any) -> tuple[str, ...]:
    return (*(job[name] for name in HEADS[:4]), job["submitted"][:19].replace("T", " "), described(job))


def show(ids: Ids, http: options.Http = options.HTTP, as_json: options.AsJson = False) -> None:
    """Show jobs with all that is known of them."""
    for job in chosen(http, ids, ""):
        if as_json:
            print_json(job)
            continue
        for name, value in job.items():
            if value not in ("", None, []):
                print_line(f"{name:<10} {value if isinstance(value, str | int) else _flat(value)}")


def _flat(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {each}" for name, each in value.items() if each not in ("", None))
    return ", ".join(map(str, value))


def cancel(ids: Ids = None, batch: Batch = "", http: options.Http = options.HTTP) -> None:
    """End jobs; their recordings stay, for a retry."""
    for state in ("queued", "running") if batch else ("",):
        _each(http, chosen(http, ids, batch, state), "cancel", "cancelled")


def retry(ids: Ids = None, batch: Batch = "", http: options.Http = options.HTTP) -> None:
    """Begin jobs anew that failed or were cancelled; of a batch those that failed."""
    _each(http, chosen(http, ids, batch, "failed" if batch else ""), "retry", "queued again")


def replay(ids: Ids = None, batch: Batch = "", http: options.Http = options.HTTP) -> None:
    """Tell webhooks once more; of a batch those that could not be told."""
    found = list(of_batch(http, batch, webhook="dead")) if batch and not ids else chosen(http, ids, batch)
    _each(http, found, "webhook", "is told again")


def delete(ids: Ids = None, batch: Batch = "", http: options.Http = options.HTTP) -> None:
    """End jobs and forget everything of them."""
    _each(http, chosen(http, ids, batch), "", "deleted")


def _each(http: str, jobs: list[Any], act: str, word: str) -> None:
    """One that is not as it should be does not keep the others."""
    failed: list[ParleyError] = []
    for job in jobs:
        try:
            ask(http, f"{PATH}/{job['id']}{act and '/' + act}", "POST" if act else "DELETE")
            print_line(f"{job['id']} {word}")
        except ParleyError as error:
            say_error(error)
            failed.append(error)
    if failed:
        raise typer.Exit(exit_of(failed[0]))


def results(
    ids: Ids = None,
    batch: Batch = "",
    format_: Annotated[str, typer.Option("--format", help="json, txt, srt, vtt, rttm, flac or zip.")] = "txt",
    to: Annotated[Path | None, typer.Option("--to", metavar="FOLDER", help="A file each, instead of printing.")] = None,
    http: options.Http = options.HTTP,
) -> None:
    """Print or save what came of jobs."""
    if format_ not in FORMATS:
        raise BadInput(f"--format is {format_!r}; say one of {', '.join(FORMATS)}.")
    if format_ in ("flac", "zip") and not to:
        raise BadInput(f"A {format_} is nothing to print; name a folder with --to.")
    jobs = chosen(http, ids, batch, "done" if batch else "")
    for job in jobs:
        data = fetch(http, f"{PATH}/{job['id']}/results/{format_}")
        if to:
            _save(data, to, job, format_)
        else:
            print_line(data.decode().rstrip("\n"))
    if not jobs:
        typer.echo("None of them is done yet.", err=True)
        raise typer.Exit(Exit.FAILED)


def _save(data: bytes, to: Path, job: Any, kind: str) -> None:
    """Beside each other as the recordings lay; names never lead out of the folder, and two do not share one."""
    parts = [part for part in PurePosixPath(job["name"].replace("\\", "/")).parts if part not in ("/", "..", ".")]
    place = to.joinpath(*parts[:-1], f"{PurePosixPath(parts[-1] if parts else job['id']).stem}.{kind}")
    if place.exists() and place.read_bytes() != data:
        place = place.with_name(f"{place.stem}-{job['id']}.{kind}")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    except OSError as error:
        raise BadInput(f"{place} cannot be written ({error.strerror}).") from None
    print_line(str(place))
