"""`parley models rm` and `gc`: what is not wanted any more. Must not know what is in it."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from parley.cli import connect, options
from parley.cli.commands.models.here import Configs, Name, Root, Stage, Store, megabytes, store
from parley.cli.show.printing import print_json, print_line
from parley.errors import BadInput, DeadlinePassed, ParleyError, Unavailable

Server = options.Server


def rm(
    name: Name,
    stage: Stage = "",
    force: Annotated[bool, typer.Option("--force", help="Also one that the server has open.")] = False,
    server: Server = options.SERVER,
    root: Root = "",
    configs: Configs = "",
    as_json: options.AsJson = False,
) -> None:
    """Remove a version from this machine. What ships with Parley stays, and so does what is served."""
    from parley.store.incoming import remove

    here = store(root, configs)
    found = here.find(name, stage)
    if found.ships:
        raise BadInput(f"{found.ref} ships with Parley and stays; leave it out of `models` in the service's config.")
    if not force and asyncio.run(_is_open(server, found.stage, str(found.ref))):
        how = f"`parley models retire {found.stage} {found.ref}` first, or say --force"
        raise BadInput(f"{found.ref} is served now; {how}.")
    size = remove(here.own(found.stage) / found.stage, found.folder)
    if as_json:
        print_json({"removed": str(found.ref), "stage": found.stage, "bytes": size})
    else:
        print_line(f"{found.stage} {found.ref} is removed: {megabytes(size)}")


async def _is_open(server: str, stage: str, model: str) -> bool:
    try:
        listed = await connect.models(server, "List", stage)
    except (Unavailable, DeadlinePassed):
        return False  # nobody serves
    except ParleyError as error:
        raise BadInput(f"{server} does not say whether it serves {model} ({error}); say --force.") from None
    return any(each.model == model for each in listed.models)


def gc(root: Root = "", configs: Configs = "", as_json: options.AsJson = False) -> None:
    """Remove what broken-off pulls have left; a pull that runs keeps its own."""
    from parley.store.incoming import collect

    size = sum(collect(folder) for folder in _folders(store(root, configs)))
    if as_json:
        print_json({"bytes": size})
    else:
        print_line(f"{megabytes(size)} are free again" if size else "Nothing was left over")


def _folders(here: Store) -> set[Path]:
    return {here.own(stage) / stage for stage in here.stages}
