"""`parley up --profile`: what a profile needs, pulled where it is missing. Must not know how processes are started."""

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

import typer

from parley.cli.commands.models.here import Store, store
from parley.errors import BadInput

if TYPE_CHECKING:
    from parley.store.catalogue import Entry


def prepared(name: str, configs: str, *, yes: bool, quiet: bool) -> Mapping[str, str]:
    """Its aliases, whose models are here afterwards. How much comes is said first, and asked where somebody answers."""
    from parley.store import catalogue

    here = store(configs=configs)
    listed = catalogue.read(*here.where.catalogues)
    profile = listed.profile(name)
    entries = {each: listed.known(each) for each in profile.models}
    missing = {each: entry for each, entry in entries.items() if not _is_here(here, entry)}
    if missing:
        _ask(name, missing, yes=yes)
        _pull(here, missing, quiet=quiet)
    return profile.routes


def _is_here(here: Store, entry: "Entry") -> bool:
    return any(each.stage == entry.stage and each.ref == entry.ref and not each.fault for each in here.installed())


def _ask(name: str, missing: Mapping[str, "Entry"], *, yes: bool) -> None:
    told = ", ".join(f"{each.model} ({each.megabytes} MB, {each.license})" for each in missing.values())
    total = sum(entry.megabytes for entry in missing.values())
    typer.echo(f"The profile {name} fetches {total} MB: {told}.", err=True)
    if not yes and sys.stdin.isatty() and not typer.confirm("Fetch them?", default=True, err=True):
        raise BadInput(f"The profile {name} needs them; start without --profile, or pull them one by one.")


def _pull(here: Store, missing: Mapping[str, "Entry"], *, quiet: bool) -> None:
    from parley.cli.show.steps import Steps
    from parley.store.pull import pull

    with Steps(quiet=quiet) as steps:
        for name, entry in missing.items():
            pull(name, entry, here.own(entry.stage), here.trust(entry.stage), steps)
