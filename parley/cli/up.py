"""`parley up`: its options, its private folder. Must not know how processes are kept running."""

import shutil
import tempfile
from pathlib import Path
from typing import Annotated

import typer


def up(
    http_port: Annotated[int, typer.Option("--http-port", min=1, max=65535, help="The gateway's HTTP port.")] = 8080,
    grpc_port: Annotated[int, typer.Option("--grpc-port", min=1, max=65535, help="The gateway's gRPC port.")] = 50051,
    logs: Annotated[
        Path | None, typer.Option("--logs", metavar="FOLDER", help="For the logs; default: build/logs.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option("--config", metavar="FOLDER", help="One file a process; default: deploy/config.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a line of JSON at each change.")] = False,
) -> None:
    """Start the services and the gateway on this machine; Ctrl-C stops them."""
    from parley.cli.house import CONFIGS, LOGS, House, find_root
    from parley.cli.running import run

    root = find_root()
    sockets = Path(tempfile.mkdtemp(prefix="parley-"))
    try:
        run(House(root, config or root / CONFIGS, sockets, logs or root / LOGS, http_port, grpc_port), as_json=as_json)
    finally:
        shutil.rmtree(sockets, ignore_errors=True)
