"""`parley up`: its options, its private folder. Must not know how processes are kept running."""

import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from parley.errors import BadInput
from parley.extras import install, is_installed
from parley.places import Places, places

SERVES = ("av", "numpy", "starlette", "uvicorn", "uvloop")  # without one of these nothing starts


def up(
    http_port: Annotated[int, typer.Option("--http-port", min=1, max=65535, help="The gateway's HTTP port.")] = 8080,
    grpc_port: Annotated[int, typer.Option("--grpc-port", min=1, max=65535, help="The gateway's gRPC port.")] = 50051,
    replicas: Annotated[
        list[str] | None, typer.Option("--replicas", metavar="STAGE=N", help="Processes of a stage; repeatable.")
    ] = None,
    logs: Annotated[
        Path | None, typer.Option("--logs", metavar="FOLDER", help="For the logs; default: in PARLEY_HOME.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option("--config", metavar="FOLDER", help="One file a process; default: those that ship.")
    ] = None,
    profile: Annotated[
        str, typer.Option("--profile", help="Models beside those that ship, e.g. standard; pulls what is missing.")
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before something is pulled.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a line of JSON at each change.")] = False,
) -> None:
    """Start the services and the gateway on this machine; Ctrl-C stops them."""
    from parley.cli.commands.models.profile import prepared
    from parley.cli.processes.deployment import Deployment
    from parley.cli.processes.running import run

    where, counts = places(), _counts(replicas or ())
    _check_installed()
    where = replace(where, logs=logs) if logs else where
    routes = prepared(profile, str(config or ""), yes=yes, quiet=as_json) if profile else {}
    sockets = _folder(where)
    wanted = Deployment(where, config or where.configs, sockets, http_port, grpc_port, counts)
    wanted = replace(wanted, routes=routes)
    for command in wanted.unrouted():
        typer.echo(f"Routes that you have changed are kept, and lack one of the profile: {command}", err=True)
    try:
        run(wanted, as_json=as_json)
    finally:
        shutil.rmtree(sockets, ignore_errors=True)


def _check_installed() -> None:
    missing = [name for name in SERVES if not is_installed(name)]
    if missing:
        raise BadInput(f"The package {missing[0]} is not installed; to serve, {install('serve')}.")


def _folder(where: Places) -> Path:
    """For the sockets of this one run."""
    if where.sockets:
        where.sockets.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix="parley-", dir=where.sockets))


def _counts(given: Iterable[str]) -> dict[str, int]:
    counts = {}
    for text in given:
        stage, _, number = text.partition("=")
        if not stage or not number.isdecimal() or not 1 <= int(number) <= 64:
            raise BadInput(f"--replicas {text!r} is not STAGE=N with N from 1 to 64; write e.g. asr=2.")
        counts[stage] = int(number)
    return counts
