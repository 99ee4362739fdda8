"""`parley models`: list, load and retire versions through the gateway."""

import asyncio
from typing import Annotated, Any

import typer

from parley.cli import connect, options
from parley.cli.commands.models_add import add
from parley.cli.outcome import Commands
from parley.cli.show.printing import plain, print_json, print_line
from parley.cli.show.table import table

app = typer.Typer(
    cls=Commands, help="The versions of each stage's models.", no_args_is_help=True, rich_markup_mode=None
)
Stage = Annotated[str, typer.Argument(metavar="STAGE", help="asr, denoise, diarize or translate.")]
Exact = Annotated[str, typer.Argument(metavar="NAME@VERSION", help="The exact version.")]
HEADS = ("stage", "model", "state", "backend", "device", "streams", "default")


@app.command("list")
def list_(
    stage: Annotated[str, typer.Argument(metavar="[STAGE]", help="Only this stage's.")] = "",
    server: options.Server = options.SERVER,
    as_json: options.AsJson = False,
) -> None:
    """Show what is loaded."""
    listed = asyncio.run(_list(server, (stage,) if stage else connect.stages()))
    if as_json:
        print_json({answer.stage: [plain(model) for model in answer.models] for answer in listed})
    else:
        print_line(table(HEADS, [_row(answer.stage, model) for answer in listed for model in answer.models]))


@app.command()
def load(
    stage: Stage,
    model: Exact,
    default: Annotated[bool, typer.Option("--default", help="Serve it where no model is asked for.")] = False,
    server: options.Server = options.SERVER,
    as_json: options.AsJson = False,
) -> None:
    """Load a version from the service's model folder; returns when it is active."""
    answer = asyncio.run(connect.models(server, "Load", stage, model=model, make_default=default))
    _print(stage, answer.model, as_json)


app.command()(add)


@app.command()
def retire(
    stage: Stage, model: Exact, server: options.Server = options.SERVER, as_json: options.AsJson = False
) -> None:
    """Take no new streams for a version; it goes when its last stream has ended."""
    _print(stage, asyncio.run(connect.models(server, "Retire", stage, model=model)).model, as_json)


async def _list(server: str, stages: tuple[str, ...]) -> list[Any]:
    return list(await asyncio.gather(*(connect.models(server, "List", stage) for stage in stages)))


def _row(stage: str, model: Any) -> tuple[str, ...]:
    device = f"{model.device} ({model.device_reason})" if model.device_reason else model.device
    default = "default" if model.is_default else ""
    return stage, model.model, _state(model), model.backend, device, str(model.streams), default


def _state(model: Any) -> str:
    state: str = plain(model)["state"]
    return state.removeprefix("MODEL_STATE_").lower()


def _print(stage: str, model: Any, as_json: bool) -> None:
    if as_json:
        print_json(plain(model))
    else:
        print_line(f"{stage} {model.model} is {_state(model)}")
