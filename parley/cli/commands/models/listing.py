"""`parley models list`: what lies on this machine, and what a server has open. Must not know what is in a model."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from parley.cli import connect, options
from parley.cli.commands.models.here import Configs, Root, megabytes, store
from parley.cli.commands.models.serving import state
from parley.cli.show.printing import plain, print_json, print_line
from parley.cli.show.table import table
from parley.errors import BadInput, DeadlinePassed, ParleyError, Unavailable

HEADS = ("stage", "model", "state", "backend", "device", "streams", "default")
HERE = (*HEADS, "size", "folder")
Listed = Mapping[str, list[dict[str, Any]]]  # by stage
GIVEN = Annotated[
    str,
    typer.Option(
        "--server", metavar="[grpcs://]HOST:PORT", help="Only what this server has open; else this machine's."
    ),
]


def list_(
    stage: Annotated[str, typer.Argument(metavar="[STAGE]", help="Only this stage's.")] = "",
    server: GIVEN = "",
    catalogue: Annotated[bool, typer.Option("--catalogue", help="What `parley models pull` can fetch.")] = False,
    root: Root = "",
    configs: Configs = "",
    as_json: options.AsJson = False,
) -> None:
    """Show what lies here, and what of it is served; with --server what is open there."""
    if catalogue:
        return _catalogue(stage, as_json=as_json)
    wanted = (connect.known_stage(stage),) if stage else connect.stages()
    if server:
        return _print(asyncio.run(_open(server, wanted)), HEADS, as_json=as_json)
    served = _open_here(wanted)
    return _print(_merged(served, _lying(wanted, root, configs)), HERE, as_json=as_json)


async def _open(server: str, stages: Sequence[str]) -> Listed:
    answers = await asyncio.gather(*(connect.models(server, "List", stage) for stage in stages))
    return {answer.stage: [_facts(model) for model in answer.models] for answer in answers}


def _facts(model: Any) -> dict[str, Any]:
    device = f"{model.device} ({model.device_reason})" if model.device_reason else model.device
    return {**plain(model), "_row": (state(model), model.backend, device, str(model.streams), model.is_default)}


def _open_here(stages: Sequence[str]) -> Listed:
    """Of a server on this machine; nothing where none runs."""
    try:
        return asyncio.run(_open(options.SERVER, stages))
    except (Unavailable, DeadlinePassed):
        return {}
    except ParleyError as error:
        typer.echo(f"What {options.SERVER} serves is not shown: {error}", err=True)
        return {}


def _lying(stages: Sequence[str], root: str, configs: str) -> Listed:
    found: dict[str, list[dict[str, Any]]] = {stage: [] for stage in stages}
    for each in store(root, configs).installed():
        state = "hidden" if each.is_hidden else "broken" if each.fault else "here"
        facts = {"model": str(each.ref), "folder": str(each.folder), "bytes": each.size, "ships": each.ships}
        facts |= {"fault": each.fault} if each.fault else {}
        backend = "" if each.fault else each.spec.backend
        if each.stage in found:
            found[each.stage].append({**facts, "_row": (state, backend, "", "", False)})
    return found


def _merged(served: Listed, lying: Listed) -> Listed:
    """What lies here with what is open; what is open of models that lie elsewhere comes last."""
    merged = {}
    for stage, models in lying.items():
        open_now = {each["model"]: each for each in served.get(stage, ())}
        rows = []
        for each in models:
            is_open = each["_row"][0] != "hidden"
            rows.append({**each, **(open_now.pop(each["model"], {}) if is_open else {})})
        merged[stage] = [*rows, *open_now.values()]
    return merged


def _print(listed: Listed, heads: Sequence[str], *, as_json: bool) -> None:
    if as_json:
        return print_json({stage: [_without_row(each) for each in models] for stage, models in listed.items()})
    rows = [_row(stage, each)[: len(heads)] for stage, models in listed.items() for each in models]
    return print_line(table(heads, rows))


def _without_row(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in facts.items() if key != "_row"}


def _row(stage: str, facts: Mapping[str, Any]) -> tuple[str, ...]:
    state, backend, device, streams, is_default = facts["_row"]
    size = megabytes(facts["bytes"]) if "bytes" in facts else ""
    folder = facts.get("folder", "elsewhere")
    return stage, facts["model"], state, backend, device, streams, "default" if is_default else "", size, folder


def _catalogue(stage: str, *, as_json: bool) -> None:
    from parley.store import catalogue

    where = store().where
    entries = {n: e for n, e in catalogue.read(*where.catalogues).entries.items() if stage in ("", e.stage)}
    if not entries:
        raise BadInput(f"The catalogue has nothing for {stage}.")
    if as_json:
        return print_json({name: vars(entry) for name, entry in entries.items()})
    heads = ("name", "stage", "model", "fetches", "licence", "sums", "languages", "wants")
    rows = [
        (
            name,
            e.stage,
            e.model,
            f"{e.megabytes} MB",
            e.license,
            "known" if e.is_pinned else "first use",
            _some(e.languages),
            e.hardware,
        )
        for name, e in entries.items()
    ]
    return print_line(table(heads, rows))


def _some(languages: Sequence[str]) -> str:
    return ", ".join(languages) if len(languages) < 4 else f"{len(languages)} languages"
